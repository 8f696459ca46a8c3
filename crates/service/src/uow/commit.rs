//! Out of memory: all that the group has changed, for one commit, and what stays in memory after it.

use hashbrown::HashMap;

use landfall_domain::{Batch, Product, Sku, Supply};

use super::UnitOfWork;
use crate::store::{
    AvailabilityChange, BatchChange, Changes, LineChange, ProductChange, ShipmentChange,
};

impl UnitOfWork {
    /// All that the commit must write. The unit of work is then ready for the next group, if the commit
    /// succeeds; if not, call [`UnitOfWork::reset`].
    pub fn take_changes(&mut self) -> Changes {
        let mut changes = Changes {
            events: std::mem::take(&mut self.events),
            orders: std::mem::take(&mut self.placed),
            remembered: std::mem::take(&mut self.to_remember),
            ..Changes::default()
        };
        for reference in std::mem::take(&mut self.changed_shipments) {
            if let Some(slot) = self.shipments.get_mut(&reference)
                && let Some(shipment) = &slot.now
                && slot.committed.as_ref() != Some(shipment)
            {
                let created = slot.committed.is_none();
                changes.shipments.push(ShipmentChange {
                    shipment: shipment.clone(),
                    created,
                });
            }
        }
        let mut position: HashMap<Sku, usize> = HashMap::new();
        for sku in std::mem::take(&mut self.changed_products) {
            let first_new = self.first_new_number(&sku);
            if let Some(product) = self.products.get_mut(&sku) {
                position.insert(sku, changes.products.len());
                changes.products.push(product_change(product, first_new));
            }
        }
        for key in std::mem::take(&mut self.changed_lines) {
            let Some(slot) = self.lines.remove(&key) else {
                continue;
            };
            let (before, Some(after)) = (slot.committed.map(|line| *line), slot.now) else {
                continue;
            };
            if let Some(product) = position
                .get(&after.sku)
                .and_then(|at| changes.products.get_mut(*at))
            {
                product.lines.push(LineChange { before, after });
            }
        }
        if !changes.is_empty() {
            for (before, now) in &mut self.heads {
                if before.next_offset != now.next_offset || before.next_number != now.next_number {
                    now.version += 1;
                    changes.heads.push((*before, *now));
                }
            }
            // Remembered rejections alone change no product: they lie in the first partition.
            if let ([], Some((before, now))) = (changes.heads.as_slice(), self.heads.first_mut()) {
                now.version += 1;
                changes.heads.push((*before, *now));
            }
        }
        changes
    }

    /// After a commit: keeps the products and forgets the rest.
    pub fn close(&mut self) {
        for (_, now) in std::mem::take(&mut self.heads) {
            self.know(now);
        }
        for sku in std::mem::take(&mut self.with_full_batches) {
            if let Some(product) = self.products.get_mut(&sku) {
                product.forget_full();
            }
        }
        self.forget_group();
        self.products.trim();
    }

    /// After a failure: forgets everything.
    pub fn reset(&mut self) {
        self.known.clear();
        self.products.forget(|_| true);
        self.abandon();
    }

    /// For a group that nobody is told of: forgets it, and the products that it changed. All other products are as they
    /// were.
    pub fn give_up(&mut self) {
        let mut changed = std::mem::take(&mut self.changed_products);
        changed.extend(self.touched.drain(..));
        changed.extend(self.with_full_batches.drain());
        for sku in &changed {
            self.products.remove(sku);
        }
        self.abandon();
    }

    /// Forgets what belongs to the group.
    fn abandon(&mut self) {
        self.heads.clear();
        self.undo.clear();
        self.touched.clear();
        self.events.clear();
        self.changed_products.clear();
        self.changed_lines.clear();
        self.placed.clear();
        self.changed_shipments.clear();
        self.to_remember.clear();
        self.forget_command();
        self.forget_group();
    }

    fn forget_group(&mut self) {
        // A change of supply may have brought in very many lines: do not keep the room that they took.
        const KEEP: usize = 16_384;
        self.absent_products.clear();
        self.with_full_batches.clear();
        self.batches.clear();
        self.lines.clear();
        self.lines.shrink_to(KEEP);
        self.orders.clear();
        self.shipments.clear();
        self.cargo.clear();
        self.new_cargo.clear();
        self.live.clear();
        self.remembered.clear();
        self.queues.clear();
    }

    /// The number from which on things of this product's partition are new in this group.
    fn first_new_number(&self, sku: &Sku) -> u64 {
        let partition = self.partition_of(sku);
        self.heads
            .iter()
            .find(|(before, _)| before.partition == partition)
            .map_or(u64::MAX, |(before, _)| before.next_number)
    }
}

fn product_change(product: &mut Product, first_new: u64) -> ProductChange {
    let (mut new_batches, mut changed_batches) = (Vec::new(), Vec::new());
    let before = product.take_changed();
    for before in before.batches {
        if let Some(after) = product.batch_numbered(before.number).cloned() {
            if before.number >= first_new {
                new_batches.push(after);
            } else {
                changed_batches.push(BatchChange { before, after });
            }
        }
    }
    let availability = availability_changes(product, &new_batches, &changed_batches);
    let change = ProductChange {
        number: product.number,
        sku: product.sku.clone(),
        before: before.counters,
        after: product.counters(),
        created: product.number >= first_new,
        new_batches,
        changed_batches,
        availability,
        lines: Vec::new(),
    };
    if change.batches().any(|batch| batch.free() == 0) {
        product.forget_full();
    }
    change
}

/// What changed of what is available: on a day, what did is that of its batches that did.
fn availability_changes(
    product: &Product,
    new: &[Batch],
    changed: &[BatchChange],
) -> Vec<AvailabilityChange> {
    let was = changed.iter().map(|change| &change.before);
    let is = || new.iter().chain(changed.iter().map(|change| &change.after));
    let mut days: Vec<Supply> = was.clone().chain(is()).map(Batch::supply).collect();
    days.sort_unstable();
    days.dedup();
    days.retain(|day| *day != Supply::Never);
    let of_day = |batch: &Batch, day: Supply| {
        let comes = batch.supply() == day;
        if comes { batch.available() } else { 0 }
    };
    let changes = days.into_iter().map(|day| {
        let after = product.available_on(day);
        let of_those: u64 = is().map(|batch| of_day(batch, day)).sum();
        let of_them_before: u64 = was.clone().map(|batch| of_day(batch, day)).sum();
        AvailabilityChange {
            supply: day,
            before: after.saturating_sub(of_those) + of_them_before,
            after,
        }
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}
