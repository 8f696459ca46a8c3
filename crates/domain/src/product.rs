//! The aggregate: a product, its open batches, and the only code that changes their counts.
//!
//! A product is the consistency boundary: one writer at a time, one version. It does not hold its lines
//! (a batch may serve a million); a line is handed in, changed with the product, and handed back. What a
//! product changes it remembers until [`Product::accept`] or [`Product::roll_back`], so that a refused
//! command leaves no trace.

use jiff::civil::Date;

use crate::batch::Batch;
use crate::events::{DeallocationReason, Event, PromiseCause};
use crate::ids::{BatchRef, Sku};
use crate::line::{Allocation, OrderLine, Status};
use crate::policy;
use crate::values::{Day, IfShort};

/// A product and those of its batches that are loaded: all that have free units, and any other that a
/// command or a line names.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its number in the partition: the stores' integer key.
    pub number: u64,
    /// What is sold.
    pub sku: Sku,
    /// Goes up with every command that changes the product.
    pub version: u64,
    /// How many of its lines wait.
    pub backordered: u64,
    /// How many of them waited at the last [`Product::take_changed`].
    backordered_before: u64,
    /// In the order of [`Batch::earliest_first`].
    batches: Vec<Batch>,
    /// Facts since the last [`Product::take_events`].
    events: Vec<Event>,
    /// How to undo what was done since the last accept or roll-back, the latest last.
    journal: Vec<Undo>,
    /// The batches changed since the last [`Product::take_changed`], as they were before, with repeats.
    changed: Vec<Batch>,
    /// How many of them are accepted.
    changed_for_good: usize,
}

/// Another quantity for a line, and what the customer said of a shortage.
#[derive(Debug, Clone, Copy)]
pub struct Amendment {
    /// Units wanted from now on.
    pub quantity: u64,
    /// As asked for.
    pub if_short: Option<IfShort>,
}

/// A product before it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// How many of its lines waited.
    pub backordered: u64,
    /// The batches that are new or changed, each once, in the order of their numbers; a new one as it came.
    pub batches: Vec<Batch>,
}

/// One step backwards. Positions are those at the time: undone in reverse order, they are right.
#[derive(Debug, Clone)]
enum Undo {
    Counts {
        at: usize,
        purchased: u64,
        allocated: u64,
    },
    Backordered(u64),
    Created {
        at: usize,
    },
    Moved {
        from: usize,
        to: usize,
        eta: Option<Date>,
    },
    /// A line changed, no count of the product.
    LineOnly,
}

impl Product {
    /// A product without batches.
    pub fn new(number: u64, sku: Sku) -> Self {
        Self::load(number, sku, 0, 0, Vec::new())
    }

    /// A product as a store knows it. The batches may come in any order.
    pub fn load(
        number: u64,
        sku: Sku,
        version: u64,
        backordered: u64,
        mut batches: Vec<Batch>,
    ) -> Self {
        batches.sort_by(Batch::earliest_first);
        Self {
            number,
            sku,
            version,
            backordered,
            backordered_before: backordered,
            batches,
            events: Vec::new(),
            journal: Vec::new(),
            changed: Vec::new(),
            changed_for_good: 0,
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
            self.batches.insert(at, batch);
        }
    }

    /// Units that no line has, over all batches.
    pub fn free(&self) -> u64 {
        self.batches.iter().map(Batch::free).sum()
    }

    /// The most units that one batch could give a line now: no line that wants more fits, unless it may be
    /// split.
    pub fn largest_available(&self) -> u64 {
        self.batches.iter().map(Batch::available).max().unwrap_or(0)
    }

    // ---- supply --------------------------------------------------------------------------------

    /// Takes new supply in.
    pub fn create_batch(&mut self, batch: Batch) {
        self.events.push(Event::BatchCreated {
            reference: batch.reference.clone(),
            quantity: batch.purchased,
            eta: batch.eta,
            shipment: None,
            location: batch.location.clone(),
        });
        self.changed.push(batch.clone());
        let at = self
            .batches
            .partition_point(|other| other.earliest_first(&batch).is_lt());
        self.batches.insert(at, batch);
        self.journal.push(Undo::Created { at });
    }

