//! What the log tells of batches and shipments.

use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, Event, Sku};
use landfall_service::LogRecord;

use super::{BatchState, Mirror, ProductState, ensure};

impl Mirror {
    pub(super) fn shipment_event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::ShipmentCreated { reference, .. } => {
                let before = self.shipments.insert(reference.clone(), None);
                ensure(before.is_none(), || "it was created before".into())
            }
            Event::ShipmentHeld { reference, hold } => {
                let known = self.shipments.get_mut(reference);
                *known.ok_or("of an unknown shipment")? = Some(hold.clone());
                Ok(())
            }
            Event::ShipmentReleased { reference } => {
                let known = self.shipments.get_mut(reference);
                let was = known.ok_or("of an unknown shipment")?.take();
                ensure(was.is_some(), || "it was not held".into())
            }
            Event::ShipmentEtaChanged { reference, .. }
            | Event::ShipmentReceived { reference, .. } => {
                let known = self.shipments.contains_key(reference);
                ensure(known, || "of an unknown shipment".into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn batch_event(&mut self, record: &LogRecord) -> Result<(), String> {
        let sku = record.sku.as_ref().ok_or("it names no product")?;
        let Some(reference) = record.event.batch() else {
            return Ok(());
        };
        if let Event::BatchCreated { .. } = record.event {
            return self.created(sku, reference, &record.event);
        }
        let at = self.batch(reference)?;
        self.touched.batches.insert(at);
        self.touched.products.insert(self.batches[at].product);
        let of_product = self.products[self.batches[at].product].sku == *sku;
        ensure(of_product, || "the batch is another product's".into())?;
        let (expected, purchased) = (self.batches[at].expected(), self.batches[at].purchased);
        self.batch_changed(at, &record.event)?;
        let batch = &self.batches[at];
        // Of a day that has passed nobody could be promised what is there today.
        let could = if expected == Date::MIN {
            self.today
        } else {
            expected
        };
        self.worse |= batch.purchased < purchased || batch.expected().max(self.today) > could;
        Ok(())
    }

    fn batch_changed(&mut self, at: usize, event: &Event) -> Result<(), String> {
        let batch = &mut self.batches[at];
        match event {
            Event::BatchQuantityChanged { from, to, .. }
            | Event::BatchCancelled { from, to, .. } => {
                ensure(*from == batch.purchased, || {
                    format!("from {from}, and it was {}", batch.purchased)
                })?;
                batch.change_purchased(*to)
            }
            Event::BatchEtaChanged {
                from, to, landed, ..
            } => {
                ensure(*from == batch.eta, || {
                    format!("from {from:?}, and it was {:?}", batch.eta)
                })?;
                batch.eta = *to;
                batch.landing = if to.is_some() {
                    None
                } else {
                    batch.landing.or(*landed)
                };
                Ok(())
            }
            Event::BatchHeld { hold, shipment, .. } => {
                let place = if shipment.is_some() {
                    &mut batch.shipment_hold
                } else {
                    &mut batch.hold
                };
                *place = Some(hold.clone());
                Ok(())
            }
            Event::BatchReleased { shipment, .. } => {
                let place = if shipment.is_some() {
                    &mut batch.shipment_hold
                } else {
                    &mut batch.hold
                };
                let was = place.take();
                ensure(was.is_some(), || "it was not held".into())
            }
            Event::BatchReceived {
                expected,
                quantity,
                short,
                over,
                eta,
                landed,
                ..
            } => {
                let told = (*expected, *eta) == (batch.purchased, batch.eta);
                ensure(told, || "it was expected otherwise".into())?;
                let difference = (
                    expected.saturating_sub(*quantity),
                    quantity.saturating_sub(*expected),
                );
                ensure((*short, *over) == difference, || {
                    format!("{short} short and {over} over, not {difference:?}")
                })?;
                batch.eta = None;
                batch.landing = Some(*landed);
                self.figures.received(*short, *over);
                batch.change_purchased(*quantity)
            }
            _ => Ok(()),
        }
    }

    fn created(&mut self, sku: &Sku, reference: &BatchRef, event: &Event) -> Result<(), String> {
        let Event::BatchCreated {
            quantity,
            eta,
            shipment,
            landed,
            ..
        } = event
        else {
            return Ok(());
        };
        let at = self.batches.len();
        let before = self.batch_index.insert(reference.clone(), at);
        ensure(before.is_none(), || "it was created before".into())?;
        let product = self.product(sku);
        let shipment_hold = match shipment {
            None => None,
            Some(shipment) => {
                let known = self.shipments.get(shipment);
                known.ok_or("on an unknown shipment")?.clone()
            }
        };
        self.batches.push(BatchState {
            reference: reference.clone(),
            product,
            shipment: shipment.clone(),
            eta: *eta,
            hold: None,
            shipment_hold,
            purchased: *quantity,
            pegged: 0,
            dispatched: 0,
            landing: *landed,
            counted_on_hand: 0,
        });
        self.products[product].batches.push(at);
        self.touched.batches.insert(at);
        self.touched.products.insert(product);
        ensure(eta.is_none() == landed.is_some(), || {
            "it has landed when it has no ETA, and only then".into()
        })
    }

    pub(super) fn batch(&self, reference: &BatchRef) -> Result<usize, String> {
        let found = self.batch_index.get(reference).copied();
        found.ok_or_else(|| format!("{reference} was never created"))
    }

    fn product(&mut self, sku: &Sku) -> usize {
        if let Some(at) = self.product_index.get(sku) {
            return *at;
        }
        let at = self.products.len();
        self.product_index.insert(sku.clone(), at);
        self.products.push(ProductState {
            sku: sku.clone(),
            waiting: std::collections::BTreeSet::new(),
            batches: Vec::new(),
        });
        at
    }

    pub(super) fn known_product(&self, sku: Option<&Sku>) -> Result<usize, String> {
        let sku = sku.ok_or("it names no product")?;
        let found = self.product_index.get(sku).copied();
        found.ok_or_else(|| format!("of {sku}, which has no batch"))
    }
}

impl BatchState {
    fn change_purchased(&mut self, to: u64) -> Result<(), String> {
        self.purchased = to;
        let left = self.dispatched;
        ensure(to >= left, || format!("to {to}, and {left} have left"))
    }

    /// Units that no line has.
    pub(super) fn free(&self) -> u64 {
        self.purchased.saturating_sub(self.pegged + self.dispatched)
    }

    /// Units that a line could take now.
    pub(super) fn available(&self) -> u64 {
        if self.held_for_ever() { 0 } else { self.free() }
    }

    /// Whether it is held, and nobody knows until when.
    pub(super) fn held_for_ever(&self) -> bool {
        [&self.hold, &self.shipment_hold]
            .into_iter()
            .flatten()
            .any(|hold| hold.expected_clear.is_none())
    }

    /// Units that lie in the warehouse.
    pub(super) fn on_hand(&self) -> u64 {
        if self.eta.is_none() {
            self.purchased.saturating_sub(self.dispatched)
        } else {
            0
        }
    }

    /// When it landed.
    pub(super) fn landed_on(&self) -> Option<Date> {
        self.landing.map(|Landing { on, .. }| on)
    }
}
