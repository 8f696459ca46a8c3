//! The customers: who orders what on which day, for when, and who thinks better of it.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::{CancelLine, CancelOrder, ChangeLineQuantity, NewLine, PlaceOrder};
use landfall_domain::{Command, Deliver, IfShort, LineId, OrderId, Policy, Priority, Quantity};

use super::made_up::MadeUp;
use super::poisson::Poisson;
use super::random::{Chance, Random};
use super::range::Product;
use super::ships::Task;

/// The number of the first order.
const FIRST: u64 = 10_001;
/// Days for which a customer asks, at the least and at the most, where one asks for a day.
const WANTED_IN: (i32, i32) = (7, 100);
/// How often a product is ordered while it is in fashion, beside other times.
const IN_FASHION: u64 = 3;
/// Days for which a fashion lasts, and a quarter of a year.
const FASHION: i32 = 42;
const QUARTER: i32 = 91;
/// The mean number of lines of an order, in hundredths: see [`Customers::lines`].
pub(crate) const MEAN_LINES: u64 = 152;

/// What customers do on one day.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// The order.
    pub(crate) command: Command,
    /// What it takes: products and units.
    pub(crate) wanted: Vec<(usize, u64)>,
    /// What the customer does later, if anything.
    pub(crate) later: Option<Task>,
}

/// All customers.
#[derive(Debug)]
pub(crate) struct Customers {
    seed: u64,
    policy: Policy,
    handling_days: i32,
    range: Arc<[Product]>,
    /// By product and month.
    demand: Vec<Vec<Poisson>>,
    placed: u64,
}

impl Customers {
    /// The customers of a seed: so many orders on an average day.
    pub(crate) fn new(
        seed: u64,
        policy: Policy,
        handling_days: i32,
        range: Arc<[Product]>,
        orders_a_day: u64,
    ) -> Self {
        let all: u64 = range.iter().map(|product| product.weight).sum();
        let month = |product: &Product, month: i8| {
            let mean = orders_a_day * 10_000 * product.weight * product.season.percent(month);
            Poisson::new(mean / all.max(1))
        };
        let demand = range
            .iter()
            .map(|product| (1..=12).map(|at| month(product, at)).collect())
            .collect();
        Self {
            seed,
            policy,
            handling_days,
            range,
            demand,
            placed: 0,
        }
    }

    /// How many orders were placed.
    pub(crate) fn placed(&self) -> u64 {
        self.placed
    }

    /// What is ordered on a day, and what becomes of it.
    pub(crate) fn day(&mut self, day: i32, date: Date) -> Result<Vec<Ordered>, MadeUp> {
        let mut ordered = Vec::new();
        let month = usize::try_from(date.month() - 1).unwrap_or(0);
        for product in 0..self.range.len() {
            // A day before the first has no customers.
            let things = [product as u64, u64::try_from(day).unwrap_or(0)];
            let mut random = Random::of(self.seed, Chance::Demand, things);
            let table = &self.demand[product][month];
            // Several draws have the sum of their means.
            let draws = if self.in_fashion(product, day) {
                IN_FASHION
            } else {
                1
            };
            let orders: u64 = (0..draws).map(|_| table.draw(&mut random)).sum();
            for _ in 0..orders {
                ordered.push(self.order(product, day, date)?);
            }
        }
        Ok(ordered)
    }

    /// One more order, of somebody who comes for whatever sells at this time of the year.
    pub(crate) fn next(&mut self, day: i32, date: Date) -> Result<Ordered, MadeUp> {
        let mut random = Random::of(self.seed, Chance::Demand, [u64::MAX, self.placed]);
        let first = self.pick(&mut random, date);
        self.order(first, day, date)
    }

    /// Whether everybody wants it for six weeks, which nobody foresaw: in each quarter of a year, six products
    /// of a hundred.
    fn in_fashion(&self, product: usize, day: i32) -> bool {
        let quarter = u64::try_from(day / QUARTER).unwrap_or(0);
        let mut random = Random::of(self.seed, Chance::Fashion, [product as u64, quarter]);
        let from = random.day(0, QUARTER - FASHION);
        random.permille(60) && (from..from + FASHION).contains(&(day % QUARTER))
    }

    fn pick(&self, random: &mut Random, date: Date) -> usize {
        let weight = |product: &Product| product.weight * product.season.percent(date.month());
        let all: Vec<(usize, u64)> = self.range.iter().map(weight).enumerate().collect();
        random
            .pick(&all, |(_, weight)| *weight)
            .map_or(0, |(at, _)| *at)
    }

    /// The products of an order: 65 % have one line, 22 % two, 9 % three and 4 % four.
    fn lines(&self, random: &mut Random, first: usize, date: Date) -> Vec<usize> {
        let count = match random.below(100) {
            0..65 => 1,
            65..87 => 2,
            87..96 => 3,
            _ => 4,
        };
        let mut products = vec![first];
        for _ in 1..count {
            let product = self.pick(random, date);
            if !products.contains(&product) {
                products.push(product);
            }
        }
        products
    }

