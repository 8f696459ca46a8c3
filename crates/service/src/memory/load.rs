//! How the database in memory answers keys: what was named, and what comes with it.

use std::collections::BTreeSet;
use std::ops::Bound;

use landfall_domain::shortage::{QueueKey, ShortageKey};
use landfall_domain::{Batch, BatchRef, LineKey, OrderId, OrderLine, Product, ShipmentRef, Sku};

use super::tables::{OrderRow, Tables};
use crate::keys::{AllocatedRange, Keys, LateRange, WaitingRange};
use crate::store::{Head, LineOrder, Loaded, LoadedOrder, LoadedRange};

/// What is to be handed out, each thing once.
#[derive(Default)]
struct Found<'a> {
    products: BTreeSet<&'a Sku>,
    batches: BTreeSet<&'a BatchRef>,
    lines: BTreeSet<&'a LineKey>,
    orders: BTreeSet<&'a OrderId>,
}

impl Tables {
    /// What there is of these keys, and what comes with each.
    pub(super) fn load(&self, keys: &Keys) -> Loaded {
        let mut found = Found::default();
        found.products.extend(&keys.products);
        found.products.extend(&keys.live);
        found.orders.extend(&keys.orders);
        for batch in keys
            .batches
            .iter()
            .filter_map(|reference| self.batches.get(reference))
        {
            found.batch(batch);
        }
        let shipments: BTreeSet<&ShipmentRef> = keys.shipments.iter().collect();
        let carriers: BTreeSet<&ShipmentRef> = keys.cargo.iter().collect();
        let cargo: Vec<_> = carriers
            .into_iter()
            .filter_map(|shipment| self.cargo(shipment))
            .collect();
        let live = keys.live.iter().filter_map(|sku| self.products.get(sku));
        let live = live.flat_map(|row| &row.batches);
        let live = live.filter(|name| self.batches.get(*name).is_some_and(|b| b.allocated > 0));
        let carried = cargo.iter().flat_map(|(_, batches)| batches);
        for batch in live
            .chain(carried)
            .filter_map(|reference| self.batches.get(reference))
        {
            found.batch(batch);
        }
        for line in keys.lines.iter().filter_map(|key| self.line(key)) {
            found.line(line);
        }
        for line in found
            .orders
            .clone()
            .into_iter()
            .flat_map(|id| self.order_lines(id))
        {
            found.line(line);
        }
        let allocated: Vec<_> = keys
            .allocated
            .iter()
            .map(|range| self.allocated(range))
            .collect();
        let waiting: Vec<_> = keys
            .waiting
            .iter()
            .map(|range| self.waiting(range))
            .collect();
        let late: Vec<_> = keys.late.iter().map(|range| self.late(range)).collect();
        let ranged = allocated
            .iter()
            .flat_map(|r| &r.lines)
            .chain(waiting.iter().flat_map(|r| &r.lines))
            .chain(late.iter().flat_map(|r| &r.lines));
        for line in ranged.filter_map(|key| self.line(key)) {
            found.line(line);
        }
        let mut ids: Vec<_> = keys.command_ids.iter().collect();
        ids.sort();
        ids.dedup();
        Loaded {
            heads: self.heads_of(keys, &found),
            products: found
                .products
                .iter()
                .filter_map(|sku| self.product(sku))
                .collect(),
            batches: found
                .batches
                .iter()
                .filter_map(|name| self.batches.get(*name))
                .cloned()
                .collect(),
            lines: found
                .lines
                .iter()
                .filter_map(|key| self.line(key))
                .cloned()
                .collect(),
            orders: found
                .orders
                .iter()
                .filter_map(|id| self.order(id))
                .collect(),
            shipments: shipments
                .into_iter()
                .filter_map(|reference| self.shipments.get(reference))
                .cloned()
                .collect(),
            cargo,
            remembered: ids
                .into_iter()
                .filter_map(|id| self.answers.get(id))
                .cloned()
                .collect(),
            allocated,
            waiting,
            late,
            access_version: None,
        }
    }

    /// The heads of the partitions that the keys touch.
    fn heads_of(&self, keys: &Keys, found: &Found<'_>) -> Vec<Head> {
        let products = keys.products.iter().chain(&keys.live);
        let products = products.chain(found.products.iter().copied());
        let ranges = keys.allocated.iter().map(|range| &range.sku);
        let ranges = ranges.chain(keys.waiting.iter().map(|range| &range.sku));
        let ranges = ranges.chain(keys.late.iter().map(|range| &range.sku));
        let names = products.chain(ranges).map(Sku::as_str);
        let names = names.chain(keys.orders.iter().map(OrderId::as_str));
        let shipments = keys.shipments.iter().chain(&keys.cargo);
        let names = names.chain(shipments.map(ShipmentRef::as_str));
        let mut wanted: BTreeSet<u16> = names.map(|name| self.home(name)).collect();
        wanted.extend(&keys.heads);
        if self.partitions() == 1 {
            wanted.insert(0);
        }
        let heads = wanted.into_iter();
        let heads = heads.filter_map(|partition| self.heads.get(usize::from(partition)));
        heads.copied().collect()
    }