    /// Makes this the purchased quantity. The batch may hold too much afterwards ([`Batch::over`]): lines
    /// must be deallocated before the command ends. Nothing happens where it is the quantity already, or
    /// where the batch is not loaded.
    pub fn change_quantity(&mut self, reference: &BatchRef, to: u64, reason: Option<String>) {
        let Some(at) = self.position(reference) else {
            return;
        };
        let from = self.batches[at].purchased;
        if from == to {
            return;
        }
        self.touch(at);
        self.batches[at].purchased = to;
        self.events.push(Event::BatchQuantityChanged {
            reference: reference.clone(),
            from,
            to,
            reason,
        });
    }

    /// Makes this the ETA. The promises of its lines are another matter: [`Product::promise_again`].
    pub fn change_eta(&mut self, reference: &BatchRef, to: Option<Date>) {
        let Some(at) = self.position(reference) else {
            return;
        };
        let from = self.batches[at].eta;
        if from == to {
            return;
        }
        let mut batch = self.batches.remove(at);
        self.changed.push(batch.clone());
        batch.eta = to;
        let new = self
            .batches
            .partition_point(|other| other.earliest_first(&batch).is_lt());
        self.batches.insert(new, batch);
        self.journal.push(Undo::Moved {
            from: at,
            to: new,
            eta: from,
        });
        self.events.push(Event::BatchEtaChanged {
            reference: reference.clone(),
            from,
            to,
        });
    }

    // ---- demand --------------------------------------------------------------------------------

    /// Pegs a line that has no stock to the batches that its policy prefers, and promises a date. `accepted`
    /// says whether this is the line's first event. Where nothing can hold it, nothing changes: `false`.
    pub fn allocate(&mut self, line: &mut OrderLine, day: &Day, accepted: bool) -> bool {
        debug_assert_eq!(line.sku, self.sku, "a line is allocated by its own product");
        debug_assert!(line.allocations.is_empty(), "a line is allocated once");
        let wanted = line.outstanding();
        let Some(picks) = policy::choose(&self.batches, &line.terms, wanted, day) else {
            return false;
        };
        let mut ready = day.promise_for(None);
        line.allocations.reserve_exact(picks.len());
        for (at, units) in picks {
            self.touch(at);
            let batch = &mut self.batches[at];
            batch.allocated += units;
            ready = ready.max(day.promise_for(batch.eta));
            line.allocations.push(Allocation {
                batch: batch.reference.clone(),
                batch_number: batch.number,
                quantity: units,
            });
        }
        let original = *line.original_promise.get_or_insert(ready);
        // The customer planned for the original date: goods that are there earlier do not move it.
        let current = ready.max(original);
        line.current_promise = Some(current);
        self.events.push(Event::Allocated {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: wanted,
            allocations: line.allocations.clone(),
            original_promise: original,
            current_promise: current,
            accepted: accepted.then(|| line.terms.clone()),
        });
        if let Some(told) = line.told.take().filter(|told| *told != current) {
            self.promise_changed(line, told, current, PromiseCause::Reallocated);
        }
        true
    }

    /// Takes the line's stock away. It then waits to be allocated again, backordered or cancelled by the
    /// same command; its promise is withdrawn until then.
    pub fn deallocate(&mut self, line: &mut OrderLine, reason: DeallocationReason) {
        let allocations = std::mem::take(&mut line.allocations);
        if allocations.is_empty() {
            return;
        }
        for allocation in &allocations {
            self.give_back(allocation.batch_number, allocation.quantity);
        }
        line.told = line.current_promise.take();
        self.events.push(Event::Deallocated {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: allocations.iter().map(|a| a.quantity).sum(),
            allocations,
            reason,
        });
    }

