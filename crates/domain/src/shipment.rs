//! A shipment: a vessel or container that carries many batches, so that one storm moves them all.

use jiff::civil::Date;

use crate::hold::Hold;
use crate::ids::{Carriage, ShipmentRef};

/// A vessel or container. Its batches know its reference, its ETA and its hold themselves: a product
/// needs nothing else to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The unique name by which the outside knows it.
    pub reference: ShipmentRef,
    /// The day on which it is expected; `None`: it has landed.
    pub eta: Option<Date>,
    /// Who carries it.
    pub carrier: Option<Carriage>,
    /// The vessel.
    pub vessel: Option<Carriage>,
    /// The container.
    pub container: Option<Carriage>,
    /// What keeps all its batches back.
    pub hold: Option<Hold>,
    /// The ETA that its `CreateShipment` gave: a repeat is compared with it, also after later changes.
    pub first_eta: Option<Date>,
}

impl Shipment {
    /// Whether it was expected before this day and has not landed.
    pub fn overdue(&self, today: Date) -> bool {
        self.eta.is_some_and(|eta| eta < today)
    }
}
