//! A small generator of chance (`splitmix64`): the same seed gives the same numbers for ever, which a
//! library's generator does not promise from one version to the next.

/// The state of the generator: a counter, mixed on the way out.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0. Ranges here are tiny beside 2^64, so the remainder favours
    /// nobody that anyone could notice.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these; each as often as its weight says.
    pub(super) fn pick<'a, T>(
        &mut self,
        items: &'a [T],
        weight: impl Fn(&T) -> u64,
    ) -> Option<&'a T> {
        let all: u64 = items.iter().map(&weight).sum();
        let mut drawn = self.below(all);
        items.iter().find(|item| {
            let weight = weight(item);
            let found = drawn < weight;
            drawn = drawn.saturating_sub(weight);
            found
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_published_generator() {
        let mut random = Random::new(1_234_567);
        let first = [random.next(), random.next()];
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn what_has_more_weight_is_drawn_more_often() {
        let mut random = Random::new(1);
        let items = [("never", 0), ("seldom", 1), ("often", 9)];
        let mut drawn = [0; 3];
        for _ in 0..1_000 {
            let item = random.pick(&items, |item| item.1).unwrap();
            drawn[items.iter().position(|other| other == item).unwrap()] += 1;
        }
        assert_eq!(drawn[0], 0);
        assert!(drawn[1] > 50 && drawn[2] > 800, "{drawn:?}");
        assert!(random.pick(&[] as &[u64], |weight| *weight).is_none());
    }
}
