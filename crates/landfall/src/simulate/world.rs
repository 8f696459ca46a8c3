//! The world that trades: what customers, the buyer and ships do on each day, whatever is decided about stock.
//!
//! Only what leaves the warehouse depends on the decisions; see [`super::warehouse`]. So two worlds of one seed
//! have the same customers and the same ships under every policy, and a comparison compares the policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use landfall_domain::commands::CreateBatch;
use landfall_domain::{BatchRef, Command, Policy, Quantity};

use super::buyer::{Buyer, WEEK};
use super::clock::Days;
use super::customers::{Customers, Ordered};
use super::made_up::MadeUp;
use super::range::{self, Product};
use super::ships::{Bought, LEAD, Port, Task};
use super::slips::Slips;

/// Weeks before the first day in which ships were booked that may be at sea on it.
const WEEKS_BEFORE: i32 = LEAD.1 / WEEK;

/// What a world is made from.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What everything is drawn from.
    pub(crate) seed: u64,
    /// Day 0.
    pub(crate) days: Days,
    /// Products.
    pub(crate) skus: usize,
    /// Orders on an average day.
    pub(crate) orders_a_day: u64,
    /// Of what seems to be needed, how much is bought, in percent.
    pub(crate) stock_percent: u64,
    /// So many products, at the end of the range, are in the warehouse on the first day and never bought again.
    pub(crate) scarce: usize,
    /// Days between the goods being there and their leaving.
    pub(crate) handling_days: u16,
    /// By how much ships miss their day.
    pub(crate) slips: Arc<Slips>,
}

/// A world.
#[derive(Debug)]
pub(crate) struct World {
    settings: Settings,
    buyer: Buyer,
    customers: Customers,
    /// What is settled and not told yet.
    agenda: BTreeMap<i32, Vec<Task>>,
    /// How many ships were booked.
    ships: u64,
    range: Arc<[Product]>,
}

impl World {
    /// A world whose customers order by this policy.
    pub(crate) fn new(settings: Settings, policy: Policy) -> Result<Self, MadeUp> {
        let Settings {
            seed,
            days,
            orders_a_day,
            handling_days,
            stock_percent,
            scarce,
            ..
        } = settings;
        let range: Arc<[Product]> = range::range(seed, settings.skus)?.into();
        let handling = i32::from(handling_days);
        Ok(Self {
            buyer: Buyer::new(seed, days, &range, orders_a_day, stock_percent, scarce),
            customers: Customers::new(seed, policy, handling, Arc::clone(&range), orders_a_day),
            agenda: BTreeMap::new(),
            ships: 0,
            settings,
            range,
        })
    }

    /// What is told on a day; days come one after the other, from day 0.
    pub(crate) fn day(&mut self, day: i32) -> Result<Vec<Command>, MadeUp> {
        let mut commands = Vec::new();
        if day == 0 {
            self.open(&mut commands)?;
        }
        for task in self.agenda.remove(&day).unwrap_or_default() {
            for (product, units) in task.books {
                self.buyer.note(product, units);
            }
            commands.push(task.command);
        }
        if day % WEEK == 0 {
            let bought = self.buyer.buy(day);
            self.book(day, &bought, &mut commands)?;
        }
        let date = self.settings.days.date(day);
        for ordered in self.customers.day(day, date)? {
            commands.push(self.note(ordered));
        }
        Ok(commands)
    }

    /// How many orders were placed.
    pub(crate) fn orders(&self) -> u64 {
        self.customers.placed()
    }

    /// How many ships were booked, those included that were at sea on the first day.
    pub(crate) fn ships(&self) -> u64 {
        self.ships
    }

    /// What is sold.
    pub(crate) fn range(&self) -> &Arc<[Product]> {
        &self.range
    }

    /// The customers alone, to go on with when the days are over.
    pub(crate) fn into_customers(self) -> Customers {
        self.customers
    }

    fn note(&mut self, ordered: Ordered) -> Command {
        for (product, units) in ordered.wanted {
            self.buyer.note(product, -signed(units));
        }
        if let Some(thought) = ordered.later {
            self.agenda.entry(thought.day).or_default().push(thought);
        }
        ordered.command
    }

    /// The first day: what is in the warehouse, and the ships at sea.
    fn open(&mut self, commands: &mut Vec<Command>) -> Result<(), MadeUp> {
        let slips = Arc::clone(&self.settings.slips);
        let port = self.port(&slips);
        let numbers = 0..u64::try_from(WEEKS_BEFORE).unwrap_or(0);
        let booked = (1..=WEEKS_BEFORE).rev().map(|weeks| -weeks * WEEK);
        let at_sea: Vec<(u64, i32, i32)> = numbers
            .zip(booked)
            .map(|(number, booked)| (number, booked, port.planned(number, booked)))
            .filter(|(_, _, planned)| *planned > 0)
            .collect();
        let expected: Vec<i32> = at_sea.iter().map(|(_, _, planned)| *planned).collect();
        let (stock, cargoes) = self.buyer.opening(&expected);
        for goods in stock {
            self.buyer.note(goods.product, signed(goods.units));
            commands.push(Command::CreateBatch(CreateBatch {
                reference: BatchRef::new(format!("OPENING.{}", goods.sku))?,
                sku: goods.sku,
                quantity: Quantity::new(goods.units)?,
                eta: None,
                shipment: None,
                location: None,
            }));
        }
        for ((number, booked, _), cargo) in at_sea.into_iter().zip(cargoes) {
            self.ships = number;
            self.book(booked, &cargo, commands)?;
        }
        self.ships = u64::try_from(WEEKS_BEFORE).unwrap_or(0);
        Ok(())
    }

    fn book(
        &mut self,
        day: i32,
        bought: &[Bought],
        commands: &mut Vec<Command>,
    ) -> Result<(), MadeUp> {
        let slips = Arc::clone(&self.settings.slips);
        let booking = self.port(&slips).book(self.ships, day, bought)?;
        self.ships += 1;
        for goods in bought {
            self.buyer.note(goods.product, signed(goods.units));
        }
        commands.extend(booking.commands);
        for task in booking.later {
            self.agenda.entry(task.day).or_default().push(task);
        }
        Ok(())
    }

    fn port<'a>(&self, slips: &'a Slips) -> Port<'a> {
        Port {
            seed: self.settings.seed,
            slips,
            days: self.settings.days,
        }
    }
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
