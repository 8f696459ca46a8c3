//! The orders by their last change, found along the log backwards, without an index or a column of their own.
//!
//! An order is listed at its last event, and so once: events of it that lie further back are passed. What is read of
//! several partitions is put together as [`crate::log::cursor::latest`] does it, by time; of an order whose last events in
//! several partitions differ, that with the latest time is the last one. The cursor says for each partition up to which
//! event the list goes on. An order that changes between two pages is at the front by then, and on no later page.
//!
//! A page looks at so many events ([`Bounds`]) and no further. Where few of them change an order, because a hundred
//! thousand batches came in after the last one, the page is short, or empty, and its cursor leads on.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use landfall_domain::{Event, OrderId};
use serde::Deserialize;

use super::{Page, ViewError};
use crate::log::LogCursor;
use crate::resources::OrderResource;

/// An order, and when it changed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentOrder {
    /// When its last event was written.
    pub changed: Timestamp,
    /// The order.
    pub order: OrderResource,
}

/// The types of events that change an order: those of which [`order_of`] tells one. All have its id as `order_id`.
pub const KINDS: [&str; 9] = [
    "OrderPlaced",
    "Allocated",
    "Deallocated",
    "Backordered",
    "OutOfStock",
    "PromiseChanged",
    "LineAmended",
    "LineCancelled",
    "Dispatched",
];

/// The order that an event changes.
pub fn order_of(event: &Event) -> Option<&OrderId> {
    match event {
        Event::OrderPlaced { order_id, .. } => Some(order_id),
        _ => event.line().map(|(order_id, _)| order_id),
    }
}

/// The order that an event of one of [`KINDS`] changes, from the event's data in JSON.
pub fn order_in(data: &str) -> Result<OrderId, serde_json::Error> {
    #[derive(Deserialize)]
    struct OfOrder {
        order_id: OrderId,
    }
    serde_json::from_str(data).map(|OfOrder { order_id }| order_id)
}

/// The word that a cursor begins with: it is no name.
const WORD: &str = "recent\n";

/// Up to where each partition is to be read; none: from its end.
pub fn cursor(page: &Page, partitions: u16) -> Result<Option<LogCursor>, ViewError> {
    let parse = |after: &str| LogCursor::parse(after.strip_prefix(WORD)?, partitions);
    let after = page.after.as_deref();
    after
        .map(|after| parse(after).ok_or(ViewError::BadCursor))
        .transpose()
}

/// The cursor that [`cursor`] reads.
pub fn of_cursor(rest: &LogCursor) -> String {
    format!("{WORD}{rest}")
}

/// What a page looks at, at the most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Events that are passed, whatever they say.
    pub events: u64,
    /// Events that change an order.
    pub changes: usize,
}

impl Bounds {
    /// What can be looked at within the time that a page may take.
    pub const USUAL: Self = Self {
        events: 100_000,
        changes: 10_000,
    };
}

/// An event that changes an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its partition.
    pub partition: u16,
    /// Its offset there.
    pub offset: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The order.
    pub order: OrderId,
}

/// A change at which an order may be listed: no later one of it was met on this walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The change.
    pub change: Change,
    /// What is left of the log after it.
    pub rest: LogCursor,
}

/// What of a partition is to be read next: the events up to `through` and after `after`, the last ones first, at most so
/// many that change an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The partition.
    pub partition: u16,
    /// Up to this offset.
    pub through: u64,
    /// After this offset.
    pub after: u64,
    /// So many.
    pub most: usize,
}

/// A walk along the log backwards. It does not read by itself: it says what is to be read, and is told.
#[derive(Debug)]
pub struct Walk {
    partitions: Vec<Part>,
    met: BTreeSet<OrderId>,
    left: Bounds,
}

#[derive(Debug)]
struct Part {
    /// What was read and not yet given on, the newest first.
    ahead: VecDeque<Change>,
    /// Up to this offset nothing was read.
    unread: u64,
    /// How many are asked for next.
    most: usize,
}

impl Part {
    /// Up to this offset nothing was given on.
    fn rest(&self) -> u64 {
        let next = self.ahead.front();
        next.map_or(self.unread, |change| change.offset)
    }
}

