//! The buyer: how much of what goes on the next ship.
//!
//! Base stock: every week, what is on hand and on order, less what is owed, is filled up to what will sell until
//! the next ship after this one can be there, and a little more for safety.

use landfall_domain::Sku;

use super::clock::Days;
use super::customers::MEAN_LINES;
use super::random::{Chance, Random};
use super::range::{Product, SEASONS, Season};
use super::ships::{Bought, LEAD};

/// Days between two ships.
pub(crate) const WEEK: i32 = 7;
/// Days for which the buyer buys: the mean lead time, and the week until the next ship.
const HORIZON: i32 = i32::midpoint(LEAD.0, LEAD.1) + WEEK;

/// Days for which a supplier takes no orders, when it takes none.
const PAUSE: i32 = 11 * WEEK;

/// The buyer of a range.
#[derive(Debug)]
pub(crate) struct Buyer {
    seed: u64,
    days: Days,
    /// Of what seems to be needed, how much is bought, in percent.
    stock_percent: u64,
    /// From this place in the range on, products were bought once, before the first day.
    scarce_from: usize,
    /// By product: what sells on an average day, in millionths of a unit.
    rates: Vec<u64>,
    seasons: Vec<Season>,
    skus: Vec<Sku>,
    /// What was bought and not lost, less what was ordered and not cancelled: on hand and on order, less what is
    /// owed.
    books: Vec<i64>,
}

impl Buyer {
    /// Knows the range, and how many orders come on an average day. `stock_percent`: of what seems to be needed,
    /// how much is bought. `scarce`: so many products at the end of the range are not bought any more.
    pub(crate) fn new(
        seed: u64,
        days: Days,
        range: &[Product],
        orders_a_day: u64,
        stock_percent: u64,
        scarce: usize,
    ) -> Self {
        let all: u64 = range.iter().map(|product| product.weight).sum();
        let rate = |product: &Product| {
            let lines = orders_a_day * MEAN_LINES * 10_000 * product.weight / all.max(1);
            // Half of the customers take the most, the others anything from one to that: in quarters.
            let quarters = 3 * product.most + 1;
            lines * quarters / 4
        };
        Self {
            seed,
            days,
            stock_percent,
            scarce_from: range.len().saturating_sub(scarce),
            rates: range.iter().map(rate).collect(),
            seasons: range.iter().map(|product| product.season).collect(),
            skus: range.iter().map(|product| product.sku.clone()).collect(),
            books: vec![0; range.len()],
        }
    }

    /// Takes note of units that were bought (more than 0), or are owed (less).
    pub(crate) fn note(&mut self, product: usize, units: i64) {
        if let Some(book) = self.books.get_mut(product) {
            *book += units;
        }
    }

    /// What goes on the ship of this day.
    pub(crate) fn buy(&self, day: i32) -> Vec<Bought> {
        let mut bought = Vec::new();
        let horizon = self.season_days(day, day + HORIZON);
        let week = self.season_days(day, day + WEEK);
        for (product, book) in self.books.iter().enumerate() {
            if product >= self.scarce_from || self.supplier_pauses(product, day) {
                continue;
            }
            let sells = self.forecast(product, day, &horizon);
            let target = (sells + sells.isqrt()) * self.stock_percent / 100;
            let wanted = i64::try_from(target).unwrap_or(i64::MAX) - book;
            // What sells in a week is the least that is worth a place in the container.
            let least = self.forecast(product, day, &week).max(4);
            if let Ok(units) = u64::try_from(wanted)
                && units >= least
            {
                bought.push(self.goods(product, units));
            }
        }
        bought
    }

