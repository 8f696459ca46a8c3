//! What happened: the facts that a product or an order records. The log is made of them, and all that is
//! known can be made again from it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::Landing;
use crate::hold::Hold;
use crate::ids::{BatchRef, Carriage, LineId, Location, OrderId, ShipmentRef, Sku};
use crate::line::{Allocation, Terms};
use crate::values::{Deliver, IfShort, Policy};

/// Why a line lost its stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum DeallocationReason {
    /// Its batch can no longer hold it.
    QuantityChanged,
    /// It was amended, and its batch cannot hold the new quantity.
    Amended,
    /// It was cancelled.
    Cancelled,
    /// It moved to another batch at once; no person need be told.
    Repegged,
    /// Its batch is held, and nobody knows how long.
    Held,
    /// Its batch will never come.
    BatchCancelled,
}

/// Why a promise changed: what happened that made it change, to this line's supply or to another's of
/// its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum PromiseCause {
    /// The ETA of a batch or shipment changed.
    EtaChanged,
    /// The line moved to another batch (version 1 says no more).
    Reallocated,
    /// A batch or shipment is held, or its hold has another date.
    Held,
    /// A batch or shipment is no longer held.
    Released,
    /// A batch or shipment was received.
    Received,
    /// A batch has another quantity.
    QuantityChanged,
    /// A batch will never come.
    BatchCancelled,
    /// There is a new batch.
    BatchCreated,
    /// The line was amended.
    Amended,
    /// A line was cancelled.
    Cancelled,
    /// A line was added to the order. Reserved: a line that is added goes out by itself, so no command gives this yet.
    LineAdded,
    /// A line was dispatched.
    Dispatched,
}

/// Units that have left a batch for a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Departure {
    /// The batch.
    pub batch: BatchRef,
    /// Units that left it.
    pub quantity: u64,
    /// The day on which they had come to be in the warehouse, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Date>,
}

