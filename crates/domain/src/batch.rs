//! A batch: a quantity of one SKU bought together, in the warehouse or on its way.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::ids::{BatchRef, Location, Sku};

/// A quantity of one SKU that was bought together.
///
/// It carries counters, not the lines that take from it, so that the millionth allocation costs what the
/// tenth does. `purchased = allocated + dispatched + free`, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in the partition: the order of creation, and the stores' integer key.
    pub number: u64,
    /// The unique name by which the outside knows it.
    pub reference: BatchRef,
    /// What it is a quantity of.
    pub sku: Sku,
    /// Where it lies or will land, where that is known.
    pub location: Option<Location>,
    /// The day on which it is expected; `None`: it is in the warehouse. A past day means overdue.
    pub eta: Option<Date>,
    /// Units bought.
    pub purchased: u64,
    /// Units pegged to order lines and not yet dispatched.
    pub allocated: u64,
    /// Units that have left for customers.
    pub dispatched: u64,
    /// The quantity that its `CreateBatch` gave: a repeat is compared with it, also after later changes.
    pub first_quantity: u64,
    /// The ETA that its `CreateBatch` gave.
    pub first_eta: Option<Date>,
}

impl Batch {
    /// Units that no line has: purchased − allocated − dispatched.
    pub fn free(&self) -> u64 {
        self.purchased
            .saturating_sub(self.allocated + self.dispatched)
    }

    /// Units that a line could take now.
    pub fn available(&self) -> u64 {
        self.free()
    }

    /// Units that lines hold beyond what was purchased: not 0 only while a shortage is being dealt with.
    pub fn over(&self) -> u64 {
        (self.allocated + self.dispatched).saturating_sub(self.purchased)
    }

    /// Whether it was expected before this day and is still not here.
    pub fn overdue(&self, today: Date) -> bool {
        self.eta.is_some_and(|eta| eta < today)
    }

    /// The order of preference of the policy `earliest`: the warehouse, then the ETA, then the reference.
    pub fn earliest_first(&self, other: &Batch) -> Ordering {
        (self.eta, &self.reference).cmp(&(other.eta, &other.reference))
    }
}
