//! The heads of partitions, and beside them the id of the commit.

use landfall_service::store::Head;

use crate::codes::{Id, Micros, int, small};
use crate::trip::{Param, param};

/// How many commits are known by their id of those that are noted at a partition: the first that they advance.
pub(crate) const SLOTS: u64 = 1_024;

/// Waits until nobody holds the partition any longer.
pub(crate) const SETTLE: &str =
    "SELECT version FROM heads WHERE partition = $1::smallint FOR UPDATE";
/// The commit that made this version of a partition, if it is noted there.
pub(crate) const COMMITTED: &str =
    "SELECT version, id FROM commits WHERE partition = $1::smallint AND slot = $2::smallint";

/// Lets whatever rests on this version of a partition fail.
pub(crate) const FENCE: &str = "UPDATE heads SET version = version + 1 \
      WHERE partition = $1::smallint AND version = $2::bigint RETURNING version";

pub(super) const STATEMENTS: [&str; 3] = [SETTLE, COMMITTED, FENCE];

/// The columns of heads: partition, version before, version, next offset, next number.
pub(super) fn columns<'a>(heads: &[(Head, Head)]) -> Vec<Param<'a>> {
    let column = |of: fn(&(Head, Head)) -> i64| -> Vec<i64> { heads.iter().map(of).collect() };
    let partitions: Vec<i16> = heads
        .iter()
        .map(|(before, _)| small(before.partition))
        .collect();
    vec![
        param(partitions),
        param(column(|(before, _)| int(before.version))),
        param(column(|(_, after)| int(after.version))),
        param(column(|(_, after)| int(after.next_offset))),
        param(column(|(_, after)| int(after.next_number))),
    ]
}

/// What a group rests on that nobody holds, beside its heads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Basis {
    /// The version of the API keys.
    pub(crate) access_version: Option<u64>,
    /// A commit that must have happened.
    pub(crate) after: Option<Noted>,
    /// When it is too late, by the database's clock.
    pub(crate) until: Option<Micros>,
}

impl Basis {
    /// Version, of the commit the partition, the slot and the id, and the time.
    pub(super) fn params<'a>(self) -> Vec<Param<'a>> {
        vec![
            param(self.access_version.map(int)),
            param(self.after.map(|after| small(after.partition))),
            param(self.after.map(|after| slot(after.version))),
            param(self.after.map(|after| after.id)),
            param(self.until),
        ]
    }
}

/// The note of a commit, at the first head that it advances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted {
    partition: u16,
    version: u64,
    id: Id,
}

impl Noted {
    /// Of the commit with this id, if it advances any head.
    pub(crate) fn of(heads: &[(Head, Head)], id: Id) -> Option<Self> {
        let (_, first) = heads.first()?;
        Some(Self {
            partition: first.partition,
            version: first.version,
            id,
        })
    }

    /// Partition, slot, version, id.
    pub(super) fn params<'a>(self) -> Vec<Param<'a>> {
        vec![
            param(small(self.partition)),
            param(slot(self.version)),
            param(int(self.version)),
            param(self.id),
        ]
    }
}

/// Where the commit that made this version is noted.
pub(crate) fn slot(version: u64) -> i16 {
    i16::try_from(version % SLOTS).unwrap_or(0)
}
