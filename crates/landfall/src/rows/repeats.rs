//! Rows that name an order and a SKU again: counted, and numbered on request.
//!
//! Only hashes are kept, of 128 bits, and in bounded memory: about 35 bytes for each pair. Of a file
//! with more than [`WINDOW`] pairs the pairs that were not seen for longest are forgotten; a repeat so
//! far from its fellow is not known as one. What is forgotten depends on the file alone, so that a file
//! is numbered in the same way each time.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// Pairs that are always remembered; up to twice as many are. This is what a table of 2^22 slots holds.
const WINDOW: usize = (1 << 22) / 8 * 7;

/// The keys are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u128(&mut self, key: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "any 64 bits of a hash do")]
        let low = key as u64;
        self.0 = low;
    }
}

type Build = BuildHasherDefault<AsItIs>;

/// The pairs of one stretch of the file.
#[derive(Default)]
struct Generation {
    /// Pairs that were seen.
    seen: HashSet<u128, Build>,
    /// How often, of those that were seen more than once.
    again: HashMap<u128, u32, Build>,
}

impl Generation {
    /// How often a pair was seen.
    fn count(&self, pair: u128) -> u32 {
        if self.seen.contains(&pair) {
            self.again.get(&pair).copied().unwrap_or(1)
        } else {
            0
        }
    }

    fn set(&mut self, pair: u128, count: u32) {
        self.seen.insert(pair);
        if count > 1 {
            self.again.insert(pair, count);
        }
    }
}

/// Counts how often each order names each SKU.
pub(crate) struct Repeats {
    window: usize,
    young: Generation,
    old: Generation,
    /// Rows that named a pair again.
    pub(crate) repeated: u64,
    /// Whether pairs had to be forgotten.
    pub(crate) forgetful: bool,
}

impl Default for Repeats {
    fn default() -> Self {
        Self::with_window(WINDOW)
    }
}

impl Repeats {
    fn with_window(window: usize) -> Self {
        Self {
            window,
            young: Generation::default(),
            old: Generation::default(),
            repeated: 0,
            forgetful: false,
        }
    }

    /// The how manieth row of this order and SKU it is: 1, 2, 3, …
    pub(crate) fn count(&mut self, order: &str, sku: &str) -> u32 {
        let pair = hash(order, sku);
        let before = match self.young.count(pair) {
            0 => self.old.count(pair),
            count => count,
        };
        let nth = before.saturating_add(1);
        self.young.set(pair, nth);
        if nth > 1 {
            self.repeated += 1;
        }
        if self.young.seen.len() >= self.window {
            self.forgetful |= !self.old.seen.is_empty();
            self.old = std::mem::take(&mut self.young);
        }
        nth
    }
}

fn hash(order: &str, sku: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, order, sku).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_pair_are_numbered_wherever_they_are() {
        let mut repeats = Repeats::default();
        let rows = [
            ("1", "A"),
            ("1", "B"),
            ("1", "A"),
            ("2", "A"),
            ("1", "A"),
            ("1", "B"),
        ];
        let nths = rows.map(|(order, sku)| repeats.count(order, sku));
        assert_eq!(nths, [1, 1, 2, 1, 3, 2]);
        assert_eq!(repeats.repeated, 3);
    }

    #[test]
    fn the_border_between_order_and_sku_counts() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.count("1", "1A"), 1);
        assert_eq!(repeats.count("11", "A"), 1);
    }

    #[test]
    fn memory_is_bounded_and_what_is_near_is_never_forgotten() {
        let mut repeats = Repeats::with_window(10);
        repeats.count("first", "A");
        for row in 0..1_000 {
            let order = row.to_string();
            assert_eq!(repeats.count(&order, "A"), 1);
            assert_eq!(repeats.count(&order, "A"), 2);
            assert!(repeats.young.seen.len() + repeats.old.seen.len() <= 20);
            if row >= 4 {
                assert_eq!(repeats.count(&(row - 4).to_string(), "A"), 3, "{row}");
            }
        }
        assert!(repeats.forgetful);
        assert_eq!(repeats.count("first", "A"), 1);
    }
}
