//! What happens to a product's goods before they are sold: created, counted, delayed, held, cancelled.
//!
//! These change batches and record that. What it means for the lines is the service's to carry out: lines
//! that no longer fit lose their stock by the shortage rule, and promises are looked at again. A batch must be
//! loaded before it is changed.

use jiff::civil::Date;

use super::Product;
use crate::batch::{Batch, Landing};
use crate::events::Event;
use crate::hold::Hold;
use crate::ids::{BatchRef, ShipmentRef};

impl Product {
    /// Takes new supply in.
    pub fn create_batch(&mut self, batch: Batch) {
        self.record(Event::BatchCreated {
            reference: batch.reference.clone(),
            quantity: batch.purchased,
            eta: batch.eta,
            shipment: batch.shipment.clone(),
            location: batch.location.clone(),
            landed: batch.landed,
        });
        if let Some(hold) = &batch.shipment_hold {
            self.record(Event::BatchHeld {
                reference: batch.reference.clone(),
                hold: hold.clone(),
                shipment: batch.shipment.clone(),
            });
        }
        self.insert(batch);
    }

    /// Makes this the purchased quantity. The batch may hold too much afterwards ([`Batch::over`]): lines
    /// must be deallocated before the command ends. Nothing happens where it is the quantity already.
    pub fn change_quantity(&mut self, reference: &BatchRef, to: u64, reason: Option<String>) {
        let Some(at) = self.loaded(reference) else {
            return;
        };
        let from = self.batches[at].purchased;
        if from == to {
            return;
        }
        self.touch(at);
        let was = (self.batches[at].supply(), self.batches[at].available());
        self.batches[at].purchased = to;
        self.compare(was, at);
        self.record(Event::BatchQuantityChanged {
            reference: reference.clone(),
            from,
            to,
            reason,
        });
    }

    /// Makes this the ETA, as told on this day. The promises of its lines are another matter.
    pub fn change_eta(&mut self, reference: &BatchRef, to: Option<Date>, today: Date) {
        self.set_eta(reference, to, None, today);
    }

    /// As [`Product::change_eta`], because this is its shipment's.
    pub fn follow_shipment(
        &mut self,
        reference: &BatchRef,
        to: Option<Date>,
        shipment: &ShipmentRef,
        today: Date,
    ) {
        self.set_eta(reference, to, Some(shipment), today);
    }

    fn set_eta(
        &mut self,
        reference: &BatchRef,
        to: Option<Date>,
        shipment: Option<&ShipmentRef>,
        today: Date,
    ) {
        let Some(at) = self.loaded(reference) else {
            return;
        };
        let from = self.batches[at].eta;
        if from == to {
            return;
        }
        self.reshape(at, |batch| {
            batch.eta = to;
            // A day to come takes back what was said of an arrival.
            batch.received &= to.is_none();
            batch.landed = to.is_none().then(|| landing(batch, today, batch.purchased));
        });
        let landed = self.batch(reference).and_then(|batch| batch.landed);
        self.record(Event::BatchEtaChanged {
            reference: reference.clone(),
            from,
            to,
            landed,
            shipment: shipment.cloned(),
        });
    }

    /// Keeps a batch back; a hold that is there is replaced. With a shipment, it is the shipment's hold.
    pub fn hold_batch(
        &mut self,
        reference: &BatchRef,
        hold: &Hold,
        shipment: Option<&ShipmentRef>,
    ) {
        self.set_hold(reference, Some(hold), shipment);
    }

    /// Ends a hold of a batch: its own or, with a shipment, that of the shipment.
    pub fn release_batch(&mut self, reference: &BatchRef, shipment: Option<&ShipmentRef>) {
        self.set_hold(reference, None, shipment);
    }

    fn set_hold(
        &mut self,
        reference: &BatchRef,
        to: Option<&Hold>,
        shipment: Option<&ShipmentRef>,
    ) {
        let Some(at) = self.loaded(reference) else {
            return;
        };
        let batch = &self.batches[at];
        let present = if shipment.is_some() {
            &batch.shipment_hold
        } else {
            &batch.hold
        };
        if present.as_ref() == to {
            return;
        }
        self.reshape(at, |batch| {
            let hold = if shipment.is_some() {
                &mut batch.shipment_hold
            } else {
                &mut batch.hold
            };
            *hold = to.cloned();
        });
        let (reference, shipment) = (reference.clone(), shipment.cloned());
        self.record(match to {
            Some(hold) => Event::BatchHeld {
                reference,
                hold: hold.clone(),
                shipment,
            },
            None => Event::BatchReleased {
                reference,
                shipment,
            },
        });
    }

    /// So many units arrived, on this day: the batch is in the warehouse. It may hold too much afterwards
    /// ([`Batch::over`]). The same receipt again changes nothing.
    pub fn receive(&mut self, reference: &BatchRef, quantity: u64, today: Date) {
        let Some(at) = self.loaded(reference) else {
            return;
        };
        let batch = &self.batches[at];
        if batch.received && batch.purchased == quantity {
            return;
        }
        let (expected, eta) = (batch.purchased, batch.eta);
        // A second count corrects the first; it is not another landing.
        let landed = match batch.landed {
            Some(landed) if eta.is_none() => Landing {
                sold: landed.sold.min(quantity),
                of: if landed.of == 0 { 0 } else { quantity },
                ..landed
            },
            _ => landing(batch, today, quantity),
        };
        self.reshape(at, |batch| {
            batch.eta = None;
            batch.received = true;
            batch.purchased = quantity;
            batch.landed = Some(landed);
        });
        self.record(Event::BatchReceived {
            reference: reference.clone(),
            expected,
            quantity,
            short: expected.saturating_sub(quantity),
            over: quantity.saturating_sub(expected),
            eta,
            landed,
        });
    }

    /// What has not left of the batch will never come. All its lines must be deallocated before the command
    /// ends.
    pub fn cancel_batch(&mut self, reference: &BatchRef, reason: Option<String>) {
        let Some(at) = self.loaded(reference) else {
            return;
        };
        let (from, to) = (self.batches[at].purchased, self.batches[at].dispatched);
        if from == to {
            return;
        }
        self.touch(at);
        self.batches[at].purchased = to;
        self.record(Event::BatchCancelled {
            reference: reference.clone(),
            from,
            to,
            reason,
        });
    }
}

/// The landing of a batch that was on its way until now.
fn landing(batch: &Batch, on: Date, of: u64) -> Landing {
    Landing {
        on,
        sold: (batch.allocated + batch.dispatched).min(of),
        of,
    }
}
