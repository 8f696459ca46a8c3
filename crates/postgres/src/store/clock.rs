//! The database's clock, as far as a writer knows it: by it the database refuses what comes too late.
//!
//! What is worked out from memory is worked out for a day, and nothing is held meanwhile. A process that is stopped before
//! its group is on its way, and goes on after midnight, would promise of a day that is over; only the database can see
//! that. Its clock and ours need not agree: it told the time once, and how much has passed since then is measured here,
//! where it also passes while the process is stopped.

use std::time::{Duration, Instant};

use tokio_postgres::Row;

use crate::codes::Micros;
use crate::error::Fault;
use crate::rows;

/// After so long the two may differ by more than the way between them takes.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// What the database's clock said, and when that came here.
#[derive(Debug, Clone, Copy)]
pub(super) struct DbClock {
    told: Micros,
    at: Instant,
}

impl DbClock {
    /// By the rows of the statement for a whole group.
    pub(super) fn read(rows: &[Row]) -> Result<Option<Self>, Fault> {
        let told = rows.first().map(|row| rows::get(row, 1)).transpose()?;
        let at = Instant::now();
        Ok(told.map(|told| Self { told, at }))
    }

    /// Whether it can still be gone by.
    pub(super) fn is_good(&self) -> bool {
        self.at.elapsed() < GOOD_FOR
    }

    /// What it shows at this instant, if not more. (What it said was on its way for a while.)
    pub(super) fn at(&self, instant: Instant) -> Micros {
        let micros = |passed: Duration| i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let after = micros(instant.saturating_duration_since(self.at));
        let before = micros(self.at.saturating_duration_since(instant));
        self.told.plus(after).plus(-before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_as_ours_does() {
        let noon = Micros::of("2026-05-10T12:00:00Z".parse().unwrap());
        let (before, second) = (Instant::now(), Duration::from_secs(1));
        let at = before + second;
        let clock = DbClock { told: noon, at };
        assert_eq!(clock.at(at), noon);
        assert_eq!(clock.at(at + second), noon.plus(1_000_000));
        assert_eq!(clock.at(before), noon.plus(-1_000_000));
    }
}
