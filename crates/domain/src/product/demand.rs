//! What happens to a product's order lines: pegged to stock, moved, backordered, amended, cancelled,
//! dispatched.

use jiff::civil::Date;

use super::{Offer, Product};
use crate::events::{DeallocationReason, Departure, Event, PromiseCause};
use crate::line::{Allocation, Loose, OrderLine, Status};
use crate::policy::{self, Pick};
use crate::values::{Day, IfShort};

/// Another quantity for a line, and what the customer said of a shortage.
#[derive(Debug, Clone, Copy)]
pub struct Amendment {
    /// Units wanted from now on.
    pub quantity: u64,
    /// As asked for.
    pub if_short: Option<IfShort>,
}

/// The promise that a line has after its goods have another day: goods that come later move it; goods that
/// come earlier pull a late promise back, never before the original. The customer planned for the original
/// date, and what is early stays free for urgent buyers.
pub fn promise_after(ready: Date, original: Date, told: Option<Date>) -> Date {
    match told {
        Some(told) if ready > told => ready,
        Some(told) => ready.max(original).min(told),
        None => ready.max(original),
    }
}

impl Product {
    /// Pegs a line that has no stock to the batches that its policy prefers, or that keep what it was promised first,
    /// and promises a date. `accepted` says whether this is the line's first event. Where nothing can hold it, nothing
    /// changes: `false`.
    pub fn allocate(&mut self, line: &mut OrderLine, day: &Day, accepted: bool) -> bool {
        debug_assert_eq!(line.sku, self.sku, "a line is allocated by its own product");
        let (promised, wanted) = (line.original_promise, line.outstanding());
        let picks = policy::choose(&self.batches, &line.terms, promised, wanted, day);
        let Some(picks) = picks else { return false };
        self.peg(line, &picks, *day, accepted);
        true
    }

    /// Pegs a line that was accepted and has no stock to these batches. They must be able to hold it.
    ///
    /// The promise of a line that goes out together with others is its order's: it stays as it is, until the
    /// whole order is looked at.
    pub fn allocate_to(&mut self, line: &mut OrderLine, picks: &[Pick], day: &Day) {
        self.peg(line, picks, *day, false);
    }

    fn peg(&mut self, line: &mut OrderLine, picks: &[Pick], day: Day, accepted: bool) {
        debug_assert!(line.allocations.is_empty(), "a line is allocated once");
        // One that has just lost its stock does not wait yet, nor does one that is new.
        if !accepted && line.loose.is_none() {
            self.leave_queue();
        }
        let mut ready = day.promise_for(None);
        line.allocations.reserve_exact(picks.len());
        for (at, units) in picks {
            self.touch(*at);
            let batch = &mut self.batches[*at];
            batch.allocated += units;
            ready = ready.max(day.promise_of(batch.supply()).unwrap_or(Date::MAX));
            line.allocations.push(Allocation {
                batch: batch.reference.clone(),
                batch_number: batch.number,
                quantity: *units,
            });
        }
        let loose = line.loose.take();
        let told = loose.as_ref().and_then(|loose| loose.promise);
        if line.together() {
            line.current_promise = told;
        } else {
            let original = *line.original_promise.get_or_insert(ready);
            line.current_promise = Some(promise_after(ready, original, told));
        }
        self.count_late(false, line.late());
        if let Some(loose) = loose {
            // It made room, and its place was free again: it has not moved.
            if loose.allocations == line.allocations && told == line.current_promise {
                return;
            }
            self.record_deallocated(line, loose.allocations, DeallocationReason::Repegged);
        }
        self.record(Event::Allocated {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: line.outstanding(),
            allocations: line.allocations.clone(),
            original_promise: line.original_promise,
            current_promise: line.current_promise,
            accepted: accepted.then(|| line.terms.clone()),
        });
    }

    /// Takes the line's stock away. It then must be allocated again, backordered or cancelled by the same
    /// command; which of these it is decides what is recorded. Its promise is withdrawn until then.
    pub fn deallocate(&mut self, line: &mut OrderLine, reason: DeallocationReason) {
        if line.allocations.is_empty() {
            return;
        }
        self.count_late(line.late(), false);
        let allocations = std::mem::take(&mut line.allocations);
        for allocation in &allocations {
            self.give_back(allocation.batch_number, allocation.quantity);
        }
        line.loose = Some(Box::new(Loose {
            allocations,
            promise: line.current_promise.take(),
            reason,
        }));
    }

    /// Lets a line that has no stock wait in the queue. `accepted`: this is the line's first event.
    pub fn backorder(&mut self, line: &mut OrderLine, accepted: bool) {
        debug_assert!(
            line.allocations.is_empty(),
            "a line with stock does not wait"
        );
        if let Some(loose) = line.loose.take() {
            self.record_deallocated(line, loose.allocations, loose.reason);
        }
        line.current_promise = None;
        self.join_queue();
        self.record(Event::Backordered {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: line.outstanding(),
            accepted: accepted.then(|| line.terms.clone()),
        });
    }

