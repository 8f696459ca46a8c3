//! The bare PostgreSQL loop: the product's new rows in groups of the product's size, and nothing decided or counted.

use super::bare_sqlite::{BareLoop, per_second};
use crate::bench::steal::CpuTimes;
use crate::bench::workload::OrderIds;
use crate::bench::{BenchError, Plan};
use landfall_postgres::bare::{ROWS_A_LINE, Shape, bare_loop};

/// Writes about `lines` lines, the product's number, so that the tables grow as large; for at most the
/// product's time. The tables are made beside the product's, in its database, and removed.
pub(in crate::bench) async fn measure(
    plan: &Plan,
    url: &str,
    group_size: u32,
    lines: u64,
) -> Result<BareLoop, BenchError> {
    let shape = Shape {
        groups: lines.div_ceil(u64::from(group_size)),
        group_size,
        skus: plan.skus,
        random_order_ids: plan.order_ids == OrderIds::Random,
        at_most: plan.drive.duration + plan.drive.warmup,
    };
    let before = CpuTimes::read();
    let written = bare_loop(url, &shape).await?;
    let steal = before
        .zip(CpuTimes::read())
        .and_then(|(a, b)| b.steal_since(a));
    Ok(BareLoop {
        rows_per_line: ROWS_A_LINE,
        order_ids: plan.order_ids,
        group_size,
        lines_per_second: per_second(written.lines, written.elapsed),
        steal_percent: steal,
    })
}
