//! Into memory: what the store has loaded, beside what the group has changed already.

use hashbrown::HashMap;
use jiff::Timestamp;
use landfall_domain::{Day, LineKey, OrderLine, Sku};

use super::queues::Ranges;
use super::shipments::ShipmentSlot;
use super::{LineSlot, OrderEntry, UnitOfWork, queues};
use crate::keys::Keys;
use crate::store::{Head, Loaded, partition_of};

impl UnitOfWork {
    /// Takes out of the keys what is in memory already. The heads of its partitions are asked for all the
    /// same: they tell whether it is still true.
    pub fn without_known(&self, mut keys: Keys) -> Keys {
        let mut heads = std::mem::take(&mut keys.heads);
        keys.products.retain(|sku| {
            let known = self.products.contains(sku);
            if known {
                heads.push(self.partition_of(sku));
            }
            !known
        });
        heads.sort_unstable();
        heads.dedup();
        keys.heads = heads;
        keys
    }

    /// Starts a group at this time, with what `begin` loaded for these keys.
    pub fn open(&mut self, now: Timestamp, day: Day, keys: &Keys, loaded: Loaded) {
        self.now = now;
        self.day = day;
        self.heads.clear();
        self.absorb(keys, loaded);
    }

    /// Starts a group at this time with what is in memory, if that is all that the keys name, but for lines and
    /// idempotency keys: these are taken for new. `false`: more is needed, and nothing is begun.
    pub fn open_from_memory(&mut self, now: Timestamp, day: Day, keys: &Keys) -> bool {
        let Keys {
            heads,
            products,
            batches,
            lines: _,
            orders,
            shipments,
            cargo,
            live,
            command_ids: _,
            allocated,
            waiting,
            late,
            access_version: _,
        } = keys;
        let of_supply = batches.len() + shipments.len() + cargo.len() + live.len();
        let ranges = allocated.len() + waiting.len() + late.len();
        if heads.len() + orders.len() + of_supply + ranges > 0 {
            return false;
        }
        let mut partitions = Vec::with_capacity(products.len());
        for sku in products {
            if !self.products.contains(sku) {
                return false;
            }
            partitions.push(self.partition_of(sku));
        }
        partitions.sort_unstable();
        partitions.dedup();
        let known = partitions.iter().map(|partition| {
            let mut known = self.known.iter();
            known.find(|head| head.partition == *partition).copied()
        });
        let Some(heads) = known.collect() else {
            return false;
        };
        let loaded = Loaded {
            heads,
            ..Loaded::default()
        };
        self.open(now, day, keys, loaded);
        true
    }

    /// Takes in a head as it is committed. One that somebody else has advanced makes the cached products of
    /// its partition worthless.
    fn absorb_head(&mut self, head: Head) {
        if self.head(head.partition).is_some() {
            return;
        }
        let known = |known: &&Head| known.partition == head.partition;
        if self.known.iter().find(known) != Some(&head) {
            let (partition, partitions) = (head.partition, self.partitions);
            self.products
                .forget(|sku| partition_of(sku.as_str(), partitions) == partition);
            self.know(head);
        }
        self.heads.push((head, head));
    }

    /// Notes how a partition stands as the cached products know it.
    pub(super) fn know(&mut self, head: Head) {
        self.known.retain(|known| known.partition != head.partition);
        self.known.push(head);
    }

    /// Takes in what was loaded for these keys. What is in memory already is newer and stays.
    pub fn absorb(&mut self, keys: &Keys, loaded: Loaded) {
        for head in &loaded.heads {
            self.absorb_head(*head);
        }
        let frontiers = queues::frontiers(&loaded);
        for product in loaded.products {
            self.absent_products.remove(&product.sku);
            self.products.insert_if_absent(product);
        }
        for batch in loaded.batches {
            self.batches
                .insert(batch.reference.clone(), Some(batch.sku.clone()));
            let sku = batch.sku.clone();
            if let Some(product) = self.products.get_mut(&sku) {
                if batch.free() == 0 {
                    self.with_full_batches.insert(sku);
                }
                product.add_loaded(batch);
            }
        }
        for line in loaded.lines {
            let slot = self.lines.entry(line.key.clone()).or_default();
            if !slot.changed {
                slot.now = Some(line);
            }
        }
        for order in loaded.orders {
            let entry = OrderEntry {
                placed: order.placed,
                lines: order.lines,
            };
            self.orders.entry(order.order_id).or_insert(entry);
        }
        for shipment in loaded.shipments {
            self.shipments
                .entry(shipment.reference.clone())
                .or_insert_with(|| ShipmentSlot {
                    committed: Some(shipment.clone()),
                    now: Some(shipment),
                });
        }
        for (shipment, batches) in loaded.cargo {
            self.absorb_cargo(shipment, batches);
        }
        for remembered in loaded.remembered {
            self.remembered
                .entry(remembered.id.clone())
                .or_insert(Some(remembered));
        }
        if !loaded.allocated.is_empty() || !loaded.waiting.is_empty() || !loaded.late.is_empty() {
            let lines = &self.lines;
            let of = |key: &LineKey| lines.get(key).and_then(|slot| slot.now.as_ref());
            // What the group has changed is newer than what the store shows.
            let mut changed: HashMap<&Sku, Vec<&OrderLine>> = HashMap::new();
            for line in self.changed_lines.iter().filter_map(of) {
                changed.entry(&line.sku).or_default().push(line);
            }
            let ranges = Ranges {
                allocated: &loaded.allocated,
                waiting: &loaded.waiting,
                late: &loaded.late,
            };
            self.queues.absorb(&ranges, &frontiers, of, &changed);
        }
        self.note_absent(keys);
    }

    /// What was asked for and not found is known not to be there.
    fn note_absent(&mut self, keys: &Keys) {
        for sku in keys.products.iter().chain(&keys.live) {
            if !self.products.contains(sku) {
                self.absent_products.insert(sku.clone());
            }
        }
        for reference in &keys.batches {
            if !self.batches.contains_key(reference) {
                self.batches.insert(reference.clone(), None);
            }
        }
        for key in &keys.lines {
            if !self.lines.contains_key(key) {
                self.lines.insert(key.clone(), LineSlot::default());
            }
        }
        for id in &keys.orders {
            if !self.orders.contains_key(id) {
                self.orders.insert(id.clone(), OrderEntry::default());
            }
        }
        for reference in &keys.shipments {
            self.shipments.entry(reference.clone()).or_default();
        }
        for reference in &keys.cargo {
            if !self.cargo.contains_key(reference) {
                self.absorb_cargo(reference.clone(), Vec::new());
            }
        }
        self.live.extend(keys.live.iter().cloned());
        for id in &keys.command_ids {
            self.remembered.entry(id.clone()).or_insert(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uow::Stop;

    #[test]
    fn a_thing_without_its_product_is_damage_and_no_bad_input() {
        let mut uow = UnitOfWork::new(1, 9);
        let sku = Sku::new("SOFA").unwrap();
        assert!(matches!(uow.its_product(&sku), Err(Stop::Needs(_))));
        let keys = Keys {
            products: vec![sku.clone()],
            ..Keys::default()
        };
        let day = uow.day();
        uow.open(Timestamp::UNIX_EPOCH, day, &keys, Loaded::default());
        let Err(Stop::Damaged(what)) = uow.its_product(&sku) else {
            panic!("there is no such product")
        };
        assert!(what.contains("SOFA"), "{what}");
    }
}
