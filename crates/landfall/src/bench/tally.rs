//! What came back: counts, latencies, and what the database must hold afterwards.

use super::response::ClientError;
use super::workload::{Line, Rng};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Latencies are kept in microseconds up to one minute, to three digits.
const LONGEST: u64 = 60_000_000;

/// The interval that is measured; what is outside still has to be in the database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The end of the warm-up.
    pub(super) from: Instant,
    /// The end of the run: no request is begun after it.
    pub(super) until: Instant,
    /// When the last answers are given up.
    pub(super) hard: Instant,
}

impl Window {
    /// An interval that begins after the warm-up from now.
    pub(super) fn starting(now: Instant, warmup: Duration, duration: Duration) -> Self {
        let from = now + warmup;
        let until = from + duration;
        Self {
            from,
            until,
            hard: until + Duration::from_secs(30),
        }
    }
}

/// Why a line was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// The service answered with this status.
    Status(u16),
    /// A line of an NDJSON answer was not `ok`.
    Rejected,
    /// There was no whole answer: the line may or may not be in the database.
    Connection(ClientError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Rejected => f.write_str("rejected line"),
            Self::Connection(error) => error.fmt(f),
        }
    }
}

/// Lines and units of one SKU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) lines: u64,
    pub(super) quantity: u64,
}

impl Sum {
    /// Adds one line.
    pub(super) fn add(&mut self, line: Line) {
        self.lines += 1;
        self.quantity += u64::from(line.quantity);
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: Self) {
        self.lines += other.lines;
        self.quantity += other.quantity;
    }
}

/// A fair sample of the acknowledged lines, of bounded size (reservoir sampling).
#[derive(Debug)]
pub(super) struct Sample {
    rng: Rng,
    size: usize,
    seen: u64,
    pub(super) lines: Vec<Line>,
}

impl Sample {
    /// Considers one more line.
    fn offer(&mut self, line: Line) {
        self.seen += 1;
        if self.lines.len() < self.size {
            self.lines.push(line);
        } else if let Ok(place) = usize::try_from(self.rng.below(self.seen))
            && let Some(chosen) = self.lines.get_mut(place)
        {
            *chosen = line;
        }
    }
}

/// What one connection, or all of them together, got.
#[derive(Debug)]
pub(super) struct Tally {
    /// Lines acknowledged within the window.
    pub(super) measured_lines: u64,
    /// Requests acknowledged within the window.
    pub(super) measured_requests: u64,
    /// Microseconds from sending to the whole answer, of the same.
    pub(super) latency: Histogram<u32>,
    /// Requests, or NDJSON lines, that failed, over the whole run.
    pub(super) errors: BTreeMap<Failure, u64>,
    /// By SKU: what was acknowledged over the whole run.
    pub(super) acknowledged: Vec<Sum>,
    /// By SKU: what was sent and never answered.
    pub(super) unknown: Vec<Sum>,
    /// Some of the acknowledged lines.
    pub(super) sample: Sample,
}

impl Tally {
    /// An empty tally over `skus` SKUs that keeps at most `sample` lines.
    pub(super) fn new(
        skus: u32,
        sample: usize,
        rng: Rng,
    ) -> Result<Self, hdrhistogram::CreationError> {
        Ok(Self {
            measured_lines: 0,
            measured_requests: 0,
            latency: Histogram::new_with_bounds(1, LONGEST, 3)?,
            errors: BTreeMap::new(),
            acknowledged: vec![Sum::default(); skus as usize],
            unknown: vec![Sum::default(); skus as usize],
            sample: Sample {
                rng,
                size: sample,
                seen: 0,
                lines: Vec::new(),
            },
        })
    }

    /// One request, or one NDJSON line, was acknowledged at `end`.
    pub(super) fn acknowledge(
        &mut self,
        lines: &[Line],
        sent: Instant,
        end: Instant,
        window: &Window,
    ) {
        for &line in lines {
            self.acknowledged[line.sku as usize].add(line);
            self.sample.offer(line);
        }
        if window.from <= end && end <= window.until {
            self.measured_lines += lines.len() as u64;
            self.measured_requests += 1;
            let micros = u64::try_from((end - sent).as_micros()).unwrap_or(u64::MAX);
            self.latency.saturating_record(micros.max(1));
        }
    }

    /// One request, or one NDJSON line, failed.
    pub(super) fn fail(&mut self, lines: &[Line], failure: Failure) {
        *self.errors.entry(failure).or_default() += 1;
        // An error status says that nothing was done, unless the service itself does not know.
        if matches!(failure, Failure::Connection(_) | Failure::Status(500..)) {
            for &line in lines {
                self.unknown[line.sku as usize].add(line);
            }
        }
    }

    /// Adds what another connection got.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), hdrhistogram::AdditionError> {
        self.measured_lines += other.measured_lines;
        self.measured_requests += other.measured_requests;
        self.latency.add(other.latency)?;
        for (failure, count) in other.errors {
            *self.errors.entry(failure).or_default() += count;
        }
        for (sum, other) in self.acknowledged.iter_mut().zip(other.acknowledged) {
            sum.merge(other);
        }
        for (sum, other) in self.unknown.iter_mut().zip(other.unknown) {
            sum.merge(other);
        }
        self.sample.lines.extend(other.sample.lines);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> (Tally, Window, Instant) {
        let start = Instant::now();
        let window = Window::starting(start, Duration::from_secs(1), Duration::from_secs(2));
        (Tally::new(2, 10, Rng::new(1, 1)).unwrap(), window, start)
    }

    fn line(sku: u32, quantity: u32) -> Line {
        Line {
            order: 1,
            number: 0,
            sku,
            quantity,
        }
    }

    #[test]
    fn the_warm_up_counts_for_the_database_only() {
        let (mut tally, window, start) = tally();
        for millis in [500, 1500, 2500, 3500] {
            let end = start + Duration::from_millis(millis);
            let sent = start + Duration::from_millis(millis - 5);
            tally.acknowledge(&[line(1, 3)], sent, end, &window);
        }
        assert_eq!(tally.measured_lines, 2);
        assert_eq!(tally.latency.len(), 2);
        assert!((4990..=5010).contains(&tally.latency.value_at_quantile(0.5)));
        assert_eq!(
            tally.acknowledged,
            [
                Sum::default(),
                Sum {
                    lines: 4,
                    quantity: 12
                }
            ]
        );
    }

    #[test]
    fn only_what_was_not_answered_is_unknown() {
        let (mut tally, _, _) = tally();
        tally.fail(&[line(0, 3)], Failure::Status(409));
        tally.fail(&[line(0, 5)], Failure::Rejected);
        tally.fail(&[line(0, 7)], Failure::Connection(ClientError::Closed));
        assert_eq!(
            tally.unknown[0],
            Sum {
                lines: 1,
                quantity: 7
            }
        );
        assert_eq!(tally.errors.values().sum::<u64>(), 3);
    }

    #[test]
    fn tallies_add_up_and_the_sample_stays_small() {
        let (mut sum, window, start) = tally();
        for _ in 0..3 {
            let (mut tally, ..) = self::tally();
            for _ in 0..100 {
                tally.acknowledge(&[line(0, 1)], start, window.from, &window);
            }
            assert_eq!(tally.sample.lines.len(), 10);
            sum.merge(tally).unwrap();
        }
        assert_eq!((sum.measured_lines, sum.latency.len()), (300, 300));
        assert_eq!(
            sum.acknowledged[0],
            Sum {
                lines: 300,
                quantity: 300
            }
        );
        assert_eq!(sum.sample.lines.len(), 30);
    }
}
