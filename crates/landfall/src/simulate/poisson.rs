//! Poisson numbers by inversion of a table, in whole numbers throughout.
//!
//! A mathematical library's `exp` may differ in its last place from one platform to another, and one place is
//! enough to make another world of a seed. So probabilities are fixed-point numbers of 64 places after the
//! point, computed with additions, multiplications and divisions of integers, which are the same everywhere.

use super::random::Random;

/// 1.
const ONE: u128 = 1 << 64;
/// 1/e.
const INVERSE_E: u128 = 6_786_177_901_268_885_274;
/// A mean is given in millionths.
const MILLION: u128 = 1_000_000;
/// The largest mean of one table: e^-16 has 40 significant places of the 64. What has a larger mean is the sum
/// of several that have a smaller one.
const MOST: u64 = 16_000_000;

/// How often something happens that happens so often on the average, independent of all else.
#[derive(Debug, Clone)]
pub(crate) struct Poisson {
    /// How many draws are added up.
    parts: u64,
    /// The probability, in units of 2^-64, that a part is at most 0, 1, 2, …
    at_most: Vec<u64>,
}

impl Poisson {
    /// With this mean, in millionths.
    pub(crate) fn new(mean_millionths: u64) -> Self {
        let parts = mean_millionths.div_ceil(MOST).max(1);
        let mean = u128::from(mean_millionths / parts);
        let mut probability = exp_of_minus(mean);
        let mut sum = 0;
        let mut at_most = Vec::new();
        // Beyond the mean each is less likely than the one before, until none can be told from 0.
        for count in 0_u128.. {
            if probability == 0 && count * MILLION > mean {
                break;
            }
            sum += probability;
            at_most.push(u64::try_from(sum).unwrap_or(u64::MAX));
            probability = probability * mean / ((count + 1) * MILLION);
        }
        Self { parts, at_most }
    }

    /// Draws one.
    pub(crate) fn draw(&self, random: &mut Random) -> u64 {
        (0..self.parts).map(|_| self.part(random.next())).sum()
    }

    fn part(&self, drawn: u64) -> u64 {
        self.at_most.partition_point(|bound| *bound <= drawn) as u64
    }
}

/// e^-x of x in millionths, in units of 2^-64: e^-1 as often as there are whole ones, and the series for the rest.
fn exp_of_minus(millionths: u128) -> u128 {
    let x = (millionths % MILLION) * ONE / MILLION;
    let (mut term, mut plus, mut minus) = (ONE, ONE, 0);
    for k in 1..=24 {
        term = ((term * x) >> 64) / k;
        if k % 2 == 0 {
            plus += term;
        } else {
            minus += term;
        }
    }
    let mut product = plus - minus;
    for _ in 0..millionths / MILLION {
        product = (product * INVERSE_E) >> 64;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The share of 2^64, in billionths.
    fn billionths(fixed: u128) -> u128 {
        (fixed * 1_000_000_000) >> 64
    }

    #[test]
    fn the_exponential_is_that_of_the_tables() {
        for (x, expected) in [
            (0, 1_000_000_000),
            (500_000, 606_530_659),
            (1_000_000, 367_879_441),
            (2_500_000, 82_084_998),
            (10_000_000, 45_399),
        ] {
            assert_eq!(billionths(exp_of_minus(x)), expected, "{x}");
        }
    }

    #[test]
    fn probabilities_are_those_of_the_tables() {
        // P(X ≤ k) of mean 2.
        let table = Poisson::new(2_000_000);
        let shares: Vec<_> = table.at_most[..4]
            .iter()
            .map(|bound| billionths(u128::from(*bound)))
            .collect();
        assert_eq!(shares, [135_335_283, 406_005_849, 676_676_416, 857_123_460]);
    }

    #[test]
    fn the_mean_and_the_variance_are_the_mean() {
        for mean in [30_000, 700_000, 5_000_000, 16_000_000, 75_000_000] {
            let table = Poisson::new(mean);
            let mut random = Random::new(mean);
            let drawn: Vec<u64> = (0..100_000).map(|_| table.draw(&mut random)).collect();
            let sum: u64 = drawn.iter().sum();
            let squares: u64 = drawn.iter().map(|n| n * n).sum();
            let close = |value: u64| value.abs_diff(mean) < mean / 20;
            assert!(close(sum * 10), "{mean}: {sum}");
            let variance = squares * 10 - (sum / 100) * (sum / 100);
            assert!(close(variance), "{mean}: {variance}");
        }
    }

    #[test]
    fn what_never_happens_does_not() {
        let mut random = Random::new(1);
        assert_eq!(Poisson::new(0).draw(&mut random), 0);
        assert_eq!(Poisson::new(0).part(u64::MAX), 1, "one in 2^64");
    }
}