impl Walk {
    /// From a cursor on, in a log whose partitions end with these offsets, for a page of so many.
    pub fn new(from: Option<&LogCursor>, ends: &[u64], limit: usize, bounds: Bounds) -> Self {
        /// The fewest that are asked of a partition at once: nobody knows how many of a page are its own.
        const FEWEST: usize = 16;
        let share = limit.saturating_add(1) / ends.len().max(1) * 5 / 4;
        let part = |(partition, end): (u16, &u64)| Part {
            ahead: VecDeque::new(),
            unread: from.map_or(*end, |from| from.offset(partition).min(*end)),
            most: share.max(FEWEST),
        };
        Self {
            partitions: (0..).zip(ends).map(part).collect(),
            met: BTreeSet::new(),
            left: bounds,
        }
    }

    /// What must be read before the walk can go on; nothing at its end, and where it has looked at enough.
    pub fn wanted(&self) -> Vec<Stretch> {
        if self.left.events == 0 || self.left.changes == 0 {
            return Vec::new();
        }
        let parts = (0..).zip(&self.partitions);
        let wanted = parts.filter(|(_, part)| part.ahead.is_empty() && part.unread > 0);
        let wanted: Vec<(u16, &Part)> = wanted.collect();
        let share = (self.left.events / (wanted.len() as u64).max(1)).max(1);
        let stretch = |(partition, part): (u16, &Part)| Stretch {
            partition,
            through: part.unread,
            after: part.unread.saturating_sub(share),
            most: part.most.min(self.left.changes),
        };
        wanted.into_iter().map(stretch).collect()
    }

    /// This was read of a stretch, the newest first.
    pub fn read(&mut self, stretch: &Stretch, changes: Vec<Change>) {
        let Some(part) = self.partitions.get_mut(usize::from(stretch.partition)) else {
            return;
        };
        self.left.changes = self.left.changes.saturating_sub(changes.len());
        let last = changes.last().filter(|_| changes.len() >= stretch.most);
        part.unread = last.map_or(stretch.after, |last| last.offset - 1);
        let passed = stretch.through.saturating_sub(part.unread);
        self.left.events = self.left.events.saturating_sub(passed);
        part.most = part.most.saturating_mul(2);
        part.ahead = changes.into();
    }

    /// The next change at which an order may be listed, as far as all partitions show what comes next.
    pub fn next_met(&mut self) -> Option<Met> {
        loop {
            let known = |part: &Part| !part.ahead.is_empty() || part.unread == 0;
            if !self.partitions.iter().all(known) {
                return None;
            }
            let parts = self.partitions.iter().enumerate();
            let heads = parts.filter_map(|(at, part)| Some((part.ahead.front()?.time, at)));
            let (_, at) = heads.max()?;
            let change = self.partitions[at].ahead.pop_front()?;
            // What comes next of it lies before this one, also where nothing is at hand.
            if self.met.insert(change.order.clone()) {
                let rest = self.rest();
                return Some(Met { change, rest });
            }
        }
    }

    /// What is left of the log.
    pub fn rest(&self) -> LogCursor {
        LogCursor::at(self.partitions.iter().map(Part::rest).collect())
    }

    /// Whether nothing is left.
    pub fn ended(&self) -> bool {
        self.partitions.iter().all(|part| part.rest() == 0)
    }
}

/// A page that is being put together.
#[derive(Debug, Default)]
pub struct Found {
    listed: Vec<Met>,
    more: bool,
}

impl Found {
    /// This order is to be listed. Whether the page is full, and it is known that there is another.
    pub fn list(&mut self, met: Met, limit: usize) -> bool {
        self.more = self.listed.len() >= limit;
        if !self.more {
            self.listed.push(met);
        }
        self.more
    }

    /// The changes at which orders are listed, and the cursor of the next page.
    pub fn finish(self, walk: &Walk) -> (Vec<Change>, Option<String>) {
        let next = match self.listed.last() {
            Some(last) if self.more => Some(of_cursor(&last.rest)),
            _ if walk.ended() => None,
            _ => Some(of_cursor(&walk.rest())),
        };
        let changes = self.listed.into_iter().map(|met| met.change);
        (changes.collect(), next)
    }
}

#[cfg(test)]
#[path = "recent_tests.rs"]
mod tests;
