//! Folds the log: each event changes what the tables ought to hold, and must make sense where it stands.

use landfall_domain::{Allocation, BatchRef, Event, LineId, OrderId, Terms};

use super::Findings;
use super::ledger::{At, BatchEntry, Ledger, LineEntry, Pegs, Standing, Taken, digest};
use crate::log::LogRecord;

/// The log as it is read, one event at a time.
struct Fold<'a> {
    ledger: &'a mut Ledger,
    record: &'a LogRecord,
    findings: &'a mut Findings,
}

/// Takes one event in.
pub(super) fn event(ledger: &mut Ledger, record: &LogRecord, findings: &mut Findings) {
    let expected = ledger.next_offsets.entry(record.partition).or_insert(1);
    if record.offset != *expected {
        let expected = *expected;
        findings.add(|| format!("event {}: offset {expected} should stand here", record.id()));
    }
    *expected = record.offset + 1;
    Fold {
        ledger,
        record,
        findings,
    }
    .event();
}

impl Fold<'_> {
    fn wrong(&mut self, words: impl std::fmt::Display) {
        let record = self.record;
        self.findings
            .add(|| format!("event {}: {} {words}", record.id(), record.event.kind()));
    }

    fn event(&mut self) {
        match &self.record.event {
            Event::BatchCreated { .. } => self.batch_created(),
            Event::BatchQuantityChanged {
                reference,
                from,
                to,
                ..
            } => {
                self.on_batch(reference, |batch| {
                    (std::mem::replace(&mut batch.purchased, *to) != *from)
                        .then_some("from another quantity")
                });
            }
            Event::BatchEtaChanged {
                reference,
                from,
                to,
                landed: _,
            } => self.on_batch(reference, |batch| {
                (std::mem::replace(&mut batch.eta, *to) != *from).then_some("from another day")
            }),
            Event::BatchHeld { .. }
            | Event::BatchReleased { .. }
            | Event::BatchReceived { .. }
            | Event::BatchCancelled { .. }
            | Event::ShipmentCreated { .. }
            | Event::ShipmentEtaChanged { .. }
            | Event::ShipmentHeld { .. }
            | Event::ShipmentReleased { .. }
            | Event::ShipmentReceived { .. }
            | Event::Dispatched { .. } => {}
            Event::OrderPlaced {
                order_id, lines, ..
            } => {
                for line_id in lines {
                    self.ledger.line(order_id, line_id);
                }
            }
            Event::Allocated {
                order_id, line_id, ..
            } => self.allocated(order_id, line_id),
            Event::Deallocated {
                order_id,
                line_id,
                allocations,
                ..
            } => {
                self.deallocated(order_id, line_id, allocations);
            }
            Event::Backordered {
                order_id, line_id, ..
            } => self.backordered(order_id, line_id),
            Event::OutOfStock {
                order_id, line_id, ..
            } => {
                self.known(order_id, line_id);
            }
            Event::PromiseChanged {
                order_id, line_id, ..
            } => self.promise_changed(order_id, line_id),
            Event::LineAmended {
                order_id, line_id, ..
            } => self.amended(order_id, line_id),
            Event::LineCancelled {
                order_id,
                line_id,
                quantity,
            } => {
                self.cancelled(order_id, line_id, *quantity);
            }
        }
    }

    fn batch_created(&mut self) {
        let Event::BatchCreated {
            reference,
            quantity,
            eta,
            shipment: _,
            location,
            landed: _,
        } = &self.record.event
        else {
            return;
        };
        let Some(sku) = &self.record.sku else {
            return self.wrong("names no product");
        };
        if self.ledger.find_batch(reference).is_some() {
            return self.wrong(format_args!("of {reference}, which exists"));
        }
        let product = self.ledger.product(sku);
        self.ledger.add_batch(BatchEntry {
            reference: reference.clone(),
            product,
            location: location.clone(),
            first_quantity: *quantity,
            first_eta: *eta,
            purchased: *quantity,
            eta: *eta,
            allocated: 0,
            row: None,
            taken: Taken::default(),
        });
    }

    /// Changes a batch; what `change` returns is wrong with it.
    fn on_batch(
        &mut self,
        reference: &BatchRef,
        change: impl FnOnce(&mut BatchEntry) -> Option<&'static str>,
    ) {
        let Some(at) = self.ledger.find_batch(reference) else {
            return self.wrong(format_args!("of {reference}, which was never created"));
        };
        let batch = &mut self.ledger.batches[at as usize];
        let product = &self.ledger.products[batch.product as usize].sku;
        let elsewhere = self.record.sku.as_ref() != Some(product);
        let wrong = change(batch);
        self.wrong_if(elsewhere, "of a batch of another product");
        if let Some(words) = wrong {
            self.wrong(format_args!("{words} than {reference} had"));
        }
    }

    fn allocated(&mut self, order_id: &OrderId, line_id: &LineId) {
        let Event::Allocated {
            quantity,
            allocations,
            original_promise,
            current_promise,
            accepted,
            ..
        } = &self.record.event
        else {
            return;
        };
        let Some(at) = self.accepted(order_id, line_id, accepted.as_ref()) else {
            return;
        };
        let line = self.line(at);
        let twice = line.standing == Standing::Allocated;
        let wrong_quantity = *quantity != line.quantity;
        let other_original = line
            .original
            .is_some_and(|original| Some(original) != *original_promise);
        line.standing = Standing::Allocated;
        line.original = *original_promise;
        line.current = *current_promise;
        self.wrong_if(twice, "of a line that is allocated");
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
        self.wrong_if(other_original, "with another original promise");
        self.unpeg(at);
        self.peg(at, allocations);
    }

    fn deallocated(&mut self, order_id: &OrderId, line_id: &LineId, allocations: &[Allocation]) {
        let Some(at) = self.known(order_id, line_id) else {
            return;
        };
        let pegs = self.pegs(allocations);
        let line = self.line(at);
        let wrong = line.standing != Standing::Allocated || line.pegs.to_vec() != pegs;
        line.standing = Standing::Loose;
        line.current = None;
        self.wrong_if(wrong, "of stock that the line does not have");
        self.unpeg(at);
    }

    fn backordered(&mut self, order_id: &OrderId, line_id: &LineId) {
        let Event::Backordered {
            quantity, accepted, ..
        } = &self.record.event
        else {
            return;
        };
        let Some(at) = self.accepted(order_id, line_id, accepted.as_ref()) else {
            return;
        };
        let line = self.line(at);
        let allocated = line.standing == Standing::Allocated;
        let wrong_quantity = *quantity != line.quantity;
        line.standing = Standing::Backordered;
        line.current = None;
        self.wrong_if(allocated, "of a line that is allocated");
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
    }

    fn promise_changed(&mut self, order_id: &OrderId, line_id: &LineId) {
        let Event::PromiseChanged { from, to, .. } = &self.record.event else {
            return;
        };
        let Some(at) = self.known(order_id, line_id) else {
            return;
        };
        let line = self.line(at);
        // A move has told its new promise with `Allocated`.
        let wrong =
            line.standing != Standing::Allocated || (line.current != *from && line.current != *to);
        line.current = *to;
        line.original = line.original.or(*to);
        self.wrong_if(wrong, "of another promise than the line had");
    }

    fn amended(&mut self, order_id: &OrderId, line_id: &LineId) {
        let Event::LineAmended {
            from,
            to,
            allocations,
            ..
        } = &self.record.event
        else {
            return;
        };
        let Some(at) = self.known(order_id, line_id) else {
            return;
        };
        let line = self.line(at);
        let loose = line.standing != Standing::Allocated;
        let wrong = std::mem::replace(&mut line.quantity, *to) != *from;
        self.wrong_if(wrong, "from another quantity");
        if !allocations.is_empty() {
            self.wrong_if(loose, "of stock that the line does not have");
            self.unpeg(at);
            self.peg(at, allocations);
        }
    }

    fn cancelled(&mut self, order_id: &OrderId, line_id: &LineId, quantity: u64) {
        let Some(at) = self.known(order_id, line_id) else {
            return;
        };
        let line = self.line(at);
        let wrong_quantity = quantity != line.quantity;
        let was = std::mem::replace(&mut line.standing, Standing::Cancelled);
        line.current = None;
        self.wrong_if(wrong_quantity, "of another quantity than the line's");
        let waits = matches!(was, Standing::Loose | Standing::Backordered);
        self.wrong_if(!waits, "of a line that is allocated or cancelled");
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
        line.product = product;
        line.terms = digest(terms);
        line.quantity = terms.quantity;
        self.wrong_if(again, "accepts a line that was accepted before");
        Some(at)
    }

    /// The line of an event that is not its first.
    fn known(&mut self, order_id: &OrderId, line_id: &LineId) -> Option<At> {
        let at = self.ledger.find_line(order_id, line_id);
        let entry = at.map(|at| &self.ledger.lines[at as usize]);
        let Some(entry) = entry.filter(|line| line.standing != Standing::Named) else {
            self.wrong(format_args!(
                "of line {order_id}/{line_id}, which was never accepted"
            ));
            return None;
        };
        let product = &self.ledger.products[entry.product as usize].sku;
        let elsewhere = self.record.sku.as_ref() != Some(product);
        self.wrong_if(elsewhere, "of a line of another product");
        at
    }

    fn line(&mut self, at: At) -> &mut LineEntry {
        &mut self.ledger.lines[at as usize]
    }

    /// Gives the line these units of these batches.
    fn peg(&mut self, at: At, allocations: &[Allocation]) {
        let pegs = self.pegs(allocations);
        for (batch, units) in &pegs {
            let allocated = &mut self.ledger.batches[*batch as usize].allocated;
            *allocated = allocated.saturating_add(*units);
        }
        let total: u64 = pegs
            .iter()
            .fold(0, |sum, (_, units)| sum.saturating_add(*units));
        let line = self.line(at);
        line.pegs = Pegs::new(pegs);
        let wrong = total != line.quantity;
        self.wrong_if(wrong, "gives the line another quantity than it wants");
    }

    /// Gives back what the line has.
    fn unpeg(&mut self, at: At) {
        let pegs = std::mem::take(&mut self.line(at).pegs);
        for (batch, units) in pegs.to_vec() {
            let allocated = &mut self.ledger.batches[batch as usize].allocated;
            *allocated = allocated.saturating_sub(units);
        }
    }

    fn pegs(&mut self, allocations: &[Allocation]) -> Vec<(At, u64)> {
        let mut pegs = Vec::with_capacity(allocations.len());
        for allocation in allocations {
            match self.ledger.find_batch(&allocation.batch) {
                Some(batch) => pegs.push((batch, allocation.quantity)),
                None => self.wrong(format_args!(
                    "names {}, which was never created",
                    allocation.batch
                )),
            }
        }
        pegs
    }

    fn wrong_if(&mut self, wrong: bool, words: &str) {
        if wrong {
            self.wrong(words);
        }
    }
}
