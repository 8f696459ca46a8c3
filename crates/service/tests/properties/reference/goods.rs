//! What happens to batches and shipments.

use jiff::civil::Date;
use landfall_domain::commands::{
    CancelBatch, ChangeBatchEta, ChangeBatchQuantity, ChangeShipmentEta, CreateBatch,
    CreateShipment, HoldBatch, HoldShipment, ReceiveBatch, ReceiveShipment, ReleaseBatch,
    ReleaseShipment,
};
use landfall_domain::{Hold, ShipmentRef};

use super::{Batch, Model, Outcome, Refused, Shipment};

impl Model {
    pub(super) fn create(&mut self, c: &CreateBatch) -> Outcome {
        if c.shipment.is_some() && c.eta.is_some() {
            return Err(Refused);
        }
        if let Ok(at) = self.batch(c.reference.as_str()) {
            return if self.batches[at].first == *c {
                Ok(false)
            } else {
                Err(Refused)
            };
        }
        let shipment = c
            .shipment
            .as_ref()
            .map(|reference| self.shipment(reference))
            .transpose()?;
        let shipment = shipment.map(|at| self.shipments[at].clone());
        self.batches.push(Batch {
            reference: c.reference.to_string(),
            eta: shipment.as_ref().map_or(c.eta, |shipment| shipment.eta),
            purchased: c.quantity.get(),
            dispatched: 0,
            sku: c.sku.to_string(),
            location: c.location.clone(),
            hold: None,
            shipment: c.shipment.as_ref().map(ToString::to_string),
            shipment_hold: shipment.and_then(|shipment| shipment.hold),
            received: false,
            first: c.clone(),
        });
        if self.available(&self.batches[self.batches.len() - 1]) > 0 {
            self.better.insert(c.sku.to_string());
        }
        Ok(true)
    }

    /// Changes a batch, and carries on from there.
    fn change(&mut self, reference: &str, today: Date, how: impl FnOnce(&mut Batch)) -> Outcome {
        let at = self.batch(reference)?;
        let before = self.batches[at].clone();
        how(&mut self.batches[at]);
        if self.batches[at].purchased < before.dispatched {
            return Err(Refused);
        }
        self.changed(&[before], today);
        Ok(false)
    }

    pub(super) fn set_quantity(&mut self, c: &ChangeBatchQuantity, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| {
            batch.purchased = c.quantity.get();
        })
    }

    pub(super) fn set_eta(&mut self, c: &ChangeBatchEta, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| {
            batch.eta = c.eta;
            batch.received &= c.eta.is_none();
        })
    }

    pub(super) fn hold(&mut self, c: &HoldBatch, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| {
            batch.hold = Some(Hold {
                code: c.code.clone(),
                note: c.note.clone(),
                expected_clear: c.expected_clear,
            });
        })
    }

    pub(super) fn release(&mut self, c: &ReleaseBatch, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| batch.hold = None)
    }

    pub(super) fn receive(&mut self, c: &ReceiveBatch, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| {
            arrive(batch, c.quantity.get());
        })
    }

    pub(super) fn cancel_batch(&mut self, c: &CancelBatch, today: Date) -> Outcome {
        self.change(c.reference.as_str(), today, |batch| {
            batch.purchased = batch.dispatched;
        })
    }

    fn shipment(&self, reference: &ShipmentRef) -> Result<usize, Refused> {
        let of = |shipment: &Shipment| shipment.reference == reference.as_str();
        self.shipments.iter().position(of).ok_or(Refused)
    }

    pub(super) fn create_shipment(&mut self, c: &CreateShipment) -> Outcome {
        if let Ok(at) = self.shipment(&c.reference) {
            return if self.shipments[at].first == *c {
                Ok(false)
            } else {
                Err(Refused)
            };
        }
        self.shipments.push(Shipment {
            reference: c.reference.to_string(),
            eta: c.eta,
            hold: None,
            first: c.clone(),
        });
        Ok(true)
    }

    /// Changes those batches of a shipment of which this is true, and carries on from there.
    fn change_all(
        &mut self,
        shipment: &ShipmentRef,
        today: Date,
        which: impl Fn(&Batch) -> bool,
        how: impl Fn(&mut Batch),
    ) -> Outcome {
        let mut before = Vec::new();
        for batch in &mut self.batches {
            if batch.shipment.as_deref() == Some(shipment.as_str()) && which(batch) {
                before.push(batch.clone());
                how(batch);
                if batch.purchased < batch.dispatched {
                    return Err(Refused);
                }
            }
        }
        before.sort_by(|a, b| a.reference.cmp(&b.reference));
        self.changed(&before, today);
        Ok(false)
    }

    pub(super) fn set_shipment_eta(&mut self, c: &ChangeShipmentEta, today: Date) -> Outcome {
        let at = self.shipment(&c.reference)?;
        if self.shipments[at].eta == c.eta {
            return Ok(false);
        }
        self.shipments[at].eta = c.eta;
        let on_its_way = |batch: &Batch| !batch.received;
        self.change_all(&c.reference, today, on_its_way, |batch| batch.eta = c.eta)
    }

    pub(super) fn hold_shipment(&mut self, c: &HoldShipment, today: Date) -> Outcome {
        let hold = Hold {
            code: c.code.clone(),
            note: c.note.clone(),
            expected_clear: c.expected_clear,
        };
        self.set_shipment_hold(&c.reference, Some(&hold), today)
    }

    pub(super) fn release_shipment(&mut self, c: &ReleaseShipment, today: Date) -> Outcome {
        self.set_shipment_hold(&c.reference, None, today)
    }

    fn set_shipment_hold(&mut self, of: &ShipmentRef, to: Option<&Hold>, today: Date) -> Outcome {
        let at = self.shipment(of)?;
        self.shipments[at].hold = to.cloned();
        self.change_all(
            of,
            today,
            |_| true,
            |batch| batch.shipment_hold = to.cloned(),
        )
    }

    pub(super) fn receive_shipment(&mut self, c: &ReceiveShipment, today: Date) -> Outcome {
        let at = self.shipment(&c.reference)?;
        for counted in c.counts.keys() {
            let batch = &self.batches[self.batch(counted.as_str())?];
            if batch.shipment.as_deref() != Some(c.reference.as_str()) {
                return Err(Refused);
            }
        }
        self.shipments[at].eta = None;
        let count = |batch: &Batch| {
            let named = c
                .counts
                .iter()
                .find(|(name, _)| name.as_str() == batch.reference);
            named.map(|(_, count)| count.get())
        };
        let which = |batch: &Batch| !batch.received || count(batch).is_some();
        self.change_all(&c.reference, today, which, |batch| {
            let units = count(batch).unwrap_or(batch.purchased);
            arrive(batch, units);
        })
    }
}

fn arrive(batch: &mut Batch, units: u64) {
    batch.eta = None;
    batch.received = true;
    batch.purchased = units;
}