    fn order(&mut self, first: usize, day: i32, date: Date) -> Result<Ordered, MadeUp> {
        let number = FIRST + self.placed;
        self.placed += 1;
        let mut random = Random::of(self.seed, Chance::Order, [number, 0]);
        let order_id = OrderId::new(format!("SO-{number}"))?;
        let products = self.lines(&mut random, first, date);
        let mut wanted = Vec::with_capacity(products.len());
        let mut lines = Vec::with_capacity(products.len());
        for at in products {
            let product = &self.range[at];
            let quantity = if random.permille(500) {
                product.most
            } else {
                random.between(1, product.most)
            };
            wanted.push((at, quantity));
            lines.push(NewLine {
                sku: product.sku.clone(),
                quantity: Quantity::new(quantity)?,
                line_id: None,
                requested_date: None,
                priority: None,
                policy: None,
                split: quantity > 1 && random.permille(300),
                locations: Vec::new(),
            });
        }
        let wanted_in = random
            .permille(450)
            .then(|| random.day(WANTED_IN.0, WANTED_IN.1));
        let priority = match random.below(100) {
            0..5 => 9,
            5..17 => 7,
            17..20 => 3,
            _ => 5,
        };
        let together = lines.len() > 1 && random.permille(250);
        let later = self.second_thoughts(&mut random, &order_id, day, wanted_in, &wanted)?;
        let command = Command::PlaceOrder(PlaceOrder {
            order_id,
            lines,
            requested_date: wanted_in.map(|days| date.saturating_add(days.days())),
            priority: Priority::new(priority)?,
            policy: self.policy,
            if_short: IfShort::Backorder,
            deliver: if together {
                Deliver::Together
            } else {
                Deliver::AsReady
            },
        });
        Ok(Ordered {
            command,
            wanted,
            later,
        })
    }

    /// 3 % of the customers cancel, 2 % cancel a line of several, 4 % want more or less of one. They say so
    /// before anything can have left, whatever the policy, so that it is the same world for each.
    fn second_thoughts(
        &self,
        random: &mut Random,
        order_id: &OrderId,
        day: i32,
        wanted_in: Option<i32>,
        wanted: &[(usize, u64)],
    ) -> Result<Option<Task>, MadeUp> {
        let leaves = day + wanted_in.unwrap_or(0).max(self.handling_days);
        if leaves - 1 <= day {
            return Ok(None);
        }
        let on = random.day(day + 1, leaves - 1);
        let order_id = order_id.clone();
        let units = |quantity: u64| i64::try_from(quantity).unwrap_or(0);
        let task = |command, books| Task {
            day: on,
            command,
            books,
        };
        let line = |at: usize| -> LineId { self.range[at].sku.clone().into() };
        let (last, of_last) = wanted.last().copied().unwrap_or((0, 1));
        Ok(match random.below(1_000) {
            0..30 => {
                let back = wanted.iter().map(|(at, of_it)| (*at, units(*of_it)));
                let command = Command::CancelOrder(CancelOrder { order_id });
                Some(task(command, back.collect()))
            }
            30..50 if wanted.len() > 1 => {
                let command = Command::CancelLine(CancelLine {
                    order_id,
                    line_id: line(last),
                });
                Some(task(command, vec![(last, units(of_last))]))
            }
            50..90 => {
                // More where there is nothing to take away.
                let fewer = of_last > 1 && random.permille(500);
                let quantity = if fewer {
                    of_last - 1
                } else {
                    of_last + random.between(1, 2)
                };
                let command = Command::ChangeLineQuantity(ChangeLineQuantity {
                    order_id,
                    line_id: line(last),
                    quantity: Quantity::new(quantity)?,
                    if_short: Some(IfShort::Backorder),
                });
                let fewer = units(of_last) - units(quantity);
                Some(task(command, vec![(last, fewer)]))
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::range::range;
    use super::*;

    fn customers(seed: u64, policy: Policy) -> Customers {
        let range = range(seed, 30).unwrap().into();
        Customers::new(seed, policy, 2, range, 40)
    }

    #[test]
    fn as_many_orders_come_as_were_asked_for() {
        let mut customers = customers(1, Policy::Earliest);
        let (mut lines, mut later) = (0, 0);
        let first = date(2023, 1, 1);
        for day in 0..365 {
            for order in customers
                .day(day, first.saturating_add(day.days()))
                .unwrap()
            {
                lines += order.wanted.len() as u64;
                later += u64::from(order.later.is_some());
                if let Some(task) = order.later {
                    assert!(task.day > day);
                }
            }
        }
        let placed = customers.placed();
        // A fashion adds 2 × 6 % × 42/91 to the mean, of which some products have more than others.
        let expected = 40 * 365 * 1_055 / 1_000;
        assert!(placed.abs_diff(expected) < 1_000, "{placed}");
        let mean = lines * 100 / placed;
        assert!(mean.abs_diff(MEAN_LINES) <= 6, "{mean} lines of 100 orders");
        let share = later * 1_000 / placed;
        assert!((50..110).contains(&share), "{share} of 1000 think again");
    }

    #[test]
    fn the_policy_changes_nothing_else() {
        let all = |policy| {
            let mut customers = customers(3, policy);
            let orders = (0..30).flat_map(|day| customers.day(day, date(2024, 5, 1)).unwrap());
            let orders = orders.map(|mut order| {
                if let Command::PlaceOrder(placed) = &mut order.command {
                    placed.policy = Policy::Earliest;
                }
                format!("{order:?}")
            });
            orders.collect::<Vec<_>>()
        };
        assert_eq!(all(Policy::Earliest), all(Policy::JustInTime));
    }

    #[test]
    fn any_day_can_be_traded_on() {
        for day in [Date::MIN, Date::MAX] {
            let mut customers = customers(1, Policy::Earliest);
            assert!(!customers.day(0, day).unwrap().is_empty());
            customers.next(0, day).unwrap();
        }
    }
}
