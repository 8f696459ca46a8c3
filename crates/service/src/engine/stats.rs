//! What the engine has done since it was started, in counters that anybody can read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::store::StoreError;

/// What the engine has done since it was started.
#[derive(Debug)]
pub struct Stats {
    /// Commands in each group that was committed or had nothing to write.
    pub group_size: Histogram,
    /// Microseconds for each of those groups, from the first load to the end of the commit.
    pub group_micros: Histogram,
    /// Microseconds for each commit that something was written with: the database's share of a group's time.
    pub commit_micros: Histogram,
    /// Commands that were refused.
    pub rejected: AtomicU64,
    /// Order lines that were allocated when they were accepted.
    pub allocated: AtomicU64,
    /// Order lines that were accepted and wait.
    pub backordered: AtomicU64,
    /// Order lines that were not accepted, because their command was refused.
    pub lines_rejected: AtomicU64,
    /// Departures: times that units of an order line left.
    pub dispatched: AtomicU64,
    /// Holds that were set on a batch or on a shipment, also in place of another.
    pub held: AtomicU64,
    /// Promises that became others than customers had been told.
    pub promises_changed: AtomicU64,
    /// Groups that failed, by the reason: in the order of [`FAILURES`].
    pub failed: [AtomicU64; FAILURES.len()],
}

/// Why a group can fail, each in a word.
pub const FAILURES: [&str; 5] = ["conflict", "refused", "unavailable", "unknown", "corrupt"];

/// Bounds of group sizes: twice as many commands each time.
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048];

/// Bounds of times in microseconds, from a write to memory to a database that hangs.
const MICROS: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

impl Default for Stats {
    fn default() -> Self {
        Self {
            group_size: Histogram::new(SIZES),
            group_micros: Histogram::new(MICROS),
            commit_micros: Histogram::new(MICROS),
            rejected: AtomicU64::default(),
            allocated: AtomicU64::default(),
            backordered: AtomicU64::default(),
            lines_rejected: AtomicU64::default(),
            dispatched: AtomicU64::default(),
            held: AtomicU64::default(),
            promises_changed: AtomicU64::default(),
            failed: Default::default(),
        }
    }
}

impl Stats {
    /// Counts a group that failed.
    pub(super) fn fail(&self, error: &StoreError) {
        let reason = match error {
            StoreError::Conflict => 0,
            StoreError::Refused(_) => 1,
            StoreError::Unavailable(_) => 2,
            StoreError::OutcomeUnknown(_) => 3,
            StoreError::Corrupt(_) => 4,
        };
        self.failed[reason].fetch_add(1, Ordering::Relaxed);
    }
}

/// How often whole numbers lay below each of some bounds, and their sum.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what lies beyond the last; each without those below.
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::default()).collect(),
            sum: AtomicU64::default(),
        }
    }

    /// Counts a number.
    pub(super) fn add(&self, number: u64) {
        let place = self.bounds.partition_point(|bound| *bound < number);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Counts a time in microseconds.
    pub(super) fn add_time(&self, time: Duration) {
        self.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// The sum of all numbers.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// How many numbers there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|c| c.load(Ordering::Relaxed)).sum()
    }

    /// Each bound (`None`: beyond the last) with how many numbers were not above it.
    pub fn below(&self) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let mut sum = 0;
        bounds.zip(&self.counts).map(move |(bound, count)| {
            sum += count.load(Ordering::Relaxed);
            (bound, sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_below_each_bound_that_it_is_not_above() {
        let histogram = Histogram::new(&[1, 2, 4]);
        for number in [0, 1, 2, 3, 4, 5, 100] {
            histogram.add(number);
        }
        let below: Vec<_> = histogram.below().collect();
        assert_eq!(below, [(Some(1), 2), (Some(2), 3), (Some(4), 5), (None, 7)]);
        assert_eq!((histogram.sum(), histogram.count()), (115, 7));
        histogram.add_time(Duration::from_micros(7));
        assert_eq!(histogram.sum(), 122);
    }
}
