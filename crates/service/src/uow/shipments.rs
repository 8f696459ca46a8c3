//! The shipments of a unit of work, and which batches each carries.

use landfall_domain::events::Recorded;
use landfall_domain::{BatchRef, Event, Shipment, ShipmentRef};

use super::{Stop, Undo, UnitOfWork};

/// A shipment as it was committed and as it is now; `None`: there is none.
#[derive(Debug, Default)]
pub(super) struct ShipmentSlot {
    pub(super) committed: Option<Shipment>,
    pub(super) now: Option<Shipment>,
}

impl UnitOfWork {
    /// The shipment, if there is one; to change it, change a copy and [put](UnitOfWork::put_shipment) it back.
    pub fn shipment(&self, reference: &ShipmentRef) -> Result<Option<&Shipment>, Stop> {
        match self.shipments.get(reference) {
            Some(slot) => Ok(slot.now.as_ref()),
            None => Err(Stop::needs(|keys| keys.shipments.push(reference.clone()))),
        }
    }

    /// Its batches, by reference.
    pub fn cargo(&self, reference: &ShipmentRef) -> Result<Vec<BatchRef>, Stop> {
        match self.cargo.get(reference) {
            Some(batches) => Ok(batches.clone()),
            None => Err(Stop::needs(|keys| keys.cargo.push(reference.clone()))),
        }
    }

    /// Puts a new or changed shipment in its place, and records what happened to it.
    pub fn put_shipment(&mut self, shipment: Shipment, event: Event) {
        let reference = shipment.reference.clone();
        let slot = self.shipments.entry(reference.clone()).or_default();
        let before = slot.now.replace(shipment);
        self.undo.push(Undo::Shipment(reference.clone(), before));
        self.changed_shipments.insert(reference);
        self.record(Recorded { sku: None, event });
    }

    /// Makes known that a shipment carries a new batch.
    pub fn load_onto(&mut self, shipment: &ShipmentRef, batch: &BatchRef) {
        if let Some(cargo) = self.cargo.get_mut(shipment) {
            insert(cargo, batch);
        }
        self.new_cargo.push((shipment.clone(), batch.clone()));
        self.undo.push(Undo::Cargo);
    }

    /// Takes in the cargo of a shipment as the store has it, and what the group has added.
    pub(super) fn absorb_cargo(&mut self, shipment: ShipmentRef, mut batches: Vec<BatchRef>) {
        for (_, batch) in self.new_cargo.iter().filter(|(of, _)| *of == shipment) {
            insert(&mut batches, batch);
        }
        self.cargo.entry(shipment).or_insert(batches);
    }
}

/// Keeps the references in order, each once.
fn insert(batches: &mut Vec<BatchRef>, batch: &BatchRef) {
    if let Err(at) = batches.binary_search(batch) {
        batches.insert(at, batch.clone());
    }
}
