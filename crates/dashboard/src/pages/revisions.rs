//! The ETAs that a shipment or batch had before, from its history.

use jiff::civil::Date;
use landfall_domain::Event;
use landfall_service::log::LogRecord;
use landfall_service::views::Thing;

use crate::format;
use crate::table::{Cell, Tone};

/// Days that are told; of more only how many there were.
const TOLD: usize = 3;

/// The days on which it was expected before, the oldest first.
pub(super) fn earlier(thing: &Thing, events: &[LogRecord]) -> Vec<Date> {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|record| (record.time, record.offset));
    let own = days(events.iter().filter_map(|record| match &record.event {
        Event::ShipmentEtaChanged {
            reference, from, ..
        } if matches!(thing, Thing::Shipment(shipment) if shipment == reference) => Some(*from),
        Event::BatchEtaChanged {
            reference, from, ..
        } if matches!(thing, Thing::Batch(batch) if batch == reference) => Some(*from),
        _ => None,
    }));
    if !own.is_empty() {
        return own;
    }
    // A shipment's own events may be so many batches' back that they were not read; its batches followed it.
    days(events.iter().filter_map(|record| match &record.event {
        Event::BatchEtaChanged { from, .. } if follows(thing, &record.event) => Some(*from),
        _ => None,
    }))
}

fn days(from: impl Iterator<Item = Option<Date>>) -> Vec<Date> {
    let mut days: Vec<Date> = from.flatten().collect();
    days.dedup();
    days
}

/// Whether an event of a batch is only that it followed its shipment: the shipment's own event says the same.
pub(super) fn follows(thing: &Thing, event: &Event) -> bool {
    match (thing, event) {
        (
            Thing::Shipment(reference),
            Event::BatchEtaChanged { shipment, .. }
            | Event::BatchHeld { shipment, .. }
            | Event::BatchReleased { shipment, .. },
        ) => shipment.as_ref() == Some(reference),
        _ => false,
    }
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

/// The last of these days, and how many others there were.
fn last(earlier: &[Date]) -> (&[Date], Option<String>) {
    let left = earlier.len().saturating_sub(TOLD);
    let more = (left > 0).then(|| format!("and {} more", format::number(left as u64)));
    (&earlier[left..], more)
}

/// The days on which it was expected before, in words; none where it always was the same.
pub(super) fn words(earlier: &[Date]) -> Option<String> {
    let (days, more) = last(earlier);
    let days: Vec<_> = days.iter().map(format::day).collect();
    let days = Some(days.join(", ")).filter(|days| !days.is_empty())?;
    Some(match more {
        Some(more) => format!("{days}, {more}"),
        None => days,
    })
}

/// The days on which it was expected before, as a cell: the last of them, or for a file all.
pub(super) fn cell(earlier: &[Date], all: bool) -> Cell {
    match words(earlier) {
        None => Cell::None,
        Some(_) if all => Cell::Several(earlier.iter().map(|day| Cell::Day(*day)).collect()),
        Some(words) => Cell::text(words),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;

    fn log(events: Vec<Event>) -> Vec<LogRecord> {
        let records = (1..).zip(events).map(|(offset, event)| LogRecord {
            partition: 0,
            offset,
            sku: None,
            time: Timestamp::UNIX_EPOCH,
            command_id: "c".into(),
            actor: None,
            event,
        });
        records.collect()
    }

    fn ship(from: i8, to: i8) -> Event {
        Event::ShipmentEtaChanged {
            reference: "S".parse().unwrap(),
            from: Some(date(2027, 1, from)),
            to: Some(date(2027, 1, to)),
        }
    }

    fn batch(from: i8, to: i8, shipment: Option<&str>) -> Event {
        Event::BatchEtaChanged {
            reference: "B".parse().unwrap(),
            from: Some(date(2027, 1, from)),
            to: Some(date(2027, 1, to)),
            landed: None,
            shipment: shipment.map(|name| name.parse().unwrap()),
        }
    }

    #[test]
    fn of_many_days_the_last_are_told() {
        let days: Vec<_> = (1..=30).map(|day| date(2027, 1, day)).collect();
        assert_eq!(words(&[]), None);
        assert_eq!(
            words(&days[..3]).as_deref(),
            Some("1 Jan 2027, 2 Jan 2027, 3 Jan 2027")
        );
        assert_eq!(
            words(&days).as_deref(),
            Some("28 Jan 2027, 29 Jan 2027, 30 Jan 2027, and 27 more")
        );
        let page = "28 Jan 2027, 29 Jan 2027, 30 Jan 2027, and 27 more";
        assert_eq!(cell(&days, false).plain(), page);
        assert_eq!(cell(&days, true).plain().split("; ").count(), 30);
        assert_eq!(cell(&[], false), Cell::None);
    }

    #[test]
    fn the_days_before_are_the_things_own() {
        let (s, b) = (
            Thing::Shipment("S".parse().unwrap()),
            Thing::Batch("B".parse().unwrap()),
        );
        let days = |days: &[i8]| days.iter().map(|d| date(2027, 1, *d)).collect::<Vec<_>>();
        let events = log(vec![
            ship(1, 3),
            batch(1, 3, Some("S")),
            batch(3, 7, None),
            ship(3, 5),
            batch(7, 5, Some("S")),
        ]);
        assert_eq!(earlier(&s, &events), days(&[1, 3]));
        assert_eq!(earlier(&b, &events), days(&[1, 3, 7]));
        let cut = log(vec![
            batch(1, 3, Some("S")),
            batch(1, 3, Some("S")),
            batch(3, 5, Some("S")),
            batch(2, 4, Some("T")),
        ]);
        assert_eq!(earlier(&s, &cut), days(&[1, 3]), "its batches know");
        assert_eq!(earlier(&s, &[]), []);
        let told = |event: &Event| follows(&s, event);
        let follow: Vec<_> = events.iter().map(|record| told(&record.event)).collect();
        assert_eq!(follow, [false, true, false, false, true]);
    }
}
