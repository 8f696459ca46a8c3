//! What the rows of a unit of work say, until all of it is there.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use landfall_domain::product::Counters;
use landfall_domain::{
    Batch, BatchRef, LineKey, OrderId, PlacedOrder, Product, Shipment, ShipmentRef, Sku,
};
use landfall_service::keys::{AllocatedRange, Keys};
use landfall_service::store::{LineOrder, Loaded, LoadedOrder, LoadedRange, Remembered};
use tokio_postgres::Row;

use super::Ask;
use crate::codes::Micros;
use crate::error::Fault;
use crate::rows::{self, LINE_COLUMNS, PRODUCT_OF_BATCH, PRODUCT_OF_LINE, Place, RawLine};

/// A product, and its batches with free units once these were asked for.
#[derive(Debug)]
struct FoundProduct {
    sku: Sku,
    counters: Counters,
    open: Option<Vec<Batch>>,
}

/// Everything found so far, each thing once, by where it lies.
#[derive(Debug, Default)]
pub(crate) struct Found {
    products: BTreeMap<Place, FoundProduct>,
    batches: BTreeMap<Place, Batch>,
    lines: BTreeMap<Place, RawLine>,
    /// The lines of orders that were named.
    orders: HashMap<OrderId, Vec<(u64, Sku, LineKey)>>,
    placed: HashMap<OrderId, PlacedOrder>,
    shipments: BTreeMap<ShipmentRef, Shipment>,
    cargo: HashMap<ShipmentRef, Vec<BatchRef>>,
    remembered: Vec<Remembered>,
    /// The ranges, by what they are of.
    ranges: HashMap<Ask, Vec<FoundRange>>,
    /// How many partitions the database has.
    partitions: u16,
    /// The version of the API keys, where any head was asked for.
    pub(crate) access_version: Option<u64>,
}

/// The lines of a range.
#[derive(Debug)]
struct FoundRange {
    limit: usize,
    lines: Vec<LineKey>,
    complete: bool,
}

impl FoundRange {
    fn up_to(limit: usize) -> Self {
        Self {
            limit,
            lines: Vec::new(),
            complete: true,
        }
    }

    fn of<R: Clone>(self, range: &R) -> LoadedRange<R> {
        LoadedRange {
            range: range.clone(),
            lines: self.lines,
            complete: self.complete,
        }
    }
}

impl Found {
    /// Nothing yet of these keys.
    pub(crate) fn new(keys: &Keys, partitions: u16) -> Self {
        let mut found = Self {
            partitions,
            ..Self::default()
        };
        let mut expect = |ask, limit| {
            let ranges = found.ranges.entry(ask).or_default();
            ranges.push(FoundRange::up_to(limit));
        };
        for range in &keys.allocated {
            expect(pegged(range), range.limit);
        }
        for range in &keys.waiting {
            expect(Ask::Waiting, range.limit);
        }
        for range in &keys.late {
            expect(Ask::Late, range.limit);
        }
        found
    }

    /// The partitions of all products found.
    pub(crate) fn homes(&self) -> BTreeSet<u16> {
        self.products
            .keys()
            .map(|(partition, _)| *partition)
            .collect()
    }

    /// Takes rows in.
    pub(crate) fn add(&mut self, ask: Ask, rows: &[Row]) -> Result<(), Fault> {
        match ask {
            Ask::Bound | Ask::Heads => {}
            Ask::AccessVersion => {
                self.access_version = rows.first().map(|row| rows::count(row, 0)).transpose()?;
            }
            Ask::Products => {
                for row in rows {
                    let product = self.product(row, rows::place(row, 0)?, 2)?;
                    // Their open batches come in the same round trip.
                    product.open.get_or_insert_default();
                }
            }
            Ask::OpenBatches => self.add_open(rows)?,
            Ask::Batches => {
                for row in rows {
                    self.add_batch(row)?;
                }
            }
            Ask::Cargo => {
                for row in rows {
                    let reference = rows::name(row, 3)?;
                    let shipment: Option<ShipmentRef> = rows::optional_name(row, 11)?;
                    let shipment = shipment.ok_or_else(|| {
                        Fault::Corrupt(format!("batch {reference} is cargo of no shipment"))
                    })?;
                    self.cargo.entry(shipment).or_default().push(reference);
                    self.add_batch(row)?;
                }
            }
            Ask::Shipments => {
                for row in rows {
                    let shipment = rows::shipment(row)?;
                    self.shipments.insert(shipment.reference.clone(), shipment);
                }
            }
            Ask::Lines => {
                for row in rows {
                    self.add_line(row)?;
                }
            }
            Ask::OrderLines => {
                for row in rows {
                    let key = self.add_line(row)?;
                    let (number, sku) = (rows::count(row, 1)?, rows::name(row, PRODUCT_OF_LINE)?);
                    let lines = self.orders.entry(key.order_id.clone()).or_default();
                    lines.push((number, sku, key));
                }
            }
            Ask::Placed => {
                for row in rows {
                    let placed = rows::placed(row, 0)?;
                    self.placed.insert(placed.order_id.clone(), placed);
                }
            }
            Ask::Answers => {
                for row in rows {
                    self.remembered.push(remembered(row)?);
                }
            }
            Ask::Pegged | Ask::PeggedLater | Ask::Waiting | Ask::Late => {
                for row in rows {
                    self.add_to_range(ask, row)?;
                }
            }
        }
        Ok(())
    }

