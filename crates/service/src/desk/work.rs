//! The worklist: lines that need a person, and why.

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_domain::events::{DeallocationReason, PromiseCause};
use landfall_domain::{BatchRef, LineId, LineKey, OrderId, Priority, ShipmentRef, Sku};
use serde::{Deserialize, Serialize};

/// Why a line needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum WorkKind {
    /// It waits for stock.
    Waiting,
    /// It has stock, and its promise is later than the original one, or withdrawn.
    Late,
}

/// What brought a line on the worklist: why it lost its stock, or why its promise became worse. What makes a promise
/// better again, though not good, changes no cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Cause {
    /// There was no stock when it was accepted.
    NoStock,
    /// The ETA of a batch or shipment changed.
    EtaChanged,
    /// It moved to another batch.
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
    /// The line, or one that it goes out with, was amended.
    Amended,
    /// A line was cancelled.
    Cancelled,
    /// A line was added to the order.
    LineAdded,
    /// A line was dispatched.
    Dispatched,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::NoStock,
        Self::EtaChanged,
        Self::Reallocated,
        Self::Held,
        Self::Released,
        Self::Received,
        Self::QuantityChanged,
        Self::BatchCancelled,
        Self::BatchCreated,
        Self::Amended,
        Self::Cancelled,
        Self::LineAdded,
        Self::Dispatched,
    ];

    /// The word for it, in JSON and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoStock => "no_stock",
            Self::EtaChanged => "eta_changed",
            Self::Reallocated => "reallocated",
            Self::Held => "held",
            Self::Released => "released",
            Self::Received => "received",
            Self::QuantityChanged => "quantity_changed",
            Self::BatchCancelled => "batch_cancelled",
            Self::BatchCreated => "batch_created",
            Self::Amended => "amended",
            Self::Cancelled => "cancelled",
            Self::LineAdded => "line_added",
            Self::Dispatched => "dispatched",
        }
    }

    /// The cause with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<DeallocationReason> for Cause {
    fn from(reason: DeallocationReason) -> Self {
        match reason {
            DeallocationReason::QuantityChanged => Self::QuantityChanged,
            DeallocationReason::Amended => Self::Amended,
            DeallocationReason::Cancelled => Self::Cancelled,
            DeallocationReason::Repegged => Self::Reallocated,
            DeallocationReason::Held => Self::Held,
            DeallocationReason::BatchCancelled => Self::BatchCancelled,
        }
    }
}

impl From<PromiseCause> for Cause {
    fn from(cause: PromiseCause) -> Self {
        match cause {
            PromiseCause::EtaChanged => Self::EtaChanged,
            PromiseCause::Reallocated => Self::Reallocated,
            PromiseCause::Held => Self::Held,
            PromiseCause::Released => Self::Released,
            PromiseCause::Received => Self::Received,
            PromiseCause::QuantityChanged => Self::QuantityChanged,
            PromiseCause::BatchCancelled => Self::BatchCancelled,
            PromiseCause::BatchCreated => Self::BatchCreated,
            PromiseCause::Amended => Self::Amended,
            PromiseCause::Cancelled => Self::Cancelled,
            PromiseCause::LineAdded => Self::LineAdded,
            PromiseCause::Dispatched => Self::Dispatched,
        }
    }
}

/// A line that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct WorkItem {
    /// Why it needs one.
    pub kind: WorkKind,
    /// The order.
    pub order_id: OrderId,
    /// The line in the order.
    pub line_id: LineId,
    /// What is wanted.
    pub sku: Sku,
    /// Units that have not left.
    pub units: u64,
    /// 0–9, higher first.
    pub priority: Priority,
    /// The day on which the customer would like it.
    pub requested_date: Option<Date>,
    /// The first promise.
    pub original_promise: Option<Date>,
    /// The promise that holds; null: there is none, as always while it waits.
    pub current_promise: Option<Date>,
    /// Days from the original promise to the one that holds; null: no day is promised.
    pub days_late: Option<u32>,
    /// What brought it here.
    pub cause: Cause,
    /// Late: the batch that it is pegged to, of several the last in the order of its allocations. Waiting: the one whose
    /// stock it lost; null: it never had any.
    pub batch: Option<BatchRef>,
    /// The shipment that carries that batch.
    pub shipment: Option<ShipmentRef>,
    /// Since when it is on the worklist as what it is.
    pub since: Timestamp,
}

impl WorkItem {
    /// The line.
    pub fn key(&self) -> LineKey {
        LineKey {
            order_id: self.order_id.clone(),
            line_id: self.line_id.clone(),
        }
    }

    /// Where it stands in a list sorted so, before its age and its key: the smaller, the earlier.
    pub fn rank(&self, sort: WorkSort) -> i64 {
        match sort {
            WorkSort::Age => 0,
            WorkSort::DaysLate => i64::from(worst_first(self.days_late)),
            WorkSort::Priority => 9 - i64::from(self.priority.get()),
        }
    }
}

/// A number that is the smaller, the later a line is; the smallest where no day is promised.
pub fn worst_first(days_late: Option<u32>) -> i32 {
    days_late.map_or(i32::MIN, |days| {
        i32::try_from(days).map_or(i32::MIN + 1, |days| -days)
    })
}

/// Which lines of the worklist. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkFilter {
    /// Of this product.
    pub sku: Option<Sku>,
    /// Whose [`WorkItem::shipment`] is this.
    pub shipment: Option<ShipmentRef>,
    /// Whose [`WorkItem::batch`] is this.
    pub batch: Option<BatchRef>,
    /// With this cause.
    pub cause: Option<Cause>,
    /// On the worklist since after this instant.
    pub since_after: Option<Timestamp>,
    /// On the worklist since this instant or before.
    pub since_until: Option<Timestamp>,
}

impl WorkFilter {
    /// Whether a line is among them.
    pub fn wants(&self, item: &WorkItem) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        is(self.sku.as_ref(), Some(&item.sku))
            && is(self.shipment.as_ref(), item.shipment.as_ref())
            && is(self.batch.as_ref(), item.batch.as_ref())
            && is(self.cause.as_ref(), Some(&item.cause))
            && self.since_after.is_none_or(|after| item.since > after)
            && self.since_until.is_none_or(|until| item.since <= until)
    }
}

/// The order of the worklist. What is equal in it goes by age, and then by key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkSort {
    /// Longest on the list first.
    #[default]
    Age,
    /// Those without a promised day first, then the latest.
    DaysLate,
    /// The most important first.
    Priority,
}

impl WorkSort {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::DaysLate => "days_late",
            Self::Priority => "priority",
        }
    }
}

/// How many lines, and their units that have not left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Total {
    /// Lines.
    pub lines: u64,
    /// Units.
    pub units: u64,
}

/// How much is on the worklist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Totals {
    /// What waits.
    pub waiting: Total,
    /// What is late.
    pub late: Total,
}

impl Total {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            lines: self.lines.saturating_add(other.lines),
            units: self.units.saturating_add(other.units),
        }
    }
}

impl Totals {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            waiting: self.waiting.plus(other.waiting),
            late: self.late.plus(other.late),
        }
    }

    /// Those of a kind.
    pub fn of(&self, kind: WorkKind) -> Total {
        match kind {
            WorkKind::Waiting => self.waiting,
            WorkKind::Late => self.late,
        }
    }
}
