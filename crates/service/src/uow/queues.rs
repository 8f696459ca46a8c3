//! Lines in order: those that a batch holds, as a shortage would take them; those that wait for a product,
//! as they are filled; those that are late, as they are pulled back.
//!
//! A queue is made of the part that the store has shown, up to a frontier, and of the lines in memory,
//! which are newer. It exists only once somebody asked for it; most groups ask for none.

mod ranges;

use std::collections::BTreeMap;

use hashbrown::HashMap;
use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::shortage::{LateKey, QueueKey, ShortageKey};
use landfall_domain::{BatchRef, LineKey, OrderLine, Room, Sku};

use crate::keys::{AllocatedRange, LateRange, Served, WaitingRange};
use crate::store::{Loaded, LoadedRange};

/// Up to where the store has shown a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frontier<K> {
    Nothing,
    UpTo(K),
    All,
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

#[derive(Debug)]
struct Queue<K> {
    lines: BTreeMap<K, LineKey>,
    frontier: Frontier<K>,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            lines: BTreeMap::new(),
            frontier: Frontier::Nothing,
        }
    }
}

/// The lines that wait for a product. A page leaves out the lines that do not fit, so how far the store has shown the
/// queue depends on the room for which one asks.
#[derive(Debug, Default)]
struct Waiting {
    lines: BTreeMap<QueueKey, LineKey>,
    /// How many lines the store has shown. Each page is twice what was shown before: a command that reads on
    /// is run again for each page, also when it takes lines out of the queue as it goes.
    shown_lines: usize,
    /// For lines that fit, up to where. None is contained in another.
    shown: Vec<(Room, Frontier<QueueKey>)>,
    /// The store has none of them: the lines of the group are all there is.
    none_stored: bool,
}

impl Waiting {
    /// Up to where the store has shown the lines that fit.
    fn frontier(&self, room: &Room) -> Frontier<QueueKey> {
        if self.none_stored {
            return Frontier::All;
        }
        let shown = self.shown.iter().filter(|(known, _)| known.covers(room));
        shown
            .map(|(_, frontier)| *frontier)
            .max()
            .unwrap_or(Frontier::Nothing)
    }

    /// A page was shown that begins where what was known for this room ended.
    fn show(&mut self, room: &Room, frontier: Frontier<QueueKey>) {
        if self.frontier(room) < frontier {
            self.shown
                .retain(|(other, known)| *known > frontier || !room.covers(other));
            self.shown.push((room.clone(), frontier));
        }
    }
}

/// The lines that a batch holds: all, or those that could do with goods that come after a day.
type Held = Vec<(Option<Date>, Queue<ShortageKey>)>;

/// The late lines of a product: all, or those that goods could serve.
type Late = Vec<(Option<Served>, Queue<LateKey>)>;

/// All queues of a unit of work.
#[derive(Debug, Default)]
pub(super) struct Queues {
    allocated: HashMap<BatchRef, Held>,
    waiting: HashMap<Sku, Waiting>,
    late: HashMap<Sku, Late>,
}

/// Loaded ranges.
pub(super) struct Ranges<'a> {
    pub(super) allocated: &'a [LoadedRange<AllocatedRange>],
    pub(super) waiting: &'a [LoadedRange<WaitingRange>],
    pub(super) late: &'a [LoadedRange<LateRange>],
}

/// Up to where each loaded range goes, by the store's own state of its last line.
pub(super) struct Frontiers {
    allocated: Vec<Frontier<ShortageKey>>,
    waiting: Vec<Frontier<QueueKey>>,
    late: Vec<Frontier<LateKey>>,
}

pub(super) fn frontiers(loaded: &Loaded) -> Frontiers {
    fn ends<R, K>(
        by_key: &HashMap<&LineKey, &OrderLine>,
        ranges: &[LoadedRange<R>],
        key_of: fn(&OrderLine) -> K,
    ) -> Vec<Frontier<K>> {
        let end = |range: &LoadedRange<R>| {
            if range.complete {
                return Frontier::All;
            }
            let last = range.lines.last().and_then(|key| by_key.get(key));
            last.map_or(Frontier::Nothing, |line| Frontier::UpTo(key_of(line)))
        };
        ranges.iter().map(end).collect()
    }
    let incomplete = loaded.allocated.iter().any(|range| !range.complete)
        || loaded.waiting.iter().any(|range| !range.complete)
        || loaded.late.iter().any(|range| !range.complete);
    let mut by_key = HashMap::new();
    if incomplete {
        by_key.extend(loaded.lines.iter().map(|line| (&line.key, line)));
    }
    Frontiers {
        allocated: ends(&by_key, &loaded.allocated, ShortageKey::of),
        waiting: ends(&by_key, &loaded.waiting, QueueKey::of),
        late: ends(&by_key, &loaded.late, LateKey::of),
    }
}

fn waits(line: &OrderLine) -> bool {
    line.status() == Status::Backordered
}

/// Whether a line could do with goods that come after this day: it was promised a later one.
fn later_than(line: &OrderLine, day: Option<Date>) -> bool {
    day.is_none_or(|day| line.current_promise.is_none_or(|promise| promise > day))
}

