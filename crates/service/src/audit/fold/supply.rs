//! What the log tells of batches and shipments.

use landfall_domain::{Batch, BatchRef, Event, Shipment, ShipmentRef};

use super::Fold;
use crate::audit::ledger::ShipmentEntry;

impl Fold<'_> {
    pub(super) fn batch_event(&mut self) {
        let record = self.record;
        match &record.event {
            Event::BatchCreated { .. } => self.batch_created(),
            Event::BatchQuantityChanged {
                reference,
                from,
                to,
                ..
            } => self.on_batch(reference, |batch| {
                let was = std::mem::replace(&mut batch.purchased, *to);
                (was != *from).then_some("from another quantity than")
            }),
            Event::BatchEtaChanged {
                reference,
                from,
                to,
                landed,
                ..
            } => self.on_batch(reference, |batch| {
                let was = std::mem::replace(&mut batch.eta, *to);
                batch.received &= to.is_none();
                batch.landed = *landed;
                let lands = landed.is_some() && to.is_some();
                let other_day = was != *from;
                if other_day {
                    return Some("from another day than");
                }
                lands.then_some("lands on a day to come, unlike")
            }),
            Event::BatchHeld {
                reference,
                hold,
                shipment,
            } => self.on_batch(reference, |batch| {
                let other = shipment.is_some() && *shipment != batch.shipment;
                *hold_of(batch, shipment.as_ref()) = Some(hold.clone());
                other.then_some("by another shipment than that of")
            }),
            Event::BatchReleased {
                reference,
                shipment,
            } => self.on_batch(reference, |batch| {
                let was = hold_of(batch, shipment.as_ref()).take();
                was.is_none().then_some("of a hold that there was not on")
            }),
            Event::BatchReceived { .. } => self.batch_received(),
            Event::BatchCancelled {
                reference,
                from,
                to,
                ..
            } => self.on_batch(reference, |batch| {
                let was = std::mem::replace(&mut batch.purchased, *to);
                if was != *from {
                    return Some("from another quantity than");
                }
                (batch.dispatched != *to).then_some("leaves another quantity than has left")
            }),
            _ => {}
        }
    }

    fn batch_created(&mut self) {
        let Event::BatchCreated {
            reference,
            quantity,
            eta,
            shipment,
            location,
            landed,
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
        self.ledger.add_batch(Batch {
            location: location.clone(),
            shipment: shipment.clone(),
            landed: *landed,
            // On a shipment it has the shipment's, and was given none of its own.
            first_eta: eta.filter(|_| shipment.is_none()),
            ..Batch::new(0, reference.clone(), sku.clone(), *quantity, *eta)
        });
    }

    fn batch_received(&mut self) {
        let Event::BatchReceived {
            reference,
            expected,
            quantity,
            short,
            over,
            eta,
            landed,
        } = &self.record.event
        else {
            return;
        };
        let differences = (
            expected.saturating_sub(*quantity),
            quantity.saturating_sub(*expected),
        );
        self.wrong_if(
            (*short, *over) != differences,
            "tells another difference than that of its counts",
        );
        self.on_batch(reference, |batch| {
            let other = batch.purchased != *expected || batch.eta != *eta;
            batch.eta = None;
            batch.received = true;
            batch.purchased = *quantity;
            batch.landed = Some(*landed);
            other.then_some("expects something else than was known of")
        });
    }

    /// Changes a batch; what `change` returns is wrong with it, its reference follows.
    fn on_batch(
        &mut self,
        reference: &BatchRef,
        change: impl FnOnce(&mut Batch) -> Option<&'static str>,
    ) {
        let Some(at) = self.ledger.find_batch(reference) else {
            return self.wrong(format_args!("of {reference}, which was never created"));
        };
        let batch = &mut self.ledger.batches[at as usize].batch;
        let elsewhere = self.record.sku.as_ref() != Some(&batch.sku);
        let wrong = change(batch);
        self.wrong_if(elsewhere, "of a batch of another product");
        if let Some(words) = wrong {
            self.wrong(format_args!("{words} {reference}"));
        }
    }

    pub(super) fn shipment_event(&mut self) {
        let record = self.record;
        match &record.event {
            Event::ShipmentCreated { .. } => self.shipment_created(),
            Event::ShipmentEtaChanged {
                reference,
                from,
                to,
            } => self.on_shipment(reference, |shipment| {
                let was = std::mem::replace(&mut shipment.eta, *to);
                (was != *from).then_some("from another day than")
            }),
            Event::ShipmentHeld { reference, hold } => self.on_shipment(reference, |shipment| {
                shipment.hold = Some(hold.clone());
                None
            }),
            Event::ShipmentReleased { reference } => self.on_shipment(reference, |shipment| {
                let was = shipment.hold.take();
                was.is_none().then_some("of a hold that there was not on")
            }),
            Event::ShipmentReceived { reference, eta, .. } => {
                self.on_shipment(reference, |shipment| {
                    let was = shipment.eta.take();
                    (was != *eta).then_some("expects another day than was known of")
                });
            }
            _ => {}
        }
    }

    fn shipment_created(&mut self) {
        let Event::ShipmentCreated {
            reference,
            eta,
            carrier,
            vessel,
            container,
        } = &self.record.event
        else {
            return;
        };
        let shipment = Shipment {
            reference: reference.clone(),
            eta: *eta,
            carrier: carrier.clone(),
            vessel: vessel.clone(),
            container: container.clone(),
            hold: None,
            first_eta: *eta,
        };
        if self.ledger.shipments.contains_key(reference) {
            return self.wrong(format_args!("of {reference}, which exists"));
        }
        let entry = ShipmentEntry {
            shipment,
            seen: false,
        };
        self.ledger.shipments.insert(reference.clone(), entry);
    }

    fn on_shipment(
        &mut self,
        reference: &ShipmentRef,
        change: impl FnOnce(&mut Shipment) -> Option<&'static str>,
    ) {
        let Some(entry) = self.ledger.shipments.get_mut(reference) else {
            return self.wrong(format_args!("of {reference}, which was never created"));
        };
        if let Some(words) = change(&mut entry.shipment) {
            self.wrong(format_args!("{words} {reference}"));
        }
    }
}

/// A batch's own hold or, with a shipment, that of the shipment.
fn hold_of<'a>(
    batch: &'a mut Batch,
    shipment: Option<&ShipmentRef>,
) -> &'a mut Option<landfall_domain::Hold> {
    if shipment.is_some() {
        &mut batch.shipment_hold
    } else {
        &mut batch.hold
    }
}
