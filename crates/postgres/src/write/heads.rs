//! The heads of partitions, and beside them the id of the commit.

use landfall_service::store::Head;

use crate::codes::{Id, int, small};
use crate::trip::{Param, param};

/// How many commits are known by their id of those that are noted at a partition: the first that they advance.
pub(crate) const SLOTS: u64 = 1_024;

/// Waits until nobody holds the partition any longer.
pub(crate) const SETTLE: &str =
    "SELECT version FROM heads WHERE partition = $1::smallint FOR UPDATE";
/// The commit that made this version of a partition, if it is noted there.
pub(crate) const COMMITTED: &str =
    "SELECT version, id FROM commits WHERE partition = $1::smallint AND slot = $2::smallint";

pub(super) const STATEMENTS: [&str; 2] = [SETTLE, COMMITTED];

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

/// The note of a commit, at the first head that it advances: partition, slot, version, id.
pub(super) fn note<'a>(heads: &[(Head, Head)], id: Id) -> Option<Vec<Param<'a>>> {
    let (_, first) = heads.first()?;
    Some(vec![
        param(small(first.partition)),
        param(slot(first.version)),
        param(int(first.version)),
        param(id),
    ])
}

/// Where the commit that made this version is noted.
pub(crate) fn slot(version: u64) -> i16 {
    i16::try_from(version % SLOTS).unwrap_or(0)
}
