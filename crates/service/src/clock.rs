//! The port through which time comes in.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

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
}