    /// The products without open batches, and the batches to which lines are pegged: both by place.
    pub(crate) fn missing(&mut self) -> (Vec<Place>, Vec<Place>) {
        let products = self.products.iter_mut();
        let products = products.filter(|(_, product)| product.open.is_none());
        let products = products.map(|(place, product)| {
            // Nothing comes where none is open.
            product.open = Some(Vec::new());
            *place
        });
        let products = products.collect();
        let pegged = self.lines.values().flat_map(|line| {
            let (partition, _) = line.place;
            line.pegs.iter().map(move |(batch, _)| (partition, *batch))
        });
        let batches: BTreeSet<Place> = pegged
            .filter(|place| !self.batches.contains_key(place))
            .collect();
        (products, batches.into_iter().collect())
    }

    fn product(
        &mut self,
        row: &Row,
        place: Place,
        column: usize,
    ) -> Result<&mut FoundProduct, Fault> {
        match self.products.entry(place) {
            Entry::Occupied(product) => Ok(product.into_mut()),
            Entry::Vacant(vacant) => Ok(vacant.insert(FoundProduct {
                sku: rows::name(row, column)?,
                counters: rows::counters(row, column)?,
                open: None,
            })),
        }
    }

    /// The batches that come with their product: those with free units in it, those that lines hold beside it.
    fn add_open(&mut self, rows: &[Row]) -> Result<(), Fault> {
        let mut open: BTreeMap<Place, Vec<Batch>> = BTreeMap::new();
        for row in rows {
            let batch = rows::batch(row)?;
            let place = (rows::partition(row, 0)?, rows::count(row, 2)?);
            self.product(row, place, PRODUCT_OF_BATCH)?;
            if batch.free() > 0 {
                open.entry(place).or_default().push(batch);
            } else {
                self.batches.insert(rows::place(row, 0)?, batch);
            }
        }
        for (place, batches) in open {
            if let Some(product) = self.products.get_mut(&place) {
                product.open = Some(batches);
            }
        }
        Ok(())
    }

    fn add_batch(&mut self, row: &Row) -> Result<(), Fault> {
        let place = rows::place(row, 0)?;
        let product = (place.0, rows::count(row, 2)?);
        self.product(row, product, PRODUCT_OF_BATCH)?;
        if let Entry::Vacant(vacant) = self.batches.entry(place) {
            vacant.insert(rows::batch(row)?);
        }
        Ok(())
    }

    fn add_line(&mut self, row: &Row) -> Result<LineKey, Fault> {
        let place = rows::place(row, 0)?;
        if let Some(line) = self.lines.get(&place) {
            return Ok(line.key.clone());
        }
        let line = RawLine::read(row)?;
        self.product(row, (place.0, line.product), PRODUCT_OF_LINE)?;
        let key = line.key.clone();
        self.lines.insert(place, line);
        Ok(key)
    }

    /// Of each range one line more than wanted is asked for: it tells that there are more, and is not taken in.
    fn add_to_range(&mut self, ask: Ask, row: &Row) -> Result<(), Fault> {
        let range = rows::count(row, LINE_COLUMNS)?;
        let stranger = || Fault::Corrupt(format!("nobody asked for range {range}"));
        let place = usize::try_from(range)
            .ok()
            .and_then(|range| range.checked_sub(1));
        let place = place.ok_or_else(stranger)?;
        let ranges = self.ranges.get_mut(&ask).ok_or_else(stranger)?;
        let found = ranges.get_mut(place).ok_or_else(stranger)?;
        if found.lines.len() == found.limit {
            found.complete = false;
            return Ok(());
        }
        let key = self.add_line(row)?;
        let ranges = self
            .ranges
            .get_mut(&ask)
            .and_then(|ranges| ranges.get_mut(place));
        ranges.ok_or_else(stranger)?.lines.push(key);
        Ok(())
    }

