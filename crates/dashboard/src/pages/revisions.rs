//! The ETAs that a shipment or batch had before, from its history.

use jiff::civil::Date;
use landfall_domain::Event;
use landfall_service::log::LogRecord;
use landfall_service::views::{Page, Thing, ViewError, Views};

use super::history::SHOWN;
use crate::format;
use crate::table::{Cell, Tone};

/// A thing's events, as many as a page shows; none where there is no such thing.
pub(super) async fn events(
    views: &dyn Views,
    thing: &Thing,
) -> Result<Option<Vec<LogRecord>>, ViewError> {
    let page = Page {
        after: None,
        limit: SHOWN,
    };
    let found = views.history(thing, &page).await?;
    Ok(found.map(|page| page.events))
}

/// The days on which it was expected before, the oldest first.
pub(super) fn earlier(thing: &Thing, events: &[LogRecord]) -> Vec<Date> {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|record| (record.time, record.offset));
    let mut days: Vec<Date> = Vec::new();
    for record in events {
        let from = match (&record.event, thing) {
            (
                Event::ShipmentEtaChanged {
                    reference, from, ..
                },
                Thing::Shipment(shipment),
            ) if reference == shipment => *from,
            (
                Event::BatchEtaChanged {
                    reference, from, ..
                },
                Thing::Batch(batch),
            ) if reference == batch => *from,
            _ => None,
        };
        days.extend(from.filter(|day| days.last() != Some(day)));
    }
    days
}

/// When something is expected, and how much later that is than was said first.
pub(super) fn eta(eta: Option<Date>, earlier: &[Date], overdue: bool, here: &str) -> Cell {
    let Some(day) = eta else {
        return Cell::Badge(Tone::Good, here.into());
    };
    let mut parts = vec![Cell::Day(day)];
    if let Some(first) = earlier.first().filter(|first| **first != day) {
        let days = format::days_between(first, day);
        let tone = if days > 0 { Tone::Bad } else { Tone::Good };
        parts.push(Cell::Badge(tone, format::days_late(days)));
    }
    if overdue {
        parts.push(Cell::Badge(Tone::Bad, "overdue".into()));
    }
    Cell::Several(parts)
}

/// The days on which it was expected before, as a cell.
pub(super) fn cell(earlier: &[Date]) -> Cell {
    match earlier {
        [] => Cell::None,
        days => Cell::Several(days.iter().map(|day| Cell::Day(*day)).collect()),
    }
}
