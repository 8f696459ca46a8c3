//! The time of a simulated world: days that are counted from the first, and a clock that is set to each.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use landfall_service::Clock;

/// Days that are counted from the first, which is day 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    /// Day 0.
    pub(crate) first: Date,
}

impl Days {
    /// The date of a day; the calendar's first or last where it ends before.
    pub(crate) fn date(self, day: i32) -> Date {
        let since = SignedDuration::from_hours(24 * i64::from(day));
        self.first.saturating_add(since)
    }

    /// When the work of a day begins: at nine in the morning.
    pub(crate) fn morning(self, day: i32, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        let morning = self.date(day).at(9, 0, 0, 0).to_zoned(zone.clone())?;
        Ok(morning.timestamp())
    }
}

/// Stands still until it is let run.
pub(crate) struct WorldClock(Mutex<Hand>);

#[derive(Clone, Copy)]
struct Hand {
    at: Timestamp,
    /// Since when it runs, if it does.
    running: Option<Instant>,
}

impl WorldClock {
    /// Stands still at this instant.
    pub(crate) fn at(at: Timestamp) -> Self {
        Self(Mutex::new(Hand { at, running: None }))
    }

    /// Sets it; it stands still.
    pub(crate) fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Hand { at, running: None };
    }

    /// Sets it and lets it run.
    pub(crate) fn run_from(&self, at: Timestamp) {
        let running = Some(Instant::now());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Hand { at, running };
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let hand = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let run = hand.running.map(|since| since.elapsed());
        let run = run
            .and_then(|run| SignedDuration::try_from(run).ok())
            .unwrap_or_default();
        hand.at.checked_add(run).unwrap_or(hand.at)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn it_stands_still_until_it_runs() {
        let at = Timestamp::UNIX_EPOCH;
        let clock = WorldClock::at(at);
        assert_eq!(clock.now(), at);
        let later = at + SignedDuration::from_hours(1);
        clock.run_from(later);
        assert!(clock.now() >= later);
        clock.set(at);
        assert_eq!(clock.now(), at);
    }

    #[test]
    fn days_are_counted_from_the_first() {
        let days = Days {
            first: date(2024, 2, 28),
        };
        assert_eq!(days.date(2), date(2024, 3, 1));
        assert_eq!(days.date(-28), date(2024, 1, 31));
        assert_eq!(days.date(i32::MAX), Date::MAX);
        let morning = days.morning(1, &TimeZone::UTC).unwrap();
        assert_eq!(morning.to_string(), "2024-02-29T09:00:00Z");
    }
}