    /// Everything, as the engine takes it; the heads left out.
    pub(crate) fn into_loaded(mut self, keys: &Keys) -> Result<Loaded, Fault> {
        let mut loaded = Loaded {
            access_version: self.access_version,
            ..Loaded::default()
        };
        self.take_live(keys);
        for line in std::mem::take(&mut self.lines).into_values() {
            let key = line.key.clone();
            let line = line.into_line(|place| {
                let batch = self.batches.get(&place);
                let batch = batch.map(|batch| batch.reference.clone());
                batch.ok_or_else(|| {
                    Fault::Corrupt(format!(
                        "line {key} is pegged to batch {} of partition {}, which is not there",
                        place.1, place.0
                    ))
                })
            })?;
            loaded.lines.push(line);
        }
        for (place, product) in std::mem::take(&mut self.products) {
            let FoundProduct {
                sku,
                counters,
                open,
            } = product;
            let mut open = open.unwrap_or_default();
            open.sort_unstable_by_key(|batch| batch.number);
            loaded
                .products
                .push(Product::load(place.1, sku, counters, open));
        }
        self.take_orders(keys, &mut loaded);
        self.take_shipments(keys, &mut loaded);
        self.take_ranges(keys, &mut loaded);
        self.remembered.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        loaded.remembered = self.remembered;
        loaded.batches = self.batches.into_values().collect();
        Ok(loaded)
    }

    /// Of a live product, all batches that lines hold are named, also those that have free units.
    fn take_live(&mut self, keys: &Keys) {
        let live: HashSet<&Sku> = keys.live.iter().collect();
        let products = self.products.iter();
        for ((partition, _), product) in products.filter(|(_, product)| live.contains(&product.sku))
        {
            let open = product.open.iter().flatten();
            for batch in open.filter(|batch| batch.allocated > 0) {
                self.batches
                    .entry((*partition, batch.number))
                    .or_insert_with(|| batch.clone());
            }
        }
    }

    fn take_orders(&mut self, keys: &Keys, loaded: &mut Loaded) {
        for id in &keys.orders {
            let (lines, placed) = (self.orders.remove(id), self.placed.remove(id));
            if lines.is_some() || placed.is_some() {
                let mut lines = lines.unwrap_or_default();
                let order = LineOrder::new(placed.as_ref(), self.partitions);
                lines.sort_by_key(|(number, sku, key)| order.place(&key.line_id, *number, sku));
                loaded.orders.push(LoadedOrder {
                    order_id: id.clone(),
                    lines: lines.into_iter().map(|(_, _, key)| key).collect(),
                    placed,
                });
            }
        }
    }

    fn take_shipments(&mut self, keys: &Keys, loaded: &mut Loaded) {
        for reference in &keys.cargo {
            if self.shipments.contains_key(reference)
                && !loaded.cargo.iter().any(|(known, _)| known == reference)
            {
                let mut batches = self.cargo.remove(reference).unwrap_or_default();
                batches.sort_unstable();
                loaded.cargo.push((reference.clone(), batches));
            }
        }
        for reference in &keys.shipments {
            loaded.shipments.extend(self.shipments.remove(reference));
        }
    }

    fn take_ranges(&mut self, keys: &Keys, loaded: &mut Loaded) {
        let mut found: HashMap<Ask, std::vec::IntoIter<FoundRange>> =
            std::mem::take(&mut self.ranges)
                .into_iter()
                .map(|(ask, ranges)| (ask, ranges.into_iter()))
                .collect();
        let mut next = |ask: Ask| found.get_mut(&ask).and_then(Iterator::next);
        for range in &keys.allocated {
            let found = next(pegged(range));
            loaded.allocated.extend(found.map(|found| found.of(range)));
        }
        for range in &keys.waiting {
            let found = next(Ask::Waiting);
            loaded.waiting.extend(found.map(|found| found.of(range)));
        }
        for range in &keys.late {
            let found = next(Ask::Late);
            loaded.late.extend(found.map(|found| found.of(range)));
        }
    }
}

/// What asks for a range of pegged lines.
fn pegged(range: &AllocatedRange) -> Ask {
    match range.later_than {
        None => Ask::Pegged,
        Some(_) => Ask::PeggedLater,
    }
}

fn remembered(row: &Row) -> Result<Remembered, Fault> {
    let id: &str = rows::get(row, 0)?;
    let id = id.parse();
    let Ok(id) = id;
    Ok(Remembered {
        id,
        command: rows::get(row, 1)?,
        answer: rows::get(row, 2)?,
        time: rows::get::<Micros>(row, 3)?.time()?,
    })
}
