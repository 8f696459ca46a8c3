//! Waiting for one's turn where several replicas write.
//!
//! Whoever takes his commands from the queue and then waits for a partition that another replica holds, has a group that
//! is no longer than his queue was when the wait began: small groups, of which each costs nearly as much as a large one.
//! So a writer that has met others takes the partitions first, and then looks what has come meanwhile.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use landfall_service::store::Head;

use super::{BEGIN, PLAN_ANEW, PgStore, ROLLBACK, Role, smalls};
use crate::error::Fault;
use crate::load::{self, Ask, Found, sql};
use crate::trip::{Trip, param};

/// Units of work for which others are expected after they were met: long enough that a replica that pauses for a moment
/// does not count as gone, short enough that one alone soon saves the round trip.
const EXPECTED: u32 = 64;

/// What a writer knows of others.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// The versions of the partitions as this writer left them.
    left: HashMap<u16, u64>,
    /// For how many more units of work others are expected.
    expected: u32,
    /// The partitions that were touched since others were met.
    usual: BTreeSet<u16>,
    /// The partitions that are held for the next unit of work.
    pub(super) held: Option<Vec<Head>>,
}

impl Others {
    /// Takes note of partitions as they were found: one that is not as it was left has met another writer.
    pub(super) fn found(&mut self, heads: &[Head]) {
        let mut moved = false;
        for head in heads {
            let left = self.left.insert(head.partition, head.version);
            moved |= left.is_some_and(|version| version != head.version);
        }
        if moved {
            self.expected = EXPECTED;
        } else {
            self.expected = self.expected.saturating_sub(1);
        }
        if self.expected == 0 {
            self.usual.clear();
        }
    }

    /// Whether none are expected.
    pub(super) fn are_absent(&self) -> bool {
        self.expected == 0 && self.held.is_none()
    }

    /// Takes note of partitions as they are left.
    pub(super) fn left(&mut self, heads: &[(Head, Head)]) {
        for (_, after) in heads {
            self.left.insert(after.partition, after.version);
            if self.expected > 0 {
                self.usual.insert(after.partition);
            }
        }
    }
}

impl PgStore {
    /// Holds the partitions that units of work usually touch, where others are expected. What goes wrong goes wrong once
    /// more when the unit of work begins, and is told then.
    pub(super) async fn take_turn_now(&mut self) {
        let expected = self.others.expected > 0 && matches!(self.role, Role::Writer(_));
        if !expected || self.others.usual.is_empty() || self.others.held.is_some() {
            return;
        }
        match self.hold().await {
            Ok(held) => self.others.held = Some(held),
            Err(fault) => {
                tracing::debug!(?fault, "the partitions cannot be had before the group");
                if fault.ends_link() {
                    self.link = None;
                }
                self.end().await;
            }
        }
    }

    async fn hold(&mut self) -> Result<Vec<Head>, Fault> {
        let partitions = self.partitions();
        let usual = smalls(&self.others.usual);
        let dirty = self.open.take().is_some();
        let plan_anew = self.growth.is_due();
        let link = self.connect().await?;
        let mut trip = Trip::new(link);
        if dirty {
            trip.plain(Ask::Bound, ROLLBACK);
        }
        if plan_anew {
            trip.attempt(Ask::Bound, PLAN_ANEW);
        }
        trip.plain(Ask::Bound, BEGIN);
        trip.ask(Ask::Heads, sql::LOCK, vec![param(usual)]);
        let mut nothing = Found::new(&landfall_service::keys::Keys::default(), partitions);
        load::take(trip, &mut nothing).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(partition: u16, version: u64) -> Head {
        Head {
            partition,
            version,
            next_offset: 1,
            next_number: 1,
        }
    }

    #[test]
    fn who_finds_a_partition_as_he_left_it_is_alone() {
        let mut others = Others::default();
        others.found(&[head(1, 7), head(2, 3)]);
        others.left(&[(head(1, 7), head(1, 8))]);
        others.found(&[head(1, 8), head(2, 3)]);
        assert_eq!((others.expected, others.usual.len()), (0, 0));

        others.found(&[head(1, 9)]);
        assert_eq!(others.expected, EXPECTED);
        others.left(&[(head(1, 9), head(1, 10)), (head(2, 3), head(2, 4))]);
        assert_eq!(others.usual, BTreeSet::from([1, 2]));
        for _ in 0..EXPECTED {
            assert!(!others.usual.is_empty());
            others.found(&[head(1, 10)]);
        }
        assert_eq!((others.expected, others.usual.len()), (0, 0));
    }
}
