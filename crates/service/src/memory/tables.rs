//! The tables of the database in memory, and how a commit changes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use landfall_domain::product::Counters;
use landfall_domain::shortage::{LateKey, QueueKey, ShortageKey};
use landfall_domain::{
    Batch, BatchRef, Event, LineId, LineKey, OrderId, OrderLine, PlacedOrder, Shipment,
    ShipmentRef, Sku, Status, Supply,
};

use crate::log::LogRecord;
use crate::store::{
    AnswerKey, BatchChange, Changes, Head, LineChange, ProductChange, Remembered, StoreError,
};
use crate::views::OrderLineView;

/// Everything that is known. There is one partition.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) head: Head,
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
    /// The record with offset 1 first.
    pub(super) events: Vec<LogRecord>,
    pub(super) answers: BTreeMap<AnswerKey, Remembered>,
    /// By the number of the batch. Made from the lines, so that the batches' own counts can be compared.
    pub(super) pegged: BTreeMap<u64, Pegged>,
}

/// A product, the names of its batches, and its queue.
#[derive(Debug, Clone, Default)]
pub(super) struct ProductRow {
    pub(super) number: u64,
    pub(super) counters: Counters,
    pub(super) batches: BTreeSet<BatchRef>,
    /// The batches that have free units.
    pub(super) open: BTreeSet<BatchRef>,
    /// The lines that wait, and for how many units.
    pub(super) waiting: BTreeMap<QueueKey, (LineKey, u64)>,
    /// The lines that are late.
    pub(super) late: BTreeMap<LateKey, LineKey>,
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

impl Default for Tables {
    fn default() -> Self {
        Self {
            head: Head {
                partition: 0,
                version: 0,
                next_offset: 1,
                next_number: 1,
            },
            products: BTreeMap::new(),
            batches: BTreeMap::new(),
            orders: BTreeMap::new(),
            shipments: BTreeMap::new(),
            cargo: BTreeMap::new(),
            order_view: BTreeMap::new(),
            availability: BTreeMap::new(),
            events: Vec::new(),
            answers: BTreeMap::new(),
            pegged: BTreeMap::new(),
        }
    }
}

impl Tables {
    /// A line by its key.
    pub(super) fn line(&self, key: &LineKey) -> Option<&OrderLine> {
        self.orders.get(&key.order_id)?.lines.get(&key.line_id)
    }

    /// Whether these changes were made to the present state.
    pub(super) fn check_heads(&self, changes: &Changes) -> Result<(), StoreError> {
        if changes.heads.iter().any(|(before, _)| *before != self.head) {
            return Err(StoreError::Conflict);
        }
        let after = changes.heads.first().map_or(self.head, |(_, after)| *after);
        let offsets = self.head.next_offset..after.next_offset;
        if changes.heads.len() > 1
            || (changes.heads.is_empty() && !changes.is_empty())
            || !changes
                .events
                .iter()
                .map(|record| record.offset)
                .eq(offsets)
        {
            return refused("the head does not go with the changes");
        }
        Ok(())
    }

    /// Whether these changes can be written, all of them.
    pub(super) fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        self.check_heads(changes)?;
        for product in &changes.products {
            self.check_product(product)?;
        }
        for order in &changes.orders {
            if self
                .orders
                .get(&order.order_id)
                .is_some_and(|row| row.placed.is_some())
            {
                return refused(format!("order {} was placed before", order.order_id));
            }
        }
        for change in &changes.shipments {
            let reference = &change.shipment.reference;
            if self.shipments.contains_key(reference) == change.created {
                return refused(format!("shipment {reference} is new, or is not"));
            }
        }
        for answer in &changes.remembered {
            if self.answers.contains_key(&answer.id) {
                return refused(format!(
                    "the answer to {} is remembered already",
                    answer.id.as_str()
                ));
            }
        }
        Ok(())
    }

    fn check_product(&self, change: &ProductChange) -> Result<(), StoreError> {
        let known = self.products.get(&change.sku).map(|row| row.number);
        if known != (!change.created).then_some(change.number) {
            return refused(format!(
                "product {} is new, or has another number",
                change.sku
            ));
        }
        for batch in &change.new_batches {
            if self.batches.contains_key(&batch.reference) {
                return refused(format!("batch {} exists", batch.reference));
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
                return refused(format!("line {} was not so before", line.after.key));
            }
        }
        Ok(())
    }

    /// Writes checked changes.
    pub(super) fn apply(&mut self, changes: &Changes) {
        for (_, after) in &changes.heads {
            self.head = *after;
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
        self.events.extend(changes.events.iter().map(as_logged));
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
        for (supply, units) in &change.availability {
            let day = (change.sku.clone(), *supply);
            if *units == 0 {
                self.availability.remove(&day);
            } else {
                self.availability.insert(day, *units);
            }
        }
        for line in &change.lines {
            self.apply_line(line);
        }
    }

    fn apply_line(&mut self, LineChange { before, after }: &LineChange) {
        if let Some(row) = self.products.get_mut(&after.sku) {
            if let Some(before) = before {
                row.waiting.remove(&QueueKey::of(before));
                row.late.remove(&LateKey::of(before));
            }
            if after.late() {
                row.late.insert(LateKey::of(after), after.key.clone());
            }
            if after.status() == Status::Backordered {
                // A range has all lines that may be split, whatever they want.
                let units = if after.terms.split {
                    0
                } else {
                    after.outstanding()
                };
                row.waiting
                    .insert(QueueKey::of(after), (after.key.clone(), units));
            }
        }
        if let Some(before) = before {
            for allocation in &before.allocations {
                let pegged = self.pegged.entry(allocation.batch_number).or_default();
                pegged.units -= allocation.quantity;
                pegged.lines.remove(&ShortageKey::of(before));
            }
        }
        for allocation in &after.allocations {
            let pegged = self.pegged.entry(allocation.batch_number).or_default();
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
                let units = self
                    .pegged
                    .get(&batch.number)
                    .map_or(0, |pegged| pegged.units);
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
