//! The lines and orders of a unit of work, and which lines the present command leaves in trouble.

use indexmap::IndexMap;
use landfall_domain::events::Recorded;
use landfall_domain::product::Offer;
use landfall_domain::{
    Allocation, BatchRef, Event, LineKey, OrderId, OrderLine, PlacedOrder, Product, Rejection, Sku,
};

use super::{OrderEntry, Stop, Undo, UnitOfWork};

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
            let had = before
                .as_ref()
                .map_or([].as_slice(), |line| &line.allocations);
            let other =
                |new: &Allocation| had.iter().all(|old| old.batch_number != new.batch_number);
            let moved = line.allocations.iter().any(other);
            let unsettled = self.together.entry(key.order_id.clone()).or_default();
            unsettled.moved |= moved;
            unsettled.new |= before.is_none();
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
    pub fn loosen(&mut self, line: OrderLine) {
        self.trouble(&line.sku).loose.push(line.key.clone());
        self.put(line);
    }

    /// Notes that a line of this product has still found no stock.
    pub fn leave_loose(&mut self, sku: &Sku, key: LineKey) {
        self.trouble(sku).loose.push(key);
    }

    /// Notes a line whose goods come later than was promised: before the command ends, it has found others or
    /// is promised another day.
    pub fn delay(&mut self, line: &OrderLine) {
        self.trouble(&line.sku).delayed.push(line.key.clone());
    }

    fn trouble(&mut self, sku: &Sku) -> &mut Trouble {
        self.troubles.entry(sku.clone()).or_default()
    }

    /// The lines of this product that this command has left in trouble and that are not out of it yet.
    pub fn take_trouble(&mut self, sku: &Sku) -> Trouble {
        self.troubles
            .get_mut(sku)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The products that have lines in trouble.
    pub fn troubled(&self) -> Vec<Sku> {
        let troubled = self.troubles.iter();
        let troubled = troubled.filter(|(_, trouble)| !trouble.is_empty());
        troubled.map(|(sku, _)| sku.clone()).collect()
    }

    /// The products that have something to offer to their lines, in the order in which the command came to them.
    pub fn take_offers(&mut self) -> Vec<(Sku, Offer)> {
        let mut offers = Vec::new();
        for sku in &self.touched {
            let offer = self.products.get_mut(sku).map(Product::take_offer);
            let some = offer.filter(|offer| *offer > Offer::Nothing);
            offers.extend(some.map(|offer| (sku.clone(), offer)));
        }
        offers
    }

    /// Notes that goods of an order that goes out together come on another day.
    pub fn touch_order(&mut self, id: &OrderId) {
        self.together.entry(id.clone()).or_default().moved = true;
    }

    /// The orders that go out together and of which something changed in this command, and what.
    pub fn take_together(&mut self) -> IndexMap<OrderId, Unsettled> {
        std::mem::take(&mut self.together)
    }

    /// An order that was taken has not agreed on a day yet.
    pub fn unsettled(&mut self, id: &OrderId, what: Unsettled) {
        let unsettled = self.together.entry(id.clone()).or_default();
        unsettled.moved |= what.moved;
        unsettled.new |= what.new;
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

/// What has changed of an order that goes out together since it agreed on a day.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unsettled {
    /// Goods of a line come from elsewhere, or on another day.
    pub moved: bool,
    /// The present command has made it.
    pub new: bool,
}

/// The lines of a product that the present command has left in trouble.
#[derive(Debug, Default)]
pub struct Trouble {
    /// Their goods come later than was promised.
    pub delayed: Vec<LineKey>,
    /// They have lost their stock and found no other yet.
    pub loose: Vec<LineKey>,
}

impl Trouble {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.delayed.is_empty() && self.loose.is_empty()
    }
}
