//! The unit of work: everything that a group of commands concerns, in memory, from load to commit.
//!
//! It is the repository of the handlers. What they ask for and is not here stops them with
//! [`Stop::Needs`]; the engine loads it and runs the command again. What a command changes is kept by
//! [`UnitOfWork::accept`] or undone by [`UnitOfWork::roll_back`]; [`UnitOfWork::take_changes`] gives all of
//! it to one commit. Products survive the commit as a cache, which the partition's head keeps honest.

mod cache;
mod commit;
mod each;
mod effects;
mod facts;
mod lines;
mod loading;
mod queues;
mod shipments;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use landfall_domain::{
    Batch, BatchRef, CommandId, Day, LineKey, OrderId, OrderLine, PlacedOrder, Product, Rejection,
    Shipment, ShipmentRef, Sku,
};

use crate::answer::Actor;
use crate::keys::Keys;
use crate::log::LogRecord;
use crate::store::{AnswerKey, Head, Remembered, partition_of};
use cache::ProductCache;
pub use each::each;
pub use effects::{LineEffect, LineState};
pub use lines::{Trouble, Unsettled};
use queues::Queues;
use shipments::ShipmentSlot;

/// Why a handler stops.
#[derive(Debug)]
pub enum Stop {
    /// The command is refused.
    Rejected(Rejection),
    /// Something is not in memory: load it and run the command again.
    Needs(Box<Keys>),
    /// The database has a thing without one that belongs to it.
    Damaged(String),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Stop::Rejected(rejection)
    }
}

impl Stop {
    fn needs(fill: impl FnOnce(&mut Keys)) -> Self {
        let mut keys = Keys::default();
        fill(&mut keys);
        Stop::Needs(Box::new(keys))
    }
}

/// A line as it was committed and as it is now; `None`: there is none.
#[derive(Debug, Default)]
struct LineSlot {
    /// It is seldom that there is one, and in a box it takes no room when there is none.
    committed: Option<Box<OrderLine>>,
    now: Option<OrderLine>,
    changed: bool,
}

/// An order: what its `PlaceOrder` said, and its lines in the order of their numbers.
#[derive(Debug, Clone, Default)]
pub struct OrderEntry {
    /// What its `PlaceOrder` said, if it was placed whole.
    pub placed: Option<PlacedOrder>,
    /// All its lines.
    pub lines: Vec<LineKey>,
}

/// One step backwards.
#[derive(Debug)]
enum Undo {
    Line(LineKey, Option<Box<OrderLine>>),
    OrderLine(OrderId),
    Placed(OrderId),
    Shipment(ShipmentRef, Option<Shipment>),
    Batch(BatchRef),
    Cargo,
    Product(Sku),
    Event(u16),
    Number(u16),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct UnitOfWork {
    partitions: u16,
    /// Those of the group: as loaded, and as they are now.
    heads: Vec<(Head, Head)>,
    /// Of each partition, the head as the cached products know it.
    known: Vec<Head>,
    products: ProductCache,
    absent_products: HashSet<Sku>,
    /// Products to which the store added a batch without free units, for this group only.
    with_full_batches: HashSet<Sku>,
    batches: HashMap<BatchRef, Option<Sku>>,
    lines: HashMap<LineKey, LineSlot>,
    orders: HashMap<OrderId, OrderEntry>,
    shipments: HashMap<ShipmentRef, ShipmentSlot>,
    cargo: HashMap<ShipmentRef, Vec<BatchRef>>,
    /// Batches of shipments that the group has made.
    new_cargo: Vec<(ShipmentRef, BatchRef)>,
    /// Products of which all batches with allocated units are in memory, for this group.
    live: HashSet<Sku>,
    remembered: HashMap<AnswerKey, Option<Remembered>>,
    queues: Queues,

    // The present command.
    now: Timestamp,
    day: Day,
    command_id: Option<CommandId>,
    actor: Option<Actor>,
    first_event: usize,
    undo: Vec<Undo>,
    touched: IndexSet<Sku, DefaultHashBuilder>,
    /// Lines in trouble, by product.
    troubles: IndexMap<Sku, Trouble>,
    /// Orders that go out together and of which something changed.
    together: IndexMap<OrderId, Unsettled>,
    /// Lines of batches that the command changes, whether they change themselves or not.
    concerned: Vec<LineKey>,
    /// What the commands since the last [`UnitOfWork::take_effects`] did to lines, where somebody asks.
    effects: Option<Vec<LineEffect>>,

    // What the commit will write.
    events: Vec<LogRecord>,
    changed_products: IndexSet<Sku, DefaultHashBuilder>,
    changed_lines: Vec<LineKey>,
    placed: Vec<PlacedOrder>,
    changed_shipments: IndexSet<ShipmentRef>,
    to_remember: Vec<Remembered>,
}

impl UnitOfWork {
    /// An empty one, for a store with so many partitions. It keeps at most so many products in memory
    /// between groups.
    pub fn new(partitions: u16, cached_products: usize) -> Self {
        Self {
            partitions,
            heads: Vec::new(),
            known: Vec::new(),
            products: ProductCache::new(cached_products),
            absent_products: HashSet::new(),
            with_full_batches: HashSet::new(),
            batches: HashMap::new(),
            lines: HashMap::new(),
            orders: HashMap::new(),
            shipments: HashMap::new(),
            cargo: HashMap::new(),
            new_cargo: Vec::new(),
            live: HashSet::new(),
            remembered: HashMap::new(),
            queues: Queues::default(),
            now: Timestamp::UNIX_EPOCH,
            day: Day {
                today: jiff::civil::Date::ZERO,
                handling_days: 0,
            },
            command_id: None,
            actor: None,
            first_event: 0,
            undo: Vec::new(),
            touched: IndexSet::default(),
            troubles: IndexMap::new(),
            together: IndexMap::new(),
            concerned: Vec::new(),
            effects: None,
            events: Vec::new(),
            changed_products: IndexSet::default(),
            changed_lines: Vec::new(),
            placed: Vec::new(),
            changed_shipments: IndexSet::new(),
            to_remember: Vec::new(),
        }
    }

