//! What a command would do, row by row.

use std::cmp::Ordering;

use landfall_domain::{Event, LineId, OrderId, Sku};
use landfall_service::answer::Reply;
use landfall_service::bus::DryRunStep;
use landfall_service::log::LogRecord;
use landfall_service::resources::LineResource;
use landfall_service::summary::Summary;
use landfall_service::uow::{LineEffect, LineState};

use crate::format;
use crate::pages::{is_open, line_promise, line_state};
use crate::table::{Cell, Column, Row, Table, Tone, column, numbers};

/// Rows that are shown of each table; all are counted.
const SHOWN: usize = 50;

/// All tables of a command's step: first what it is about, then whose promises it changes.
pub(super) fn of(step: &DryRunStep, summary: &Summary) -> Vec<Table> {
    let leaving = leaving(step);
    let reply = step.answer.as_ref().map(|done| &done.reply);
    let lines = reply.map(|reply| lines(reply, leaving.is_some()));
    let tables = [
        leaving,
        cancelled(step),
        lines.unwrap_or_default(),
        counted(step),
        broken(summary),
        improved(summary),
    ];
    tables.into_iter().flatten().collect()
}

/// The first of the rows.
fn table<T>(
    id: &'static str,
    caption: String,
    columns: &[Column],
    items: impl IntoIterator<Item = T>,
    row: impl Fn(T) -> Vec<Cell>,
) -> Table {
    let items = items.into_iter().take(SHOWN);
    let rows = items.map(|item| Row { cells: row(item) });
    Table::new(id, caption, columns).with_rows(rows)
}

/// What stands above a table: how many there are, where not all are shown.
fn caption(what: &str, first: &str, all: u64) -> String {
    if all > SHOWN as u64 {
        format!("{what}: the {first} {SHOWN} of {}", format::number(all))
    } else {
        what.to_owned()
    }
}

/// The facts of one kind that a command would write.
fn facts<'a, T>(step: &'a DryRunStep, of: impl Fn(&'a LogRecord) -> Option<T>) -> Vec<T> {
    step.events.iter().filter_map(of).collect()
}

fn product(record: &LogRecord) -> Cell {
    let sku = record.sku.as_ref();
    sku.map_or(Cell::None, |sku| Cell::product(sku.as_str()))
}

/// The lines of which goods would leave.
fn leaving(step: &DryRunStep) -> Option<Table> {
    let lines = facts(step, |record| match &record.event {
        Event::Dispatched {
            line_id,
            quantity,
            departures,
            outstanding,
            ..
        } => Some((record, line_id, *quantity, *outstanding, departures)),
        _ => None,
    });
    let columns = [
        column("SKU"),
        column("Line"),
        numbers("Units that leave"),
        numbers("Stay"),
        column("From"),
    ];
    let caption = caption("Lines that would leave", "first", lines.len() as u64);
    let table = table("leaving", caption, &columns, &lines, |line| {
        let (record, line_id, quantity, outstanding, departures) = line;
        vec![
            product(record),
            Cell::text(line_id.as_str()),
            Cell::Number(*quantity),
            Cell::Number(*outstanding),
            Cell::batches(departures.iter().map(|departure| &departure.batch)),
        ]
    });
    (!lines.is_empty()).then_some(table)
}

/// The lines that would be cancelled, with what they have now.
fn cancelled(step: &DryRunStep) -> Option<Table> {
    let lines = facts(step, |record| match &record.event {
        Event::LineCancelled {
            order_id,
            line_id,
            quantity,
        } => Some((record, order_id, line_id, *quantity)),
        _ => None,
    });
    let columns = [
        column("SKU"),
        column("Line"),
        numbers("Units cancelled"),
        column("Promised"),
        column("From"),
    ];
    let caption = caption("Lines that would be cancelled", "first", lines.len() as u64);
    let table = table("cancelled", caption, &columns, &lines, |line| {
        let (record, order, line_id, quantity) = line;
        let before = before(step, order, line_id);
        let from = before.map_or(&[][..], |before| &before.allocations);
        vec![
            product(record),
            Cell::text(line_id.as_str()),
            Cell::Number(*quantity),
            Cell::day(before.and_then(|before| before.promise)),
            Cell::batches(from.iter().map(|from| &from.batch)),
        ]
    });
    (!lines.is_empty()).then_some(table)
}

/// A line as it is now.
fn before<'a>(step: &'a DryRunStep, order: &OrderId, line: &LineId) -> Option<&'a LineState> {
    let mut effects = step.effects.iter();
    let is_it = |effect: &&LineEffect| effect.key.order_id == *order && effect.key.line_id == *line;
    effects.find(is_it)?.before.as_ref()
}

