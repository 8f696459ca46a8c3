//! The port of the write side: what a database must do for the engine.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use landfall_domain::product::Counters;
use landfall_domain::{
    Batch, BatchRef, CommandId, LineId, LineKey, OrderLine, PlacedOrder, Product, Shipment,
    ShipmentRef, Sku, Supply,
};

use crate::keys::{AllocatedRange, Keys, LateRange, WaitingRange};
use crate::log::LogRecord;

/// Where a partition stands: the row that a commit locks and advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The partition.
    pub partition: u16,
    /// Goes up by 1 with each commit to the partition.
    pub version: u64,
    /// The offset of the next event.
    pub next_offset: u64,
    /// The number of the next product, batch or line. Each kind counts on the same counter.
    pub next_number: u64,
}

/// Under which an answer is remembered: a caller's idempotency key, apart for each actor. Its text holds no
/// control character but the one that stands between actor and key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerKey(String);

impl AnswerKey {
    /// The key of this actor's command.
    pub fn new(actor: Option<&str>, id: &CommandId) -> Self {
        Self(match actor {
            None => id.as_str().to_owned(),
            Some(actor) => format!("{actor}\u{1f}{id}"),
        })
    }

    /// The text that a store keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for AnswerKey {
    type Err = std::convert::Infallible;

    /// The key that a store has kept as this text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// The answer to a command that came with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The key.
    pub id: AnswerKey,
    /// The command, in its canonical JSON.
    pub command: String,
    /// The answer, in JSON.
    pub answer: String,
    /// When it was given.
    pub time: Timestamp,
}

/// An order as loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedOrder {
    /// The order.
    pub order_id: landfall_domain::OrderId,
    /// Its lines, in the order of [`LineOrder`]; the lines themselves are in [`Loaded::lines`].
    pub lines: Vec<LineKey>,
    /// What its `PlaceOrder` said, if it was placed whole.
    pub placed: Option<PlacedOrder>,
}

/// A loaded range: the keys of its lines, in order; the lines are in [`Loaded::lines`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedRange<R> {
    /// As asked for.
    pub range: R,
    /// The lines found, at most `limit`.
    pub lines: Vec<LineKey>,
    /// Whether there are none after these.
    pub complete: bool,
}

/// What a store found. What it did not find is not there.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The heads of all partitions that the keys touch (on one partition: that one, always): those that are
    /// named, and those of named products (also of absent ones), of the products of named batches, lines,
    /// cargo and ranges, of named orders and of named shipments.
    pub heads: Vec<Head>,
    /// Products with all their batches that have free units (`purchased > allocated + dispatched`).
    pub products: Vec<Product>,
    /// Batches that were named, or to which a loaded line is pegged, with or without free units.
    pub batches: Vec<Batch>,
    /// Lines that were named, of orders that were named, and of ranges.
    pub lines: Vec<OrderLine>,
    /// Orders that were named and of which there is anything.
    pub orders: Vec<LoadedOrder>,
    /// Shipments that were named.
    pub shipments: Vec<Shipment>,
    /// The batches of the shipments whose cargo was asked for, by reference; none where it has none. The
    /// batches themselves are in [`Loaded::batches`].
    pub cargo: Vec<(ShipmentRef, Vec<BatchRef>)>,
    /// Remembered answers.
    pub remembered: Vec<Remembered>,
    /// Ranges, one for each asked for.
    pub allocated: Vec<LoadedRange<AllocatedRange>>,
    /// Ranges, one for each asked for.
    pub waiting: Vec<LoadedRange<WaitingRange>>,
    /// Ranges, one for each asked for.
    pub late: Vec<LoadedRange<LateRange>>,
    /// The version of the API keys ([`crate::access::AccessKeys::version`]), read after the unit of work was begun, where
    /// it was asked for. A store may not know it, or not now.
    pub access_version: Option<u64>,
}

/// A line before and after a group of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// As it was committed; `None`: it is new.
    pub before: Option<OrderLine>,
    /// As it is now.
    pub after: OrderLine,
}

/// A batch before and after a group of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchChange {
    /// As it was committed.
    pub before: Batch,
    /// As it is now.
    pub after: Batch,
}

/// The units of a product that can be promised of the goods of one day, before and after a group of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvailabilityChange {
    /// The day.
    pub supply: Supply,
    /// As it was committed.
    pub before: u64,
    /// As it is now.
    pub after: u64,
}

/// One product and all that changed in it.
#[derive(Debug, Clone)]
pub struct ProductChange {
    /// The product's number.
    pub number: u64,
    /// Its SKU.
    pub sku: Sku,
    /// Its own row as it was committed.
    pub before: Counters,
    /// Its own row now.
    pub after: Counters,
    /// Whether it is new.
    pub created: bool,
    /// The new batches.
    pub new_batches: Vec<Batch>,
    /// The batches that were there and changed.
    pub changed_batches: Vec<BatchChange>,
    /// The read model of what is available to promise: the days on which it is not what it was, each once.
    pub availability: Vec<AvailabilityChange>,
    /// The lines that are new or changed.
    pub lines: Vec<LineChange>,
}

impl ProductChange {
    /// The batches that are new or changed, as they are now.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        let changed = self.changed_batches.iter().map(|change| &change.after);
        self.new_batches.iter().chain(changed)
    }
}

/// A shipment that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentChange {
    /// As it is now.
    pub shipment: Shipment,
    /// Whether it is new.
    pub created: bool,
}

