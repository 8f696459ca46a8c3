//! What a command would do, as a planner sees it before it is done.

use askama::Template;
use jiff::ToSpan as _;
use jiff::civil::Date;
use landfall_domain::{Command, Event};
use landfall_service::answer::Reply;
use landfall_service::bus::DryRunStep;
use landfall_service::resources::LineResource;
use landfall_service::summary::{Summary, summarize};
use landfall_service::wire;
use sha2::{Digest as _, Sha256};

use crate::format;
use crate::pages::{is_open, line_promise, line_state};
use crate::table::{Cell, Row, Table, Tone, column, numbers};

/// Broken or improved promises that are shown; all are counted.
const SHOWN: usize = 50;

/// How many, of what, and how that is.
type Figure = (String, &'static str, Tone);

/// A dry run's summary in a page.
#[derive(Template)]
#[template(path = "preview.html")]
pub(crate) struct Preview {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) figures: Vec<Figure>,
    pub(crate) broken: Option<Table>,
    pub(crate) improved: Option<Table>,
    /// What the command is about, as it would be: the lines of an order.
    pub(crate) lines: Option<Table>,
    /// What is allowed and most likely not meant.
    pub(crate) doubt: Option<String>,
    /// A digest of the command and of what is shown here of what it would take: the form that is sent off
    /// from here carries it, and what would come to another is shown anew.
    pub(crate) seen: String,
}

impl Preview {
    /// Of what one command would do.
    pub(crate) fn new(command: &Command, steps: &[DryRunStep], today: Date) -> Self {
        let summary = summarize(Some(command), steps, 0);
        let broken = (summary.promises_broken > 0).then(|| broken(&summary));
        let improved = (summary.promises_improved > 0).then(|| improved(&summary));
        let answer = steps.first().and_then(|step| step.answer.as_ref().ok());
        let units = units(steps);
        let lines = answer.and_then(|done| lines(&done.reply));
        let doubt = doubt(command, today);
        let seen = digest(
            command,
            &summary,
            (&units, broken.as_ref(), lines.as_ref(), doubt.as_deref()),
        );
        let mut figures = figures(&summary);
        figures.extend(units);
        Self {
            tone: tone(&summary),
            figures,
            broken,
            improved,
            lines,
            doubt,
            text: format::headline(&summary.text),
            seen,
        }
    }
}

