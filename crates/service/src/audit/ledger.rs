//! What an audit keeps in memory: products, batches, shipments and lines as the log tells them, packed.

mod line;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use landfall_domain::product::Counters;
use landfall_domain::{
    Batch, BatchRef, LineId, LineKey, OrderId, Shipment, ShipmentRef, Sku, Supply, Terms,
};

pub(super) use line::{LineEntry, Pegs, Standing};

/// A position in one of the ledger's lists. 32 bits: more would not fit into memory anyway.
pub(super) type At = u32;

fn at(length: usize) -> At {
    At::try_from(length).unwrap_or(At::MAX)
}

/// Everything that the log tells, and what must be known of the tables until the end.
#[derive(Default)]
pub(super) struct Ledger {
    product_index: HashMap<Sku, At>,
    pub(super) products: Vec<ProductEntry>,
    batch_index: HashMap<BatchRef, At>,
    pub(super) batches: Vec<BatchEntry>,
    pub(super) shipments: BTreeMap<ShipmentRef, ShipmentEntry>,
    line_index: HashMap<u64, At>,
    /// The keys of all lines, one after the other.
    names: String,
    pub(super) lines: Vec<LineEntry>,
    /// The offset that must come next, by partition.
    pub(super) next_offsets: BTreeMap<u16, u64>,
    /// The heads of the tables.
    pub(super) heads: BTreeMap<u16, u64>,
    /// What the store keeps of each batch's allocations: units and lines, by the batch's partition and number.
    pub(super) store_sums: HashMap<(u16, u64), (u64, u64)>,
    /// What can be promised by the log and was not seen in the read model yet; made when all events are in.
    pub(super) unseen_availability: Option<HashMap<(At, Supply), u64>>,
}

/// A product.
pub(super) struct ProductEntry {
    pub(super) sku: Sku,
    /// Its row in the tables; `None`: it is not there.
    pub(super) row: Option<Counters>,
}

/// A batch.
pub(super) struct BatchEntry {
    /// As it is by the log; its number the log does not tell.
    pub(super) batch: Batch,
    pub(super) product: At,
    /// Its row in the tables, once seen.
    pub(super) row: Option<BatchRow>,
    /// What the lines in the tables take of it: units, lines, and the number by which they name it.
    pub(super) taken: Taken,
}

/// What must be remembered of a batch's row.
pub(super) struct BatchRow {
    pub(super) number: u64,
    pub(super) allocated: u64,
}

/// What lines take of a batch.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) units: u64,
    pub(super) lines: u64,
    pub(super) number: Option<u64>,
}

/// A shipment.
pub(super) struct ShipmentEntry {
    /// As it is by the log.
    pub(super) shipment: Shipment,
    /// Whether it was seen in the tables.
    pub(super) seen: bool,
}

impl Ledger {
    /// The product's place; it is made where it was not known.
    pub(super) fn product(&mut self, sku: &Sku) -> At {
        if let Some(at) = self.product_index.get(sku) {
            return *at;
        }
        let at = at(self.products.len());
        self.product_index.insert(sku.clone(), at);
        self.products.push(ProductEntry {
            sku: sku.clone(),
            row: None,
        });
        at
    }

    pub(super) fn find_product(&self, sku: &Sku) -> Option<At> {
        self.product_index.get(sku).copied()
    }

    pub(super) fn find_batch(&self, reference: &BatchRef) -> Option<At> {
        self.batch_index.get(reference).copied()
    }

    pub(super) fn add_batch(&mut self, batch: Batch) {
        let product = self.product(&batch.sku);
        let at = at(self.batches.len());
        self.batch_index.insert(batch.reference.clone(), at);
        self.batches.push(BatchEntry {
            batch,
            product,
            row: None,
            taken: Taken::default(),
        });
    }

    pub(super) fn find_line(&self, order_id: &OrderId, line_id: &LineId) -> Option<At> {
        self.probe(order_id.as_str(), line_id.as_str()).ok()
    }

    /// The line's place; where it was not known it is made, as one that is only named.
    pub(super) fn line(&mut self, order_id: &OrderId, line_id: &LineId) -> At {
        let (order, line) = (order_id.as_str(), line_id.as_str());
        self.probe(order, line).unwrap_or_else(|free| {
            let at = at(self.lines.len());
            self.line_index.insert(free, at);
            // Names have at most 255 characters of at most 4 bytes.
            let length = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX);
            let name = (self.names.len() as u64, length(order), length(line));
            self.names.push_str(order);
            self.names.push_str(line);
            self.lines.push(LineEntry::named(name));
            at
        })
    }

    /// The line's place, or the hash under which it can be entered. Two keys with one hash are told apart.
    fn probe(&self, order: &str, line: &str) -> Result<At, u64> {
        let mut hash = hash_of(&(order, line));
        while let Some(at) = self.line_index.get(&hash) {
            if self.name(*at) == (order, line) {
                return Ok(*at);
            }
            hash = hash_of(&hash);
        }
        Err(hash)
    }

    /// A line's order id and line id.
    pub(super) fn name(&self, at: At) -> (&str, &str) {
        let (start, order, line) = self.lines[at as usize].name;
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let middle = start + usize::from(order);
        let end = middle + usize::from(line);
        (&self.names[start..middle], &self.names[middle..end])
    }

    /// A line's key, for people.
    pub(super) fn line_name(&self, at: At) -> String {
        let (order, line) = self.name(at);
        format!("{order}/{line}")
    }

    /// What can be promised of each product by the day of its goods: the days that have units.
    pub(super) fn availability(&self) -> HashMap<(At, Supply), u64> {
        let mut units = HashMap::new();
        for BatchEntry { batch, product, .. } in &self.batches {
            let available = batch.available();
            if available > 0 {
                let sum: &mut u64 = units.entry((*product, batch.supply())).or_default();
                *sum = sum.saturating_add(available);
            }
        }
        units
    }
}

/// A line's key in the tables, for people.
pub(super) fn key_name(key: &LineKey) -> String {
    format!("{}/{}", key.order_id, key.line_id)
}

/// A digest of terms: of their JSON, so that no field is forgotten.
pub(super) fn digest(terms: &Terms) -> u64 {
    hash_of(&serde_json::to_string(terms).unwrap_or_default())
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
