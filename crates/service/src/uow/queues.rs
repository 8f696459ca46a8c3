//! Lines in order: those that a batch holds, as a shortage would take them, and those that wait for a
//! product, as they are filled.
//!
//! A queue is made of the part that the store has shown, up to a frontier, and of the lines in memory,
//! which are newer. It exists only once somebody asked for it; most groups ask for none.

use std::collections::BTreeMap;
use std::ops::Bound;

use hashbrown::HashMap;
use landfall_domain::line::Status;
use landfall_domain::shortage::{QueueKey, ShortageKey};
use landfall_domain::{BatchRef, LineKey, OrderLine, Product, Sku};

use super::{Stop, UnitOfWork};
use crate::keys::{AllocatedRange, WaitingRange};
use crate::store::LoadedRange;

/// The least number of lines that a range asks for.
const PAGE: usize = 256;

/// Up to where the store has shown a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frontier<K> {
    Nothing,
    UpTo(K),
    All,
}

#[derive(Debug)]
struct Queue<K> {
    lines: BTreeMap<K, LineKey>,
    frontier: Frontier<K>,
}

impl<K: Ord + Copy> Frontier<K> {
    /// Whether the store has shown everything up to this key.
    fn covers(&self, key: &K) -> bool {
        match self {
            Frontier::Nothing => false,
            Frontier::UpTo(last) => key <= last,
            Frontier::All => true,
        }
    }

    /// Where the next page begins.
    fn after(&self) -> Option<K> {
        match self {
            Frontier::UpTo(last) => Some(*last),
            Frontier::Nothing | Frontier::All => None,
        }
    }
}

/// The lines that wait for a product. A page for few units leaves larger lines out, so how far the store
/// has shown the queue depends on for how many units one asks.
#[derive(Debug, Default)]
struct Waiting {
    lines: BTreeMap<QueueKey, LineKey>,
    /// How many lines the store has shown. Each page is twice what was shown before: a command that reads on
    /// is run again for each page, also when it takes lines out of the queue as it goes.
    shown_lines: usize,
    /// For lines of at most so many units, up to where. None is contained in another.
    shown: Vec<(u64, Frontier<QueueKey>)>,
}

impl Waiting {
    /// Up to where the store has shown the lines of at most so many units.
    fn frontier(&self, at_most: u64) -> Frontier<QueueKey> {
        let shown = self.shown.iter().filter(|(units, _)| *units >= at_most);
        shown
            .map(|(_, frontier)| *frontier)
            .max()
            .unwrap_or(Frontier::Nothing)
    }

    /// A page was shown that begins where what was known for these units ended.
    fn show(&mut self, at_most: u64, frontier: Frontier<QueueKey>) {
        if self.frontier(at_most) < frontier {
            self.shown
                .retain(|(units, known)| *units > at_most || *known > frontier);
            self.shown.push((at_most, frontier));
        }
    }
}

/// All queues of a unit of work.
#[derive(Debug, Default)]
pub(super) struct Queues {
    allocated: HashMap<BatchRef, Queue<ShortageKey>>,
    waiting: HashMap<Sku, Waiting>,
}

/// Up to where each loaded range goes, by the store's own state of its last line.
pub(super) struct Frontiers {
    allocated: Vec<Frontier<ShortageKey>>,
    waiting: Vec<Frontier<QueueKey>>,
}

pub(super) fn frontiers(
    lines: &[OrderLine],
    allocated: &[LoadedRange<AllocatedRange>],
    waiting: &[LoadedRange<WaitingRange>],
) -> Frontiers {
    fn ends<R, K>(
        lines: &[OrderLine],
        ranges: &[LoadedRange<R>],
        key_of: fn(&OrderLine) -> K,
    ) -> Vec<Frontier<K>> {
        let end = |range: &LoadedRange<R>| {
            if range.complete {
                return Frontier::All;
            }
            let last = range
                .lines
                .last()
                .and_then(|key| lines.iter().rfind(|line| line.key == *key));
            last.map_or(Frontier::Nothing, |line| Frontier::UpTo(key_of(line)))
        };
        ranges.iter().map(end).collect()
    }
    Frontiers {
        allocated: ends(lines, allocated, ShortageKey::of),
        waiting: ends(lines, waiting, QueueKey::of),
    }
}

fn waits(line: &OrderLine) -> bool {
    line.status() == Status::Backordered
}

impl Queues {
    pub(super) fn clear(&mut self) {
        self.allocated.clear();
        self.waiting.clear();
    }

