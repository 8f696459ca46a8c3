//! A clock that stands still until a test moves it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use landfall_service::clock::{Calendar, Clock};

/// The day on which a test begins.
pub const fn today() -> Date {
    date(2026, 5, 10)
}

/// Tells the time that it was told: noon of [`today`] (UTC) at first.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

impl FixedClock {
    /// Noon of [`today`].
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(noon(today())),
        })
    }

    /// Moves to this instant.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves to noon of this day.
    pub fn set_day(&self, day: Date) {
        self.set(noon(day));
    }

    /// A calendar with this clock: the warehouse is at UTC.
    pub fn calendar(self: &Arc<Self>, handling_days: u16) -> Calendar {
        Calendar {
            clock: self.clone(),
            zone: TimeZone::UTC,
            handling_days,
        }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn noon(day: Date) -> Timestamp {
    match day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC) {
        Ok(zoned) => zoned.timestamp(),
        Err(error) => panic!("{day} is no day for a test: {error}"),
    }
}
