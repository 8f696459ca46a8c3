//! The tables of the database in memory, and how a commit changes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use landfall_domain::product::Counters;
use landfall_domain::shortage::{LateKey, QueueKey, ShortageKey};
use landfall_domain::{
    Batch, BatchRef, Event, LineId, LineKey, Location, OrderId, OrderLine, PlacedOrder, Shipment,
    ShipmentRef, Sku, Status, Supply,
};

use crate::log::LogRecord;
use crate::store::{
    AnswerKey, AvailabilityChange, BatchChange, Changes, Head, LineChange, ProductChange,
    Remembered, StoreError, partition_of,
};
use crate::views::OrderLineView;

/// Everything that is known.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    /// By partition; at least one.
    pub(super) heads: Vec<Head>,
    pub(super) products: BTreeMap<Sku, ProductRow>,
    pub(super) batches: BTreeMap<BatchRef, Batch>,
    pub(super) orders: BTreeMap<OrderId, OrderRow>,
    pub(super) shipments: BTreeMap<ShipmentRef, Shipment>,
    /// The batches of each shipment.
    pub(super) cargo: BTreeMap<ShipmentRef, BTreeSet<BatchRef>>,
    /// The order view, a read model.
    pub(super) order_view: BTreeMap<LineKey, OrderLineView>,
    /// What is available to promise, a read model: units by day.
    pub(super) availability: BTreeMap<(Sku, Supply), u64>,
    /// By partition, the record with offset 1 first.
    pub(super) events: Vec<Vec<LogRecord>>,
    pub(super) answers: BTreeMap<AnswerKey, Remembered>,
    /// By the partition and the number of the batch. Made from the lines, so that the batches' own counts can
    /// be compared.
    pub(super) pegged: BTreeMap<(u16, u64), Pegged>,
}

/// A product, the names of its batches, and its queue.
#[derive(Debug, Clone, Default)]
pub(super) struct ProductRow {
    pub(super) number: u64,
    pub(super) counters: Counters,
    pub(super) batches: BTreeSet<BatchRef>,
    /// The batches that have free units.
    pub(super) open: BTreeSet<BatchRef>,
    /// The lines that wait.
    pub(super) waiting: BTreeMap<QueueKey, LineKey>,
    /// The same by the locations that they name.
    pub(super) waiting_at: BTreeMap<Vec<Location>, BTreeSet<QueueKey>>,
    /// The lines that are late.
    pub(super) late: BTreeMap<LateKey, LineKey>,
}

impl ProductRow {
    fn waits(&mut self, line: &OrderLine) {
        let key = QueueKey::of(line);
        self.waiting.insert(key, line.key.clone());
        let locations = line.terms.locations.clone();
        self.waiting_at.entry(locations).or_default().insert(key);
    }

    fn no_longer_waits(&mut self, line: &OrderLine) {
        let key = QueueKey::of(line);
        self.waiting.remove(&key);
        if let Some(keys) = self.waiting_at.get_mut(&line.terms.locations) {
            keys.remove(&key);
            if keys.is_empty() {
                self.waiting_at.remove(&line.terms.locations);
            }
        }
    }
}

/// An order and its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderRow {
    pub(super) placed: Option<PlacedOrder>,
    pub(super) lines: BTreeMap<LineId, OrderLine>,
}

/// The lines that have units of a batch.
#[derive(Debug, Clone, Default)]
pub(super) struct Pegged {
    pub(super) units: u64,
    pub(super) lines: BTreeMap<ShortageKey, LineKey>,
}

impl Tables {
    /// Nothing yet, in so many partitions.
    pub(super) fn new(partitions: u16) -> Self {
        let partitions = partitions.max(1);
        let heads = (0..partitions).map(|partition| Head {
            partition,
            version: 0,
            next_offset: 1,
            next_number: 1,
        });
        Self {
            heads: heads.collect(),
            products: BTreeMap::new(),
            batches: BTreeMap::new(),
            orders: BTreeMap::new(),
            shipments: BTreeMap::new(),
            cargo: BTreeMap::new(),
            order_view: BTreeMap::new(),
            availability: BTreeMap::new(),
            events: vec![Vec::new(); usize::from(partitions)],
            answers: BTreeMap::new(),
            pegged: BTreeMap::new(),
        }
    }

    /// How many partitions there are.
    pub(super) fn partitions(&self) -> u16 {
        u16::try_from(self.heads.len()).unwrap_or(u16::MAX)
    }

    /// The partition of a name.
    pub(super) fn home(&self, name: &str) -> u16 {
        partition_of(name, self.partitions())
    }