    /// What was in the warehouse on the first day, and on each of these ships that were at sea by then, given by
    /// the day on which it is expected: what sells until the ship after it comes.
    pub(crate) fn opening(&self, expected: &[i32]) -> (Vec<Bought>, Vec<Vec<Bought>>) {
        let mut until: Vec<i32> = expected.to_vec();
        until.sort_unstable();
        let next = |day: i32| until.iter().copied().find(|other| *other > day);
        let of = |from: i32, to: Option<i32>| {
            let before = self.season_days(0, from);
            let all = self.season_days(0, to.unwrap_or(from + WEEK));
            let all = (0..self.scarce_from).map(|product| {
                let until = self.forecast(product, 0, &all);
                let units = until.saturating_sub(self.forecast(product, 0, &before));
                self.goods(product, units * self.stock_percent / 100)
            });
            all.filter(|goods| goods.units > 0).collect()
        };
        // There is always something of everything: a product is known by its batches.
        let first = self.season_days(0, next(0).unwrap_or(WEEK) + WEEK);
        let stock = (0..self.books.len()).map(|product| {
            let units = self.forecast(product, 0, &first) * self.stock_percent / 100;
            self.goods(product, units + 1)
        });
        let ships = expected.iter().map(|day| of(*day, next(*day)));
        (stock.collect(), ships.collect())
    }

    /// Whether the supplier of a product takes no orders: in one of twelve periods of eleven weeks. Then there is
    /// too little later, and customers wait.
    fn supplier_pauses(&self, product: usize, day: i32) -> bool {
        let of = |period: u64| Random::of(self.seed, Chance::Supplier, [product as u64, period]);
        // Each has periods of its own.
        let day = day + of(u64::MAX).day(0, PAUSE - 1);
        of(u64::try_from(day / PAUSE).unwrap_or(0)).permille(83)
    }

    fn goods(&self, product: usize, units: u64) -> Bought {
        Bought {
            product,
            sku: self.skus[product].clone(),
            units,
        }
    }

    /// The days from one until before another, each weighed by its season in percent: of each season.
    fn season_days(&self, from: i32, until: i32) -> SeasonDays {
        let mut sums = SeasonDays::default();
        for day in from..until {
            let month = self.days.date(day).month();
            for (season, sum) in SEASONS.iter().zip(&mut sums.0) {
                *sum += season.percent(month);
            }
        }
        sums
    }

    /// What the buyer thinks will sell in these days, in units. Each quarter of a year they misjudge each product
    /// by up to a fifth.
    fn forecast(&self, product: usize, today: i32, days: &SeasonDays) -> u64 {
        let quarter = u64::try_from(today / 91).unwrap_or(0);
        let mut random = Random::of(self.seed, Chance::Forecast, [product as u64, quarter]);
        let judged = random.between(80, 120);
        let season = SEASONS.iter().position(|of| *of == self.seasons[product]);
        let percent_days = season.map_or(0, |at| days.0[at]);
        let units = u128::from(self.rates[product]) * u128::from(percent_days * judged);
        u64::try_from(units / (1_000_000 * 100 * 100)).unwrap_or(u64::MAX)
    }
}

/// Days weighed by season, in the order of [`SEASONS`].
#[derive(Debug, Default)]
struct SeasonDays([u64; 3]);

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::range::range;
    use super::*;

    fn buyer() -> Buyer {
        let days = Days {
            first: date(2023, 1, 1),
        };
        Buyer::new(1, days, &range(1, 30).unwrap(), 40, 100, 0)
    }

    #[test]
    fn a_year_sells_what_customers_want() {
        let buyer = buyer();
        let year = buyer.season_days(0, 365);
        let all: u64 = (0..30)
            .map(|product| buyer.forecast(product, 0, &year))
            .sum();
        // 40 orders a day of 1.52 lines, and 1 to 2 units in a line.
        assert!((22_000..45_000).contains(&all), "{all}");
    }

    #[test]
    fn what_is_on_its_way_is_not_bought_again() {
        let mut buyer = buyer();
        let first = buyer.buy(0);
        assert!(first.len() > 20, "nearly all: {}", first.len());
        for goods in &first {
            buyer.note(goods.product, i64::try_from(goods.units).unwrap());
        }
        assert!(buyer.buy(0).is_empty());
        // Ten are ordered, so ten more are wanted.
        let product = first[0].product;
        buyer.note(product, -1_000);
        let again = buyer.buy(0);
        assert_eq!((again[0].product, again[0].units), (product, 1_000));
    }

    #[test]
    fn the_first_day_has_everything() {
        let (stock, ships) = buyer().opening(&[30, 9, 60]);
        assert_eq!((stock.len(), ships.len()), (30, 3));
        assert!(stock.iter().all(|goods| goods.units > 0));
    }
}