    // ---- the engine's side: one command --------------------------------------------------------

    /// Starts a command.
    pub fn start(&mut self, id: Option<&CommandId>, actor: Option<&Actor>) {
        self.command_id = id.cloned();
        self.actor = actor.cloned();
        self.first_event = self.events.len();
    }

    /// Keeps what the command did.
    pub fn accept(&mut self) {
        debug_assert!(
            self.troubles.values().all(Trouble::is_empty),
            "a line in trouble is out of it when its command ends"
        );
        self.note_effects();
        for sku in self.touched.drain(..) {
            if let Some(product) = self.products.get_mut(&sku) {
                let version = product.counters().version;
                product.accept();
                if product.counters().version != version {
                    self.changed_products.insert(sku);
                }
            }
        }
        self.undo.clear();
        self.forget_command();
    }

    /// What concerns the present command only.
    fn forget_command(&mut self) {
        self.troubles.clear();
        self.together.clear();
        self.concerned.clear();
    }

    /// Undoes what the command did.
    pub fn roll_back(&mut self) {
        for sku in self.touched.drain(..) {
            if let Some(product) = self.products.get_mut(&sku) {
                product.roll_back();
            }
        }
        self.forget_command();
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Line(key, before) => {
                    if let Some(slot) = self.lines.get_mut(&key) {
                        self.queues.reindex(slot.now.as_ref(), before.as_deref());
                        slot.now = before.map(|line| *line);
                    }
                }
                Undo::OrderLine(id) => {
                    if let Some(entry) = self.orders.get_mut(&id) {
                        entry.lines.pop();
                    }
                }
                Undo::Placed(id) => {
                    if let Some(entry) = self.orders.get_mut(&id) {
                        entry.placed = None;
                    }
                    self.placed.pop();
                }
                Undo::Shipment(reference, before) => {
                    if let Some(slot) = self.shipments.get_mut(&reference) {
                        slot.now = before;
                    }
                }
                Undo::Batch(reference) => {
                    self.batches.insert(reference, None);
                }
                Undo::Cargo => {
                    if let Some((shipment, batch)) = self.new_cargo.pop()
                        && let Some(cargo) = self.cargo.get_mut(&shipment)
                    {
                        cargo.retain(|other| *other != batch);
                    }
                }
                Undo::Product(sku) => {
                    self.products.remove(&sku);
                    self.absent_products.insert(sku);
                }
                Undo::Event(partition) => {
                    self.events.pop();
                    if let Some(head) = self.head_mut(partition) {
                        head.next_offset -= 1;
                    }
                }
                Undo::Number(partition) => {
                    if let Some(head) = self.head_mut(partition) {
                        head.next_number -= 1;
                    }
                }
            }
        }
    }

    /// Remembers the answer to the present command.
    pub fn remember(&mut self, id: &CommandId, command: String, answer: String) {
        let id = AnswerKey::new(self.actor.as_deref(), id);
        let remembered = Remembered {
            id: id.clone(),
            command,
            answer,
            time: self.now,
        };
        self.remembered.insert(id, Some(remembered.clone()));
        self.to_remember.push(remembered);
    }

    // ---- the handlers' side --------------------------------------------------------------------

    /// The day on which the command is handled.
    pub fn day(&self) -> Day {
        self.day
    }

    /// The product, if there is one. What is changed in it is part of the present command.
    pub fn product(&mut self, sku: &Sku) -> Result<Option<&mut Product>, Stop> {
        // A cached product is as good as its partition's head, which somebody else may have advanced.
        if self.products.contains(sku) && self.head(self.partition_of(sku)).is_some() {
            if self.touched.last() != Some(sku) {
                self.touched.insert(sku.clone());
            }
            return Ok(self.products.get_mut(sku));
        }
        if self.absent_products.contains(sku) {
            return Ok(None);
        }
        Err(Stop::needs(|keys| keys.products.push(sku.clone())))
    }

    /// The product of a thing that exists: it must be there as well.
    pub fn its_product(&mut self, sku: &Sku) -> Result<&mut Product, Stop> {
        let damaged = || {
            Stop::Damaged(format!(
                "it has batches or lines of {sku}, and no such product"
            ))
        };
        self.product(sku)?.ok_or_else(damaged)
    }

    /// Adds a product that is known not to be there.
    pub fn add_product(&mut self, sku: &Sku) {
        let number = self.next_number(sku);
        self.absent_products.remove(sku);
        self.products
            .insert_if_absent(Product::new(number, sku.clone()));
        self.undo.push(Undo::Product(sku.clone()));
    }

    /// The product of the batch of this name, if there is one.
    pub fn sku_of_batch(&self, reference: &BatchRef) -> Result<Option<Sku>, Stop> {
        match self.batches.get(reference) {
            Some(sku) => Ok(sku.clone()),
            None => Err(Stop::needs(|keys| keys.batches.push(reference.clone()))),
        }
    }

    /// The batch of this name, if there is one.
    pub fn batch(&mut self, reference: &BatchRef) -> Result<Option<Batch>, Stop> {
        let Some(sku) = self.sku_of_batch(reference)? else {
            return Ok(None);
        };
        match self.its_product(&sku)?.batch(reference) {
            Some(batch) => Ok(Some(batch.clone())),
            None => Err(Stop::needs(|keys| keys.batches.push(reference.clone()))),
        }
    }

    /// Makes the name of a new batch known.
    pub fn name_batch(&mut self, reference: &BatchRef, sku: &Sku) {
        self.batches.insert(reference.clone(), Some(sku.clone()));
        self.undo.push(Undo::Batch(reference.clone()));
    }

    /// Makes sure that all batches of a product that have free or allocated units are in memory.
    pub fn need_live(&mut self, sku: &Sku) -> Result<(), Stop> {
        if self.live.contains(sku) {
            return Ok(());
        }
        Err(Stop::needs(|keys| keys.live.push(sku.clone())))
    }

    /// The next number of a product, batch or line of this SKU.
    pub fn next_number(&mut self, sku: &Sku) -> u64 {
        let partition = self.partition_of(sku);
        let Some(head) = self.head_mut(partition) else {
            panic!(
                "a store loads the head of each partition that its keys touch, not of {partition}"
            );
        };
        let number = head.next_number;
        head.next_number += 1;
        self.undo.push(Undo::Number(partition));
        number
    }

    /// The answer given to an earlier command of the present actor with this idempotency key.
    pub fn answered(&self, id: &CommandId) -> Result<Option<&Remembered>, Stop> {
        let id = AnswerKey::new(self.actor.as_deref(), id);
        match self.remembered.get(&id) {
            Some(remembered) => Ok(remembered.as_ref()),
            None => Err(Stop::needs(|keys| keys.command_ids.push(id))),
        }
    }

    /// Whether that answer is older than this unit of work.
    pub(crate) fn repeats(&self, id: &CommandId) -> bool {
        let is_new = |key| self.to_remember.iter().any(|new| new.id == key);
        matches!(self.answered(id), Ok(Some(_)))
            && !is_new(AnswerKey::new(self.actor.as_deref(), id))
    }

    fn partition_of(&self, sku: &Sku) -> u16 {
        partition_of(sku.as_str(), self.partitions)
    }

    /// The head of a partition as it is now, where it is one of the group's.
    fn head(&self, partition: u16) -> Option<&Head> {
        let heads = self.heads.iter().map(|(_, now)| now);
        heads.into_iter().find(|head| head.partition == partition)
    }

    fn head_mut(&mut self, partition: u16) -> Option<&mut Head> {
        self.heads
            .iter_mut()
            .map(|(_, now)| now)
            .find(|head| head.partition == partition)
    }
}