    /// Where the entries of a batch of this product are.
    pub(super) fn pegs(&self, sku: &Sku, batch_number: u64) -> (u16, u64) {
        (self.home(sku.as_str()), batch_number)
    }

    /// A line by its key.
    pub(super) fn line(&self, key: &LineKey) -> Option<&OrderLine> {
        self.orders.get(&key.order_id)?.lines.get(&key.line_id)
    }

    /// Whether these changes, made to a state with these heads, can be written, all of them.
    pub(super) fn check(&self, seen: &[Head], changes: &Changes) -> Result<(), StoreError> {
        let moved = |before: &Head| self.heads.get(usize::from(before.partition)) != Some(before);
        let before = changes.heads.iter().map(|(before, _)| before);
        if seen.iter().chain(before).any(moved) {
            return Err(StoreError::Conflict);
        }
        self.check_heads(changes)?;
        for product in &changes.products {
            self.check_product(product)?;
        }
        for order in &changes.orders {
            let row = self.orders.get(&order.order_id);
            if row.is_some_and(|row| row.placed.is_some()) {
                return self.taken(format!("order {} was placed before", order.order_id));
            }
        }
        for change in &changes.shipments {
            let reference = &change.shipment.reference;
            if self.shipments.contains_key(reference) == change.created {
                return self.taken(format!("shipment {reference} is new, or is not"));
            }
        }
        for answer in &changes.remembered {
            if self.answers.contains_key(&answer.id) {
                let id = answer.id.as_str();
                return self.taken(format!("the answer to {id} is remembered already"));
            }
        }
        Ok(())
    }

    /// Whether the events continue the log.
    fn check_heads(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut next: Vec<u64> = self.heads.iter().map(|head| head.next_offset).collect();
        for record in &changes.events {
            match next.get_mut(usize::from(record.partition)) {
                Some(offset) if *offset == record.offset => *offset += 1,
                _ => return refused(format!("event {} does not continue the log", record.id())),
            }
        }
        for (_, after) in &changes.heads {
            if next[usize::from(after.partition)] != after.next_offset {
                return refused("a head does not go with the events");
            }
            next[usize::from(after.partition)] = 0;
        }
        // A partition whose head is not among the changes has no events among them.
        let mut unmoved = self.heads.iter().zip(&next);
        let all = unmoved.all(|(head, next)| *next == 0 || *next == head.next_offset);
        if !all || (changes.heads.is_empty() && !changes.is_empty()) {
            return refused("the heads do not go with the changes");
        }
        Ok(())
    }

    /// A name is taken. In one partition whoever looked saw it; among several, somebody else was first
    /// in a partition that this commit has not seen.
    fn taken<T>(&self, why: String) -> Result<T, StoreError> {
        if self.partitions() == 1 {
            return refused(why);
        }
        Err(StoreError::Conflict)
    }

    fn check_product(&self, change: &ProductChange) -> Result<(), StoreError> {
        let known = self.products.get(&change.sku).map(|row| row.number);
        if known != (!change.created).then_some(change.number) {
            return self.taken(format!(
                "product {} is new, or has another number",
                change.sku
            ));
        }
        for batch in &change.new_batches {
            if self.batches.contains_key(&batch.reference) {
                return self.taken(format!("batch {} exists", batch.reference));
            }
        }
        for BatchChange { after: batch, .. } in &change.changed_batches {
            let same = |known: &Batch| known.number == batch.number && known.sku == batch.sku;
            if !self.batches.get(&batch.reference).is_some_and(same) {
                return refused(format!("batch {} is another", batch.reference));
            }
        }
        for line in &change.lines {
            if self.line(&line.after.key) != line.before.as_ref() {
                return self.taken(format!("line {} was not so before", line.after.key));
            }
        }
        for AvailabilityChange { supply, before, .. } in &change.availability {
            let known = self.availability.get(&(change.sku.clone(), *supply));
            if known.copied().unwrap_or(0) != *before {
                return self.taken(format!(
                    "{before} units of {} were not so before",
                    change.sku
                ));
            }
        }
        Ok(())
    }

    /// Writes checked changes.
    pub(super) fn apply(&mut self, changes: &Changes) {
        for (_, after) in &changes.heads {
            self.heads[usize::from(after.partition)] = *after;
        }
        for product in &changes.products {
            self.apply_product(product);
        }
        for order in &changes.orders {
            self.orders
                .entry(order.order_id.clone())
                .or_default()
                .placed = Some(order.clone());
        }
        for change in &changes.shipments {
            self.shipments
                .insert(change.shipment.reference.clone(), change.shipment.clone());
        }
        for record in &changes.events {
            self.events[usize::from(record.partition)].push(as_logged(record));
        }
        for answer in &changes.remembered {
            self.answers.insert(answer.id.clone(), answer.clone());
        }
        self.assert_conservation(changes);
    }