/// The lines of an order, or one of them, of which something is still wanted.
pub(super) fn open(reply: &Reply) -> Vec<&LineResource> {
    let lines = match reply {
        Reply::Order(order) => &order.lines[..],
        Reply::Line(line) => std::slice::from_ref(line),
        Reply::Batch(_) | Reply::Shipment(_) => &[],
    };
    let open = lines.iter().filter(|line| is_open(line.status));
    open.collect()
}

/// The lines as they would be; none where the command is about something else, or where nothing would be wanted any
/// longer. `dispatch`: they are what does not leave.
fn lines(reply: &Reply, dispatch: bool) -> Option<Table> {
    let lines = open(reply);
    let columns = [
        column("SKU"),
        column("Line"),
        numbers(if dispatch { "Units that stay" } else { "Units" }),
        column("State"),
        column("Promise"),
        column("From"),
    ];
    let what = if dispatch {
        "Lines that would stay"
    } else {
        "Lines, as they would be"
    };
    let caption = caption(what, "first", lines.len() as u64);
    let table = table("lines", caption, &columns, &lines, |line| {
        let left = if dispatch { line.dispatched } else { 0 };
        vec![
            Cell::product(line.sku.as_str()),
            Cell::text(line.line_id.as_str()),
            Cell::Number(line.quantity.saturating_sub(left)),
            line_state(line),
            line_promise(line),
            Cell::allocations(&line.allocations),
        ]
    });
    (!lines.is_empty()).then_some(table)
}

/// The batches that would be counted.
fn counted(step: &DryRunStep) -> Option<Table> {
    let batches = facts(step, |record| match &record.event {
        Event::BatchReceived {
            reference,
            expected,
            quantity,
            ..
        } => Some((record, reference, *expected, *quantity)),
        _ => None,
    });
    let columns = [
        column("Batch"),
        column("SKU"),
        numbers("Expected"),
        numbers("Counted"),
        column("Difference"),
    ];
    let caption = caption(
        "Batches that would be received",
        "first",
        batches.len() as u64,
    );
    let table = table("counted", caption, &columns, &batches, |batch| {
        let (record, reference, expected, quantity) = batch;
        let difference = match quantity.cmp(expected) {
            Ordering::Less => {
                let short = format!("{} short", format::number(expected - quantity));
                Cell::Badge(Tone::Bad, short)
            }
            Ordering::Equal => Cell::None,
            Ordering::Greater => {
                let over = format!("{} over", format::number(quantity - expected));
                Cell::Badge(Tone::Warn, over)
            }
        };
        vec![
            Cell::batch(reference.as_str()),
            product(record),
            Cell::Number(*expected),
            Cell::Number(*quantity),
            difference,
        ]
    });
    (!batches.is_empty()).then_some(table)
}

fn line(order: &OrderId, line: &LineId, sku: &Sku) -> Cell {
    Cell::line(order.as_str(), line.as_str(), sku.as_str())
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
    let all = summary.promises_broken;
    let caption = caption("Promises broken", "worst", all);
    let table = table("broken", caption, &columns, &summary.broken, |promise| {
        let to = match promise.to {
            Some(day) => Cell::Day(day),
            None => Cell::Badge(Tone::Bad, "no date".into()),
        };
        let days = |days| Cell::Text(format!("+{}", format::number(days)));
        vec![
            line(&promise.order_id, &promise.line_id, &promise.sku),
            Cell::product(promise.sku.as_str()),
            Cell::Number(promise.quantity),
            Cell::Number(promise.priority.get().into()),
            Cell::Day(promise.from),
            to,
            promise.days.map_or(Cell::None, days),
        ]
    });
    (all > 0).then_some(table)
}

/// The promises that would be improved.
fn improved(summary: &Summary) -> Option<Table> {
    let columns = [
        column("Order"),
        column("SKU"),
        numbers("Units"),
        column("Promised"),
        column("Would be"),
    ];
    let all = summary.promises_improved;
    let caption = caption("Promises improved", "first", all);
    let table = table(
        "improved",
        caption,
        &columns,
        &summary.improved,
        |promise| {
            vec![
                Cell::order(promise.order_id.as_str()),
                Cell::text(promise.line_id.as_str()),
                Cell::product(promise.sku.as_str()),
                Cell::Number(promise.quantity),
                Cell::day(promise.from),
                Cell::Day(promise.to),
            ]
        },
    );
    (all > 0).then_some(table)
}
