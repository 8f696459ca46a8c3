//! One half of a unit of work: from keys to what they name, and what comes with it.
//!
//! Everything is a point lookup or a range of an index, and each thing is looked up once.

mod ranges;

use hashbrown::hash_map::Entry as Place;
use hashbrown::{HashMap, HashSet};
use landfall_domain::product::Counters;
use landfall_domain::{Batch, BatchRef, LineKey, OrderId, Product, ShipmentRef, Sku};
use landfall_service::keys::Keys;
use landfall_service::store::{AnswerKey, Head, Loaded, LoadedOrder, Remembered};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::access;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::rows::{self, LINE, RawLine};
use crate::unsettled::Unsettled;
use std::sync::LazyLock;

pub(crate) static LINE_BY_KEY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LINE} FROM line_keys k CROSS JOIN lines l ON l.number = k.number \
         WHERE k.order_id = ?1 AND k.line_id = ?2"
    )
});
pub(crate) static LINE_BY_NUMBER: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {LINE} FROM lines l WHERE l.number = ?1"));
const PRODUCT_BY_SKU: &str = "SELECT p.number, p.sku, v.version, p.backordered, p.late \
     FROM products p CROSS JOIN product_versions v ON v.number = p.number WHERE p.sku = ?1";
const PRODUCT_BY_NUMBER: &str = "SELECT p.number, p.sku, v.version, p.backordered, p.late \
     FROM products p CROSS JOIN product_versions v ON v.number = p.number WHERE p.number = ?1";
const ANSWER: &str = "SELECT command, answer, time FROM answers WHERE id = ?1";
/// The statements, for a test of their plans.
#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    let fixed = [
        PRODUCT_BY_SKU,
        PRODUCT_BY_NUMBER,
        ANSWER,
        ranges::PEGGED,
        ranges::NEXT_RANK,
        ranges::PEGGED_LATER,
        ranges::LATE,
        ranges::NEXT_PLACES,
        ranges::WAITING,
        rows::PLACED,
    ];
    let made = [
        LINE_BY_KEY.as_str(),
        LINE_BY_NUMBER.as_str(),
        rows::OPEN_BATCHES.as_str(),
        rows::LIVE_BATCHES.as_str(),
        rows::CARGO.as_str(),
        rows::SHIPMENT_BY_REFERENCE.as_str(),
        rows::BATCH_BY_NUMBER.as_str(),
        rows::BATCH_BY_REFERENCE.as_str(),
        rows::LINES_OF_ORDER.as_str(),
        crate::unsettled::YOUNG,
    ];
    fixed.into_iter().chain(made).collect()
}

/// Where the partition stands.
pub(crate) fn head(connection: &Connection) -> Result<Head, Fault> {
    let sql = "SELECT version, next_offset, next_number FROM heads WHERE partition = 0";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let row = rows
        .next()?
        .ok_or_else(|| Fault::Corrupt("there is no head".into()))?;
    Ok(Head {
        partition: 0,
        version: rows::count(row, 0)?,
        next_offset: rows::count(row, 1)?,
        next_number: rows::count(row, 2)?,
    })
}

/// Loads what the keys name. `unsettled` knows what the index of allocations lacks; it is not asked unless
/// a range of allocated lines is.
pub(crate) fn load(
    connection: &Connection,
    head: Head,
    keys: &Keys,
    unsettled: &Unsettled,
) -> Result<Loaded, Fault> {
    let mut loader = Loader {
        connection,
        loaded: Loaded {
            heads: vec![head],
            ..Loaded::default()
        },
        products: HashMap::new(),
        batches: HashMap::new(),
        lines: HashMap::new(),
    };
    loader.products(&keys.products)?;
    loader.batches(&keys.batches)?;
    loader.lines(&keys.lines)?;
    loader.orders(&keys.orders)?;
    loader.shipments(&keys.shipments)?;
    loader.cargo(&keys.cargo)?;
    loader.live(&keys.live)?;
    loader.answers(&keys.command_ids)?;
    for range in &keys.allocated {
        loader.allocated(range, unsettled)?;
    }
    for range in &keys.waiting {
        loader.waiting(range)?;
    }
    for range in &keys.late {
        loader.late(range)?;
    }
    if keys.access_version {
        loader.loaded.access_version = Some(access::version(connection)?);
    }
    Ok(loader.loaded)
}

struct Loader<'c> {
    connection: &'c Connection,
    loaded: Loaded,
    /// By number: where each is in `loaded`.
    products: HashMap<u64, usize>,
    batches: HashMap<u64, usize>,
    lines: HashMap<u64, usize>,
}

