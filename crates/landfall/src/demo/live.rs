//! What goes on after the history: the orders, one after the other without end, and the buyer who keeps the shelves
//! from running empty.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::CreateBatch;
use landfall_domain::{BatchRef, Command, Quantity};

use crate::simulate::customers::Customers;
use crate::simulate::made_up::MadeUp;
use crate::simulate::random::{Chance, Random};
use crate::simulate::range::Product;

/// After so many orders the buyer buys again.
const BOUGHT_EVERY: u64 = 20;
/// Whoever thinks better of an order does so after so many others.
const THOUGHT_OVER: u64 = 8;

/// Customers and the buyer.
pub(super) struct Live {
    customers: Customers,
    range: Arc<[Product]>,
    random: Random,
    /// Second thoughts, and the number of orders after which they are told.
    thoughts: VecDeque<(u64, Command)>,
    bought: u64,
}

impl Live {
    pub(super) fn new(seed: u64, customers: Customers, range: Arc<[Product]>) -> Self {
        Self {
            customers,
            range,
            random: Random::of(seed, Chance::Cargo, [u64::MAX, 0]),
            thoughts: VecDeque::new(),
            bought: 0,
        }
    }

    /// What comes next on this day: an order, and now and then what belongs to it.
    pub(super) fn next(&mut self, today: Date) -> Result<Vec<Command>, MadeUp> {
        let ordered = self.customers.next(0, today)?;
        let placed = self.customers.placed();
        let mut commands = vec![ordered.command];
        if let Some(thought) = ordered.later {
            let after = placed + THOUGHT_OVER;
            self.thoughts.push_back((after, thought.command));
        }
        let due = |(after, _): &mut (u64, Command)| *after <= placed;
        if let Some((_, command)) = self.thoughts.pop_front_if(due) {
            commands.push(command);
        }
        if placed.is_multiple_of(BOUGHT_EVERY) {
            commands.extend(self.buy(today)?);
        }
        Ok(commands)
    }

    fn buy(&mut self, today: Date) -> Result<Option<Command>, MadeUp> {
        let Some(product) = self.random.pick(&self.range, |product| product.weight) else {
            return Ok(None);
        };
        self.bought += 1;
        let days = i64::from(self.random.day(60, 120));
        Ok(Some(Command::CreateBatch(CreateBatch {
            reference: BatchRef::new(format!("PO-{:04}.{}", self.bought, product.sku))?,
            sku: product.sku.clone(),
            quantity: Quantity::new(24 * product.most)?,
            eta: Some(today.saturating_add(days.days())),
            shipment: None,
            location: None,
        })))
    }
}