    /// Records that the product could not serve this line.
    pub fn out_of_stock(&mut self, line: &OrderLine) {
        self.record(Event::OutOfStock {
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
    /// A promise that is kept stays: who asks for less does not ask for another day. One that is late is
    /// [pulled back](Product::pull_back) where the late part of a split line is no longer wanted.
    pub fn amend_in_place(&mut self, line: &mut OrderLine, c: &Amendment, day: &Day) {
        let (from, quantity) = (line.quantity, c.quantity);
        if quantity > from {
            let more = quantity - from;
            if let Some(allocation) = line.allocations.first_mut() {
                allocation.quantity += more;
                if let Some(at) = self.loaded_numbered(allocation.batch_number) {
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
        self.pull_back(line, day);
    }

    /// Changes the quantity of a line that has no stock at the moment.
    pub fn amend_unallocated(&mut self, line: &mut OrderLine, c: &Amendment) {
        let from = line.quantity;
        // Who waits for less may find it among what was too little.
        if c.quantity < from {
            self.offer = self.offer.max(Offer::ToWaiting);
        }
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
        if let Some(loose) = line.loose.take() {
            self.record_deallocated(line, loose.allocations, loose.reason);
        }
        line.current_promise = None;
        line.cancelled = true;
        self.line_changed();
        self.record(Event::LineCancelled {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity,
        });
    }

    /// Lets units of the line leave, from its batches in their order as far as they
    /// [can leave](crate::Batch::can_leave). There must be as many. All batches of the line must be loaded.
    pub fn dispatch(&mut self, line: &mut OrderLine, units: u64, today: Date) {
        let late = line.late();
        let mut departures = Vec::new();
        let mut left = units;
        for allocation in &mut line.allocations {
            let Some(at) = self.loaded_numbered(allocation.batch_number) else {
                continue;
            };
            let quantity = allocation.quantity.min(left);
            if quantity == 0 || !self.batches[at].can_leave() {
                continue;
            }
            self.touch(at);
            let batch = &mut self.batches[at];
            batch.allocated -= quantity;
            batch.dispatched += quantity;
            allocation.quantity -= quantity;
            left -= quantity;
            departures.push(Departure {
                batch: batch.reference.clone(),
                quantity,
                landed: batch.landed.map(|landed| landed.on),
            });
        }
        debug_assert_eq!(left, 0, "what is to leave is there");
        line.allocations.retain(|a| a.quantity > 0);
        line.dispatched += units - left;
        self.count_late(late, line.late());
        self.record(Event::Dispatched {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: units - left,
            departures,
            outstanding: line.outstanding(),
            on: today,
            requested_date: line.terms.requested_date,
            policy: line.terms.policy,
        });
    }

    /// The date that can be promised for what the line is pegged to; `None`: it has no stock, or stock that
    /// nobody can count on. All its batches must be loaded.
    pub fn ready(&self, line: &OrderLine, day: &Day) -> Option<Date> {
        let supply_of = |number| self.batch_numbered(number).map(crate::Batch::supply);
        line.supply(supply_of)
            .and_then(|supply| day.promise_of(supply))
    }

    /// Promises an allocated line again after its supply has another date, also one whose promise was withdrawn
    /// while nobody could count on its goods. The line of an order that goes out together keeps its promise, and
    /// so does one whose goods nobody can count on. Whether it is another.
    pub fn promise_again(&mut self, line: &mut OrderLine, day: &Day) -> bool {
        if line.together() {
            return false;
        }
        let Some((ready, original)) = self.ready(line, day).zip(line.original_promise) else {
            return false;
        };
        let promise = promise_after(ready, original, line.current_promise);
        self.promise(line, Some(promise))
    }

    /// Pulls the promise of an allocated line back whose goods come earlier than was told, as
    /// [`Product::promise_again`] does. It never makes it later. Whether it is another.
    pub fn pull_back(&mut self, line: &mut OrderLine, day: &Day) -> bool {
        self.ready(line, day) <= line.current_promise && self.promise_again(line, day)
    }

    /// Makes this the promise of an allocated line; the first one is its original promise for ever. Whether
    /// it is another. [`Product::tell`] records it.
    pub fn promise(&mut self, line: &mut OrderLine, promise: Option<Date>) -> bool {
        let late = line.late();
        line.original_promise = line.original_promise.or(promise);
        if line.current_promise == promise {
            return false;
        }
        line.current_promise = promise;
        self.count_late(late, line.late());
        self.line_changed();
        true
    }

    /// Records that the line's promise is another than the customer was told.
    pub fn tell(&mut self, line: &OrderLine, told: Option<Date>, cause: PromiseCause) {
        self.record(Event::PromiseChanged {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            from: told,
            to: line.current_promise,
            cause,
        });
    }

    fn give_back(&mut self, number: u64, units: u64) {
        if let Some(at) = self.loaded_numbered(number) {
            self.touch(at);
            self.batches[at].allocated -= units;
            if self.batches[at].available() > 0 {
                self.offer = Offer::ToAll;
            }
        }
    }

    fn record_deallocated(
        &mut self,
        line: &OrderLine,
        allocations: Vec<Allocation>,
        reason: DeallocationReason,
    ) {
        self.record(Event::Deallocated {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            quantity: allocations.iter().map(|a| a.quantity).sum(),
            allocations,
            reason,
        });
    }

    fn amended(&mut self, line: &OrderLine, from: u64, if_short: Option<IfShort>) {
        self.line_changed();
        self.record(Event::LineAmended {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            from,
            to: line.quantity,
            allocations: line.allocations.clone(),
            if_short,
        });
    }
}
