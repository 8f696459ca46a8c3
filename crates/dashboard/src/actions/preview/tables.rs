//! What a command would do, row by row.

use landfall_domain::{Event, LineId, OrderId};
use landfall_service::answer::Reply;
use landfall_service::bus::DryRunStep;
use landfall_service::log::LogRecord;
use landfall_service::resources::LineResource;
use landfall_service::summary::Summary;
use landfall_service::uow::{LineEffect, LineState};

use super::there::There;
use crate::format;
use crate::pages::{is_open, line_promise, line_state};
use crate::table::{Cell, Column, Row, Table, Tone, column, numbers};

/// Rows that are shown of each table; all are counted.
const SHOWN: usize = 50;

/// All tables of a command: first what it is about, then whose promises it changes.
pub(super) fn of(step: &DryRunStep, summary: &Summary, there: &There) -> Vec<Table> {
    let leaving = leaving(step);
    let lines = match leaving {
        Some(_) => staying(step),
        None => as_they_would_be(step),
    };
    let tables = [
        leaving,
        cancelled(step),
        lines,
        counted(step, there),
        broken(summary),
        improved(summary),
    ];
    tables.into_iter().flatten().collect()
}

/// Whether a table of so many has no room for all.
pub(super) fn is_cut(all: u64) -> bool {
    all > SHOWN as u64
}

/// The lines of an order, or one of them, of which something would still be wanted; none where the command is about
/// something else.
pub(super) fn open(step: &DryRunStep) -> Vec<&LineResource> {
    let lines = match step.answer.as_ref().map(|done| &done.reply) {
        Ok(Reply::Order(order)) => &order.lines[..],
        Ok(Reply::Line(line)) => std::slice::from_ref(line),
        Ok(Reply::Batch(_) | Reply::Shipment(_)) | Err(_) => &[],
    };
    let open = lines.iter().filter(|line| is_open(line.status));
    open.collect()
}

/// A line as it is now.
pub(super) fn before<'a>(
    step: &'a DryRunStep,
    order: &OrderId,
    line: &LineId,
) -> Option<&'a LineState> {
    let mut effects = step.effects.iter();
    let is_it = |effect: &&LineEffect| effect.key.order_id == *order && effect.key.line_id == *line;
    effects.find(is_it)?.before.as_ref()
}

/// A table of the first of so many items; none where there are none. They are told as what they are, and as which the
/// first are.
fn table<T>(
    id: &'static str,
    (what, first): (&str, &str),
    columns: &[Column],
    (all, items): (usize, impl IntoIterator<Item = T>),
    row: impl Fn(T) -> Vec<Cell>,
) -> Option<Table> {
    let caption = if all > SHOWN {
        format!(
            "{what}: the {first} {SHOWN} of {}",
            format::number(all as u64)
        )
    } else {
        what.to_owned()
    };
    let rows = items.into_iter().take(SHOWN);
    let rows = rows.map(|item| Row { cells: row(item) });
    // It is what was looked at, and stays so.
    (all > 0).then(|| Table::new(id, caption, columns).with_rows(rows).still())
}

/// Of the facts that a command would write, those of one kind.
fn facts<'a, T>(step: &'a DryRunStep, of: impl Fn(&'a LogRecord) -> Option<T>) -> (usize, Vec<T>) {
    let facts: Vec<T> = step.events.iter().filter_map(of).collect();
    (facts.len(), facts)
}

/// A line of the order that the page is about, by its product.
fn product(record: &LogRecord, line: &LineId) -> Cell {
    let sku = record.sku.as_ref();
    sku.map_or(Cell::None, |sku| Cell::product_of(sku, line))
}

/// The lines of which goods would leave.
fn leaving(step: &DryRunStep) -> Option<Table> {
    let columns = [column("Line"), numbers("Units that leave"), column("From")];
    let all = facts(step, |record| match &record.event {
        Event::Dispatched {
            line_id,
            quantity,
            departures,
            ..
        } => Some((record, line_id, *quantity, departures)),
        _ => None,
    });
    let what = ("Lines that would leave", "first");
    table(
        "leaving",
        what,
        &columns,
        all,
        |(record, line, quantity, departures)| {
            vec![
                product(record, line),
                Cell::Number(quantity),
                Cell::batches(departures.iter().map(|departure| &departure.batch)),
            ]
        },
    )
}

/// The lines of the order of which nothing or not all would leave.
fn staying(step: &DryRunStep) -> Option<Table> {
    let columns = [
        column("Line"),
        numbers("Units that stay"),
        column("State"),
        column("Promise"),
        column("From"),
    ];
    let lines = open(step);
    let what = ("Lines that would stay", "first");
    table("lines", what, &columns, (lines.len(), lines), |line| {
        let staying = line.quantity.saturating_sub(line.dispatched);
        as_it_would_be(line, staying)
    })
}

/// The lines of the order, or the one that it is about.
fn as_they_would_be(step: &DryRunStep) -> Option<Table> {
    let columns = [
        column("Line"),
        numbers("Units"),
        column("State"),
        column("Promise"),
        column("From"),
    ];
    let lines = open(step);
    let what = ("Lines, as they would be", "first");
    table("lines", what, &columns, (lines.len(), lines), |line| {
        as_it_would_be(line, line.quantity)
    })
}

