//! Chance that depends on a seed and nothing else (`splitmix64`): the same seed gives the same numbers for ever
//! and on every machine, which a library's generator does not promise from one version to the next.
//!
//! What is drawn for one thing must not depend on how much was drawn for others, or two worlds that differ in
//! one point would differ in all. So each thing has a stream of its own, named by what it is for.

/// The state of the generator: a counter, mixed on the way out.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

/// What a stream of numbers is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chance {
    /// How the range sells.
    Range = 1,
    /// How many orders a product begins on a day.
    Demand,
    /// What is in an order, and whether the customer changes their mind.
    Order,
    /// A ship and its days.
    Ship,
    /// What becomes of a batch.
    Cargo,
    /// By how much the buyer misjudges a product.
    Forecast,
    /// Which products are in fashion.
    Fashion,
    /// Which suppliers take no orders.
    Supplier,
    /// Which commands are told twice.
    Repeats,
    /// How a line leaves the warehouse.
    Leaving,
}

impl Random {
    /// The numbers of a seed.
    #[cfg(test)]
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The numbers that a seed has for one thing.
    pub(crate) fn of(seed: u64, chance: Chance, things: [u64; 2]) -> Self {
        let mut state = Self(seed).next();
        for part in [chance as u64, things[0], things[1]] {
            state = Self(state ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93)).next();
        }
        Self(state)
    }

    /// Any number, each as often as any other.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0. Ranges here are tiny beside 2^64, so the remainder favours
    /// nobody that anyone could notice.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A day from `low` to `high`, both included; `low` where `high` comes before it.
    pub(crate) fn day(&mut self, low: i32, high: i32) -> i32 {
        let span = u64::try_from(i64::from(high) - i64::from(low)).unwrap_or(0);
        low.saturating_add(i32::try_from(self.between(0, span)).unwrap_or(0))
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// One of these; each as often as its weight says.
    pub(crate) fn pick<'a, T>(
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
    fn each_thing_has_numbers_of_its_own() {
        let first = |chance, things| Random::of(1, chance, things).next();
        let all = [
            first(Chance::Demand, [0, 0]),
            first(Chance::Demand, [0, 1]),
            first(Chance::Demand, [1, 0]),
            first(Chance::Order, [0, 0]),
            Random::of(2, Chance::Demand, [0, 0]).next(),
        ];
        let different: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(first(Chance::Ship, [3, 4]), first(Chance::Ship, [3, 4]));
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

    #[test]
    fn both_ends_are_drawn() {
        let mut random = Random::new(1);
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|_| random.day(-1, 2)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-1, 0, 1, 2]);
        assert_eq!(random.day(5, 4), 5);
    }
}