impl Queues {
    pub(super) fn clear(&mut self) {
        self.allocated.clear();
        self.waiting.clear();
        self.late.clear();
    }

    /// A line changed from one state to another.
    pub(super) fn reindex(&mut self, before: Option<&OrderLine>, after: Option<&OrderLine>) {
        let both = [(before, false), (after, true)];
        if !self.allocated.is_empty() {
            for (line, there) in both {
                let Some(line) = line else { continue };
                for allocation in &line.allocations {
                    let held = self.allocated.get_mut(&allocation.batch);
                    for (day, queue) in held.into_iter().flatten() {
                        if later_than(line, *day) {
                            set(&mut queue.lines, ShortageKey::of(line), &line.key, there);
                        }
                    }
                }
            }
        }
        if !self.waiting.is_empty() {
            for (line, there) in both {
                let Some(line) = line.filter(|line| waits(line)) else {
                    continue;
                };
                if let Some(queue) = self.waiting.get_mut(&line.sku) {
                    set(&mut queue.lines, QueueKey::of(line), &line.key, there);
                }
            }
        }
        if !self.late.is_empty() {
            for (line, there) in both {
                let Some(line) = line.filter(|line| line.to_pull_back()) else {
                    continue;
                };
                let known = self.late.get_mut(&line.sku);
                for (served, queue) in known.into_iter().flatten() {
                    if served.is_none_or(|served| served.fits(line)) {
                        set(&mut queue.lines, LateKey::of(line), &line.key, there);
                    }
                }
            }
        }
    }

    /// Takes in loaded ranges. `of` gives a line as it is in memory; `changed` are the lines that the group has
    /// changed, by product: they may be in a range though the store does not show them there.
    pub(super) fn absorb<'a>(
        &mut self,
        ranges: &Ranges,
        frontiers: &Frontiers,
        of: impl Fn(&LineKey) -> Option<&'a OrderLine>,
        changed: &HashMap<&Sku, Vec<&'a OrderLine>>,
    ) {
        let changed = |sku: &Sku| changed.get(sku).into_iter().flatten().copied();
        for (loaded, frontier) in ranges.allocated.iter().zip(&frontiers.allocated) {
            let (batch, day) = (&loaded.range.batch, loaded.range.later_than);
            let held = self.allocated.entry(batch.clone()).or_default();
            let queue = of_kind(held, day);
            queue.frontier = queue.frontier.max(*frontier);
            let shown = loaded.lines.iter().filter_map(&of);
            for line in shown.chain(changed(&loaded.range.sku)) {
                if later_than(line, day) && line.allocations.iter().any(|a| a.batch == *batch) {
                    queue.lines.insert(ShortageKey::of(line), line.key.clone());
                }
            }
        }
        for (loaded, frontier) in ranges.waiting.iter().zip(&frontiers.waiting) {
            let queue = self.waiting.entry(loaded.range.sku.clone()).or_default();
            queue.show(&loaded.range.room, *frontier);
            queue.shown_lines += loaded.lines.len();
            let shown = loaded.lines.iter().filter_map(&of);
            for line in shown
                .chain(changed(&loaded.range.sku))
                .filter(|line| waits(line))
            {
                queue.lines.insert(QueueKey::of(line), line.key.clone());
            }
        }
        for (loaded, frontier) in ranges.late.iter().zip(&frontiers.late) {
            let served = loaded.range.served;
            let known = self.late.entry(loaded.range.sku.clone()).or_default();
            let queue = of_kind(known, served);
            queue.frontier = queue.frontier.max(*frontier);
            let shown = loaded.lines.iter().filter_map(&of);
            for line in shown
                .chain(changed(&loaded.range.sku))
                .filter(|line| line.to_pull_back() && served.is_none_or(|served| served.fits(line)))
            {
                queue.lines.insert(LateKey::of(line), line.key.clone());
            }
        }
    }

    /// A queue of which the store has nothing: the lines that the group has changed are all there is.
    fn watch_empty<'a>(&mut self, sku: &Sku, current: impl Iterator<Item = &'a OrderLine>) {
        let lines = current
            .filter(|line| line.sku == *sku && waits(line))
            .map(|line| (QueueKey::of(line), line.key.clone()))
            .collect();
        let queue = Waiting {
            lines,
            none_stored: true,
            ..Waiting::default()
        };
        self.waiting.insert(sku.clone(), queue);
    }
}

/// The queue of this kind, perhaps a new one.
fn of_kind<T: PartialEq, K>(queues: &mut Vec<(T, Queue<K>)>, kind: T) -> &mut Queue<K> {
    let at = queues.iter().position(|(known, _)| *known == kind);
    let at = at.unwrap_or_else(|| {
        queues.push((kind, Queue::default()));
        queues.len() - 1
    });
    &mut queues[at].1
}

fn set<K: Ord>(lines: &mut BTreeMap<K, LineKey>, key: K, line: &LineKey, there: bool) {
    if there {
        lines.insert(key, line.clone());
    } else {
        lines.remove(&key);
    }
}
