//! The lines and orders of a unit of work, and which lines the present command leaves in trouble.

use hashbrown::HashMap;
use indexmap::IndexSet;
use landfall_domain::events::Recorded;
use landfall_domain::{BatchRef, Event, LineKey, OrderId, OrderLine, PlacedOrder, Rejection, Sku};

use super::{LineSlot, OrderEntry, Stop, Undo, UnitOfWork};

impl UnitOfWork {
    /// The line, if there is one; to change it, change the copy and [put](UnitOfWork::put) it back.
    pub fn line(&self, key: &LineKey) -> Result<Option<&OrderLine>, Stop> {
        match self.lines.get(key) {
            Some(slot) => Ok(slot.now.as_ref()),
            None => Err(Stop::needs(|keys| keys.lines.push(key.clone()))),
        }
    }

    /// A copy of a line that exists, with its product and the batches to which it is pegged in memory.
    pub fn line_to_change(&mut self, key: &LineKey) -> Result<OrderLine, Stop> {
        let line = self.line(key)?.cloned();
        let line = line.ok_or_else(|| Rejection::UnknownLine { line: key.clone() })?;
        self.need_batches_of(&line)?;
        Ok(line)
    }

    /// Makes sure that the batches to which a line is pegged are in memory.
    pub fn need_batches_of(&mut self, line: &OrderLine) -> Result<(), Stop> {
        let product = self.its_product(&line.sku)?;
        let missing: Vec<BatchRef> = line
            .allocations
            .iter()
            .filter(|a| product.batch_numbered(a.batch_number).is_none())
            .map(|a| a.batch.clone())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Stop::needs(|keys| keys.batches = missing))
        }
    }

    /// Puts a new or changed line in its place.
    pub fn put(&mut self, line: OrderLine) {
        let key = line.key.clone();
        let slot = self.lines.entry(key.clone()).or_default();
        let before = slot.now.take().map(Box::new);
        self.queues.reindex(before.as_deref(), Some(&line));
        if line.together() {
            self.together.insert(key.order_id.clone());
        }
        let late = (before.as_deref().is_some_and(OrderLine::late), line.late());
        if late.0 != late.1
            && let Some(product) = self.products.get_mut(&line.sku)
        {
            product.count_late(late.0, late.1);
        }
        if before.is_none()
            && let Some(entry) = self.orders.get_mut(&key.order_id)
        {
            self.undo.push(Undo::OrderLine(key.order_id.clone()));
            entry.lines.push(key.clone());
        }
        if !slot.changed {
            slot.changed = true;
            slot.committed.clone_from(&before);
            self.changed_lines.push(key.clone());
        }
        slot.now = Some(line);
        self.undo.push(Undo::Line(key, before));
    }

    /// Puts a line back that has lost its stock: before the command ends, it is allocated or backordered.
    pub fn unplace(&mut self, line: OrderLine) {
        self.unplaced.push(line.key.clone());
        self.put(line);
    }

    /// The lines of this product that have lost their stock in this command and not found any yet.
    pub fn take_unplaced(&mut self, sku: &Sku) -> Vec<LineKey> {
        let of_sku = |key: &mut LineKey| is_of(&self.lines, key, sku);
        self.unplaced.extract_if(.., of_sku).collect()
    }

    /// Notes a line whose goods come later than was promised: before the command ends, it has found others or
    /// is promised another day.
    pub fn delay(&mut self, key: LineKey) {
        self.delayed.push(key);
    }

    /// The lines of this product that this command has delayed.
    pub fn take_delayed(&mut self, sku: &Sku) -> Vec<LineKey> {
        let of_sku = |key: &mut LineKey| is_of(&self.lines, key, sku);
        self.delayed.extract_if(.., of_sku).collect()
    }

    /// Notes that a line has still found no stock.
    pub fn leave_unplaced(&mut self, key: LineKey) {
        self.unplaced.push(key);
    }

    /// The products of which lines were delayed, or have lost their stock.
    pub fn troubled(&self) -> Vec<Sku> {
        let keys = self.delayed.iter().chain(&self.unplaced);
        let lines = keys.filter_map(|key| self.lines.get(key)?.now.as_ref());
        let skus: IndexSet<&Sku> = lines.map(|line| &line.sku).collect();
        skus.into_iter().cloned().collect()
    }

    /// Notes that the supply of a product is better than before.
    pub fn improve(&mut self, sku: &Sku) {
        self.improved.insert(sku.clone());
    }

    /// The products whose supply is better than before.
    pub fn take_improved(&mut self) -> IndexSet<Sku> {
        std::mem::take(&mut self.improved)
    }

    /// Notes that something changed for an order that goes out together.
    pub fn touch_order(&mut self, id: &OrderId) {
        self.together.insert(id.clone());
    }

    /// The orders that go out together and of which something changed in this command.
    pub fn take_together(&mut self) -> IndexSet<OrderId> {
        std::mem::take(&mut self.together)
    }

    /// An order has agreed on a day.
    pub fn settled(&mut self, id: &OrderId) {
        self.together.shift_remove(id);
    }

    /// Notes that the command changes a batch of this line.
    pub fn concern(&mut self, key: &LineKey) {
        if self.effects.is_some() {
            self.concerned.push(key.clone());
        }
    }

    /// The order; an unknown one has no lines.
    pub fn order(&self, id: &OrderId) -> Result<&OrderEntry, Stop> {
        self.orders
            .get(id)
            .ok_or_else(|| Stop::needs(|keys| keys.orders.push(id.clone())))
    }

    /// Makes an order of it, and records that.
    pub fn place(&mut self, placed: PlacedOrder) {
        self.orders
            .entry(placed.order_id.clone())
            .or_default()
            .placed = Some(placed.clone());
        self.undo.push(Undo::Placed(placed.order_id.clone()));
        self.record(Recorded {
            sku: None,
            event: Event::OrderPlaced {
                order_id: placed.order_id.clone(),
                deliver: placed.deliver,
                lines: placed.lines.clone(),
            },
        });
        self.placed.push(placed);
    }
}

/// Whether a line is one of this product's.
fn is_of(lines: &HashMap<LineKey, LineSlot>, key: &LineKey, sku: &Sku) -> bool {
    lines
        .get(key)
        .and_then(|slot| slot.now.as_ref())
        .is_some_and(|line| line.sku == *sku)
}
