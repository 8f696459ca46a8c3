//! What a contract case writes into a store, row by row, without the engine.
//!
//! A case says what there is to be: batches, lines, and what they are pegged to. The scene keeps the counts
//! right and works out what changed since it was last written.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use landfall_domain::product::Counters;
use landfall_domain::{
    Allocation, Batch, BatchRef, Event, Hold, LineKey, OrderLine, PlacedOrder, Product, Shipment,
    ShipmentRef, Sku, Status, Supply, Terms,
};
use landfall_service::LogRecord;
use landfall_service::keys::Keys;
use landfall_service::store::{
    AvailabilityChange, BatchChange, Changes, Head, LineChange, Loaded, ProductChange, Remembered,
    ShipmentChange, Store, StoreError, partition_of,
};

use crate::clock::today;
use crate::commands::{key, name};

/// What there is to be, and what is still to be written of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    written: World,
    now: World,
    number: u64,
    /// Facts to log with the next commit.
    pub(super) events: Vec<(Option<Sku>, Event)>,
    /// Orders to place with the next commit.
    pub(super) orders: Vec<PlacedOrder>,
    /// Answers to remember with the next commit.
    pub(super) remembered: Vec<Remembered>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct World {
    /// Number and version.
    products: BTreeMap<Sku, (u64, u64)>,
    batches: BTreeMap<BatchRef, Batch>,
    lines: BTreeMap<LineKey, OrderLine>,
    shipments: BTreeMap<ShipmentRef, Shipment>,
}

impl Scene {
    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Whether nothing was said of this product yet.
    pub(super) fn is_new(&self, sku: &str) -> bool {
        !self.now.products.contains_key(&name::<Sku>(sku))
    }

    /// A batch in the warehouse, and its product. The batch is given back, to change what is not plain.
    pub(super) fn batch(&mut self, reference: &str, sku: &str, purchased: u64) -> &mut Batch {
        let sku: Sku = name(sku);
        if !self.now.products.contains_key(&sku) {
            let number = self.next_number();
            self.now.products.insert(sku.clone(), (number, 0));
        }
        let number = self.next_number();
        let reference: BatchRef = name(reference);
        let batch = Batch::new(number, reference.clone(), sku, purchased, None);
        self.now.batches.entry(reference).or_insert(batch)
    }

    /// A shipment that is expected on this day. It is given back, to change what is not plain.
    pub(super) fn shipment(&mut self, reference: &str, eta: Option<Date>) -> &mut Shipment {
        let reference: ShipmentRef = name(reference);
        let plain = Shipment {
            reference: reference.clone(),
            eta,
            carrier: None,
            vessel: None,
            container: None,
            hold: None,
            first_eta: eta,
        };
        self.now.shipments.entry(reference).or_insert(plain)
    }

    /// A batch that is there.
    pub(super) fn batch_mut(&mut self, reference: &str) -> &mut Batch {
        self.now
            .batches
            .get_mut(&name::<BatchRef>(reference))
            .expect("a batch of the scene")
    }

    /// A line that waits. It is given back, to change what is not plain.
    pub(super) fn line(
        &mut self,
        order: &str,
        line: &str,
        sku: &str,
        quantity: u64,
    ) -> &mut OrderLine {
        let terms = Terms::plain(quantity);
        let number = self.next_number();
        let key = key(order, line);
        let line = OrderLine::new(number, key.clone(), name(sku), terms);
        self.now.lines.entry(key).or_insert(line)
    }

    /// A line that is there.
    pub(super) fn line_mut(&mut self, order: &str, line: &str) -> &mut OrderLine {
        self.now
            .lines
            .get_mut(&key(order, line))
            .expect("a line of the scene")
    }

    /// Pegs a line that is there to units of these batches, with a promise. No batches: it waits.
    pub(super) fn peg(&mut self, order: &str, line: &str, batches: &[(&str, u64)], promise: Date) {
        let allocations = batches
            .iter()
            .map(|(reference, quantity)| Allocation {
                batch: name(reference),
                batch_number: self.now.batches[&name::<BatchRef>(reference)].number,
                quantity: *quantity,
            })
            .collect::<Vec<_>>();
        let line = self.line_mut(order, line);
        let waits = allocations.is_empty();
        line.allocations = allocations;
        line.original_promise.get_or_insert(promise);
        line.current_promise = (!waits).then_some(promise);
    }