/// Of a command and of what it would take: the promises that are listed as broken, the open lines of an order, and counts.
/// Which lines leave or are cancelled it does not tell. That it would do another line good, or leave one more as it is,
/// is not in it: where orders come in by the minute there would always be one more. It is no secret and no proof:
/// whoever makes one up fools themselves.
fn digest(
    command: &Command,
    summary: &Summary,
    (units, broken, lines, doubt): (&[Figure], Option<&Table>, Option<&Table>, Option<&str>),
) -> String {
    let table = |table: Option<&Table>| table.and_then(|table| table.render().ok());
    let counts = [
        summary.promises_broken,
        summary.lines_lost,
        summary.lines_new_waiting,
        summary.days_late.total,
        summary.days_late.max,
    ];
    let shown = format!(
        "{counts:?}{units:?}{:?}{:?}{doubt:?}",
        table(broken),
        table(lines)
    );
    let hash = Sha256::new()
        .chain_update(wire::canonical(command))
        .chain_update(shown)
        .finalize();
    let bytes = hash.iter().take(16);
    bytes.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Years ahead from which on a day is doubted.
const FAR: i64 = 2;

/// A day in the past is taken, because what happened may be told late, and so is one that is far off; but one may have
/// mistyped the year.
fn doubt(command: &Command, today: Date) -> Option<String> {
    const CLEAR: (&str, &str) = (
        "clear date",
        "the hold would be on the list of those to be cleared",
    );
    const ETA: (&str, &str) = ("ETA", "the arrival would be overdue");
    const WANTED: (&str, &str) = ("requested date", "no supply can meet it");
    let (day, (what, past)) = match command {
        Command::HoldBatch(hold) => (hold.expected_clear?, CLEAR),
        Command::HoldShipment(hold) => (hold.expected_clear?, CLEAR),
        Command::CreateBatch(batch) => (batch.eta?, ETA),
        Command::ChangeBatchEta(change) => (change.eta?, ETA),
        Command::CreateShipment(shipment) => (shipment.eta?, ETA),
        Command::ChangeShipmentEta(change) => (change.eta?, ETA),
        Command::Allocate(line) => (line.requested_date?, WANTED),
        Command::PlaceOrder(order) => (order.requested_date?, WANTED),
        _ => return None,
    };
    let far = today.checked_add(FAR.years()).unwrap_or(Date::MAX);
    let told = format::day(day);
    if day < today {
        Some(format!("The {what}, {told}, is past: {past}."))
    } else if day > far {
        Some(format!(
            "The {what}, {told}, is more than {FAR} years away: is the year meant?"
        ))
    } else {
        None
    }
}

fn tone(summary: &Summary) -> Tone {
    let waiting = summary.lines_new_waiting;
    match (summary.promises_broken, summary.promises_improved) {
        (1.., _) => Tone::Bad,
        (0, 1..) => Tone::Good,
        (0, 0) if waiting > 0 => Tone::Warn,
        (0, 0) if summary.lines_new > 0 => Tone::Good,
        (0, 0) => Tone::Plain,
    }
}

/// How many of what. The lines that are affected are those whose promise is broken, kept or improved, and those that
/// have none to keep.
fn figures(summary: &Summary) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut figure = |count: u64, one: &'static str, many: &'static str, tone| {
        let tone = if count > 0 { tone } else { Tone::Plain };
        let label = if count == 1 { one } else { many };
        figures.push((format::number(count), label, tone));
    };
    if summary.lines_new > 0 {
        figure(summary.lines_new, "new line", "new lines", Tone::Plain);
        let waiting = summary.lines_new_waiting;
        let (one, many) = ("new line that would wait", "new lines that would wait");
        figure(waiting, one, many, Tone::Warn);
    }
    let affected = summary.lines_affected;
    if affected > 0 || summary.lines_new == 0 {
        let (broken, kept, improved) = (
            summary.promises_broken,
            summary.promises_kept,
            summary.promises_improved,
        );
        figure(affected, "line affected", "lines affected", Tone::Plain);
        figure(broken, "promise broken", "promises broken", Tone::Bad);
        figure(kept, "promise kept", "promises kept", Tone::Plain);
        let (one, many) = ("promise improved", "promises improved");
        figure(improved, one, many, Tone::Good);
        let without = affected.saturating_sub(broken + kept + improved);
        if without > 0 {
            let label = "without a promise to keep";
            figure(without, label, label, Tone::Plain);
        }
    }
    if summary.lines_lost > 0 {
        let (one, many) = ("line that would wait", "lines that would wait");
        figure(summary.lines_lost, one, many, Tone::Bad);
    }
    if summary.days_late.max > 0 {
        let most = format!("+{} d", format::number(summary.days_late.max));
        figures.push((most, "the latest", Tone::Bad));
    }
    figures
}

/// How many units would leave, stay, be cancelled or be counted, where any would: who looks at it decides by these.
fn units(steps: &[DryRunStep]) -> Vec<Figure> {
    let (mut left, mut stay, mut cancelled, mut gone, mut counted) = (None, None, None, None, None);
    for record in steps.iter().flat_map(|step| &step.events) {
        let add = |sum: &mut Option<u64>, units: u64| {
            *sum = Some(sum.unwrap_or_default().saturating_add(units));
        };
        match &record.event {
            Event::Dispatched {
                quantity,
                outstanding,
                ..
            } => {
                add(&mut left, *quantity);
                add(&mut stay, *outstanding);
            }
            Event::LineCancelled { quantity, .. } => add(&mut cancelled, *quantity),
            Event::BatchCancelled { from, to, .. } => add(&mut gone, from.saturating_sub(*to)),
            Event::BatchReceived { quantity, .. } => add(&mut counted, *quantity),
            _ => {}
        }
    }
    let figures = [
        (left, "unit would leave", "units would leave"),
        (stay, "unit would stay", "units would stay"),
        (cancelled, "unit cancelled", "units cancelled"),
        (gone, "unit that will not come", "units that will not come"),
        (counted, "unit counted", "units counted"),
    ];
    let figures = figures.into_iter().filter_map(|(sum, one, many)| {
        let sum = sum?;
        let label = if sum == 1 { one } else { many };
        Some((format::number(sum), label, Tone::Plain))
    });
    figures.collect()
}

