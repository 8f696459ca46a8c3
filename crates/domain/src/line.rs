//! An order line: what a customer wants of one SKU, what it is pegged to, and what was promised.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::Supply;
use crate::events::DeallocationReason;
use crate::ids::{BatchRef, LineKey, Location, Sku};
use crate::values::{Deliver, IfShort, Policy, Priority};

/// A quantity of one line pegged to one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Allocation {
    /// The batch's reference.
    pub batch: BatchRef,
    /// The batch's number in its partition.
    #[serde(skip)]
    pub batch_number: u64,
    /// Units, at least 1.
    pub quantity: u64,
}

/// The terms on which a line was first accepted, the defaults filled in. They never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Terms {
    /// Units wanted when the line was accepted.
    pub quantity: u64,
    /// The day on which the customer would like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_date: Option<Date>,
    /// 0–9, higher first.
    pub priority: Priority,
    /// Which batch it prefers.
    pub policy: Policy,
    /// Whether it may take several batches.
    #[serde(default, skip_serializing_if = "is_false")]
    pub split: bool,
    /// What was to happen had there been no stock.
    pub if_short: IfShort,
    /// The locations that may serve it, in order of preference; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// Whether it goes out by itself or together with the other lines of its order.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deliver: Deliver,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Terms {
    /// So many units, and nothing else said.
    pub fn plain(quantity: u64) -> Self {
        Self {
            quantity,
            requested_date: None,
            priority: Priority::default(),
            policy: Policy::default(),
            split: false,
            if_short: IfShort::default(),
            locations: Vec::new(),
            deliver: Deliver::default(),
        }
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Status {
    /// Pegged to stock, not all of it dispatched.
    Allocated,
    /// Waiting in its product's queue.
    Backordered,
    /// All of it has left, or what was left of it was cancelled.
    Dispatched,
    /// Cancelled before anything had left.
    Cancelled,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Its number in the partition: the order in which lines were accepted, and so its age.
    pub number: u64,
    /// Order id and line id.
    pub key: LineKey,
    /// What is wanted.
    pub sku: Sku,
    /// As first accepted.
    pub terms: Terms,
    /// Units wanted now (amendments included).
    pub quantity: u64,
    /// Units that have left.
    pub dispatched: u64,
    /// Whether what had not left was cancelled.
    pub cancelled: bool,
    /// What it is pegged to; empty while it waits, and when nothing is left to peg.
    pub allocations: Vec<Allocation>,
    /// The first promise made; it never changes.
    pub original_promise: Option<Date>,
    /// The promise that holds now; none while it waits, or while a part of it has left and the rest is held
    /// without a clear date.
    pub current_promise: Option<Date>,
    /// What the present command took away from it. It lives for one command: until the line has stock
    /// again, waits or is cancelled.
    pub loose: Option<Box<Loose>>,
}

/// What a line had before the present command took its stock away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loose {
    /// Where its stock was.
    pub allocations: Vec<Allocation>,
    /// The promise that the customer knows.
    pub promise: Option<Date>,
    /// Why it was taken.
    pub reason: DeallocationReason,
}

impl OrderLine {
    /// A line as it is accepted: nothing pegged, nothing promised.
    pub fn new(number: u64, key: LineKey, sku: Sku, terms: Terms) -> Self {
        let quantity = terms.quantity;
        Self {
            number,
            key,
            sku,
            terms,
            quantity,
            dispatched: 0,
            cancelled: false,
            allocations: Vec::new(),
            original_promise: None,
            current_promise: None,
            loose: None,
        }
    }

    /// Units that have neither left nor been cancelled.
    pub fn outstanding(&self) -> u64 {
        if self.cancelled {
            0
        } else {
            self.quantity - self.dispatched
        }
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        if self.cancelled && self.dispatched == 0 {
            Status::Cancelled
        } else if self.outstanding() == 0 {
            Status::Dispatched
        } else if self.allocations.is_empty() {
            Status::Backordered
        } else {
            Status::Allocated
        }
    }

    /// Whether it keeps its batches whatever happens: dispatch is under way.
    pub fn locked(&self) -> bool {
        self.dispatched > 0
    }

    /// Whether its promise is later than the first one, and the goods have not all left.
    pub fn late(&self) -> bool {
        !self.allocations.is_empty()
            && self.current_promise.is_some()
            && self.current_promise > self.original_promise
    }

    /// Whether it is late and may move to goods that come earlier.
    pub fn to_pull_back(&self) -> bool {
        self.late() && !self.locked()
    }

    /// Whether it goes out together with the other lines of its order, and shares their promise.
    pub fn together(&self) -> bool {
        self.terms.deliver == Deliver::Together
    }

    /// When the last of its goods can be counted on; `supply_of` tells it of a batch by its number.
    /// `None`: it has no stock.
    pub fn supply(&self, supply_of: impl Fn(u64) -> Option<Supply>) -> Option<Supply> {
        self.allocations
            .iter()
            .filter_map(|a| supply_of(a.batch_number))
            .max()
    }

    /// Units pegged to this batch.
    pub fn pegged_to(&self, batch_number: u64) -> u64 {
        self.allocations
            .iter()
            .filter(|a| a.batch_number == batch_number)
            .map(|a| a.quantity)
            .sum()
    }

    /// Whether the promise that holds is for a day that has passed, and the goods have not left.
    pub fn overdue(&self, today: Date) -> bool {
        self.status() == Status::Allocated && self.current_promise.is_some_and(|day| day < today)
    }
}