    /// Writes what is new and what changed.
    pub(super) async fn commit(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        let changes = self.begin(store).await?;
        store.commit(&changes).await?;
        self.committed();
        Ok(())
    }

    /// Opens a unit of work and says what is to be committed in it.
    pub(super) async fn begin(&mut self, store: &mut impl Store) -> Result<Changes, StoreError> {
        self.count();
        let mut keys = Keys {
            heads: (0..store.partitions()).collect(),
            ..Keys::default()
        };
        keys.products.extend(self.now.products.keys().cloned());
        keys.orders
            .extend(self.orders.iter().map(|order| order.order_id.clone()));
        keys.shipments.extend(self.now.shipments.keys().cloned());
        let loaded = store.begin(&keys).await?;
        Ok(self.changes(&loaded.heads, store.partitions()))
    }

    /// What was to be written has been written.
    pub(super) fn committed(&mut self) {
        self.written = self.now.clone();
        self.events.clear();
        self.orders.clear();
        self.remembered.clear();
    }

    /// Makes the batches' counts those of the lines.
    fn count(&mut self) {
        for batch in self.now.batches.values_mut() {
            let pegged = self
                .now
                .lines
                .values()
                .map(|line| line.pegged_to(batch.number));
            batch.allocated = pegged.sum();
        }
    }

    fn changes(&mut self, heads: &[Head], partitions: u16) -> Changes {
        let mut heads: Vec<_> = heads.iter().map(|head| (*head, *head)).collect();
        let skus: Vec<Sku> = self.now.products.keys().cloned().collect();
        let products = skus
            .iter()
            .filter_map(|sku| self.product_change(sku))
            .collect();
        let mut events = Vec::new();
        for (sku, event) in &self.events {
            let partition = sku
                .as_ref()
                .map_or(0, |sku| partition_of(sku.as_str(), partitions));
            let head = heads
                .iter_mut()
                .find(|(before, _)| before.partition == partition);
            let (_, head) = head.expect("a store loads the head with the keys of its partition");
            let offset = head.next_offset;
            head.next_offset += 1;
            events.push(LogRecord {
                partition,
                offset,
                sku: sku.clone(),
                time: written_at(),
                command_id: "a-command".into(),
                actor: None,
                event: event.clone(),
            });
        }
        for (_, head) in &mut heads {
            head.version += 1;
            head.next_number = head.next_number.max(self.number + 1);
        }
        let changed = |shipment: &&Shipment| {
            self.written.shipments.get(&shipment.reference) != Some(*shipment)
        };
        let shipments = self.now.shipments.values().filter(changed);
        let shipments = shipments.map(|shipment| ShipmentChange {
            shipment: shipment.clone(),
            created: !self.written.shipments.contains_key(&shipment.reference),
        });
        Changes {
            heads,
            products,
            orders: self.orders.clone(),
            shipments: shipments.collect(),
            events,
            remembered: self.remembered.clone(),
        }
    }

    fn product_change(&mut self, sku: &Sku) -> Option<ProductChange> {
        let of = |batch: &&Batch| batch.sku == *sku;
        let (now, before) = (&self.now, &self.written);
        let new = |batch: &&Batch| !before.batches.contains_key(&batch.reference);
        let new_batches: Vec<Batch> = now
            .batches
            .values()
            .filter(of)
            .filter(new)
            .cloned()
            .collect();
        let changed = |batch: &Batch| {
            let was = before.batches.get(&batch.reference)?;
            (was != batch).then(|| BatchChange {
                before: was.clone(),
                after: batch.clone(),
            })
        };
        let changed_batches: Vec<BatchChange> = now
            .batches
            .values()
            .filter(of)
            .filter_map(changed)
            .collect();
        let lines: Vec<LineChange> = now
            .lines
            .values()
            .filter(|line| line.sku == *sku && before.lines.get(&line.key) != Some(line))
            .map(|line| LineChange {
                before: before.lines.get(&line.key).cloned(),
                after: line.clone(),
            })
            .collect();
        if new_batches.is_empty() && changed_batches.is_empty() && lines.is_empty() {
            return None;
        }
        let counters = |world: &World| {
            let lines = || world.lines.values().filter(|line| line.sku == *sku);
            let waits = |line: &&OrderLine| line.status() == Status::Backordered;
            Counters {
                version: world.products.get(sku).map_or(0, |product| product.1),
                backordered: lines().filter(waits).count() as u64,
                late: lines().filter(|line| line.late()).count() as u64,
            }
        };
        let (mut after, counted) = (counters(now), counters(before));
        after.version += 1;
        let change = |supply: Supply| AvailabilityChange {
            supply,
            before: before.available_on(sku, supply),
            after: now.available_on(sku, supply),
        };
        let days = days_of(&new_batches, &changed_batches).into_iter();
        let availability = days.map(change).collect();
        let created = !before.products.contains_key(sku);
        let product = self.now.products.get_mut(sku)?;
        product.1 = after.version;
        Some(ProductChange {
            number: product.0,
            sku: sku.clone(),
            before: counted,
            after,
            created,
            new_batches,
            changed_batches,
            availability,
            lines,
        })
    }
}

