//! The bare SQLite loop: the product's rows in groups of the product's size, and nothing decided.

use crate::bench::report::quotient;
use crate::bench::steal::CpuTimes;
use crate::bench::workload::OrderIds;
use crate::bench::{BenchError, Plan};
use landfall_sqlite::bare::{self, Rows, Shape, bare_loop};
use serde::Serialize;
use std::time::Duration;

/// What a loop did.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::bench) struct BareLoop {
    pub(in crate::bench) rows_per_line: u8,
    pub(in crate::bench) order_ids: OrderIds,
    pub(in crate::bench) group_size: u32,
    pub(in crate::bench) lines_per_second: f64,
    pub(in crate::bench) steal_percent: Option<f64>,
}

/// Writes about `lines` lines, the product's number, so that the tables grow as large; for at most the
/// product's time. The database is made in `directory`, the product's file system, and removed.
pub(in crate::bench) fn measure(
    plan: &Plan,
    rows: Rows,
    group_size: u32,
    lines: u64,
) -> Result<BareLoop, BenchError> {
    let place = tempfile::tempdir_in(plan.directory()).map_err(BenchError::Directory)?;
    let shape = Shape {
        groups: lines.div_ceil(u64::from(group_size)),
        group_size,
        skus: plan.skus,
        rows,
        order_ids: match plan.order_ids {
            OrderIds::Increasing => bare::OrderIds::Increasing,
            OrderIds::Random => bare::OrderIds::Random,
        },
        at_most: plan.drive.duration + plan.drive.warmup,
    };
    let before = CpuTimes::read();
    let written = bare_loop(&place.path().join("bare.db"), &shape)?;
    let steal = before
        .zip(CpuTimes::read())
        .and_then(|(a, b)| b.steal_since(a));
    let rows_per_line = match rows {
        Rows::Two => 2,
        Rows::Five => 5,
    };
    Ok(BareLoop {
        rows_per_line,
        order_ids: plan.order_ids,
        group_size,
        lines_per_second: per_second(written.lines, written.elapsed),
        steal_percent: steal,
    })
}

/// How many of these in a second, where they took so long.
pub(super) fn per_second(lines: u64, elapsed: Duration) -> f64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    1e6 * quotient(lines, micros.max(1))
}