fn as_it_would_be(line: &LineResource, units: u64) -> Vec<Cell> {
    vec![
        Cell::product_of(&line.sku, &line.line_id),
        Cell::Number(units),
        line_state(line),
        line_promise(line),
        Cell::allocations(&line.allocations),
    ]
}

/// The lines that would be cancelled, with what they have now.
fn cancelled(step: &DryRunStep) -> Option<Table> {
    let columns = [
        column("Line"),
        numbers("Units cancelled"),
        column("Promised"),
        column("From"),
    ];
    let all = facts(step, |record| match &record.event {
        Event::LineCancelled {
            order_id,
            line_id,
            quantity,
        } => Some((record, order_id, line_id, *quantity)),
        _ => None,
    });
    let what = ("Lines that would be cancelled", "first");
    table(
        "cancelled",
        what,
        &columns,
        all,
        |(record, order, line, quantity)| {
            let before = before(step, order, line);
            let from = before.map_or(&[][..], |before| &before.allocations);
            vec![
                product(record, line),
                Cell::Number(quantity),
                Cell::day(before.and_then(|before| before.promise)),
                Cell::batches(from.iter().map(|from| &from.batch)),
            ]
        },
    )
}

/// The batches that would be counted, and what was counted of them before.
fn counted(step: &DryRunStep, there: &There) -> Option<Table> {
    let mut columns = vec![
        column("Batch"),
        column("SKU"),
        numbers("Expected"),
        numbers("Counted"),
        column("Difference"),
    ];
    let again = !there.counts.is_empty();
    if again {
        columns.push(column("Counted before"));
    }
    let all = facts(step, |record| match &record.event {
        Event::BatchReceived {
            reference,
            expected,
            quantity,
            ..
        } => Some((record, reference, *expected, *quantity)),
        _ => None,
    });
    let what = ("Batches that would be received", "first");
    table(
        "counted",
        what,
        &columns,
        all,
        |(record, reference, expected, quantity)| {
            let sku = record.sku.as_ref();
            let mut cells = vec![
                Cell::batch(reference.as_str()),
                sku.map_or(Cell::None, |sku| Cell::product(sku.as_str())),
                Cell::Number(expected),
                Cell::Number(quantity),
                difference(expected, quantity),
            ];
            if again {
                cells.push(there.count_of(reference).map_or(Cell::None, |count| {
                    let (units, at) = (format::number(count.units), format::instant(&count.at));
                    Cell::Text(format!("{units} on {at}"))
                }));
            }
            cells
        },
    )
}

/// How many units are missing, or too many.
fn difference(expected: u64, counted: u64) -> Cell {
    match (
        expected.saturating_sub(counted),
        counted.saturating_sub(expected),
    ) {
        (0, 0) => Cell::None,
        (0, over) => Cell::Badge(Tone::Warn, format!("{} over", format::number(over))),
        (short, _) => Cell::Badge(Tone::Bad, format!("{} short", format::number(short))),
    }
}

/// The promises that would be broken, the worst first.
fn broken(summary: &Summary) -> Option<Table> {
    let columns = [
        column("Order"),
        column("SKU"),
        numbers("Units"),
        numbers("Priority"),
        column("Promised"),
        column("Would be"),
        numbers("Days"),
    ];
    let all = (count(summary.promises_broken), &summary.broken);
    table(
        "broken",
        ("Promises broken", "worst"),
        &columns,
        all,
        |promise| {
            let to = match promise.to {
                Some(day) => Cell::Day(day),
                None => Cell::Badge(Tone::Bad, "no date".into()),
            };
            let days = |days| Cell::Text(format!("+{}", format::number(days)));
            vec![
                Cell::line(
                    promise.order_id.as_str(),
                    promise.line_id.as_str(),
                    promise.sku.as_str(),
                ),
                Cell::product(promise.sku.as_str()),
                Cell::Number(promise.quantity),
                Cell::Number(promise.priority.get().into()),
                Cell::Day(promise.from),
                to,
                promise.days.map_or(Cell::None, days),
            ]
        },
    )
}

/// The promises that would be improved, the most urgent first.
fn improved(summary: &Summary) -> Option<Table> {
    let columns = [
        column("Order"),
        column("SKU"),
        numbers("Units"),
        column("Promised"),
        column("Would be"),
    ];
    let all = (count(summary.promises_improved), &summary.improved);
    table(
        "improved",
        ("Promises improved", "first"),
        &columns,
        all,
        |promise| {
            vec![
                Cell::line(
                    promise.order_id.as_str(),
                    promise.line_id.as_str(),
                    promise.sku.as_str(),
                ),
                Cell::product(promise.sku.as_str()),
                Cell::Number(promise.quantity),
                Cell::day(promise.from),
                Cell::Day(promise.to),
            ]
        },
    )
}

fn count(all: u64) -> usize {
    usize::try_from(all).unwrap_or(usize::MAX)
}
