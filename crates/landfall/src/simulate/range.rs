//! What the retailer sells, how often each is ordered, and in which season.

use landfall_domain::Sku;

use super::catalogue::{FINISHES, KINDS, KNOWN, SERIES};
use super::made_up::MadeUp;
use super::random::{Chance, Random};

/// The largest range.
pub(crate) const MOST_SKUS: usize = 5_000;

/// A product as its buyer knows it.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    /// Its SKU.
    pub(crate) sku: Sku,
    /// How often it is ordered, beside the others: a long tail, by the rule of Zipf.
    pub(crate) weight: u64,
    /// The most that a customer usually orders.
    pub(crate) most: u64,
    /// When it sells.
    pub(crate) season: Season,
}

/// How sales are spread over the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Season {
    /// Sales in January, less in summer.
    Indoors,
    /// Gardens and balconies.
    Summer,
    /// Light and warmth.
    Winter,
}

/// All seasons.
pub(crate) const SEASONS: [Season; 3] = [Season::Indoors, Season::Summer, Season::Winter];

impl Season {
    /// What sells in a month (1 to 12), in percent of an average month.
    pub(crate) fn percent(self, month: i8) -> u64 {
        let months: [u64; 12] = match self {
            Self::Indoors => [125, 95, 95, 100, 95, 85, 85, 90, 105, 105, 120, 100],
            Self::Summer => [40, 60, 100, 150, 180, 180, 150, 110, 80, 50, 50, 50],
            Self::Winter => [110, 100, 90, 80, 70, 70, 75, 85, 110, 130, 150, 130],
        };
        usize::try_from(month - 1)
            .ok()
            .and_then(|at| months.get(at))
            .copied()
            .unwrap_or(100)
    }
}

/// The range of a seed: names from the catalogue first, then as many more as are asked for.
pub(crate) fn range(seed: u64, count: usize) -> Result<Vec<Product>, MadeUp> {
    let mut random = Random::of(seed, Chance::Range, [0, 0]);
    let mut ranks: Vec<u64> = (0..count as u64).collect();
    // Every order of the ranks is as likely as any other.
    for last in (1..count).rev() {
        let other = usize::try_from(random.below(last as u64 + 1)).unwrap_or(0);
        ranks.swap(last, other);
    }
    ranks
        .into_iter()
        .enumerate()
        .map(|(at, rank)| {
            let (name, most) = name(at);
            Ok(Product {
                season: season(&name),
                sku: Sku::new(name)?,
                // The first few are not as far apart as a pure 1/rank would have them.
                weight: 1_000_000 / (rank + 4),
                most,
            })
        })
        .collect()
}

/// The name of a product, and the most that a customer usually orders of it.
fn name(at: usize) -> (String, u64) {
    if let Some((name, most)) = KNOWN.get(at) {
        return ((*name).to_owned(), *most);
    }
    let at = at - KNOWN.len();
    let (kind, most) = KINDS[at % KINDS.len()];
    let series = SERIES[at / KINDS.len() % SERIES.len()];
    let finish = FINISHES[at / KINDS.len() / SERIES.len() % FINISHES.len()];
    (format!("{kind}-{series}-{finish}"), most)
}

fn season(name: &str) -> Season {
    let of = |kinds: &[&str]| kinds.iter().any(|kind| name.starts_with(kind));
    if of(&["BENCH", "LOUNGER", "PARASOL", "HAMMOCK", "PLANTER"]) {
        Season::Summer
    } else if of(&["LAMP", "RUG", "MATTRESS", "THROW"]) {
        Season::Winter
    } else {
        Season::Indoors
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_has_one_range_and_every_product_is_in_it_once() {
        for count in [1, 40, 60, MOST_SKUS] {
            let products = range(7, count).unwrap();
            let skus: BTreeSet<_> = products.iter().map(|p| &p.sku).collect();
            assert_eq!(skus.len(), count);
            let again = range(7, count).unwrap();
            let weights = |range: &[Product]| range.iter().map(|p| p.weight).collect::<Vec<_>>();
            assert_eq!(weights(&products), weights(&again));
        }
        let weights = |seed| {
            let range = range(seed, 60).unwrap();
            range.iter().map(|p| p.weight).collect::<Vec<_>>()
        };
        assert_ne!(weights(1), weights(2), "each seed has its own best seller");
    }

    #[test]
    fn the_tail_is_long() {
        let mut weights: Vec<_> = range(1, 60).unwrap().iter().map(|p| p.weight).collect();
        weights.sort_unstable();
        let all: u64 = weights.iter().sum();
        let first: u64 = weights.iter().rev().take(12).sum();
        let share = first * 100 / all;
        assert!((45..65).contains(&share), "a fifth sells {share} %");
    }

    #[test]
    fn a_season_only_moves_sales_within_the_year() {
        for season in SEASONS {
            let months = (1..=12).map(|month| season.percent(month));
            assert_eq!(months.sum::<u64>(), 1_200, "{season:?}");
        }
    }
}
