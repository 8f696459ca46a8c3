//! What the log tells of order lines.

use landfall_domain::{Allocation, BatchRef, Event, LineId, OrderId, Terms};

use super::Fold;
use crate::audit::ledger::{At, Pegs, Standing};

impl Fold<'_> {
    pub(super) fn line_event(&mut self) {
        let record = self.record;
        let Some((order_id, line_id)) = record.event.line() else {
            return;
        };
        let accepted = match &record.event {
            Event::Allocated { accepted, .. } | Event::Backordered { accepted, .. } => {
                accepted.as_ref()
            }
            _ => None,
        };
        let Some(at) = self.accepted(order_id, line_id, accepted) else {
            return;
        };
        match &record.event {
            Event::Allocated { .. } => self.allocated(at),
            Event::Deallocated {
                quantity,
                allocations,
                ..
            } => self.deallocated(at, *quantity, allocations),
            Event::Backordered { quantity, .. } => self.backordered(at, *quantity),
            Event::PromiseChanged { .. } => self.promise_changed(at),
            Event::LineAmended { .. } => self.amended(at),
            Event::LineCancelled { quantity, .. } => self.cancelled(at, *quantity),
            Event::Dispatched { .. } => self.dispatched(at),
            _ => {}
        }
    }

    fn allocated(&mut self, at: At) {
        let Event::Allocated {
            quantity,
            allocations,
            original_promise,
            current_promise,
            ..
        } = &self.record.event
        else {
            return;
        };
        let line = self.line(at);
        let twice = line.standing == Standing::Allocated;
        let over = is_over(line.standing);
        let wrong_quantity = *quantity != line.outstanding();
        let other_original = line
            .original
            .is_some_and(|original| Some(original) != *original_promise);
        line.standing = Standing::Allocated;
        line.original = *original_promise;
        line.current = *current_promise;
        self.wrong_if(twice, "of a line that is allocated");
        self.wrong_if(over, "of a line of which nothing is wanted");
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
        self.wrong_if(other_original, "with another original promise");
        self.unpeg(at);
        self.peg(at, allocations);
    }

    fn deallocated(&mut self, at: At, quantity: u64, allocations: &[Allocation]) {
        let pegs = self.pegs(allocations);
        let total = total(&pegs);
        let line = self.line(at);
        let wrong = line.standing != Standing::Allocated || line.pegs.to_vec() != pegs;
        line.standing = Standing::Loose;
        line.current = None;
        self.wrong_if(wrong, "of stock that the line does not have");
        self.wrong_if(quantity != total, "of another quantity than it lists");
        self.unpeg(at);
    }

    fn backordered(&mut self, at: At, quantity: u64) {
        let line = self.line(at);
        let allocated = line.standing == Standing::Allocated;
        let over = is_over(line.standing);
        let wrong_quantity = quantity != line.outstanding();
        line.standing = Standing::Backordered;
        line.current = None;
        self.wrong_if(allocated, "of a line that is allocated");
        self.wrong_if(over, "of a line of which nothing is wanted");
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
    }

    fn promise_changed(&mut self, at: At) {
        let Event::PromiseChanged { from, to, .. } = &self.record.event else {
            return;
        };
        let line = self.line(at);
        // A move has told its new promise with `Allocated`, a line that waits that it has none with `Backordered`.
        let stands = match line.standing {
            Standing::Allocated => true,
            Standing::Backordered => to.is_none(),
            _ => false,
        };
        let wrong = !stands || (line.current != *from && line.current != *to);
        line.current = *to;
        // Of an order that goes out together a line may have had stock before there was a promise.
        line.original = line.original.or(*to);
        self.wrong_if(wrong, "of another promise than the line had");
    }

    fn amended(&mut self, at: At) {
        let Event::LineAmended {
            from,
            to,
            allocations,
            ..
        } = &self.record.event
        else {
            return;
        };
        let line = self.line(at);
        let loose = line.standing != Standing::Allocated;
        let over = is_over(line.standing) || line.dispatched > 0;
        let wrong = std::mem::replace(&mut line.quantity, *to) != *from;
        self.wrong_if(wrong, "from another quantity");
        self.wrong_if(
            over,
            "of a line of which a part has left or nothing is wanted",
        );
        if !allocations.is_empty() {
            self.wrong_if(loose, "of stock that the line does not have");
            self.unpeg(at);
            self.peg(at, allocations);
        }
    }

    fn cancelled(&mut self, at: At, quantity: u64) {
        let line = self.line(at);
        let wrong_quantity = quantity != line.outstanding();
        let was = std::mem::replace(&mut line.standing, Standing::Cancelled);
        line.current = None;
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
        let waits = matches!(was, Standing::Loose | Standing::Backordered);
        self.wrong_if(!waits, "of a line that is allocated or cancelled");
    }

    fn dispatched(&mut self, at: At) {
        let Event::Dispatched {
            quantity,
            departures,
            outstanding,
            ..
        } = &self.record.event
        else {
            return;
        };
        let mut left = 0_u64;
        let mut pegs = self.line(at).pegs.to_vec();
        for departure in departures {
            left = left.saturating_add(departure.quantity);
            let Some(from) = self.named(&departure.batch) else {
                continue;
            };
            let batch = &mut self.ledger.batches[from as usize].batch;
            batch.allocated = batch.allocated.saturating_sub(departure.quantity);
            batch.dispatched = batch.dispatched.saturating_add(departure.quantity);
            let peg = pegs.iter_mut().find(|(batch, _)| *batch == from);
            match peg {
                Some((_, units)) if *units >= departure.quantity => *units -= departure.quantity,
                _ => self.wrong(format_args!(
                    "of more of {} than the line has",
                    departure.batch
                )),
            }
        }
        pegs.retain(|(_, units)| *units > 0);
        let line = self.line(at);
        let was = line.standing;
        line.pegs = Pegs::new(pegs);
        line.dispatched = line.dispatched.saturating_add(*quantity);
        let rest = line.outstanding();
        if rest == 0 {
            line.standing = Standing::Gone;
        }
        self.wrong_if(left != *quantity, "of another quantity than it lists");
        self.wrong_if(
            was != Standing::Allocated,
            "of stock that the line does not have",
        );
        self.wrong_if(
            rest != *outstanding,
            "leaves another quantity than the line wants",
        );
    }

    /// The line of an event that may be its first: with terms it must be new, without it must be known.
    fn accepted(
        &mut self,
        order_id: &OrderId,
        line_id: &LineId,
        terms: Option<&Terms>,
    ) -> Option<At> {
        let Some(terms) = terms else {
            return self.known(order_id, line_id);
        };
        let Some(sku) = &self.record.sku else {
            self.wrong("names no product");
            return None;
        };
        let product = self.ledger.product(sku);
        let at = self.ledger.line(order_id, line_id);
        let line = self.line(at);
        let again = line.standing != Standing::Named;
        line.accept(product, terms);
        self.wrong_if(again, "accepts a line that was accepted before");
        Some(at)
    }

    /// Gives the line these units of these batches.
    fn peg(&mut self, at: At, allocations: &[Allocation]) {
        let pegs = self.pegs(allocations);
        for (batch, units) in &pegs {
            let allocated = &mut self.ledger.batches[*batch as usize].batch.allocated;
            *allocated = allocated.saturating_add(*units);
        }
        let total = total(&pegs);
        let line = self.line(at);
        line.pegs = Pegs::new(pegs);
        let wrong = total != line.outstanding();
        self.wrong_if(wrong, "gives the line another quantity than it wants");
    }

    /// Gives back what the line has.
    fn unpeg(&mut self, at: At) {
        let pegs = std::mem::take(&mut self.line(at).pegs);
        for (batch, units) in pegs.to_vec() {
            let allocated = &mut self.ledger.batches[batch as usize].batch.allocated;
            *allocated = allocated.saturating_sub(units);
        }
    }

    fn pegs(&mut self, allocations: &[Allocation]) -> Vec<(At, u64)> {
        let mut pegs = Vec::with_capacity(allocations.len());
        for allocation in allocations {
            if let Some(batch) = self.named(&allocation.batch) {
                pegs.push((batch, allocation.quantity));
            }
        }
        pegs
    }

    /// A batch that the event names.
    fn named(&mut self, batch: &BatchRef) -> Option<At> {
        let found = self.ledger.find_batch(batch);
        if found.is_none() {
            self.wrong(format_args!("names {batch}, which was never created"));
        }
        found
    }
}

fn is_over(standing: Standing) -> bool {
    matches!(standing, Standing::Gone | Standing::Cancelled)
}

fn total(pegs: &[(At, u64)]) -> u64 {
    pegs.iter()
        .fold(0, |sum, (_, units)| sum.saturating_add(*units))
}
