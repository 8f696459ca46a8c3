//! The resources as the outside sees them: what replies and views are made of.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{
    Batch, BatchRef, Carriage, Day, Deliver, Hold, LineId, Location, OrderId, OrderLine,
    PlacedOrder, Policy, Priority, Shipment, ShipmentRef, Sku, Supply,
};
use serde::{Deserialize, Serialize};

use crate::views::OrderLineView;

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct BatchResource {
    /// Its unique name.
    pub reference: BatchRef,
    /// What it is a quantity of.
    pub sku: Sku,
    /// Where it lies or will land.
    pub location: Option<Location>,
    /// When it is expected; null: it is in the warehouse.
    pub eta: Option<Date>,
    /// The shipment that carries it.
    pub shipment: Option<ShipmentRef>,
    /// What keeps it back.
    pub hold: Option<Hold>,
    /// What keeps its whole shipment back.
    pub shipment_hold: Option<Hold>,
    /// Units bought.
    pub purchased: u64,
    /// Units pegged to lines and not yet dispatched.
    pub allocated: u64,
    /// Units that have left.
    pub dispatched: u64,
    /// Units that a line could take now.
    pub available: u64,
    /// Whether its ETA has passed and it is still not here.
    pub overdue: bool,
}

impl BatchResource {
    /// The batch as it is on this day.
    pub fn new(batch: &Batch, today: Date) -> Self {
        Self {
            reference: batch.reference.clone(),
            sku: batch.sku.clone(),
            location: batch.location.clone(),
            eta: batch.eta,
            shipment: batch.shipment.clone(),
            hold: batch.hold.clone(),
            shipment_hold: batch.shipment_hold.clone(),
            purchased: batch.purchased,
            allocated: batch.allocated,
            dispatched: batch.dispatched,
            available: batch.available(),
            overdue: batch.overdue(today),
        }
    }
}

/// A shipment, and the batches that it carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ShipmentResource {
    /// Its unique name.
    pub reference: ShipmentRef,
    /// When it is expected; null: it has landed.
    pub eta: Option<Date>,
    /// Who carries it.
    pub carrier: Option<Carriage>,
    /// The vessel.
    pub vessel: Option<Carriage>,
    /// The container.
    pub container: Option<Carriage>,
    /// What keeps all its batches back.
    pub hold: Option<Hold>,
    /// Whether its ETA has passed and it has not landed.
    pub overdue: bool,
    /// Units bought, of all its batches.
    pub purchased: u64,
    /// Units pegged to lines and not yet dispatched.
    pub allocated: u64,
    /// Units that have left.
    pub dispatched: u64,
    /// Units that a line could take now.
    pub available: u64,
    /// How many batches it carries.
    pub batch_count: u64,
    /// Its batches, by reference; a list of shipments leaves them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<Vec<BatchResource>>,
}

impl ShipmentResource {
    /// The shipment as it is on this day, with these batches.
    pub fn new(shipment: &Shipment, batches: Vec<BatchResource>, today: Date) -> Self {
        let sum = |units: fn(&BatchResource) -> u64| batches.iter().map(units).sum();
        Self {
            reference: shipment.reference.clone(),
            eta: shipment.eta,
            carrier: shipment.carrier.clone(),
            vessel: shipment.vessel.clone(),
            container: shipment.container.clone(),
            hold: shipment.hold.clone(),
            overdue: shipment.overdue(today),
            purchased: sum(|batch| batch.purchased),
            allocated: sum(|batch| batch.allocated),
            dispatched: sum(|batch| batch.dispatched),
            available: sum(|batch| batch.available),
            batch_count: batches.len() as u64,
            batches: Some(batches),
        }
    }
}

/// What a line is pegged to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AllocationResource {
    /// The batch.
    pub batch: BatchRef,
    /// Units.
    pub quantity: u64,
    /// When the batch is expected; null: it is in the warehouse.
    pub eta: Option<Date>,
}

/// An order line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct LineResource {
    /// The order.
    pub order_id: OrderId,
    /// The line in the order.
    pub line_id: LineId,
    /// What is wanted.
    pub sku: Sku,
    /// Units wanted.
    pub quantity: u64,
    /// Where it stands.
    pub status: Status,
    /// What it is pegged to.
    pub allocations: Vec<AllocationResource>,
    /// Units that have left.
    pub dispatched: u64,
    /// The day on which the customer would like it.
    pub requested_date: Option<Date>,
    /// The first promise; it never changes.
    pub original_promise: Option<Date>,
    /// The promise that holds now; null while it waits, and while a part of it has left and the rest is held
    /// without an expected clear date.
    pub current_promise: Option<Date>,
    /// Whether the promised day has passed and the goods have not left.
    pub overdue: bool,
    /// 0–9, higher first.
    pub priority: Priority,
    /// Which batch it prefers.
    pub policy: Policy,
}

