//! The aggregate: a product, its open batches, and the only code that changes their counts.
//!
//! A product is the consistency boundary: one writer at a time, one version. It does not hold its lines
//! (a batch may serve a million); a line is handed in, changed with the product, and handed back. What a
//! product changes it remembers until [`Product::accept`] or [`Product::roll_back`], so that a refused
//! command leaves no trace.

mod demand;
mod journal;
mod supply;

use crate::batch::{Batch, Supply};
use crate::events::Event;
use crate::ids::{BatchRef, Sku};
use crate::room::Room;
use journal::Undo;

pub use demand::{Amendment, promise_after};

/// A product and those of its batches that are loaded: all that have free units, and any other that a
/// command or a line names.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its number in the partition: the stores' integer key.
    pub number: u64,
    /// What is sold.
    pub sku: Sku,
    /// What it counts itself, from what happens to its lines.
    counters: Counters,
    /// In the order of [`Batch::earliest_first`].
    batches: Vec<Batch>,
    /// Facts since the last [`Product::take_events`].
    events: Vec<Event>,
    /// How to undo what was done since the last accept or roll-back, the latest last.
    journal: Vec<Undo>,
    /// The counters at the last [`Product::take_changed`].
    counted: Counters,
    /// The batches changed since the last [`Product::take_changed`], as they were before, with repeats.
    changed: Vec<Batch>,
    /// How many of them are accepted.
    changed_for_good: usize,
    /// What the present command has to offer, since the last [`Product::take_offer`].
    offer: Offer,
}

/// For which lines there may be something that was not there before. It is set where goods become more, or earlier, or
/// are given back, so that no command can forget it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offer {
    /// For none.
    #[default]
    Nothing,
    /// For those that wait.
    ToWaiting,
    /// For those that wait, then for those that are late.
    ToAll,
}

/// A product's own row, as a store knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Goes up with every command that changes the product.
    pub version: u64,
    /// How many of its lines wait.
    pub backordered: u64,
    /// How many of its lines have stock that comes too late for their original promise.
    pub late: u64,
}

/// A product before it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// Its own row.
    pub counters: Counters,
    /// The batches that are new or changed, each once, in the order of their numbers; a new one as it came.
    pub batches: Vec<Batch>,
}

impl Product {
    /// A product without batches.
    pub fn new(number: u64, sku: Sku) -> Self {
        Self::load(number, sku, Counters::default(), Vec::new())
    }

    /// A product as a store knows it. The batches may come in any order.
    pub fn load(number: u64, sku: Sku, counters: Counters, mut batches: Vec<Batch>) -> Self {
        batches.sort_by(Batch::earliest_first);
        Self {
            number,
            sku,
            counters,
            counted: counters,
            batches,
            events: Vec::new(),
            journal: Vec::new(),
            changed: Vec::new(),
            changed_for_good: 0,
            offer: Offer::Nothing,
        }
    }

    /// The loaded batches, in the order of [`Batch::earliest_first`].
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// A loaded batch by its reference.
    pub fn batch(&self, reference: &BatchRef) -> Option<&Batch> {
        self.batches
            .iter()
            .find(|batch| batch.reference == *reference)
    }

    /// A loaded batch by its number.
    pub fn batch_numbered(&self, number: u64) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.number == number)
    }

    /// Adds a batch that the store has and this product does not hold yet. It changes nothing.
    pub fn add_loaded(&mut self, batch: Batch) {
        if self.batch_numbered(batch.number).is_none() {
            let at = self
                .batches
                .partition_point(|other| other.earliest_first(&batch).is_lt());
            journal::insert(&mut self.batches, at, batch);
        }
    }

    /// Its own row.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The units that can be promised of the goods of one day: of all its batches, because those without free
    /// units, which may not be loaded, add nothing.
    pub fn available_on(&self, supply: Supply) -> u64 {
        let of_day = self.batches.iter().filter(|batch| batch.supply() == supply);
        of_day.map(Batch::available).sum()
    }

    /// Units that no line has, over all batches.
    pub fn free(&self) -> u64 {
        self.batches.iter().map(Batch::free).sum()
    }

    /// Which lines the units that can be promised could serve now.
    pub fn room(&self) -> Room {
        let mut room = Room::default();
        for batch in &self.batches {
            room.add(batch.location.as_ref(), batch.available());
        }
        room
    }

    /// For which lines there may be something since the last call.
    pub fn take_offer(&mut self) -> Offer {
        std::mem::take(&mut self.offer)
    }

    /// All late lines have been looked at together with what there is: what is left is for those that wait.
    pub fn offered_to_late(&mut self) {
        self.offer = self.offer.min(Offer::ToWaiting);
    }

    /// There may be something for late lines, though the goods are the same: one is late now, or may give goods up.
    pub fn offer_to_late(&mut self) {
        self.offer = Offer::ToAll;
    }

    /// Notes that a batch is another than before: goods that come earlier, or more that can be taken, are for all.
    fn compare(&mut self, was: (Supply, u64), at: usize) {
        let batch = &self.batches[at];
        if batch.supply() < was.0 || batch.available() > was.1 {
            self.offer = Offer::ToAll;
        }
    }

    /// Where a batch is that changes. Whoever changes a batch has loaded it: to pass over one that is not here would
    /// answer for a change that was not made.
    fn loaded(&self, reference: &BatchRef) -> Option<usize> {
        let mut batches = self.batches.iter();
        let at = batches.position(|batch| batch.reference == *reference);
        debug_assert!(at.is_some(), "{reference} is loaded before it is changed");
        at
    }

    /// The same of a batch by its number.
    fn loaded_numbered(&self, number: u64) -> Option<usize> {
        let at = self.batches.iter().position(|batch| batch.number == number);
        debug_assert!(
            at.is_some(),
            "batch {number} is loaded before its lines are changed"
        );
        at
    }
}

#[cfg(test)]
#[path = "product_tests.rs"]
mod tests;