    /// Lets a line that has no stock wait in the queue. `accepted`: this is the line's first event.
    pub fn backorder(&mut self, line: &mut OrderLine, accepted: bool) {
        debug_assert!(
            line.allocations.is_empty(),
            "a line with stock does not wait"
        );
        line.told = None;
        self.set_backordered(self.backordered + 1);
        self.events.push(Event::Backordered {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: line.outstanding(),
            accepted: accepted.then(|| line.terms.clone()),
        });
    }

    /// Takes a line out of the queue: it was allocated, amended or cancelled.
    pub fn leave_queue(&mut self) {
        debug_assert!(self.backordered > 0, "a line that waits is counted");
        self.set_backordered(self.backordered.saturating_sub(1));
    }

    /// Records that the product could not serve this line.
    pub fn out_of_stock(&mut self, line: &OrderLine) {
        self.events.push(Event::OutOfStock {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: line.outstanding(),
        });
    }

    /// Whether the line's own batch can hold it with this quantity: it is one batch, and it is loaded.
    pub fn fits_where_it_is(&self, line: &OrderLine, quantity: u64) -> bool {
        let [allocation] = line.allocations.as_slice() else {
            return false;
        };
        let more = quantity.saturating_sub(line.quantity);
        self.batch_numbered(allocation.batch_number)
            .is_some_and(|batch| batch.available() >= more)
    }

    /// Changes the quantity of an allocated line in place: a line of one batch that
    /// [fits](Product::fits_where_it_is), or a smaller quantity, given back from its last batch on.
    /// The promise stays, also where a late part of a split line is no longer wanted: who asks for less does not
    /// ask for another day.
    pub fn amend_in_place(&mut self, line: &mut OrderLine, c: &Amendment) {
        let (from, quantity) = (line.quantity, c.quantity);
        if quantity > from {
            let more = quantity - from;
            if let Some(allocation) = line.allocations.first_mut() {
                allocation.quantity += more;
                if let Some(at) = self.position_numbered(allocation.batch_number) {
                    self.touch(at);
                    self.batches[at].allocated += more;
                }
            }
        } else {
            let mut less = from - quantity;
            while less > 0 {
                let Some(last) = line.allocations.last_mut() else {
                    break;
                };
                let units = less.min(last.quantity);
                last.quantity -= units;
                less -= units;
                let (number, empty) = (last.batch_number, last.quantity == 0);
                if empty {
                    line.allocations.pop();
                }
                self.give_back(number, units);
            }
        }
        line.quantity = quantity;
        self.amended(line, from, c.if_short);
    }

    /// Changes the quantity of a line that has no stock at the moment.
    pub fn amend_unallocated(&mut self, line: &mut OrderLine, c: &Amendment) {
        let from = line.quantity;
        line.quantity = c.quantity;
        self.amended(line, from, c.if_short);
    }

    /// Cancels what has not left of a line: its stock goes back, its place in the queue is free.
    pub fn cancel(&mut self, line: &mut OrderLine) {
        let quantity = line.outstanding();
        if line.status() == Status::Backordered {
            self.leave_queue();
        }
        self.deallocate(line, DeallocationReason::Cancelled);
        line.told = None;
        line.current_promise = None;
        line.cancelled = true;
        self.events.push(Event::LineCancelled {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity,
        });
    }

    /// Promises an allocated line again after its supply has another date: a later supply moves
    /// the promise, an earlier one pulls a late promise back, never before the original. All batches of
    /// the line must be loaded. Whether the promise changed.
    pub fn promise_again(&mut self, line: &mut OrderLine, day: &Day) -> bool {
        let (Some(original), Some(current)) = (line.original_promise, line.current_promise) else {
            return false;
        };
        let ready = line
            .allocations
            .iter()
            .filter_map(|a| self.batch_numbered(a.batch_number))
            .map(|batch| day.promise_for(batch.eta))
            .max();
        let Some(ready) = ready else { return false };
        let new = if ready > current {
            ready
        } else {
            ready.max(original).min(current)
        };
        if new == current {
            return false;
        }
        line.current_promise = Some(new);
        self.promise_changed(line, current, new, PromiseCause::EtaChanged);
        true
    }