/// All that one commit writes.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The heads as they were when they were loaded, and as they are now.
    pub heads: Vec<(Head, Head)>,
    /// The products in which something changed, in a deterministic order.
    pub products: Vec<ProductChange>,
    /// Orders that were placed.
    pub orders: Vec<PlacedOrder>,
    /// Shipments that are new or changed, each once.
    pub shipments: Vec<ShipmentChange>,
    /// The events, in the order of their offsets within each partition.
    pub events: Vec<LogRecord>,
    /// The answers to remember.
    pub remembered: Vec<Remembered>,
}

impl Changes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
            && self.orders.is_empty()
            && self.shipments.is_empty()
            && self.events.is_empty()
            && self.remembered.is_empty()
    }
}

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote in between. Nothing was written; load again and run again.
    #[error("another writer was first")]
    Conflict,
    /// This data cannot be written (a value too large, a constraint broken). Nothing was written.
    #[error("the data is refused: {0}")]
    Refused(String),
    /// The database cannot be written at present: a full disk, an I/O error, no connection. Nothing was
    /// written, and trying again later may help.
    #[error("{0}")]
    Unavailable(String),
    /// The database failed during the commit, and whether it happened is not known.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// What is in the database makes no sense.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

/// The write side of a database, owned by one engine.
///
/// `begin` opens a unit of work, `load` adds to it, `commit` or `roll_back` ends it. Within it, everything
/// that is read is as of the same moment, and nobody else writes what it read (or `commit` is a conflict).
/// After an error of `begin`, `load` or `commit` the unit of work is over.
///
/// What comes with a key: with a batch its product; with a line its product and the batches to which it is
/// pegged; with an order all its lines, and what comes with them; with a range its lines, and what comes
/// with them; with the cargo of a shipment its batches, and what comes with them. With a product all its
/// batches that have free units; with a live one also those that have allocated units, in [`Loaded::batches`].
pub trait Store: Send + 'static {
    /// Whether it talks to a server: the engine's runtime then has an I/O driver.
    const NEEDS_IO: bool = false;

    /// How many partitions the database has; fixed when it is made.
    fn partitions(&self) -> u16 {
        1
    }

    /// Waits until it is this store's turn to write, where there are others that write. What the next unit of work is
    /// about may be decided after that: so the longer the wait, the larger the group. It ends with the next unit of work.
    fn take_turn(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Whether [`Store::send`] may be called and promises something: nobody else seems to write.
    fn is_alone(&self) -> bool {
        false
    }

    /// Sends a whole unit of work at once, for changes that nothing was read for: they rest on what the last one left, and
    /// on those that were sent before and are not settled. Everything is written if these were, if the partitions are still
    /// as the changes have them before, if what is new is not there yet, if the version of the API keys is this one, where
    /// one is told, and if it is not later than `until`, when the day is over of which the changes were made: whatever
    /// happens to this process meanwhile, nothing is promised of a day that is over. Else nothing is, and it is a
    /// conflict: to begin, load and run again shows why.
    ///
    /// Called outside a unit of work, and none is begun before all that was sent is settled.
    fn send(&mut self, _changes: Arc<Changes>, _access_version: Option<u64>, _until: Instant) {}

    /// Waits until the oldest unit of work that was sent is decided. It may be given up and called again.
    fn decided(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Tells what became of the oldest unit of work that was sent, as [`Store::commit`] does.
    fn settle(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Err(StoreError::Conflict) }
    }

    /// Opens a unit of work and loads.
    fn begin(&mut self, keys: &Keys) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Loads more into the open unit of work.
    fn load(&mut self, keys: &Keys) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Writes everything and ends the unit of work. `Ok` means durable.
    fn commit(&mut self, changes: &Changes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the unit of work and writes nothing.
    fn roll_back(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets remembered answers that were given before this instant, a bounded number at a time, and says
    /// how many: none means that there are no more. Called outside a unit of work, now and then.
    fn forget(
        &mut self,
        before: Timestamp,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

/// The order of an order's lines. In one partition it is that of their numbers: of their age. Numbers of several
/// partitions do not compare, so there the lines with which the order was placed come first, as it named
/// them, and then the others, by number and partition.
#[derive(Debug)]
pub struct LineOrder<'a> {
    named: HashMap<&'a LineId, usize>,
    partitions: u16,
}

impl<'a> LineOrder<'a> {
    /// Of an order in a database of so many partitions.
    pub fn new(placed: Option<&'a PlacedOrder>, partitions: u16) -> Self {
        let lines = placed.filter(|_| partitions > 1).into_iter();
        let lines = lines.flat_map(|placed| &placed.lines);
        Self {
            named: lines.zip(0..).collect(),
            partitions,
        }
    }

    /// The place of a line among the others.
    pub fn place(&self, line: &LineId, number: u64, sku: &Sku) -> (usize, u64, u16) {
        let first = if self.partitions > 1 { usize::MAX } else { 0 };
        let named = self.named.get(line).copied().unwrap_or(first);
        (named, number, partition_of(sku.as_str(), self.partitions))
    }
}

/// The partition of a product among `partitions`: FNV-1a over the SKU's bytes, so that every store and
/// every version agrees.
pub fn partition_of(sku: &str, partitions: u16) -> u16 {
    if partitions <= 1 {
        return 0;
    }
    let hash = sku.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    u16::try_from(hash % u64::from(partitions)).unwrap_or(0)
}
