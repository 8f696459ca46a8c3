//! A batch: a quantity of one SKU bought together, in the warehouse or on its way.

use std::cmp::Ordering;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::hold::Hold;
use crate::ids::{BatchRef, Location, ShipmentRef, Sku};

/// A quantity of one SKU that was bought together.
///
/// It carries counters, not the lines that take from it, so that the millionth allocation costs what the
/// tenth does. `purchased = allocated + dispatched + free`, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in the partition: the order of creation, and the stores' integer key.
    pub number: u64,
    /// The unique name by which the outside knows it.
    pub reference: BatchRef,
    /// What it is a quantity of.
    pub sku: Sku,
    /// Where it lies or will land, where that is known.
    pub location: Option<Location>,
    /// The shipment that carries it.
    pub shipment: Option<ShipmentRef>,
    /// The day on which it is expected; `None`: it is in the warehouse. A past day means overdue.
    pub eta: Option<Date>,
    /// What keeps this batch back.
    pub hold: Option<Hold>,
    /// What keeps its whole shipment back.
    pub shipment_hold: Option<Hold>,
    /// Whether somebody counted what arrived: the ETA of its shipment no longer concerns it.
    pub received: bool,
    /// How it came to be in the warehouse; `None` while it is on its way.
    pub landed: Option<Landing>,
    /// Units bought.
    pub purchased: u64,
    /// Units pegged to order lines and not yet dispatched.
    pub allocated: u64,
    /// Units that have left for customers.
    pub dispatched: u64,
    /// The quantity that its `CreateBatch` gave: a repeat is compared with it, also after later changes.
    pub first_quantity: u64,
    /// The ETA that its `CreateBatch` gave.
    pub first_eta: Option<Date>,
}

/// The day on which goods came to be in the warehouse, and how much of them was sold by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Landing {
    /// The day, in the warehouse's time zone.
    pub on: Date,
    /// Units that had a buyer by then: allocated or dispatched.
    pub sold: u64,
    /// Units that landed; 0: it never was on its way, it was in the warehouse when it was created.
    pub of: u64,
}

/// When a batch's goods can be counted on. The order is the one in which the policy `earliest` prefers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Supply {
    /// They are in the warehouse.
    Now,
    /// From this day on.
    From(Date),
    /// Nobody knows: a hold without an expected clear date.
    Never,
}

impl Batch {
    /// New supply of which nothing is taken: by itself, anywhere, on no shipment, not held.
    pub fn new(
        number: u64,
        reference: BatchRef,
        sku: Sku,
        purchased: u64,
        eta: Option<Date>,
    ) -> Self {
        Self {
            number,
            reference,
            sku,
            location: None,
            shipment: None,
            eta,
            hold: None,
            shipment_hold: None,
            received: false,
            landed: None,
            purchased,
            allocated: 0,
            dispatched: 0,
            first_quantity: purchased,
            first_eta: eta,
        }
    }

    /// Units that no line has: purchased − allocated − dispatched.
    pub fn free(&self) -> u64 {
        self.purchased
            .saturating_sub(self.allocated + self.dispatched)
    }

    /// When its goods can be counted on: its ETA or the expected clear date of its holds, whichever is
    /// later; never while one of its holds has no such date.
    pub fn supply(&self) -> Supply {
        let mut there = self.eta;
        for hold in [&self.hold, &self.shipment_hold].into_iter().flatten() {
            match hold.expected_clear {
                Some(clear) => there = there.max(Some(clear)),
                None => return Supply::Never,
            }
        }
        there.map_or(Supply::Now, Supply::From)
    }

    /// Units that a line could take now: those that are free, of goods that can be counted on.
    pub fn available(&self) -> u64 {
        if (self.hold.is_some() || self.shipment_hold.is_some()) && self.supply() == Supply::Never {
            return 0;
        }
        self.free()
    }

    /// Units that lines hold beyond what was purchased: not 0 only while a shortage is being dealt with.
    pub fn over(&self) -> u64 {
        (self.allocated + self.dispatched).saturating_sub(self.purchased)
    }

    /// Whether its goods can leave: they are in the warehouse, and nothing keeps them back.
    pub fn can_leave(&self) -> bool {
        self.eta.is_none() && self.hold.is_none() && self.shipment_hold.is_none()
    }

    /// Whether it was expected before this day and is still not here.
    pub fn overdue(&self, today: Date) -> bool {
        self.eta.is_some_and(|eta| eta < today)
    }

    /// The order of preference of the policy `earliest`: the warehouse, then the day on which the goods can
    /// be counted on, then the reference.
    pub fn earliest_first(&self, other: &Batch) -> Ordering {
        self.supply()
            .cmp(&other.supply())
            .then_with(|| self.reference.cmp(&other.reference))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::ids::HoldCode;

    fn hold(expected_clear: Option<Date>) -> Hold {
        Hold {
            code: HoldCode::new("customs").unwrap(),
            note: None,
            expected_clear,
        }
    }

    fn batch(eta: Option<Date>) -> Batch {
        let (reference, sku) = (BatchRef::new("b").unwrap(), Sku::new("S").unwrap());
        Batch {
            allocated: 4,
            dispatched: 1,
            ..Batch::new(1, reference, sku, 10, eta)
        }
    }

    #[test]
    fn held_goods_are_supply_from_the_clear_date_on_and_none_without_one() {
        let (may, june) = (date(2026, 5, 1), date(2026, 6, 1));
        assert_eq!(batch(None).supply(), Supply::Now);
        assert_eq!(batch(Some(may)).supply(), Supply::From(may));
        let mut held = batch(Some(may));
        held.hold = Some(hold(Some(june)));
        assert_eq!(held.supply(), Supply::From(june), "the later of both");
        assert_eq!(held.available(), 5);
        held.shipment_hold = Some(hold(None));
        assert_eq!(held.supply(), Supply::Never);
        assert_eq!((held.available(), held.free()), (0, 5));
        let mut here = batch(None);
        here.hold = Some(hold(Some(may)));
        assert_eq!(here.supply(), Supply::From(may), "also in the warehouse");
        assert!(!here.can_leave());
    }
}
