//! What is held back for a digest: the first of a kind opens a window, and what follows waits for its end.
//!
//! This is only what is remembered, and what that means for the cursor; sending is the publisher's.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::notice::{Kind, Notice};
use crate::relay::Refused;

/// How many notices of a kind are held back at most. With so many the digest does not wait for its window.
pub(super) const FULL: usize = 10_000;

/// A notice and the record that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The record's partition.
    pub partition: u16,
    /// Its offset there.
    pub offset: u64,
    /// When it was written.
    pub time: Timestamp,
    /// What it says.
    pub notice: Notice,
}

/// The window of one kind.
#[derive(Debug, Default)]
struct Window {
    /// `None`: nothing was sent yet.
    ends: Option<Timestamp>,
    held: Vec<Held>,
    /// How many of the oldest are in a digest that was tried and could not be sent.
    sealed: usize,
}

/// Where a partition stands.
#[derive(Debug, Default)]
struct Place {
    /// Up to here its records were taken.
    taken: u64,
    /// What was refused and the relay does not know yet.
    dead: Vec<Refused>,
}

/// All that is held back, of all partitions that this replica relays.
#[derive(Debug, Default)]
pub(super) struct Desk {
    windows: BTreeMap<Kind, Window>,
    places: BTreeMap<u16, Place>,
}

impl Desk {
    /// Does a notice of this kind have to wait for a digest?
    pub(super) fn waits(&self, kind: Kind, now: Timestamp) -> bool {
        self.windows.get(&kind).is_some_and(|window| {
            !window.held.is_empty() || window.ends.is_some_and(|ends| now < ends)
        })
    }

    /// Is there a digest of this kind to send?
    pub(super) fn is_due(&self, kind: Kind, now: Timestamp) -> bool {
        self.windows.get(&kind).is_some_and(|window| {
            let over = window.ends.is_none_or(|ends| ends <= now);
            !window.held.is_empty() && (over || window.held.len() >= FULL)
        })
    }

    /// Can no more of this kind be held back?
    pub(super) fn is_full(&self, kind: Kind) -> bool {
        let window = self.windows.get(&kind);
        window.is_some_and(|window| window.held.len() >= FULL)
    }

    /// What goes into the digest of a kind, the oldest first: all that is held back now. Until it is sent or
    /// refused it stays the same, whatever is held back meanwhile: a digest that is tried again is the same message,
    /// and whoever has it already need not get it again.
    pub(super) fn seal(&mut self, kind: Kind) -> &[Held] {
        let Some(window) = self.windows.get_mut(&kind) else {
            return &[];
        };
        if window.sealed == 0 {
            window.sealed = window.held.len();
        }
        &window.held[..window.sealed]
    }

    /// Holds back a notice, once.
    pub(super) fn hold(&mut self, held: Held) {
        let taken = self
            .places
            .get(&held.partition)
            .map_or(0, |place| place.taken);
        let window = self.windows.entry(held.notice.kind()).or_default();
        let same = |other: &Held| (other.partition, other.offset) == (held.partition, held.offset);
        // Only what was taken before can be there.
        if held.offset > taken || !window.held.iter().any(same) {
            window.held.push(held);
        }
    }

    /// A message of this kind went out: the next window begins.
    pub(super) fn sent(&mut self, kind: Kind, now: Timestamp, window: Duration) {
        let ends = now.checked_add(window).unwrap_or(Timestamp::MAX);
        let entry = self.windows.entry(kind).or_default();
        entry.ends = Some(ends);
        entry.held.drain(..std::mem::take(&mut entry.sealed));
    }

    /// The digest of this kind was refused for good: so was all that would have been in it.
    pub(super) fn refused(&mut self, kind: Kind, reason: &str) {
        let Some(window) = self.windows.get_mut(&kind) else {
            return;
        };
        for held in window.held.drain(..std::mem::take(&mut window.sealed)) {
            self.places
                .entry(held.partition)
                .or_default()
                .dead
                .push(Refused {
                    offset: held.offset,
                    reason: reason.to_owned(),
                    attempts: 1,
                });
        }
    }

    /// A record was taken.
    pub(super) fn taken(&mut self, partition: u16, offset: u64) {
        let place = self.places.entry(partition).or_default();
        place.taken = place.taken.max(offset);
    }

    /// Up to which offset nothing of a partition is held back.
    pub(super) fn through(&self, partition: u16) -> Option<u64> {
        let taken = self.places.get(&partition)?.taken;
        let held = self.windows.values().flat_map(|window| &window.held);
        let first = held
            .filter(|held| held.partition == partition)
            .map(|held| held.offset)
            .min();
        Some(first.map_or(taken, |first| taken.min(first.saturating_sub(1))))
    }

    /// What was refused of a partition since the last time.
    pub(super) fn dead(&mut self, partition: u16) -> Vec<Refused> {
        let place = self.places.get_mut(&partition);
        let mut dead = place
            .map(|place| std::mem::take(&mut place.dead))
            .unwrap_or_default();
        dead.sort_by_key(|refused| refused.offset);
        dead
    }

    /// Forgets a partition.
    pub(super) fn forget(&mut self, partition: u16) {
        self.places.remove(&partition);
        for window in self.windows.values_mut() {
            window.held.retain(|held| held.partition != partition);
            // Another one has what it held: the digest is another message.
            window.sealed = 0;
        }
    }
}
