//! What a product remembers of its changes: how to undo them, and what a commit must write.

use super::{Before, Counters, Offer, Product};
use crate::batch::Batch;
use crate::events::Event;

/// One step backwards. Positions are those at the time: undone in reverse order, they are right.
#[derive(Debug, Clone)]
pub(super) enum Undo {
    /// A batch had these counts.
    Counts {
        at: usize,
        purchased: u64,
        allocated: u64,
        dispatched: u64,
    },
    /// It counted so many lines that wait or are late.
    Counters(Counters),
    /// A batch was added.
    Created { at: usize },
    /// A batch was another, and stood elsewhere.
    Reshaped {
        from: usize,
        to: usize,
        before: Box<Batch>,
    },
    /// A line changed, no count of the product.
    LineOnly,
}

/// As [`Vec::push`]. Of most lists there is one entry, and a vector's first step makes room for four: of batches and
/// events, which are large, in each of the many products that are kept in memory.
fn push<T>(list: &mut Vec<T>, entry: T) {
    insert(list, list.len(), entry);
}

/// As [`Vec::insert`], as [`push`].
pub(super) fn insert<T>(list: &mut Vec<T>, at: usize, entry: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.insert(at, entry);
}

impl Product {
    /// The facts recorded since the last call, the oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Notes a fact.
    pub(super) fn record(&mut self, event: Event) {
        push(&mut self.events, event);
    }

    /// Keeps what was done since the last accept or roll-back; the version goes up if that is anything.
    pub fn accept(&mut self) {
        debug_assert!(
            self.batches.iter().all(|batch| batch.over() == 0),
            "conservation: no batch holds more than was purchased"
        );
        if !self.journal.is_empty() {
            self.counters.version += 1;
            self.journal.clear();
        }
        self.changed_for_good = self.changed.len();
        self.offer = Offer::Nothing;
    }

    /// Undoes what was done since the last accept or roll-back.
    pub fn roll_back(&mut self) {
        self.events.clear();
        self.offer = Offer::Nothing;
        self.changed.truncate(self.changed_for_good);
        while let Some(undo) = self.journal.pop() {
            match undo {
                Undo::Counts {
                    at,
                    purchased,
                    allocated,
                    dispatched,
                } => {
                    let batch = &mut self.batches[at];
                    batch.purchased = purchased;
                    batch.allocated = allocated;
                    batch.dispatched = dispatched;
                }
                Undo::Counters(counters) => self.counters = counters,
                Undo::LineOnly => {}
                Undo::Created { at } => {
                    self.batches.remove(at);
                }
                Undo::Reshaped { from, to, before } => {
                    self.batches.remove(to);
                    self.batches.insert(from, *before);
                }
            }
        }
    }

    /// What is new or changed since the last call, as it was then.
    pub fn take_changed(&mut self) -> Before {
        let mut batches = std::mem::take(&mut self.changed);
        self.changed_for_good = 0;
        // Of each batch the first stays: the sort keeps the order of what has the same number.
        batches.sort_by_key(|batch| batch.number);
        batches.dedup_by_key(|batch| batch.number);
        let counters = self.counters();
        Before {
            counters: std::mem::replace(&mut self.counted, counters),
            batches,
        }
    }

    /// Forgets the batches that have no free unit: a store loads a product without them. Call it only
    /// when nothing is left to accept or roll back.
    pub fn forget_full(&mut self) {
        debug_assert!(
            self.journal.is_empty(),
            "a journal's positions hold until it is accepted"
        );
        self.batches.retain(|batch| batch.free() > 0);
    }

    /// Remembers the counts of a batch before they change.
    pub(super) fn touch(&mut self, at: usize) {
        let batch = &self.batches[at];
        self.journal.push(Undo::Counts {
            at,
            purchased: batch.purchased,
            allocated: batch.allocated,
            dispatched: batch.dispatched,
        });
        let last = self.changed.last();
        if last.is_none_or(|last| last.number != batch.number) {
            push(&mut self.changed, batch.clone());
        }
    }

    /// Changes a batch in any way, and its place among the others with it.
    pub(super) fn reshape(&mut self, at: usize, change: impl FnOnce(&mut Batch)) {
        let mut batch = self.batches.remove(at);
        let before = Box::new(batch.clone());
        push(&mut self.changed, batch.clone());
        change(&mut batch);
        let to = self.place_of(&batch);
        self.batches.insert(to, batch);
        self.compare((before.supply(), before.available()), to);
        self.journal.push(Undo::Reshaped {
            from: at,
            to,
            before,
        });
    }

    /// Adds a batch.
    pub(super) fn insert(&mut self, batch: Batch) {
        push(&mut self.changed, batch.clone());
        let at = self.place_of(&batch);
        let nothing = (batch.supply(), 0);
        insert(&mut self.batches, at, batch);
        self.compare(nothing, at);
        self.journal.push(Undo::Created { at });
    }

    fn place_of(&self, batch: &Batch) -> usize {
        self.batches
            .partition_point(|other| other.earliest_first(batch).is_lt())
    }

    /// One more line waits.
    pub(super) fn join_queue(&mut self) {
        self.journal.push(Undo::Counters(self.counters));
        self.counters.backordered += 1;
    }

    /// A line that waited does not any longer.
    pub(super) fn leave_queue(&mut self) {
        debug_assert!(
            self.counters.backordered > 0,
            "a line that waits is counted"
        );
        self.journal.push(Undo::Counters(self.counters));
        self.counters.backordered = self.counters.backordered.saturating_sub(1);
    }

    /// Counts a line that was late, or not, and is late, or not.
    pub(super) fn count_late(&mut self, before: bool, after: bool) {
        if before == after {
            return;
        }
        self.journal.push(Undo::Counters(self.counters));
        if after {
            self.counters.late += 1;
        } else {
            debug_assert!(self.counters.late > 0, "a line that is late is counted");
            self.counters.late = self.counters.late.saturating_sub(1);
        }
    }

    /// A line changed, and nothing else.
    pub(super) fn line_changed(&mut self) {
        self.journal.push(Undo::LineOnly);
    }
}
