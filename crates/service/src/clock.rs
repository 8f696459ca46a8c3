//! The port through which time comes in.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::time::Duration;

/// Tells the time. The binary gives the system's, tests and replays one of their own.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock and what promises need to know beside it.
#[derive(Clone)]
pub struct Calendar {
    /// Where the time comes from.
    pub clock: std::sync::Arc<dyn Clock>,
    /// The warehouse's time zone: a promise is a civil date there.
    pub zone: TimeZone,
    /// Days between the goods being there and the promised date.
    pub handling_days: u16,
}

impl Calendar {
    /// The present instant and the day that it is in the warehouse.
    pub fn read(&self) -> (Timestamp, landfall_domain::Day) {
        let now = self.clock.now();
        let today = Zoned::new(now, self.zone.clone()).date();
        (
            now,
            landfall_domain::Day {
                today,
                handling_days: self.handling_days,
            },
        )
    }

    /// How long it is still the same day in the warehouse, from this instant on. (Nothing on the last day that there is.)
    pub fn rest_of_day(&self, now: Timestamp) -> Duration {
        let next = Zoned::new(now, self.zone.clone()).tomorrow();
        let next = next.and_then(|tomorrow| tomorrow.start_of_day());
        let rest = next.map(|next| next.timestamp().duration_since(now).unsigned_abs());
        rest.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Unused;

    impl Clock for Unused {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    #[test]
    fn a_day_ends_where_the_warehouse_is() {
        let calendar = Calendar {
            clock: std::sync::Arc::new(Unused),
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap(),
            handling_days: 0,
        };
        let rest = |now: &str| calendar.rest_of_day(now.parse().unwrap());
        assert_eq!(rest("2026-05-10T21:59:59.5Z"), Duration::from_millis(500));
        assert_eq!(rest("2026-05-10T22:00:00Z"), Duration::from_hours(24));
        // The clocks go back in this night.
        assert_eq!(rest("2026-10-24T22:00:00Z"), Duration::from_hours(25));
        assert_eq!(calendar.rest_of_day(Timestamp::MAX), Duration::ZERO);
    }
}
