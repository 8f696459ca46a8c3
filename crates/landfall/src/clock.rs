//! Where the time comes from: the system, or a day that was named.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use landfall_service::Clock;
use landfall_service::clock::Calendar;
use std::sync::Arc;

use crate::outcome::CliError;

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the clock is read"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The system's clock, as whoever asks for the time has it.
pub(crate) fn system() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// A clock that stands still.
#[derive(Debug)]
struct FixedClock(Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The calendar of a warehouse in `zone`: on `today` if it is named, else on the system's day.
pub(crate) fn calendar(
    today: Option<Date>,
    zone: TimeZone,
    handling_days: u16,
) -> Result<Calendar, CliError> {
    let clock: Arc<dyn Clock> = match today {
        None => Arc::new(SystemClock),
        // Noon is on that day in every zone, whatever happens to its clocks at midnight.
        Some(day) => {
            let noon = day.at(12, 0, 0, 0).to_zoned(zone.clone());
            let noon = noon.map_err(|error| CliError::usage(format!("--today {day}: {error}")))?;
            Arc::new(FixedClock(noon.timestamp()))
        }
    };
    Ok(Calendar {
        clock,
        zone,
        handling_days,
    })
}

/// The present day in a time zone.
pub(crate) fn present_day(zone: TimeZone) -> Date {
    Zoned::new(SystemClock.now(), zone).date()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_named_day_is_that_day_in_the_warehouse() {
        for name in ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"] {
            let zone = TimeZone::get(name).unwrap();
            let calendar = calendar(Some(date(2026, 3, 29)), zone, 2).unwrap();
            let (_, day) = calendar.read();
            assert_eq!((day.today, day.handling_days), (date(2026, 3, 29), 2));
        }
    }

    #[test]
    fn the_system_is_asked_when_no_day_is_named() {
        let calendar = calendar(None, TimeZone::UTC, 0).unwrap();
        let before = SystemClock.now();
        assert!(calendar.clock.now() >= before);
        assert!(present_day(TimeZone::UTC) >= before.to_zoned(TimeZone::UTC).date());
    }
}
