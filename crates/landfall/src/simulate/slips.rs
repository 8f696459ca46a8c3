//! By how many days ships miss their day: a distribution, drawn from with replacement.

mod dates;
mod file;
mod read;

pub(crate) use file::{SlipColumns, read};
pub(crate) use read::SlipsRead;

use super::random::Random;

/// What holds where no file is given: days, and how many of a thousand ships.
///
/// Its shape follows what Sea-Intelligence's Global Liner Performance told of May 2024: 55.8 % of vessels arrive
/// within a day of their schedule, and those that are late are late by 5.1 days on the average (here: 56 % and
/// 5.2 days). How the late days are spread, and that 5 % come earlier, is our assumption.
const BUILT_IN: [(i32, u64); 20] = [
    (-5, 5),
    (-3, 15),
    (-2, 30),
    (-1, 100),
    (0, 310),
    (1, 150),
    (2, 100),
    (3, 80),
    (4, 55),
    (5, 40),
    (6, 27),
    (7, 23),
    (8, 15),
    (10, 15),
    (12, 10),
    (14, 10),
    (17, 5),
    (21, 5),
    (24, 3),
    (28, 2),
];

/// Days from the planned to the actual day, each as often as it was seen. There is at least one.
#[derive(Debug, Clone)]
pub(crate) struct Slips {
    /// In ascending order.
    days: Vec<i32>,
}

impl Slips {
    /// The built-in distribution.
    pub(crate) fn built_in() -> Self {
        let many = |(days, often): (i32, u64)| (0..often).map(move |_| days);
        Self {
            days: BUILT_IN.into_iter().flat_map(many).collect(),
        }
    }

    /// Those that were seen; `None`: none was.
    pub(crate) fn seen(mut days: Vec<i32>) -> Option<Self> {
        days.sort_unstable();
        (!days.is_empty()).then_some(Self { days })
    }

    /// Draws one, in days; negative: it comes earlier.
    pub(crate) fn draw(&self, random: &mut Random) -> i32 {
        let at = random.below(self.days.len() as u64);
        usize::try_from(at)
            .ok()
            .and_then(|at| self.days.get(at))
            .copied()
            .unwrap_or(0)
    }

    /// How many were seen.
    pub(crate) fn count(&self) -> u64 {
        self.days.len() as u64
    }

    /// The least number of days such that so many of a hundred are not above it.
    pub(crate) fn percentile(&self, percent: usize) -> i32 {
        let rank = (self.days.len() * percent).div_ceil(100).max(1);
        self.days.get(rank - 1).copied().unwrap_or(0)
    }

    /// How many of a thousand are later than planned by more than so many days.
    pub(crate) fn permille_later_than(&self, days: i32) -> u64 {
        let not = self.days.partition_point(|slip| *slip <= days);
        (self.days.len() - not) as u64 * 1_000 / self.count().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_distribution_is_what_its_source_says() {
        let slips = Slips::built_in();
        assert_eq!(slips.count(), 1_000);
        let within = slips.days.iter().filter(|days| days.abs() <= 1).count();
        assert_eq!(within, 560);
        let late: Vec<i64> = slips.days.iter().copied().map(i64::from).collect();
        let late: Vec<_> = late.into_iter().filter(|days| *days > 1).collect();
        let (sum, count) = (late.iter().sum::<i64>(), i64::try_from(late.len()).unwrap());
        assert_eq!(sum * 10 / count, 52, "the mean, in tenths");
        assert!(slips.days.is_sorted());
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let slips = Slips::seen(vec![10, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        assert_eq!(slips.percentile(0), 1);
        assert_eq!(slips.percentile(50), 5);
        assert_eq!(slips.percentile(95), 10);
        assert_eq!(slips.percentile(100), 10);
        assert_eq!(slips.permille_later_than(8), 200);
        assert!(Slips::seen(Vec::new()).is_none());
    }

    #[test]
    fn all_that_was_seen_is_drawn() {
        let slips = Slips::seen(vec![-3, 0, 40]).unwrap();
        let mut random = Random::new(1);
        let drawn: std::collections::BTreeSet<_> =
            (0..100).map(|_| slips.draw(&mut random)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-3, 0, 40]);
    }
}