    /// A line changed from one state to another.
    pub(super) fn reindex(&mut self, before: Option<&OrderLine>, after: Option<&OrderLine>) {
        if !self.allocated.is_empty() {
            for (line, there) in [(before, false), (after, true)] {
                let Some(line) = line else { continue };
                for allocation in &line.allocations {
                    if let Some(queue) = self.allocated.get_mut(&allocation.batch) {
                        set(&mut queue.lines, ShortageKey::of(line), &line.key, there);
                    }
                }
            }
        }
        if !self.waiting.is_empty() {
            for (line, there) in [(before, false), (after, true)] {
                let Some(line) = line.filter(|line| waits(line)) else {
                    continue;
                };
                if let Some(queue) = self.waiting.get_mut(&line.sku) {
                    set(&mut queue.lines, QueueKey::of(line), &line.key, there);
                }
            }
        }
    }

    /// Takes in loaded ranges. `of` gives a line as it is in memory; `changed` are the lines that the group has
    /// changed, by product: they may be in a range though the store does not show them there.
    pub(super) fn absorb<'a>(
        &mut self,
        (allocated, waiting): (&[LoadedRange<AllocatedRange>], &[LoadedRange<WaitingRange>]),
        frontiers: &Frontiers,
        of: impl Fn(&LineKey) -> Option<&'a OrderLine>,
        changed: &HashMap<&Sku, Vec<&'a OrderLine>>,
    ) {
        let changed = |sku: &Sku| changed.get(sku).into_iter().flatten().copied();
        for (loaded, frontier) in allocated.iter().zip(&frontiers.allocated) {
            let batch = &loaded.range.batch;
            let queue = self.allocated.entry(batch.clone()).or_insert(Queue {
                lines: BTreeMap::new(),
                frontier: Frontier::Nothing,
            });
            queue.frontier = queue.frontier.max(*frontier);
            let shown = loaded.lines.iter().filter_map(&of);
            for line in shown.chain(changed(&loaded.range.sku)) {
                if line.allocations.iter().any(|a| a.batch == *batch) {
                    queue.lines.insert(ShortageKey::of(line), line.key.clone());
                }
            }
        }
        for (loaded, frontier) in waiting.iter().zip(&frontiers.waiting) {
            let queue = self.waiting.entry(loaded.range.sku.clone()).or_default();
            queue.show(loaded.range.at_most, *frontier);
            queue.shown_lines += loaded.lines.len();
            let shown = loaded.lines.iter().filter_map(&of);
            for line in shown
                .chain(changed(&loaded.range.sku))
                .filter(|line| waits(line))
            {
                queue.lines.insert(QueueKey::of(line), line.key.clone());
            }
        }
    }
}

fn set<K: Ord>(lines: &mut BTreeMap<K, LineKey>, key: K, line: &LineKey, there: bool) {
    if there {
        lines.insert(key, line.clone());
    } else {
        lines.remove(&key);
    }
}

impl UnitOfWork {
    /// The lines allocated to a batch, in the order in which a shortage takes their stock away, until
    /// `enough` says so of a line (that one included) or there are no more.
    pub fn allocated_to(
        &self,
        product: (&Sku, &BatchRef, u64),
        mut enough: impl FnMut(&OrderLine) -> bool,
    ) -> Result<Vec<LineKey>, Stop> {
        let (sku, batch, batch_number) = product;
        let needs = |after, limit| {
            Stop::needs(|keys| {
                keys.allocated.push(AllocatedRange {
                    sku: sku.clone(),
                    batch: batch.clone(),
                    batch_number,
                    after,
                    limit,
                });
            })
        };
        let Some(queue) = self.queues.allocated.get(batch) else {
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
    /// in the queue, that wants at most so many units or may be split.
    pub fn next_waiting(
        &mut self,
        sku: &Sku,
        after: Option<QueueKey>,
        at_most: u64,
    ) -> Result<Option<LineKey>, Stop> {
        let product: &Product = self.its_product(sku)?;
        let (product_number, backordered) = (product.number, product.backordered);
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
                    at_most,
                    after,
                    limit,
                });
            })
        };
        let Some(queue) = self.queues.waiting.get(sku) else {
            return Err(needs(None, PAGE));
        };
        let frontier = queue.frontier(at_most);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (key, line_key) in queue.lines.range((from, Bound::Unbounded)) {
            if !frontier.covers(key) {
                break;
            }
            if self
                .line(line_key)?
                .is_some_and(|line| line.terms.split || line.outstanding() <= at_most)
            {
                return Ok(Some(line_key.clone()));
            }
        }
        if frontier == Frontier::All {
            return Ok(None);
        }
        Err(needs(frontier.after(), PAGE.max(2 * queue.shown_lines)))
    }
}

impl Queues {
    /// A queue of which the store has nothing: the lines that the group has changed are all there is.
    fn watch_empty<'a>(&mut self, sku: &Sku, current: impl Iterator<Item = &'a OrderLine>) {
        let lines = current
            .filter(|line| line.sku == *sku && waits(line))
            .map(|line| (QueueKey::of(line), line.key.clone()))
            .collect();
        let shown = vec![(u64::MAX, Frontier::All)];
        self.waiting.insert(
            sku.clone(),
            Waiting {
                lines,
                shown_lines: 0,
                shown,
            },
        );
    }
}