    fn apply_product(&mut self, change: &ProductChange) {
        let row = self.products.entry(change.sku.clone()).or_default();
        row.number = change.number;
        row.counters = change.after;
        for batch in change.batches() {
            row.batches.insert(batch.reference.clone());
            if batch.free() > 0 {
                row.open.insert(batch.reference.clone());
            } else {
                row.open.remove(&batch.reference);
            }
            if let Some(shipment) = &batch.shipment {
                let cargo = self.cargo.entry(shipment.clone()).or_default();
                cargo.insert(batch.reference.clone());
            }
            self.batches.insert(batch.reference.clone(), batch.clone());
        }
        for AvailabilityChange { supply, after, .. } in &change.availability {
            let day = (change.sku.clone(), *supply);
            if *after == 0 {
                self.availability.remove(&day);
            } else {
                self.availability.insert(day, *after);
            }
        }
        for line in &change.lines {
            self.apply_line(line);
        }
    }

    fn apply_line(&mut self, LineChange { before, after }: &LineChange) {
        if let Some(row) = self.products.get_mut(&after.sku) {
            if let Some(before) = before {
                row.no_longer_waits(before);
                row.late.remove(&LateKey::of(before));
            }
            if after.late() {
                row.late.insert(LateKey::of(after), after.key.clone());
            }
            if after.status() == Status::Backordered {
                row.waits(after);
            }
        }
        if let Some(before) = before {
            for allocation in &before.allocations {
                let pegs = self.pegs(&before.sku, allocation.batch_number);
                let pegged = self.pegged.entry(pegs).or_default();
                pegged.units -= allocation.quantity;
                pegged.lines.remove(&ShortageKey::of(before));
            }
        }
        for allocation in &after.allocations {
            let pegs = self.pegs(&after.sku, allocation.batch_number);
            let pegged = self.pegged.entry(pegs).or_default();
            pegged.units += allocation.quantity;
            pegged
                .lines
                .insert(ShortageKey::of(after), after.key.clone());
        }
        let row = OrderLineView::of(after);
        self.order_view.insert(after.key.clone(), row);
        let order = self.orders.entry(after.key.order_id.clone()).or_default();
        order.lines.insert(after.key.line_id.clone(), after.clone());
    }

    /// In debug builds: what was written adds up.
    fn assert_conservation(&self, changes: &Changes) {
        if !cfg!(debug_assertions) {
            return;
        }
        for change in &changes.products {
            for batch in change.batches() {
                assert_eq!(
                    batch.over(),
                    0,
                    "batch {} holds more than was purchased",
                    batch.reference
                );
            }
            let waiting = self
                .products
                .get(&change.sku)
                .map_or(0, |row| row.waiting.len() as u64);
            assert_eq!(
                waiting, change.after.backordered,
                "backordered lines of {}",
                change.sku
            );
            let late = self.products.get(&change.sku);
            let late = late.map_or(0, |row| row.late.len() as u64);
            assert_eq!(late, change.after.late, "late lines of {}", change.sku);
            let lines = change
                .lines
                .iter()
                .flat_map(|line| line.before.iter().chain([&line.after]));
            let touched = lines.flat_map(|line| &line.allocations).map(|a| &a.batch);
            let written = change.batches();
            for reference in touched.chain(written.map(|batch| &batch.reference)) {
                let Some(batch) = self.batches.get(reference) else {
                    panic!("a line is pegged to {reference}, which is not there");
                };
                let pegged = self.pegged.get(&self.pegs(&batch.sku, batch.number));
                let units = pegged.map_or(0, |pegged| pegged.units);
                assert_eq!(
                    units, batch.allocated,
                    "allocated units of batch {reference}"
                );
            }
        }
    }

    /// Forgets answers that were given before this instant, at most so many, and says how many.
    pub(super) fn forget(&mut self, before: Timestamp, limit: usize) -> usize {
        let old = self.answers.values().filter(|answer| answer.time < before);
        let old: Vec<AnswerKey> = old.take(limit).map(|answer| answer.id.clone()).collect();
        for id in &old {
            self.answers.remove(id);
        }
        old.len()
    }
}

/// A record as a log keeps it: numbers of batches are the store's own affair and no part of the fact.
fn as_logged(record: &LogRecord) -> LogRecord {
    let mut record = record.clone();
    if let Event::Allocated { allocations, .. }
    | Event::Deallocated { allocations, .. }
    | Event::LineAmended { allocations, .. } = &mut record.event
    {
        for allocation in allocations {
            allocation.batch_number = 0;
        }
    }
    record
}

fn refused<T>(why: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Refused(why.into()))
}