impl Loader<'_> {
    fn products(&mut self, skus: &[Sku]) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(PRODUCT_BY_SKU)?;
        for sku in once(skus) {
            let mut rows = statement.query([sku.as_str()])?;
            if let Some(row) = rows.next()? {
                self.add_product(row)?;
            }
        }
        Ok(())
    }

    fn batches(&mut self, references: &[BatchRef]) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(&rows::BATCH_BY_REFERENCE)?;
        for reference in once(references) {
            let mut rows = statement.query([reference.as_str()])?;
            if let Some(row) = rows.next()? {
                self.add_batch(row)?;
            }
        }
        Ok(())
    }

    fn lines(&mut self, keys: &[LineKey]) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(&LINE_BY_KEY)?;
        for key in once(keys) {
            let mut rows = statement.query([key.order_id.as_str(), key.line_id.as_str()])?;
            if let Some(row) = rows.next()? {
                self.add_line(RawLine::read(row)?)?;
            }
        }
        Ok(())
    }

    fn orders(&mut self, ids: &[OrderId]) -> Result<(), Fault> {
        let mut lines = self.connection.prepare_cached(&rows::LINES_OF_ORDER)?;
        let mut placed = self.connection.prepare_cached(rows::PLACED)?;
        for id in once(ids) {
            let mut numbered = Vec::new();
            let mut rows = lines.query([id.as_str()])?;
            while let Some(row) = rows.next()? {
                let line = RawLine::read(row)?;
                numbered.push((line.number, line.key.clone()));
                self.add_line(line)?;
            }
            numbered.sort_unstable_by_key(|(number, _)| *number);
            let mut rows = placed.query([id.as_str()])?;
            let placed = rows.next()?.map(|row| rows::placed(row, id)).transpose()?;
            if !numbered.is_empty() || placed.is_some() {
                self.loaded.orders.push(LoadedOrder {
                    order_id: id.clone(),
                    lines: numbered.into_iter().map(|(_, key)| key).collect(),
                    placed,
                });
            }
        }
        Ok(())
    }

    fn answers(&mut self, ids: &[AnswerKey]) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(ANSWER)?;
        for id in once(ids) {
            let mut rows = statement.query([id.as_str()])?;
            if let Some(row) = rows.next()? {
                self.loaded.remembered.push(Remembered {
                    id: id.clone(),
                    command: row.get(0)?,
                    answer: row.get(1)?,
                    time: codes::time_of(row.get(2)?)?,
                });
            }
        }
        Ok(())
    }

    fn shipments(&mut self, references: &[ShipmentRef]) -> Result<(), Fault> {
        for reference in once(references) {
            let shipment = shipment(self.connection, reference)?;
            self.loaded.shipments.extend(shipment);
        }
        Ok(())
    }

    fn cargo(&mut self, references: &[ShipmentRef]) -> Result<(), Fault> {
        for reference in once(references) {
            if shipment(self.connection, reference)?.is_none() {
                continue;
            }
            let mut statement = self.connection.prepare_cached(&rows::CARGO)?;
            let mut rows = statement.query([reference.as_str()])?;
            let mut batches = Vec::new();
            while let Some(row) = rows.next()? {
                batches.push(rows::name(row, 2)?);
                self.add_batch(row)?;
            }
            self.loaded.cargo.push((reference.clone(), batches));
        }
        Ok(())
    }

    /// Products with their batches that lines hold, those with free units and the others.
    fn live(&mut self, skus: &[Sku]) -> Result<(), Fault> {
        self.products(skus)?;
        let mut statement = self.connection.prepare_cached(&rows::LIVE_BATCHES)?;
        for sku in once(skus) {
            let of_sku = |product: &&Product| product.sku == *sku;
            let Some(product) = self.loaded.products.iter().find(of_sku) else {
                continue;
            };
            let mut rows = statement.query([int(product.number)])?;
            while let Some(row) = rows.next()? {
                if rows::count(row, 6)? > 0 {
                    self.add_batch(row)?;
                }
            }
        }
        Ok(())
    }

    /// Loads lines by number and gives their keys.
    fn numbered(&mut self, numbers: impl Iterator<Item = u64>) -> Result<Vec<LineKey>, Fault> {
        let mut statement = self.connection.prepare_cached(&LINE_BY_NUMBER)?;
        let mut keys = Vec::new();
        for number in numbers {
            if let Some(at) = self.lines.get(&number) {
                keys.push(self.loaded.lines[*at].key.clone());
                continue;
            }
            let mut rows = statement.query([int(number)])?;
            let row = rows.next()?;
            let row = row.ok_or_else(|| Fault::Corrupt(format!("there is no line {number}")))?;
            let line = RawLine::read(row)?;
            keys.push(line.key.clone());
            self.add_line(line)?;
        }
        Ok(keys)
    }

    /// Takes a line in, with its product and the batches to which it is pegged.
    fn add_line(&mut self, line: RawLine) -> Result<(), Fault> {
        if self.lines.contains_key(&line.number) {
            return Ok(());
        }
        let sku = self.product_numbered(line.product)?;
        for (batch, _) in &line.pegs {
            self.batch_numbered(*batch)?;
        }
        let number = line.number;
        let line = line.into_line(sku, |batch| {
            let at = self.batches.get(&batch);
            let batch = at.and_then(|at| self.loaded.batches.get(*at));
            batch
                .map(|batch| batch.reference.clone())
                .ok_or_else(|| missing("batch", number))
        })?;
        self.lines.insert(number, self.loaded.lines.len());
        self.loaded.lines.push(line);
        Ok(())
    }

    fn batch_numbered(&mut self, number: u64) -> Result<(), Fault> {
        if self.batches.contains_key(&number) {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&rows::BATCH_BY_NUMBER)?;
        let mut rows = statement.query([int(number)])?;
        self.add_batch(rows.next()?.ok_or_else(|| missing("batch", number))?)
    }

    /// Takes a batch in, with its product.
    fn add_batch(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let batch = rows::batch(row, |product| self.product_numbered(product))?;
        if let Place::Vacant(place) = self.batches.entry(batch.number) {
            place.insert(self.loaded.batches.len());
            self.loaded.batches.push(batch);
        }
        Ok(())
    }

    /// Loads a product where it is not loaded yet, and gives its SKU.
    fn product_numbered(&mut self, number: u64) -> Result<Sku, Fault> {
        if let Some(at) = self.products.get(&number) {
            return Ok(self.loaded.products[*at].sku.clone());
        }
        let mut statement = self.connection.prepare_cached(PRODUCT_BY_NUMBER)?;
        let mut rows = statement.query([int(number)])?;
        self.add_product(rows.next()?.ok_or_else(|| missing("product", number))?)
    }

    /// Takes a product in, with its open batches, and gives its SKU.
    fn add_product(&mut self, row: &Row<'_>) -> Result<Sku, Fault> {
        let number = rows::count(row, 0)?;
        if let Some(at) = self.products.get(&number) {
            return Ok(self.loaded.products[*at].sku.clone());
        }
        let sku: Sku = rows::name(row, 1)?;
        let counters = counters(row)?;
        let mut statement = self.connection.prepare_cached(&rows::OPEN_BATCHES)?;
        let mut rows = statement.query([int(number)])?;
        let mut open: Vec<Batch> = Vec::new();
        while let Some(row) = rows.next()? {
            open.push(rows::batch(row, |_| Ok(sku.clone()))?);
        }
        self.products.insert(number, self.loaded.products.len());
        let product = Product::load(number, sku.clone(), counters, open);
        self.loaded.products.push(product);
        Ok(sku)
    }
}