impl LineResource {
    /// The line as it is on this day. `eta_of` tells the ETA of a batch by its number.
    pub fn new(line: &OrderLine, eta_of: impl Fn(u64) -> Option<Date>, today: Date) -> Self {
        Self {
            order_id: line.key.order_id.clone(),
            line_id: line.key.line_id.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            status: line.status(),
            allocations: line
                .allocations
                .iter()
                .map(|a| AllocationResource {
                    batch: a.batch.clone(),
                    quantity: a.quantity,
                    eta: eta_of(a.batch_number),
                })
                .collect(),
            dispatched: line.dispatched,
            requested_date: line.terms.requested_date,
            original_promise: line.original_promise,
            current_promise: line.current_promise,
            overdue: line.overdue(today),
            priority: line.terms.priority,
            policy: line.terms.policy,
        }
    }

    /// The line of a row of the order view, as it is on this day. `eta_of` tells the ETA of a batch by its number.
    pub fn of_view(row: OrderLineView, eta_of: impl Fn(u64) -> Option<Date>, today: Date) -> Self {
        let promised = row.current_promise;
        Self {
            overdue: row.status == Status::Allocated && promised.is_some_and(|day| day < today),
            order_id: row.key.order_id,
            line_id: row.key.line_id,
            sku: row.sku,
            quantity: row.quantity,
            status: row.status,
            allocations: row
                .allocations
                .into_iter()
                .map(|a| AllocationResource {
                    eta: eta_of(a.batch_number),
                    batch: a.batch,
                    quantity: a.quantity,
                })
                .collect(),
            dispatched: row.dispatched,
            requested_date: row.requested_date,
            original_promise: row.original_promise,
            current_promise: row.current_promise,
            priority: row.priority,
            policy: row.policy,
        }
    }
}

/// An order and its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OrderResource {
    /// The order.
    pub order_id: OrderId,
    /// When its lines go out.
    pub deliver: Deliver,
    /// The latest of its lines' original promises; null until each line has had one.
    pub original_promise: Option<Date>,
    /// The latest of its lines' promises; null while one of them has none.
    pub current_promise: Option<Date>,
    /// The lines, in the order in which they were accepted.
    pub lines: Vec<LineResource>,
}

impl OrderResource {
    /// The order of these lines. Cancelled ones have no say in its promise, nor those that left without one.
    pub fn new(order_id: OrderId, placed: Option<&PlacedOrder>, lines: Vec<LineResource>) -> Self {
        let latest = |promise: fn(&LineResource) -> Option<Date>| {
            lines
                .iter()
                .filter(|line| match line.status {
                    Status::Allocated | Status::Backordered => true,
                    // What has left has a say only where it was promised: not where it left before the whole order
                    // had a day, or the rest of it was cancelled.
                    Status::Dispatched => promise(line).is_some(),
                    Status::Cancelled => false,
                })
                .map(promise)
                .reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)))
                .flatten()
        };
        Self {
            deliver: placed.map_or_else(Deliver::default, |placed| placed.deliver),
            original_promise: latest(|line| line.original_promise),
            current_promise: latest(|line| line.current_promise),
            order_id,
            lines,
        }
    }
}

/// A product: its totals over all its batches, and those that still have something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ProductResource {
    /// What is sold.
    pub sku: Sku,
    /// Goes up with every command that changes the product.
    pub version: u64,
    /// Units bought.
    pub purchased: u64,
    /// Units pegged to lines and not yet dispatched.
    pub allocated: u64,
    /// Units that have left.
    pub dispatched: u64,
    /// Units that a line could take now, of all batches.
    pub available: u64,
    /// How many lines wait.
    pub backordered_lines: u64,
}

/// Uncommitted supply that comes on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AvailabilityStep {
    /// The day that can be promised.
    pub date: Date,
    /// Units that become available on that day.
    pub quantity: u64,
    /// Units available on that day and before.
    pub cumulative: u64,
}

/// Available-to-promise by date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AvailabilityResource {
    /// The product.
    pub sku: Sku,
    /// The day for which this is computed.
    pub as_of: Date,
    /// How many lines wait.
    pub backordered_lines: u64,
    /// One step a day on which something becomes available, the earliest first.
    pub steps: Vec<AvailabilityStep>,
}

impl AvailabilityResource {
    /// The steps that these units of these days make: the read model's rows, as seen on this day.
    pub fn new(
        sku: Sku,
        backordered_lines: u64,
        rows: impl IntoIterator<Item = (Supply, u64)>,
        day: &Day,
    ) -> Self {
        let mut by_date: BTreeMap<Date, u64> = BTreeMap::new();
        for (supply, units) in rows {
            if let Some(date) = day.promise_of(supply).filter(|_| units > 0) {
                *by_date.entry(date).or_default() += units;
            }
        }
        let mut cumulative = 0;
        let steps = by_date.into_iter().map(|(date, quantity)| {
            cumulative += quantity;
            AvailabilityStep {
                date,
                quantity,
                cumulative,
            }
        });
        Self {
            sku,
            as_of: day.today,
            backordered_lines,
            steps: steps.collect(),
        }
    }
}
