//! Which products, lines, batches and orders a command is concerned with: what must be in memory before
//! its handler can run.

use landfall_domain::shortage::{QueueKey, ShortageKey};
use landfall_domain::{BatchRef, Command, CommandId, LineKey, OrderId, Sku};

/// What to load. Each list may name a thing twice. See [`crate::store::Store::load`] for what comes with each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Products by SKU.
    pub products: Vec<Sku>,
    /// Batches by reference.
    pub batches: Vec<BatchRef>,
    /// Lines by order and line id.
    pub lines: Vec<LineKey>,
    /// Whole orders.
    pub orders: Vec<OrderId>,
    /// Remembered answers.
    pub command_ids: Vec<CommandId>,
    /// Lines allocated to a batch, in the order in which a shortage takes their stock away.
    pub allocated: Vec<AllocatedRange>,
    /// Lines that wait for a product, in the order in which they are filled.
    pub waiting: Vec<WaitingRange>,
}

/// The first lines allocated to a batch, in the order of [`ShortageKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocatedRange {
    /// The batch's product.
    pub sku: Sku,
    /// The batch.
    pub batch: BatchRef,
    /// The batch's number.
    pub batch_number: u64,
    /// Only lines after this one.
    pub after: Option<ShortageKey>,
    /// At most so many lines.
    pub limit: usize,
}

/// The first lines that wait for a product, in the order of [`QueueKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRange {
    /// The product.
    pub sku: Sku,
    /// The product's number.
    pub product_number: u64,
    /// Only lines that wait for at most so many units, and all that may be split.
    pub at_most: u64,
    /// Only lines after this one.
    pub after: Option<QueueKey>,
    /// At most so many lines.
    pub limit: usize,
}

impl Keys {
    /// Whether there is nothing to load.
    pub fn is_empty(&self) -> bool {
        *self == Keys::default()
    }

    /// Adds all that other keys name.
    pub fn extend(&mut self, other: Keys) {
        self.products.extend(other.products);
        self.batches.extend(other.batches);
        self.lines.extend(other.lines);
        self.orders.extend(other.orders);
        self.command_ids.extend(other.command_ids);
        self.allocated.extend(other.allocated);
        self.waiting.extend(other.waiting);
    }

    /// Adds what a command is concerned with.
    pub fn add(&mut self, command: &Command) {
        match command {
            Command::CreateBatch(c) => {
                self.batches.push(c.reference.clone());
                self.products.push(c.sku.clone());
            }
            Command::ChangeBatchQuantity(c) => self.batches.push(c.reference.clone()),
            Command::ChangeBatchEta(c) => self.batches.push(c.reference.clone()),
            Command::Allocate(c) => {
                self.lines.push(c.key());
                self.products.push(c.sku.clone());
            }
            Command::PlaceOrder(c) => {
                self.orders.push(c.order_id.clone());
                self.products
                    .extend(c.lines.iter().map(|line| line.sku.clone()));
            }
            Command::ChangeLineQuantity(c) => self.lines.push(LineKey {
                order_id: c.order_id.clone(),
                line_id: c.line_id.clone(),
            }),
            Command::CancelLine(c) => self.lines.push(LineKey {
                order_id: c.order_id.clone(),
                line_id: c.line_id.clone(),
            }),
            Command::CancelOrder(c) => self.orders.push(c.order_id.clone()),
        }
    }
}