/// A shipment by its reference.
fn shipment(
    connection: &Connection,
    reference: &ShipmentRef,
) -> Result<Option<landfall_domain::Shipment>, Fault> {
    let mut statement = connection.prepare_cached(&rows::SHIPMENT_BY_REFERENCE)?;
    let mut rows = statement.query([reference.as_str()])?;
    rows.next()?.map(rows::shipment).transpose()
}

/// A product's own row: version, lines that wait, lines that are late, in three columns from the third on.
pub(crate) fn counters(row: &Row<'_>) -> Result<Counters, Fault> {
    Ok(Counters {
        version: rows::count(row, 2)?,
        backordered: rows::count(row, 3)?,
        late: rows::count(row, 4)?,
    })
}

fn missing(what: &str, number: u64) -> Fault {
    Fault::Corrupt(format!(
        "there is no {what} {number}, though something refers to it"
    ))
}

/// Each key once, in order. Most groups name most things once.
fn once<K: Eq + std::hash::Hash>(keys: &[K]) -> impl Iterator<Item = &K> {
    let mut seen = HashSet::with_capacity(if keys.len() > 1 { keys.len() } else { 0 });
    keys.iter().filter(move |key| seen.insert(*key))
}

/// The SKU of a product's number.
pub(crate) fn sku_of(connection: &Connection, number: u64) -> Result<Sku, Fault> {
    let mut statement = connection.prepare_cached(rows::SKU_OF_PRODUCT)?;
    let sku: Option<String> = statement
        .query_row([int(number)], |row| row.get(0))
        .optional()?;
    rows::parse(&sku.ok_or_else(|| missing("product", number))?)
}
