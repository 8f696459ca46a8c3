//! What is allowed and most likely not meant.

use jiff::ToSpan as _;
use jiff::civil::Date;
use landfall_domain::{Command, Hold};
use landfall_service::views::{ViewError, Views};

use crate::format;

/// Years ahead from which on a day is doubted.
const FAR: i64 = 2;

/// The hold that a hold would replace; none where there is none, or the very same.
pub(crate) async fn replaced(
    views: &dyn Views,
    command: &Command,
    today: Date,
) -> Result<Option<Hold>, ViewError> {
    let (there, new) = match command {
        Command::HoldBatch(hold) => {
            let batch = views.batch(&hold.reference, today).await?;
            let new = (&hold.code, &hold.note, hold.expected_clear);
            (batch.and_then(|batch| batch.hold), new)
        }
        Command::HoldShipment(hold) => {
            let shipment = views.shipment(&hold.reference, today).await?;
            let new = (&hold.code, &hold.note, hold.expected_clear);
            (shipment.and_then(|shipment| shipment.hold), new)
        }
        _ => return Ok(None),
    };
    Ok(there.filter(|there| (&there.code, &there.note, there.expected_clear) != new))
}

/// What is doubted of a command; `replaced`: the hold that it would replace.
pub(super) fn doubts(command: &Command, replaced: Option<&Hold>, today: Date) -> Vec<String> {
    let hold = replaced.map(|hold| {
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
    [hold, day(command, today)].into_iter().flatten().collect()
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
