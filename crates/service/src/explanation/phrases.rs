//! Parts of sentences that several others share.

use landfall_domain::Location;
use landfall_domain::events::Departure;
pub(super) use landfall_domain::words::{number, units};

/// How many batches of a split line a sentence names.
pub(super) const BATCHES_NAMED: usize = 5;

pub(super) fn left_from(departures: &[Departure]) -> String {
    list(departures.iter().map(|d| (d.batch.as_str(), d.quantity)))
}

/// `batch b-1`, or `batches b-1 (3) and b-2 (2)`.
pub(super) fn list<'a>(of: impl ExactSizeIterator<Item = (&'a str, u64)>) -> String {
    let count = of.len();
    if count == 0 {
        return "no batch".into();
    }
    let named = of.take(BATCHES_NAMED).map(|(batch, units)| {
        if count == 1 {
            format!("batch {batch}")
        } else {
            format!("{batch} ({})", number(units))
        }
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match count.saturating_sub(BATCHES_NAMED) {
        _ if count == 1 => named,
        0 => format!("batches {named}"),
        more => format!("batches {named} and {} more", number(more as u64)),
    }
}

pub(super) fn places(locations: &[Location]) -> String {
    let names: Vec<&str> = locations.iter().map(Location::as_str).collect();
    names.join(" or ")
}
