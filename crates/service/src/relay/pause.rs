//! How long a relay leaves a sink alone that something is in the way of.

use std::sync::Arc;
use std::time::Duration;

/// A number below the one that it is given (0 where that is 0), as good as random.
pub type Jitter = Arc<dyn Fn(u64) -> u64 + Send + Sync>;

/// Pauses that double, up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// The first one, at the most.
    pub first: Duration,
    /// The longest one.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(200),
            longest: Duration::from_secs(30),
        }
    }
}

impl Pauses {
    /// The pause after so many setbacks in a row, from 1 on. Between half of it and all of it, so that those who
    /// wait for the same thing do not come all at once.
    pub(crate) fn after(&self, setbacks: u32, jitter: &Jitter) -> Duration {
        let doubled = 2_u32.saturating_pow(setbacks.saturating_sub(1));
        let most = self.first.saturating_mul(doubled).min(self.longest);
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        let half = micros / 2;
        Duration::from_micros(half + jitter(micros - half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ_by_half() {
        let pauses = Pauses {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(1),
        };
        let millis = |setbacks, jitter: Jitter| pauses.after(setbacks, &jitter).as_millis();
        let most: Jitter = Arc::new(|below| below.saturating_sub(1));
        let least: Jitter = Arc::new(|_| 0);
        for (setbacks, from, to) in [
            (1, 50, 99),
            (2, 100, 199),
            (4, 400, 799),
            (5, 500, 999),
            (u32::MAX, 500, 999),
        ] {
            assert_eq!(millis(setbacks, Arc::clone(&least)), from);
            assert_eq!(millis(setbacks, Arc::clone(&most)), to);
        }
    }
}
