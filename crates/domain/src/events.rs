//! What happened: the facts that a product or an order records. The log is made of them, and all that is
//! known can be made again from it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{BatchRef, LineId, Location, OrderId, ShipmentRef, Sku};
use crate::line::{Allocation, Terms};
use crate::values::{Deliver, IfShort};

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
}

/// Why a promise changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum PromiseCause {
    /// The ETA of a batch changed.
    EtaChanged,
    /// The line moved to another batch.
    Reallocated,
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
        /// The first promise ever made for the line.
        original_promise: Date,
        /// The promise that holds now.
        current_promise: Date,
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
    /// A line's promise is another than the customer was told.
    PromiseChanged {
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// As told.
        from: Date,
        /// As it is now.
        to: Date,
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
}

impl Event {
    /// The name of its type, as in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::BatchCreated { .. } => "BatchCreated",
            Event::BatchQuantityChanged { .. } => "BatchQuantityChanged",
            Event::BatchEtaChanged { .. } => "BatchEtaChanged",
            Event::OrderPlaced { .. } => "OrderPlaced",
            Event::Allocated { .. } => "Allocated",
            Event::Deallocated { .. } => "Deallocated",
            Event::Backordered { .. } => "Backordered",
            Event::OutOfStock { .. } => "OutOfStock",
            Event::PromiseChanged { .. } => "PromiseChanged",
            Event::LineAmended { .. } => "LineAmended",
            Event::LineCancelled { .. } => "LineCancelled",
        }
    }

    /// The version of the schema of its data.
    pub fn schema(&self) -> u16 {
        1
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