    /// The batches of a shipment, by reference; `None`: there is no such shipment.
    pub(super) fn cargo(&self, shipment: &ShipmentRef) -> Option<(ShipmentRef, Vec<BatchRef>)> {
        self.shipments.get(shipment)?;
        let batches = self.cargo.get(shipment).into_iter().flatten();
        Some((shipment.clone(), batches.cloned().collect()))
    }

    fn product(&self, sku: &Sku) -> Option<Product> {
        let row = self.products.get(sku)?;
        let open = row
            .open
            .iter()
            .filter_map(|name| self.batches.get(name))
            .cloned()
            .collect();
        Some(Product::load(row.number, sku.clone(), row.counters, open))
    }

    fn order(&self, id: &OrderId) -> Option<LoadedOrder> {
        let row = self.orders.get(id)?;
        let lines = self
            .by_age(row)
            .into_iter()
            .map(|line| line.key.clone())
            .collect();
        Some(LoadedOrder {
            lines,
            placed: row.placed.clone(),
            order_id: id.clone(),
        })
    }

    /// The lines of an order, in the order of [`LineOrder`].
    pub(super) fn by_age<'a>(&self, row: &'a OrderRow) -> Vec<&'a OrderLine> {
        let order = LineOrder::new(row.placed.as_ref(), self.partitions());
        let mut lines: Vec<_> = row.lines.values().collect();
        lines.sort_by_key(|line| order.place(&line.key.line_id, line.number, &line.sku));
        lines
    }

    fn order_lines(&self, id: &OrderId) -> impl Iterator<Item = &OrderLine> {
        self.orders
            .get(id)
            .into_iter()
            .flat_map(|row| row.lines.values())
    }

    fn allocated(&self, range: &AllocatedRange) -> LoadedRange<AllocatedRange> {
        let pegs = self.pegs(&range.sku, range.batch_number);
        let lines = self.pegged.get(&pegs).into_iter();
        let lines =
            lines.flat_map(|pegged| pegged.lines.range((after(range.after), Bound::Unbounded)));
        // A line without a promise has the latest day as its key's.
        let late_enough =
            |(key, _): &(&ShortageKey, _)| range.later_than.is_none_or(|day| key.promise.0 > day);
        let lines = lines.filter(late_enough);
        let (lines, complete) = first(lines.map(|(_, key)| key), range.limit);
        LoadedRange {
            range: range.clone(),
            lines,
            complete,
        }
    }

    fn late(&self, range: &LateRange) -> LoadedRange<LateRange> {
        let lines = self.products.get(&range.sku).into_iter();
        let lines = lines.flat_map(|row| row.late.range((after(range.after), Bound::Unbounded)));
        let wanted = |key: &&LineKey| {
            self.line(key).is_some_and(|line| {
                !line.locked() && range.served.is_none_or(|served| served.fits(line))
            })
        };
        let lines = lines.map(|(_, key)| key).filter(wanted);
        let (lines, complete) = first(lines, range.limit);
        LoadedRange {
            range: range.clone(),
            lines,
            complete,
        }
    }

    fn waiting(&self, range: &WaitingRange) -> LoadedRange<WaitingRange> {
        // Of the lines that name the same locations, one more than are wanted: the others come after these.
        let most = range.limit.saturating_add(1);
        let mut found: Vec<(&QueueKey, &LineKey)> = Vec::new();
        if let Some(row) = self.products.get(&range.sku) {
            let lists = row.waiting_at.iter();
            for (_, keys) in lists.filter(|(list, _)| range.room.of(list).total > 0) {
                let keys = keys.range((after(range.after), Bound::Unbounded));
                let lines = keys.filter_map(|key| Some((key, row.waiting.get(key)?)));
                let fits = |(_, key): &(_, &LineKey)| {
                    self.line(key).is_some_and(|line| range.room.fits(line))
                };
                found.extend(lines.filter(fits).take(most));
            }
        }
        found.sort_unstable();
        let (lines, complete) = first(found.into_iter().map(|(_, key)| key), range.limit);
        LoadedRange {
            range: range.clone(),
            lines,
            complete,
        }
    }
}

impl<'a> Found<'a> {
    fn batch(&mut self, batch: &'a Batch) {
        self.batches.insert(&batch.reference);
        self.products.insert(&batch.sku);
    }

    fn line(&mut self, line: &'a OrderLine) {
        self.lines.insert(&line.key);
        self.products.insert(&line.sku);
        self.batches
            .extend(line.allocations.iter().map(|allocation| &allocation.batch));
    }
}

fn after<T>(key: Option<T>) -> Bound<T> {
    key.map_or(Bound::Unbounded, Bound::Excluded)
}

/// The first so many, and whether there are none after them.
fn first<'a>(mut lines: impl Iterator<Item = &'a LineKey>, limit: usize) -> (Vec<LineKey>, bool) {
    let taken = lines.by_ref().take(limit).cloned().collect();
    (taken, lines.next().is_none())
}
