//! What the outside may ask for. The same JSON object works in every entrypoint.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{
    BatchRef, Carriage, HoldCode, LineId, LineKey, Location, OrderId, ShipmentRef, Sku,
};
use crate::line::Terms;
use crate::values::{Count, Deliver, IfShort, Policy, Priority, Quantity};

/// The most lines that one `PlaceOrder` may have.
pub const MAX_ORDER_LINES: usize = 10_000;

/// `null` counts as absent, so that generated clients may send every field.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `YYYY-MM-DD` or null. A time of day beside it would be dropped in silence, so it is refused.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    parse_day(&text).map(Some).map_err(D::Error::custom)
}

/// A date or null, where neither may be left out.
#[cfg(feature = "schemars")]
fn nullable_day(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": ["string", "null"], "format": "date" })
}

/// Reads a date in the form of every command, `YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Result<Date, BadDay> {
    let plain = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    plain.then(|| text.parse().ok()).flatten().ok_or(BadDay)
}

/// A text that is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date such as 2026-12-31")]
pub struct BadDay;

/// New supply; waiting backorders of the SKU are filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreateBatch {
    /// A unique name for it.
    pub reference: BatchRef,
    /// What it is a quantity of. The first batch makes the product.
    pub sku: Sku,
    /// Units purchased.
    pub quantity: Quantity,
    /// The day on which it is expected; null or absent: it is in the warehouse.
    #[serde(default, deserialize_with = "day")]
    pub eta: Option<Date>,
    /// The shipment that carries it.
    #[serde(default)]
    pub shipment: Option<ShipmentRef>,
    /// Where it lies or will land.
    #[serde(default)]
    pub location: Option<Location>,
}

/// The purchased quantity becomes this; lines that no longer fit are dropped by the shortage rule and
/// allocated again or backordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeBatchQuantity {
    /// The batch.
    pub reference: BatchRef,
    /// Units purchased from now on; 0 is allowed.
    pub quantity: Count,
    /// Why, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The batch is expected on another day. A later one moves promises; an earlier one pulls late promises
/// back, never before the original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeBatchEta {
    /// The batch.
    pub reference: BatchRef,
    /// The day; null: it is in the warehouse. The field must be there: forgetting it would land a ship.
    #[serde(deserialize_with = "day")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "nullable_day"))]
    pub eta: Option<Date>,
}

/// The batch is kept back. Without an expected clear date it is no supply, and its lines move or wait; with
/// one it is supply from then on, and keeps its lines. A hold on a hold replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct HoldBatch {
    /// The batch.
    pub reference: BatchRef,
    /// What kind of hold: `customs`, `paperwork`, `quality`, `damage`, …
    pub code: HoldCode,
    /// Anything else that people should know.
    #[serde(default)]
    pub note: Option<String>,
    /// The day on which it is expected to be cleared; null or absent: nobody knows.
    #[serde(default, deserialize_with = "day")]
    pub expected_clear: Option<Date>,
}

/// The batch is no longer kept back by a hold of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ReleaseBatch {
    /// The batch.
    pub reference: BatchRef,
}

/// The batch arrived and was counted: it is in the warehouse, and the count is its quantity. A second
/// receipt corrects the first. A hold stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ReceiveBatch {
    /// The batch.
    pub reference: BatchRef,
    /// Units that arrived; 0 is allowed.
    pub quantity: Count,
}

/// What has not left of the batch will never come: its lines move or wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CancelBatch {
    /// The batch.
    pub reference: BatchRef,
    /// Why, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A vessel or container. Batches name it, and take its ETA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CreateShipment {
    /// A unique name for it.
    pub reference: ShipmentRef,
    /// The day on which it is expected; null: it has landed.
    #[serde(deserialize_with = "day")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "nullable_day"))]
    pub eta: Option<Date>,
    /// Who carries it.
    #[serde(default)]
    pub carrier: Option<Carriage>,
    /// The vessel.
    #[serde(default)]
    pub vessel: Option<Carriage>,
    /// The container.
    #[serde(default)]
    pub container: Option<Carriage>,
}

/// The shipment is expected on another day, with all its batches that were not received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeShipmentEta {
    /// The shipment.
    pub reference: ShipmentRef,
    /// The day; null: it has landed. The field must be there.
    #[serde(deserialize_with = "day")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "nullable_day"))]
    pub eta: Option<Date>,
}