/// The lines of an order, or one of them, as they would be; none where the command is about something else, or where
/// nothing would be wanted any longer.
fn lines(reply: &Reply) -> Option<Table> {
    let lines = match reply {
        Reply::Order(order) => &order.lines[..],
        Reply::Line(line) => std::slice::from_ref(line),
        Reply::Batch(_) | Reply::Shipment(_) => return None,
    };
    let open = |line: &&LineResource| is_open(line.status);
    let all = lines.iter().filter(open).count() as u64;
    if all == 0 {
        return None;
    }
    let columns = [
        column("SKU"),
        column("Line"),
        numbers("Units"),
        column("State"),
        column("Promise"),
        column("From"),
    ];
    let rows = lines.iter().filter(open).take(SHOWN).map(|line| Row {
        cells: vec![
            Cell::product(line.sku.as_str()),
            Cell::text(line.line_id.as_str()),
            Cell::Number(line.quantity),
            line_state(line),
            line_promise(line),
            Cell::allocations(&line.allocations),
        ],
    });
    let caption = if all > SHOWN as u64 {
        format!("The first {SHOWN} of {} lines", format::number(all))
    } else {
        "Lines, as they would be".to_owned()
    };
    Some(Table::new("lines", caption, &columns).with_rows(rows))
}

/// The promises that would be broken, the worst first.
fn broken(summary: &Summary) -> Table {
    let columns = [
        column("Order"),
        column("Line"),
        column("SKU"),
        numbers("Units"),
        numbers("Priority"),
        column("Promised"),
        column("Would be"),
        numbers("Days"),
    ];
    let rows = summary.broken.iter().take(SHOWN).map(|promise| Row {
        cells: vec![
            Cell::order(promise.order_id.as_str()),
            Cell::text(promise.line_id.as_str()),
            Cell::product(promise.sku.as_str()),
            Cell::Number(promise.quantity),
            Cell::Number(promise.priority.get().into()),
            Cell::Day(promise.from),
            promise
                .to
                .map_or(Cell::Badge(Tone::Bad, "no date".into()), Cell::Day),
            promise.days.map_or(Cell::None, |days| {
                Cell::Text(format!("+{}", format::number(days)))
            }),
        ],
    });
    let caption = shown("Promises broken", summary.promises_broken);
    Table::new("broken", caption, &columns).with_rows(rows)
}

/// The promises that would be improved.
fn improved(summary: &Summary) -> Table {
    let columns = [
        column("Order"),
        column("Line"),
        column("SKU"),
        numbers("Units"),
        column("Promised"),
        column("Would be"),
    ];
    let rows = summary.improved.iter().take(SHOWN).map(|promise| Row {
        cells: vec![
            Cell::order(promise.order_id.as_str()),
            Cell::text(promise.line_id.as_str()),
            Cell::product(promise.sku.as_str()),
            Cell::Number(promise.quantity),
            Cell::day(promise.from),
            Cell::Day(promise.to),
        ],
    });
    let caption = shown("Promises improved", summary.promises_improved);
    Table::new("improved", caption, &columns).with_rows(rows)
}

fn shown(what: &str, all: u64) -> String {
    if all > SHOWN as u64 {
        format!("{what}: the worst {SHOWN} of {}", format::number(all))
    } else {
        what.to_owned()
    }
}
