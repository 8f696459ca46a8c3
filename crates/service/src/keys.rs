//! Which products, lines, batches and orders a command is concerned with: what must be in memory before
//! its handler can run.

use jiff::civil::Date;
use landfall_domain::shortage::{LateKey, QueueKey, ShortageKey};
use landfall_domain::{BatchRef, Command, LineKey, OrderId, OrderLine, Room, ShipmentRef, Sku};

use crate::store::AnswerKey;

/// What to load. Each list may name a thing twice. See [`crate::store::Store::load`] for what comes with each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Partitions whose head is asked for, whatever else is.
    pub heads: Vec<u16>,
    /// Products by SKU.
    pub products: Vec<Sku>,
    /// Batches by reference.
    pub batches: Vec<BatchRef>,
    /// Lines by order and line id.
    pub lines: Vec<LineKey>,
    /// Whole orders.
    pub orders: Vec<OrderId>,
    /// Shipments by reference, without their batches.
    pub shipments: Vec<ShipmentRef>,
    /// All batches of these shipments.
    pub cargo: Vec<ShipmentRef>,
    /// Products with all their batches that have free or allocated units.
    pub live: Vec<Sku>,
    /// Remembered answers.
    pub command_ids: Vec<AnswerKey>,
    /// Lines allocated to a batch, in the order in which a shortage takes their stock away.
    pub allocated: Vec<AllocatedRange>,
    /// Lines that wait for a product, in the order in which they are filled.
    pub waiting: Vec<WaitingRange>,
    /// Lines of a product that are late and may move, in the order in which they are pulled back.
    pub late: Vec<LateRange>,
    /// The version of the API keys.
    pub access_version: bool,
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
    /// Only lines whose promise is later than this day, or that have none: those that could do with later
    /// goods. `None`: all.
    pub later_than: Option<Date>,
    /// Only lines after this one.
    pub after: Option<ShortageKey>,
    /// At most so many lines.
    pub limit: usize,
}

/// The first lines that wait for a product and that fit, in the order of [`QueueKey`]. A store finds those that name
/// other locations, or want more, without reading them; it may show some that do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRange {
    /// The product.
    pub sku: Sku,
    /// The product's number.
    pub product_number: u64,
    /// Only lines that fit into this.
    pub room: Room,
    /// Only lines after this one.
    pub after: Option<QueueKey>,
    /// At most so many lines.
    pub limit: usize,
}

/// The first late lines of a product of which nothing has left ([`landfall_domain::OrderLine::to_pull_back`]), in the
/// order of [`LateKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateRange {
    /// The product.
    pub sku: Sku,
    /// The product's number.
    pub product_number: u64,
    /// Only lines that goods could serve which come by a day. `None`: all.
    pub served: Option<Served>,
    /// Only lines after this one.
    pub after: Option<LateKey>,
    /// At most so many lines.
    pub limit: usize,
}

/// What could be served by goods of which one knows no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// Only lines whose promise is later than this day: that of the goods.
    pub later_than: Date,
    /// Only lines that want at most so many units, and all that may be split.
    pub at_most: u64,
}

impl Served {
    /// Whether it could be this line.
    pub fn fits(&self, line: &OrderLine) -> bool {
        line.current_promise > Some(self.later_than)
            && (line.terms.split || line.outstanding() <= self.at_most)
    }
}

impl Keys {
    /// Adds all that other keys name.
    pub fn extend(&mut self, other: Keys) {
        self.heads.extend(other.heads);
        self.products.extend(other.products);
        self.batches.extend(other.batches);
        self.lines.extend(other.lines);
        self.orders.extend(other.orders);
        self.shipments.extend(other.shipments);
        self.cargo.extend(other.cargo);
        self.live.extend(other.live);
        self.command_ids.extend(other.command_ids);
        self.allocated.extend(other.allocated);
        self.waiting.extend(other.waiting);
        self.late.extend(other.late);
        self.access_version |= other.access_version;
    }

    /// Adds what a command is concerned with.
    pub fn add(&mut self, command: &Command) {
        match command {
            Command::CreateBatch(c) => {
                self.batches.push(c.reference.clone());
                self.products.push(c.sku.clone());
                self.shipments.extend(c.shipment.clone());
            }
            Command::ChangeBatchQuantity(c) => self.batches.push(c.reference.clone()),
            Command::ChangeBatchEta(c) => self.batches.push(c.reference.clone()),
            Command::HoldBatch(c) => self.batches.push(c.reference.clone()),
            Command::ReleaseBatch(c) => self.batches.push(c.reference.clone()),
            Command::ReceiveBatch(c) => self.batches.push(c.reference.clone()),
            Command::CancelBatch(c) => self.batches.push(c.reference.clone()),
            Command::CreateShipment(c) => self.shipment(&c.reference),
            Command::ChangeShipmentEta(c) => self.shipment(&c.reference),
            Command::HoldShipment(c) => self.shipment(&c.reference),
            Command::ReleaseShipment(c) => self.shipment(&c.reference),
            Command::ReceiveShipment(c) => self.shipment(&c.reference),
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
            Command::Dispatch(c) => match &c.line_id {
                Some(line_id) => self.lines.push(LineKey {
                    order_id: c.order_id.clone(),
                    line_id: line_id.clone(),
                }),
                None => self.orders.push(c.order_id.clone()),
            },
        }
    }

    fn shipment(&mut self, reference: &ShipmentRef) {
        self.shipments.push(reference.clone());
        self.cargo.push(reference.clone());
    }
}
