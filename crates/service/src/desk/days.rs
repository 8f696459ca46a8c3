//! What an event means for the figures of its day.

#[cfg(test)]
#[path = "days_tests.rs"]
mod tests;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, Event, ShipmentRef};

use super::Figures;
use super::line::{Standing, accepted, is_worse};
use super::tables::BatchRow;

/// The day of an instant.
pub fn day_of(time: Timestamp, zone: &TimeZone) -> Date {
    Zoned::new(time, zone.clone()).date()
}

/// What an event adds to the figures of its day, landings left out. `before`: where its line stood, if it is about a
/// line of which that is known; a line that waits must be known.
pub fn count(event: &Event, before: Option<Standing>) -> Figures {
    let mut figures = Figures::default();
    let is_new = u64::from(accepted(event).is_some());
    let waited = before == Some(Standing::Waiting);
    match event {
        Event::Allocated { .. } => {
            figures.accepted = is_new;
            figures.filled_at_once = is_new;
            figures.allocated = is_new.max(u64::from(waited));
        }
        Event::Backordered { .. } => {
            figures.accepted = is_new;
            figures.backordered = u64::from(!waited);
        }
        Event::LineCancelled { .. } => figures.cancelled = 1,
        Event::PromiseChanged { from, to, .. } => {
            figures.promises_broken = u64::from(is_worse(*from, *to));
            let better = from != to && !is_worse(*from, *to);
            figures.promises_improved = u64::from(better);
        }
        Event::Dispatched {
            quantity,
            departures,
            outstanding,
            requested_date,
            ..
        } => {
            figures.dispatched_units = *quantity;
            figures.dispatched_lines = u64::from(*outstanding == 0);
            for departure in departures {
                let units = departure.quantity;
                match (*requested_date, departure.landed) {
                    (Some(wanted), Some(landed)) => {
                        let days = u64::try_from((wanted - landed).get_days()).unwrap_or(0);
                        figures.dwell_units += units;
                        let unit_days = units.saturating_mul(days);
                        figures.dwell_unit_days = figures.dwell_unit_days.saturating_add(unit_days);
                    }
                    (Some(_), None) => figures.dwell_unknown += units,
                    (None, _) => {}
                }
            }
        }
        _ => {}
    }
    figures
}

/// What an event says of a batch's shipment and landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfBatch<'e> {
    /// It is new, and carried by this.
    Created(Option<&'e ShipmentRef>),
    /// It landed so, or is on its way.
    Landed(Option<Landing>),
}

/// What an event says of a batch's shipment and landing, and of which batch.
pub fn of_batch(event: &Event) -> Option<(&BatchRef, OfBatch<'_>)> {
    // A batch that never was on its way has no share that was sold when it landed.
    let inbound = |landed: &Landing| landed.of > 0;
    match event {
        Event::BatchCreated {
            reference,
            shipment,
            ..
        } => Some((reference, OfBatch::Created(shipment.as_ref()))),
        Event::BatchEtaChanged {
            reference, landed, ..
        } => Some((reference, OfBatch::Landed(landed.filter(inbound)))),
        Event::BatchReceived {
            reference, landed, ..
        } => Some((reference, OfBatch::Landed(Some(*landed).filter(inbound)))),
        _ => None,
    }
}

/// A change of the figures by landings: what a day loses and what one gains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Landed {
    /// As the desk had it.
    pub before: Option<Landing>,
    /// As it is now.
    pub after: Option<Landing>,
}

/// Takes into a batch's row what an event says of it; the change of the figures, where there is any.
pub fn take_in(row: &mut BatchRow, said: OfBatch<'_>) -> Option<Landed> {
    match said {
        OfBatch::Created(shipment) => {
            row.shipment = shipment.cloned();
            None
        }
        OfBatch::Landed(after) => {
            let before = std::mem::replace(&mut row.landed, after);
            (before != after).then_some(Landed { before, after })
        }
    }
}

/// Adds a landing to the figures of its day, or takes it out.
pub fn land(figures: &mut Figures, landing: Landing, lands: bool) {
    let change = |sum: &mut u64, units: u64| {
        *sum = if lands {
            sum.saturating_add(units)
        } else {
            sum.saturating_sub(units)
        };
    };
    change(&mut figures.landed_units, landing.of);
    change(&mut figures.landed_sold, landing.sold);
}
