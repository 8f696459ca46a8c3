//! What is allowed and most likely not meant.

use jiff::ToSpan as _;
use jiff::civil::Date;
use landfall_domain::Command;

use super::there::{Count, There};
use crate::format;

/// Years ahead from which on a day is doubted.
const FAR: i64 = 2;

/// What is doubted of a command that changes something or is `idle`, and what it would replace.
pub(super) fn doubts(command: &Command, there: &There, idle: bool, today: Date) -> Vec<String> {
    let hold = there.hold.as_ref().map(|hold| {
        let note = hold.note.as_ref().map(|note| format!(", {note}"));
        let until = match hold.expected_clear {
            Some(day) => format!("until {}", format::day(day)),
            None => "without a clear date".to_owned(),
        };
        format!(
            "It is held already: {}{}, {until}. This would replace that hold.",
            hold.code,
            note.unwrap_or_default()
        )
    });
    let counted = counted(&there.counts, idle);
    let doubts = [hold, counted, day(command, today)];
    doubts.into_iter().flatten().collect()
}

/// That somebody has counted before.
fn counted(counts: &[Count], idle: bool) -> Option<String> {
    let last = counts.iter().max_by_key(|count| count.at.timestamp())?;
    let at = format::instant(&last.at);
    let by = last.by.as_ref().map(|name| format!(" by {name}"));
    let by = by.unwrap_or_default();
    if counts.len() > 1 {
        let batches = format::number(counts.len() as u64);
        return Some(format!(
            "{batches} of these batches were counted already, the last one on {at}{by}. This would replace those counts."
        ));
    }
    let units = format::count(last.units, "unit", "units");
    let then = if idle {
        "This is the same count."
    } else {
        "This would replace that count."
    };
    Some(format!(
        "Batch {} was counted already: {units}, on {at}{by}. {then}",
        last.batch
    ))
}

/// A day in the past is taken, because what happened may be told late, and so is one that is far off; but one may have
/// mistyped the year.
fn day(command: &Command, today: Date) -> Option<String> {
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
