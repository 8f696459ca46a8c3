//! The orders of the demo, one after the other without end, and the buyer who keeps the shelves from
//! running empty.

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::{CancelOrder, CreateBatch, NewLine, PlaceOrder};
use landfall_domain::ids::BadText;
use landfall_domain::values::BadNumber;
use landfall_domain::{
    BatchRef, Command, Deliver, IfShort, OrderId, Policy, Priority, Quantity, Sku,
};

use super::catalogue::{PRODUCTS, Product};
use super::random::Random;

/// The number of the first order.
const FIRST: u64 = 10_001;
/// After so many orders the buyer buys again.
const BOUGHT_EVERY: u64 = 20;
/// After so many orders a customer thinks better of it.
const CANCELLED_EVERY: u64 = 34;

/// What the demo makes up is not what the model takes. It cannot happen, as the tests show.
#[derive(Debug, thiserror::Error)]
pub(super) enum MadeUp {
    #[error("the demo made up a name that {0}")]
    Name(#[from] BadText),
    #[error("the demo made up a number that {0}")]
    Number(#[from] BadNumber),
}

/// Customers and the buyer.
pub(super) struct Orders {
    random: Random,
    placed: u64,
    bought: u64,
}

impl Orders {
    pub(super) fn new(seed: u64) -> Self {
        // Another stream of numbers than that of the supply, which has the same seed.
        Self {
            random: Random::new(seed ^ 0x6f72_6465_7273),
            placed: 0,
            bought: 0,
        }
    }

    /// How many orders were placed.
    pub(super) fn placed(&self) -> u64 {
        self.placed
    }

    /// What comes next on this day: an order, and now and then what belongs to it.
    pub(super) fn next(&mut self, today: Date) -> Result<Vec<Command>, MadeUp> {
        let mut commands = vec![self.order(today)?];
        if self.placed.is_multiple_of(CANCELLED_EVERY) {
            let back = self.random.between(3, 12);
            let order_id = order_id(FIRST + self.placed - 1 - back)?;
            commands.push(Command::CancelOrder(CancelOrder { order_id }));
        }
        Ok(commands)
    }

    /// What the buyer does after an order, if it is time.
    pub(super) fn buyer(&mut self, today: Date) -> Result<Option<Command>, MadeUp> {
        if !self.placed.is_multiple_of(BOUGHT_EVERY) {
            return Ok(None);
        }
        let Some(product) = self.random.pick(&PRODUCTS, |product| product.popularity) else {
            return Ok(None);
        };
        self.bought += 1;
        let days = i64::try_from(self.random.between(60, 120)).unwrap_or(90);
        let batch = CreateBatch {
            reference: BatchRef::new(format!("PO-{:04}.{}", self.bought, product.sku))?,
            sku: Sku::new(product.sku)?,
            quantity: Quantity::new(product.lot * 2)?,
            eta: Some(today.saturating_add(days.days())),
            shipment: None,
            location: None,
        };
        Ok(Some(Command::CreateBatch(batch)))
    }

    fn order(&mut self, today: Date) -> Result<Command, MadeUp> {
        let number = FIRST + self.placed;
        self.placed += 1;
        let wanted = if self.random.percent(60) {
            1
        } else {
            self.random.between(2, 4)
        };
        let mut products: Vec<&Product> = Vec::new();
        for _ in 0..wanted {
            let product = self.random.pick(&PRODUCTS, |product| product.popularity);
            let new = |product: &&Product| products.iter().all(|other| other.sku != product.sku);
            products.extend(product.filter(new));
        }
        let lines = products.iter().map(|product| self.line(product));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        // Who says when it is wanted mostly does not want it earlier.
        let days = i64::try_from(self.random.between(10, 100)).unwrap_or(30);
        let requested_date = self
            .random
            .percent(25)
            .then(|| today.saturating_add(days.days()));
        let policy = if requested_date.is_some() && self.random.percent(60) {
            Policy::JustInTime
        } else {
            Policy::Earliest
        };
        let priority = match self.random.between(1, 20) {
            1 => 9,
            2..=4 => 7,
            5..=6 => 3,
            _ => 5,
        };
        Ok(Command::PlaceOrder(PlaceOrder {
            order_id: order_id(number)?,
            lines,
            requested_date,
            priority: Priority::new(priority)?,
            policy,
            if_short: IfShort::Backorder,
            deliver: Deliver::AsReady,
        }))
    }

    fn line(&mut self, product: &Product) -> Result<NewLine, MadeUp> {
        let quantity = if self.random.percent(50) {
            product.most
        } else {
            self.random.between(1, product.most)
        };
        Ok(NewLine {
            sku: Sku::new(product.sku)?,
            quantity: Quantity::new(quantity)?,
            line_id: None,
            requested_date: None,
            priority: None,
            policy: None,
            split: false,
            locations: Vec::new(),
        })
    }
}

fn order_id(number: u64) -> Result<OrderId, MadeUp> {
    Ok(OrderId::new(format!("SO-{number}"))?)
}