/// A fact. `type` and `data` are its form in JSON; the envelope is the log's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Event {
    /// New supply.
    BatchCreated {
        /// The batch.
        reference: BatchRef,
        /// Units purchased.
        quantity: u64,
        /// When it is expected; null: it is in the warehouse.
        eta: Option<Date>,
        /// The shipment that carries it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment: Option<ShipmentRef>,
        /// Where it lies or will land.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<Location>,
        /// Set where it is in the warehouse from the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        landed: Option<Landing>,
    },
    /// The purchased quantity is another.
    BatchQuantityChanged {
        /// The batch.
        reference: BatchRef,
        /// Units purchased until now.
        from: u64,
        /// Units purchased from now on.
        to: u64,
        /// Why, in the words of who said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The batch is expected on another day; null: it is in the warehouse.
    BatchEtaChanged {
        /// The batch.
        reference: BatchRef,
        /// Expected until now.
        from: Option<Date>,
        /// Expected from now on.
        to: Option<Date>,
        /// Set where it is in the warehouse from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        landed: Option<Landing>,
        /// The shipment whose ETA it follows; absent: it was told of this batch alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment: Option<ShipmentRef>,
    },
    /// The batch is kept back; a hold that was there is replaced.
    BatchHeld {
        /// The batch.
        reference: BatchRef,
        /// What keeps it back.
        #[serde(flatten)]
        hold: Hold,
        /// The shipment whose hold it is; absent: the batch's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment: Option<ShipmentRef>,
    },
    /// A hold of the batch is over.
    BatchReleased {
        /// The batch.
        reference: BatchRef,
        /// The shipment whose hold it was; absent: the batch's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shipment: Option<ShipmentRef>,
    },
    /// Somebody counted what arrived. The batch is in the warehouse.
    BatchReceived {
        /// The batch.
        reference: BatchRef,
        /// Units that were to come.
        expected: u64,
        /// Units that did.
        quantity: u64,
        /// Units that are missing.
        short: u64,
        /// Units too many.
        over: u64,
        /// When it was expected; null: it was in the warehouse already.
        eta: Option<Date>,
        /// When it landed, and how much of it was sold by then.
        landed: Landing,
    },
    /// What has not left of the batch will never come.
    BatchCancelled {
        /// The batch.
        reference: BatchRef,
        /// Units purchased until now.
        from: u64,
        /// Units purchased from now on: those that have left.
        to: u64,
        /// Why, in the words of who said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A vessel or container that batches can name.
    ShipmentCreated {
        /// The shipment.
        reference: ShipmentRef,
        /// When it is expected; null: it has landed.
        eta: Option<Date>,
        /// Who carries it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carrier: Option<Carriage>,
        /// The vessel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vessel: Option<Carriage>,
        /// The container.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        container: Option<Carriage>,
    },
    /// The shipment is expected on another day. Its batches' own events follow in the same commit.
    ShipmentEtaChanged {
        /// The shipment.
        reference: ShipmentRef,
        /// Expected until now.
        from: Option<Date>,
        /// Expected from now on; null: it has landed.
        to: Option<Date>,
    },
    /// The shipment is kept back, with all its batches.
    ShipmentHeld {
        /// The shipment.
        reference: ShipmentRef,
        /// What keeps it back.
        #[serde(flatten)]
        hold: Hold,
    },
    /// The shipment's hold is over. Its batches' own holds are not.
    ShipmentReleased {
        /// The shipment.
        reference: ShipmentRef,
    },
    /// The shipment has landed, and what was in it was counted.
    ShipmentReceived {
        /// The shipment.
        reference: ShipmentRef,
        /// When it was expected; null: it had landed already.
        eta: Option<Date>,
        /// The counts that were told; the other batches arrived as expected.
        counts: BTreeMap<BatchRef, u64>,
    },
    /// A whole order was placed. Its lines' own events follow in the same commit.
    OrderPlaced {
        /// The order.
        order_id: OrderId,
        /// When its lines go out.
        deliver: Deliver,
        /// The lines that it names, in its order.
        lines: Vec<LineId>,
    },
    /// A line is pegged to stock.
    Allocated {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units pegged: all that is outstanding of the line.
        quantity: u64,
        /// Where they are.
        allocations: Vec<Allocation>,
        /// The first promise ever made for the line; null: its order goes out together, and another line
        /// of it has never had stock.
        original_promise: Option<Date>,
        /// The promise that holds now; null: its order goes out together, and another line of it has no day.
        current_promise: Option<Date>,
        /// The terms, on the event that accepts the line; it is absent later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<Terms>,
    },
    /// A line lost its stock.
    Deallocated {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units given back, of all its batches.
        quantity: u64,
        /// Where they were.
        allocations: Vec<Allocation>,
        /// Why.
        reason: DeallocationReason,
    },
    /// A line starts to wait for stock.
    Backordered {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units it waits for.
        quantity: u64,
        /// The terms, on the event that accepts the line; it is absent later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<Terms>,
    },
    /// The product could not serve a line: once per command.
    OutOfStock {
        /// The first order that found too little.
        order_id: OrderId,
        /// Its line.
        line_id: LineId,
        /// Units it wanted.
        quantity: u64,
    },
    /// A line's promise is another than the customer was told, or is withdrawn, or holds again: once per command
    /// and line. The first promise of a line is told by its `Allocated`.
    PromiseChanged {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// As told; null: there was none. It waited, or its goods were held and nobody knew until when, or so did
        /// a line with which it goes out together.
        from: Option<Date>,
        /// As it is now; null: there is none, likewise.
        to: Option<Date>,
        /// Why.
        cause: PromiseCause,
    },
    /// The customer wants another quantity.
    LineAmended {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units wanted until now.
        from: u64,
        /// Units wanted from now on.
        to: u64,
        /// What the line is pegged to now; empty where another event of the same command tells.
        allocations: Vec<Allocation>,
        /// What was to happen had nothing been able to hold an increase, as the customer said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_short: Option<IfShort>,
    },
    /// What had not left of the line is no longer wanted.
    LineCancelled {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units no longer wanted.
        quantity: u64,
    },
    /// Goods have left for the customer.
    Dispatched {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// Units that left.
        quantity: u64,
        /// Where they came from.
        departures: Vec<Departure>,
        /// Units of the line that have not left yet.
        outstanding: u64,
        /// The day on which they left.
        on: Date,
        /// The day on which the customer would have liked it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requested_date: Option<Date>,
        /// The policy by which the batch was chosen.
        policy: Policy,
    },
}

impl Event {
    /// The names of all types.
    pub const KINDS: [&str; 21] = [
        "BatchCreated",
        "BatchQuantityChanged",
        "BatchEtaChanged",
        "BatchHeld",
        "BatchReleased",
        "BatchReceived",
        "BatchCancelled",
        "ShipmentCreated",
        "ShipmentEtaChanged",
        "ShipmentHeld",
        "ShipmentReleased",
        "ShipmentReceived",
        "OrderPlaced",
        "Allocated",
        "Deallocated",
        "Backordered",
        "OutOfStock",
        "PromiseChanged",
        "LineAmended",
        "LineCancelled",
        "Dispatched",
    ];

    /// The name of its type, as in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::BatchCreated { .. } => "BatchCreated",
            Event::BatchQuantityChanged { .. } => "BatchQuantityChanged",
            Event::BatchEtaChanged { .. } => "BatchEtaChanged",
            Event::BatchHeld { .. } => "BatchHeld",
            Event::BatchReleased { .. } => "BatchReleased",
            Event::BatchReceived { .. } => "BatchReceived",
            Event::BatchCancelled { .. } => "BatchCancelled",
            Event::ShipmentCreated { .. } => "ShipmentCreated",
            Event::ShipmentEtaChanged { .. } => "ShipmentEtaChanged",
            Event::ShipmentHeld { .. } => "ShipmentHeld",
            Event::ShipmentReleased { .. } => "ShipmentReleased",
            Event::ShipmentReceived { .. } => "ShipmentReceived",
            Event::OrderPlaced { .. } => "OrderPlaced",
            Event::Allocated { .. } => "Allocated",
            Event::Deallocated { .. } => "Deallocated",
            Event::Backordered { .. } => "Backordered",
            Event::OutOfStock { .. } => "OutOfStock",
            Event::PromiseChanged { .. } => "PromiseChanged",
            Event::LineAmended { .. } => "LineAmended",
            Event::LineCancelled { .. } => "LineCancelled",
            Event::Dispatched { .. } => "Dispatched",
        }
    }

    /// The version of the schema of its data: [`schema_of`] its type.
    pub fn schema(&self) -> u16 {
        schema_of(self.kind())
    }

    /// The batch that it is about, of a fact about supply.
    pub fn batch(&self) -> Option<&BatchRef> {
        match self {
            Event::BatchCreated { reference, .. }
            | Event::BatchQuantityChanged { reference, .. }
            | Event::BatchEtaChanged { reference, .. }
            | Event::BatchHeld { reference, .. }
            | Event::BatchReleased { reference, .. }
            | Event::BatchReceived { reference, .. }
            | Event::BatchCancelled { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The shipment that it is about, of a shipment's own fact.
    pub fn shipment(&self) -> Option<&ShipmentRef> {
        match self {
            Event::ShipmentCreated { reference, .. }
            | Event::ShipmentEtaChanged { reference, .. }
            | Event::ShipmentHeld { reference, .. }
            | Event::ShipmentReleased { reference }
            | Event::ShipmentReceived { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The order and the line that it is about, of a fact about a line.
    pub fn line(&self) -> Option<(&OrderId, &LineId)> {
        match self {
            Event::Allocated {
                order_id, line_id, ..
            }
            | Event::Deallocated {
                order_id, line_id, ..
            }
            | Event::Backordered {
                order_id, line_id, ..
            }
            | Event::OutOfStock {
                order_id, line_id, ..
            }
            | Event::PromiseChanged {
                order_id, line_id, ..
            }
            | Event::LineAmended {
                order_id, line_id, ..
            }
            | Event::LineCancelled {
                order_id, line_id, ..
            }
            | Event::Dispatched {
                order_id, line_id, ..
            } => Some((order_id, line_id)),
            _ => None,
        }
    }
}

/// The version of the schema of the data of events of this type. Every version that was ever written can be
/// read: a new version only adds fields that may be absent, lets a field be null, or adds words to a list.
pub fn schema_of(kind: &str) -> u16 {
    match kind {
        // Batches can land. A line has more reasons to lose its stock, a promise more causes to change, and
        // both dates are null while another line of the order waits. Terms say how the order is delivered.
        "BatchCreated" | "Allocated" | "Deallocated" | "Backordered" | "PromiseChanged" => 2,
        // Landings, and then the shipment that is followed.
        "BatchEtaChanged" => 3,
        _ => 1,
    }
}

/// A fact and the product that it is about; an order's own facts have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The product.
    pub sku: Option<Sku>,
    /// The fact.
    pub event: Event,
}
