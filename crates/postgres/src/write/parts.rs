//! The parts of split lines, by the batches that hold them.

use landfall_domain::OrderLine;
use landfall_domain::shortage::ShortageKey;

use super::Write;
use super::lines::pegs;
use crate::codes::{self, Day, int, small};
use crate::trip::{Param, Trip, param};

const DELETE: &str = "WITH gone AS ( \
         DELETE FROM line_parts t USING unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::date[], $5::bigint[]) \
             AS k (partition, batch, shortage, promise, number) \
          WHERE t.partition = k.partition AND t.batch = k.batch AND t.shortage = k.shortage \
            AND t.promise = k.promise AND t.number = k.number RETURNING 1) \
     SELECT 1 / (CASE WHEN count(*) = $6::bigint THEN 1 ELSE 0 END) FROM gone";

pub(super) const STATEMENTS: [&str; 1] = [DELETE];

/// Whether a line leaves the table of parts as it is.
pub(super) fn same_parts(before: &OrderLine, after: &OrderLine) -> bool {
    let parts = |line: &OrderLine| pegs(line).1;
    match (parts(before), parts(after)) {
        (None, None) => true,
        (before_parts, after_parts) => {
            before_parts == after_parts && ShortageKey::of(before) == ShortageKey::of(after)
        }
    }
}

/// Rows of the table of parts.
#[derive(Default)]
pub(super) struct Parts {
    partitions: Vec<i16>,
    batches: Vec<i64>,
    shortages: Vec<i16>,
    promises: Vec<Day>,
    pub(super) numbers: Vec<i64>,
    units: Vec<i64>,
}

impl Parts {
    /// The rows of a line, if it is split.
    pub(super) fn add(&mut self, line: &OrderLine, home: u16) {
        if pegs(line).1.is_none() {
            return;
        }
        let key = ShortageKey::of(line);
        let shortage = codes::shortage(key.priority, key.locked);
        for allocation in &line.allocations {
            self.partitions.push(small(home));
            self.batches.push(int(allocation.batch_number));
            self.shortages.push(i16::try_from(shortage).unwrap_or(0));
            self.promises.push(Day::of(key.promise.0));
            self.numbers.push(int(line.number));
            self.units.push(int(allocation.quantity));
        }
    }

    pub(super) fn delete(self, trip: &mut Trip<'_, Write>) {
        if self.numbers.is_empty() {
            return;
        }
        let count = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX);
        let params = vec![
            param(self.partitions),
            param(self.batches),
            param(self.shortages),
            param(self.promises),
            param(self.numbers),
            param(count),
        ];
        trip.ask(Write::Lines, DELETE, params);
    }

    pub(super) fn columns<'a>(self) -> Vec<Param<'a>> {
        vec![
            param(self.partitions),
            param(self.batches),
            param(self.shortages),
            param(self.promises),
            param(self.numbers),
            param(self.units),
        ]
    }
}