/// All batches of the shipment are kept back, as if each were held. A hold on a hold replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct HoldShipment {
    /// The shipment.
    pub reference: ShipmentRef,
    /// What kind of hold.
    pub code: HoldCode,
    /// Anything else that people should know.
    #[serde(default)]
    pub note: Option<String>,
    /// The day on which it is expected to be cleared; null or absent: nobody knows.
    #[serde(default, deserialize_with = "day")]
    pub expected_clear: Option<Date>,
}

/// The shipment's hold is over; its batches' own holds are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ReleaseShipment {
    /// The shipment.
    pub reference: ShipmentRef,
}

/// The shipment landed and was counted, with all its batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ReceiveShipment {
    /// The shipment.
    pub reference: ShipmentRef,
    /// Units that arrived, by batch; batches that are not named arrived as expected.
    #[serde(default, deserialize_with = "null_is_default")]
    pub counts: BTreeMap<BatchRef, Count>,
}

/// One order line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Allocate {
    /// The order.
    pub order_id: OrderId,
    /// What is wanted.
    pub sku: Sku,
    /// How many units.
    pub quantity: Quantity,
    /// The line's id in the order; the SKU where none is given.
    #[serde(default)]
    pub line_id: Option<LineId>,
    /// The day on which the customer would like it; a past one is taken.
    #[serde(default, deserialize_with = "day")]
    pub requested_date: Option<Date>,
    /// 0–9, higher first; 5 where none is given.
    #[serde(default, deserialize_with = "null_is_default")]
    pub priority: Priority,
    /// Which batch it prefers.
    #[serde(default, deserialize_with = "null_is_default")]
    pub policy: Policy,
    /// Whether it may take several batches.
    #[serde(default, deserialize_with = "null_is_default")]
    pub split: bool,
    /// What to do when there is too little.
    #[serde(default, deserialize_with = "null_is_default")]
    pub if_short: IfShort,
    /// The locations that may serve it, in order of preference; none: any.
    #[serde(default, deserialize_with = "null_is_default")]
    pub locations: Vec<Location>,
}

/// One line of a [`PlaceOrder`]. What it does not say, the order says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewLine {
    /// What is wanted.
    pub sku: Sku,
    /// How many units.
    pub quantity: Quantity,
    /// The line's id in the order; the SKU where none is given.
    #[serde(default)]
    pub line_id: Option<LineId>,
    /// The day on which the customer would like it.
    #[serde(default, deserialize_with = "day")]
    pub requested_date: Option<Date>,
    /// 0–9, higher first.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Which batch it prefers.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Whether it may take several batches.
    #[serde(default, deserialize_with = "null_is_default")]
    pub split: bool,
    /// The locations that may serve it, in order of preference; none: any.
    #[serde(default, deserialize_with = "null_is_default")]
    pub locations: Vec<Location>,
}

/// A whole order: all its lines in one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PlaceOrder {
    /// The order.
    pub order_id: OrderId,
    /// Its lines, at least one, each with a line id of its own.
    #[cfg_attr(feature = "schemars", schemars(length(min = 1, max = 10_000)))]
    pub lines: Vec<NewLine>,
    /// For lines that name none.
    #[serde(default, deserialize_with = "day")]
    pub requested_date: Option<Date>,
    /// For lines that name none.
    #[serde(default, deserialize_with = "null_is_default")]
    pub priority: Priority,
    /// For lines that name none.
    #[serde(default, deserialize_with = "null_is_default")]
    pub policy: Policy,
    /// `backorder`: what finds no stock waits; `reject`: all lines or none.
    #[serde(default, deserialize_with = "null_is_default")]
    pub if_short: IfShort,
    /// When the lines go out.
    #[serde(default, deserialize_with = "null_is_default")]
    pub deliver: Deliver,
}

/// The customer wants another quantity of a line. It keeps its batch where it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ChangeLineQuantity {
    /// The order.
    pub order_id: OrderId,
    /// The line.
    pub line_id: LineId,
    /// Units wanted from now on.
    pub quantity: Quantity,
    /// What to do with an increase that nothing can hold: refuse it (where nothing is said) or let the
    /// whole line wait.
    #[serde(default)]
    pub if_short: Option<IfShort>,
}

/// A line is no longer wanted; what has left stays dispatched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CancelLine {
    /// The order.
    pub order_id: OrderId,
    /// The line.
    pub line_id: LineId,
}

/// No line of the order is wanted any longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CancelOrder {
    /// The order.
    pub order_id: OrderId,
}

/// Goods leave for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Dispatch {
    /// The order.
    pub order_id: OrderId,
    /// The line; without it, every line of the order whose goods are in the warehouse.
    #[serde(default)]
    pub line_id: Option<LineId>,
    /// Units that leave; without it, all that have not left. It needs a line, and is only safe to repeat
    /// with an `id`.
    #[serde(default)]
    pub quantity: Option<Quantity>,
}

