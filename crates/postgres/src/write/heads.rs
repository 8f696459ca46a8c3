//! The heads of partitions, and beside them the id of the commit.

use landfall_service::store::Head;

use super::Write;
use crate::codes::{Id, int, small};
use crate::trip::{Trip, param};

/// How many commits of a partition are known by their id.
pub(crate) const SLOTS: u64 = 1_024;

/// Advances the heads that are where they were, and notes the commit.
const ADVANCE: &str = "WITH k AS MATERIALIZED ( \
         SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[]) \
             AS k (partition, before, version, next_offset, next_number, slot)), \
     noted AS ( \
         INSERT INTO commits (partition, slot, version, id) SELECT partition, slot, version, $7::uuid FROM k \
             ON CONFLICT (partition, slot) DO UPDATE SET version = excluded.version, id = excluded.id), \
     changed AS ( \
         UPDATE heads h SET version = k.version, next_offset = k.next_offset, next_number = k.next_number \
           FROM k WHERE h.partition = k.partition AND h.version = k.before RETURNING 1) \
     SELECT 1 / (CASE WHEN count(*) = $8::bigint THEN 1 ELSE 0 END) FROM changed";

/// Waits until nobody holds the partition any longer.
pub(crate) const SETTLE: &str =
    "SELECT version FROM heads WHERE partition = $1::smallint FOR UPDATE";
/// The commit that made this version of a partition.
pub(crate) const COMMITTED: &str =
    "SELECT version, id FROM commits WHERE partition = $1::smallint AND slot = $2::smallint";

pub(super) const STATEMENTS: [&str; 3] = [ADVANCE, SETTLE, COMMITTED];

pub(super) fn ask(trip: &mut Trip<'_, Write>, heads: &[(Head, Head)], id: Id) {
    if heads.is_empty() {
        return;
    }
    let column = |of: fn(&(Head, Head)) -> i64| -> Vec<i64> { heads.iter().map(of).collect() };
    let partitions: Vec<i16> = heads
        .iter()
        .map(|(before, _)| small(before.partition))
        .collect();
    let slots: Vec<i16> = heads.iter().map(|(_, after)| slot(after.version)).collect();
    trip.ask(
        Write::Heads,
        ADVANCE,
        vec![
            param(partitions),
            param(column(|(before, _)| int(before.version))),
            param(column(|(_, after)| int(after.version))),
            param(column(|(_, after)| int(after.next_offset))),
            param(column(|(_, after)| int(after.next_number))),
            param(slots),
            param(id),
            param(i64::try_from(heads.len()).unwrap_or(i64::MAX)),
        ],
    );
}

/// Where the commit that made this version is noted.
pub(crate) fn slot(version: u64) -> i16 {
    i16::try_from(version % SLOTS).unwrap_or(0)
}
