//! The clock of the demo: it is set to each day of the history, and then runs.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use landfall_service::Clock;

/// Stands still until it is let run.
pub(super) struct DemoClock(Mutex<Hand>);

#[derive(Clone, Copy)]
struct Hand {
    at: Timestamp,
    /// Since when it runs, if it does.
    running: Option<Instant>,
}

impl DemoClock {
    pub(super) fn at(at: Timestamp) -> Self {
        Self(Mutex::new(Hand { at, running: None }))
    }

    /// Sets it; it stands still.
    pub(super) fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Hand { at, running: None };
    }

    /// Sets it and lets it run.
    pub(super) fn run_from(&self, at: Timestamp) {
        let running = Some(Instant::now());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Hand { at, running };
    }
}

impl Clock for DemoClock {
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
    use super::*;

    #[test]
    fn it_stands_still_until_it_runs() {
        let at = Timestamp::UNIX_EPOCH;
        let clock = DemoClock::at(at);
        assert_eq!(clock.now(), at);
        let later = at + SignedDuration::from_hours(1);
        clock.run_from(later);
        assert!(clock.now() >= later);
        clock.set(at);
        assert_eq!(clock.now(), at);
    }
}