/// Everything that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[expect(
    missing_docs,
    reason = "each variant is the struct of its name, which has the documentation"
)]
pub enum Command {
    CreateBatch(CreateBatch),
    ChangeBatchQuantity(ChangeBatchQuantity),
    ChangeBatchEta(ChangeBatchEta),
    HoldBatch(HoldBatch),
    ReleaseBatch(ReleaseBatch),
    ReceiveBatch(ReceiveBatch),
    CancelBatch(CancelBatch),
    CreateShipment(CreateShipment),
    ChangeShipmentEta(ChangeShipmentEta),
    HoldShipment(HoldShipment),
    ReleaseShipment(ReleaseShipment),
    ReceiveShipment(ReceiveShipment),
    Allocate(Allocate),
    PlaceOrder(PlaceOrder),
    ChangeLineQuantity(ChangeLineQuantity),
    CancelLine(CancelLine),
    CancelOrder(CancelOrder),
    Dispatch(Dispatch),
}

impl Command {
    /// The names of all types.
    pub const KINDS: [&str; 18] = [
        "CreateBatch",
        "ChangeBatchQuantity",
        "ChangeBatchEta",
        "HoldBatch",
        "ReleaseBatch",
        "ReceiveBatch",
        "CancelBatch",
        "CreateShipment",
        "ChangeShipmentEta",
        "HoldShipment",
        "ReleaseShipment",
        "ReceiveShipment",
        "Allocate",
        "PlaceOrder",
        "ChangeLineQuantity",
        "CancelLine",
        "CancelOrder",
        "Dispatch",
    ];

    /// The name of its type, as in JSON: one of [`Command::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Command::CreateBatch(_) => "CreateBatch",
            Command::ChangeBatchQuantity(_) => "ChangeBatchQuantity",
            Command::ChangeBatchEta(_) => "ChangeBatchEta",
            Command::HoldBatch(_) => "HoldBatch",
            Command::ReleaseBatch(_) => "ReleaseBatch",
            Command::ReceiveBatch(_) => "ReceiveBatch",
            Command::CancelBatch(_) => "CancelBatch",
            Command::CreateShipment(_) => "CreateShipment",
            Command::ChangeShipmentEta(_) => "ChangeShipmentEta",
            Command::HoldShipment(_) => "HoldShipment",
            Command::ReleaseShipment(_) => "ReleaseShipment",
            Command::ReceiveShipment(_) => "ReceiveShipment",
            Command::Allocate(_) => "Allocate",
            Command::PlaceOrder(_) => "PlaceOrder",
            Command::ChangeLineQuantity(_) => "ChangeLineQuantity",
            Command::CancelLine(_) => "CancelLine",
            Command::CancelOrder(_) => "CancelOrder",
            Command::Dispatch(_) => "Dispatch",
        }
    }
}

impl Allocate {
    /// The line that it asks for.
    pub fn key(&self) -> LineKey {
        LineKey {
            order_id: self.order_id.clone(),
            line_id: self
                .line_id
                .clone()
                .unwrap_or_else(|| self.sku.clone().into()),
        }
    }

    /// Its terms, the defaults filled in.
    pub fn terms(&self) -> Terms {
        Terms {
            quantity: self.quantity.get(),
            requested_date: self.requested_date,
            priority: self.priority,
            policy: self.policy,
            split: self.split,
            if_short: self.if_short,
            locations: self.locations.clone(),
            deliver: Deliver::AsReady,
        }
    }
}

impl NewLine {
    /// Its id in the order.
    pub fn id(&self) -> LineId {
        self.line_id
            .clone()
            .unwrap_or_else(|| self.sku.clone().into())
    }
}

impl PlaceOrder {
    /// The key of one of its lines.
    pub fn key(&self, line: &NewLine) -> LineKey {
        LineKey {
            order_id: self.order_id.clone(),
            line_id: line.id(),
        }
    }

    /// The terms of one of its lines: what the line does not say, the order says.
    pub fn terms(&self, line: &NewLine) -> Terms {
        Terms {
            quantity: line.quantity.get(),
            requested_date: line.requested_date.or(self.requested_date),
            priority: line.priority.unwrap_or(self.priority),
            policy: line.policy.unwrap_or(self.policy),
            split: line.split,
            if_short: self.if_short,
            locations: line.locations.clone(),
            deliver: self.deliver,
        }
    }
}