    // ---- the unit of work ----------------------------------------------------------------------

    /// The facts recorded since the last call, the oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Keeps what was done since the last accept or roll-back; the version goes up if that is anything.
    pub fn accept(&mut self) {
        debug_assert!(
            self.batches.iter().all(|batch| batch.over() == 0),
            "conservation: no batch holds more than was purchased"
        );
        if !self.journal.is_empty() {
            self.version += 1;
            self.journal.clear();
        }
        self.changed_for_good = self.changed.len();
    }

    /// Undoes what was done since the last accept or roll-back.
    pub fn roll_back(&mut self) {
        self.events.clear();
        self.changed.truncate(self.changed_for_good);
        while let Some(undo) = self.journal.pop() {
            match undo {
                Undo::Counts {
                    at,
                    purchased,
                    allocated,
                } => {
                    self.batches[at].purchased = purchased;
                    self.batches[at].allocated = allocated;
                }
                Undo::Backordered(count) => self.backordered = count,
                Undo::LineOnly => {}
                Undo::Created { at } => {
                    self.batches.remove(at);
                }
                Undo::Moved { from, to, eta } => {
                    let mut batch = self.batches.remove(to);
                    batch.eta = eta;
                    self.batches.insert(from, batch);
                }
            }
        }
    }

    /// What is new or changed since the last call, as it was then.
    pub fn take_changed(&mut self) -> Before {
        let mut batches = std::mem::take(&mut self.changed);
        self.changed_for_good = 0;
        // Of each batch the first stays: the sort keeps the order of what has the same number.
        batches.sort_by_key(|batch| batch.number);
        batches.dedup_by_key(|batch| batch.number);
        Before {
            backordered: std::mem::replace(&mut self.backordered_before, self.backordered),
            batches,
        }
    }

    /// Forgets the batches that have no free unit: a store loads a product without them. Call it only
    /// when nothing is left to accept or roll back.
    pub fn forget_full(&mut self) {
        debug_assert!(
            self.journal.is_empty(),
            "a journal's positions hold until it is accepted"
        );
        self.batches.retain(|batch| batch.free() > 0);
    }

    // ---- small steps ---------------------------------------------------------------------------

    fn position(&self, reference: &BatchRef) -> Option<usize> {
        self.batches
            .iter()
            .position(|batch| batch.reference == *reference)
    }

    fn position_numbered(&self, number: u64) -> Option<usize> {
        self.batches.iter().position(|batch| batch.number == number)
    }

    /// Remembers the counts of a batch before they change.
    fn touch(&mut self, at: usize) {
        let batch = &self.batches[at];
        self.journal.push(Undo::Counts {
            at,
            purchased: batch.purchased,
            allocated: batch.allocated,
        });
        let last = self.changed.last();
        if last.is_none_or(|last| last.number != batch.number) {
            self.changed.push(batch.clone());
        }
    }

    fn give_back(&mut self, number: u64, units: u64) {
        let at = self.position_numbered(number);
        debug_assert!(
            at.is_some(),
            "the batch of an allocation is loaded before it is given back"
        );
        if let Some(at) = at {
            self.touch(at);
            self.batches[at].allocated -= units;
        }
    }

    fn set_backordered(&mut self, count: u64) {
        self.journal.push(Undo::Backordered(self.backordered));
        self.backordered = count;
    }

    fn amended(&mut self, line: &OrderLine, from: u64, if_short: Option<IfShort>) {
        self.journal.push(Undo::LineOnly);
        self.events.push(Event::LineAmended {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            from,
            to: line.quantity,
            allocations: line.allocations.clone(),
            if_short,
        });
    }

    fn promise_changed(&mut self, line: &OrderLine, from: Date, to: Date, cause: PromiseCause) {
        self.events.push(Event::PromiseChanged {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            from,
            to,
            cause,
        });
    }
}

#[cfg(test)]
#[path = "product_tests.rs"]
mod tests;
