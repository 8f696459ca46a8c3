//! Reading on in a queue: what handlers ask for, and what must be loaded before they can be told.

use std::ops::Bound;

use jiff::civil::Date;
use landfall_domain::shortage::{LateKey, QueueKey};
use landfall_domain::{BatchRef, LineKey, OrderLine, Product, Room, Sku};

use super::super::{Stop, UnitOfWork};
use super::Frontier;
use crate::keys::{AllocatedRange, LateRange, Served, WaitingRange};

/// The least number of lines that a range asks for.
const PAGE: usize = 256;

impl UnitOfWork {
    /// The lines allocated to a batch, in the order in which a shortage takes their stock away, until
    /// `enough` says so of a line (that one included) or there are no more. With a day, only those that were
    /// promised a later one.
    pub fn allocated_to(
        &self,
        product: (&Sku, &BatchRef, u64),
        later_than: Option<Date>,
        mut enough: impl FnMut(&OrderLine) -> bool,
    ) -> Result<Vec<LineKey>, Stop> {
        let (sku, batch, batch_number) = product;
        let needs = |after, limit| {
            Stop::needs(|keys| {
                keys.allocated.push(AllocatedRange {
                    sku: sku.clone(),
                    batch: batch.clone(),
                    batch_number,
                    later_than,
                    after,
                    limit,
                });
            })
        };
        let held = self.queues.allocated.get(batch).into_iter().flatten();
        let Some((_, queue)) = held.into_iter().find(|(known, _)| *known == later_than) else {
            return Err(needs(None, PAGE));
        };
        let mut found = Vec::new();
        for (key, line_key) in &queue.lines {
            if !queue.frontier.covers(key) {
                break;
            }
            let Some(line) = self.line(line_key)? else {
                continue;
            };
            found.push(line_key.clone());
            if enough(line) {
                return Ok(found);
            }
        }
        if queue.frontier == Frontier::All {
            return Ok(found);
        }
        Err(needs(
            queue.frontier.after(),
            PAGE.max(2 * queue.lines.len()),
        ))
    }

    /// The next line that waits for this product, in the order in which they are filled, after this place
    /// in the queue, and that fits.
    pub fn next_waiting(
        &mut self,
        sku: &Sku,
        after: Option<QueueKey>,
        room: &Room,
    ) -> Result<Option<LineKey>, Stop> {
        let product: &Product = self.its_product(sku)?;
        let (product_number, backordered) = (product.number, product.counters().backordered);
        if backordered == 0 && !self.queues.waiting.contains_key(sku) {
            self.queues.watch_empty(
                sku,
                self.changed_lines
                    .iter()
                    .filter_map(|key| self.lines.get(key)?.now.as_ref()),
            );
        }
        let needs = |after, limit| {
            Stop::needs(|keys| {
                keys.waiting.push(WaitingRange {
                    sku: sku.clone(),
                    product_number,
                    room: room.clone(),
                    after,
                    limit,
                });
            })
        };
        let Some(queue) = self.queues.waiting.get(sku) else {
            return Err(needs(None, PAGE));
        };
        let frontier = queue.frontier(room);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (key, line_key) in queue.lines.range((from, Bound::Unbounded)) {
            if !frontier.covers(key) {
                break;
            }
            if self.line(line_key)?.is_some_and(|line| room.fits(line)) {
                return Ok(Some(line_key.clone()));
            }
        }
        if frontier == Frontier::All {
            return Ok(None);
        }
        Err(needs(frontier.after(), PAGE.max(2 * queue.shown_lines)))
    }

    /// The first late lines of this product that may move, in the order in which they are pulled back, at most so many.
    /// With goods, only those that these could serve.
    pub fn late_lines(
        &mut self,
        sku: &Sku,
        served: Option<Served>,
        most: usize,
    ) -> Result<Vec<LineKey>, Stop> {
        let product: &Product = self.its_product(sku)?;
        let (product_number, late) = (product.number, product.counters().late);
        if late == 0 {
            return Ok(Vec::new());
        }
        let needs = |after: Option<LateKey>, limit| {
            Stop::needs(|keys| {
                keys.late.push(LateRange {
                    sku: sku.clone(),
                    product_number,
                    served,
                    after,
                    limit,
                });
            })
        };
        let known = self.queues.late.get(sku).into_iter().flatten();
        let Some((_, queue)) = known.into_iter().find(|(known, _)| *known == served) else {
            return Err(needs(None, PAGE));
        };
        let shown = queue
            .lines
            .range(..)
            .take_while(|(key, _)| queue.frontier.covers(key));
        let found: Vec<LineKey> = shown.take(most).map(|(_, key)| key.clone()).collect();
        if found.len() == most || queue.frontier == Frontier::All {
            return Ok(found);
        }
        Err(needs(
            queue.frontier.after(),
            PAGE.max(2 * queue.lines.len()),
        ))
    }
}