impl World {
    /// What can be promised of the goods of a day.
    fn available_on(&self, sku: &Sku, day: Supply) -> u64 {
        let batches = self.batches.values();
        let batches = batches.filter(|batch| batch.sku == *sku && batch.supply() == day);
        batches.map(Batch::available).sum()
    }
}

/// The days on which these batches come or came.
fn days_of(new: &[Batch], changed: &[BatchChange]) -> Vec<Supply> {
    let before = changed.iter().map(|change| change.before.supply());
    let after = changed.iter().map(|change| change.after.supply());
    let new = new.iter().map(Batch::supply);
    let mut days: Vec<Supply> = new.chain(before).chain(after).collect();
    days.sort_unstable();
    days.dedup();
    days.retain(|day| *day != Supply::Never);
    days
}

/// When everything of a scene is written: stores keep microseconds.
pub(super) fn written_at() -> Timestamp {
    Timestamp::new(1_778_414_400, 123_456_000).expect("an instant")
}

/// So many days after the day on which tests begin.
pub(super) fn in_days(days: i64) -> Date {
    today() + days.days()
}

/// A hold with this code.
pub(super) fn hold(code: &str, note: Option<&str>, expected_clear: Option<Date>) -> Hold {
    Hold {
        code: name(code),
        note: note.map(str::to_owned),
        expected_clear,
    }
}

/// Loads in a unit of work of its own, which is ended.
pub(super) async fn load(store: &mut impl Store, keys: &Keys) -> Loaded {
    let loaded = store.begin(keys).await.expect("begin");
    store.roll_back().await.expect("roll back");
    loaded
}

/// The batch, wherever it was loaded: with its product, or because it was named.
pub(super) fn batch_in(loaded: &Loaded, reference: &str) -> Option<Batch> {
    let with_products = loaded.products.iter().flat_map(Product::batches);
    let mut all = with_products.chain(&loaded.batches);
    all.find(|batch| batch.reference.as_str() == reference)
        .cloned()
}

/// The line, if it was loaded.
pub(super) fn line_in(loaded: &Loaded, order: &str, line: &str) -> Option<OrderLine> {
    loaded
        .lines
        .iter()
        .find(|found| found.key == key(order, line))
        .cloned()
}

/// The SKUs of the loaded products, sorted, repeats included.
pub(super) fn products_in(loaded: &Loaded) -> Vec<&str> {
    let mut skus: Vec<&str> = loaded
        .products
        .iter()
        .map(|product| product.sku.as_str())
        .collect();
    skus.sort_unstable();
    skus
}

/// The keys of the loaded lines, sorted, repeats included.
pub(super) fn lines_in(loaded: &Loaded) -> Vec<String> {
    let mut keys: Vec<String> = loaded
        .lines
        .iter()
        .map(|line| line.key.to_string())
        .collect();
    keys.sort_unstable();
    keys
}

/// The references of the batches that came by name or with a line, sorted, repeats included.
pub(super) fn batches_in(loaded: &Loaded) -> Vec<&str> {
    let mut names: Vec<&str> = loaded
        .batches
        .iter()
        .map(|batch| batch.reference.as_str())
        .collect();
    names.sort_unstable();
    names
}
