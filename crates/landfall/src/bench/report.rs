//! The figures of a benchmark, for people and for programs.

use super::ceiling::BareLoop;
use super::check::Check;
use super::drive::Driven;
use super::workload::{OrderIds, Workload};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// `part` / `whole`, for figures that need no more than a few digits; `whole` must not be 0.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts below 2^53, shown with few digits"
)]
pub(super) fn quotient(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// What one server did under one load.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    pub(super) lines_per_second: f64,
    pub(super) requests_per_second: f64,
    pub(super) latency_us: Latency,
    pub(super) mean_group_size: Option<f64>,
    pub(super) steal_percent: Option<f64>,
    /// By status or by what went wrong, over the whole run.
    pub(super) errors: BTreeMap<String, u64>,
    /// Acknowledged over the whole run, warm-up included.
    pub(super) acknowledged_lines: u64,
}

/// Microseconds; a request, or an NDJSON line, from its sending to its whole answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Latency {
    pub(super) p50: u64,
    pub(super) p99: u64,
    #[serde(rename = "p99.9")]
    pub(super) p999: u64,
    pub(super) max: u64,
}

impl Figures {
    /// The figures of a run whose measured part took `duration`.
    pub(super) fn new(driven: &Driven, duration: Duration) -> Self {
        let tally = &driven.tally;
        let micros = u64::try_from(duration.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        let at = |quantile| tally.latency.value_at_quantile(quantile);
        let errors = tally
            .errors
            .iter()
            .map(|(failure, count)| (failure.to_string(), *count));
        Self {
            lines_per_second: 1e6 * quotient(tally.measured_lines, micros),
            requests_per_second: 1e6 * quotient(tally.measured_requests, micros),
            latency_us: Latency {
                p50: at(0.5),
                p99: at(0.99),
                p999: at(0.999),
                max: tally.latency.max(),
            },
            mean_group_size: driven.mean_group,
            steal_percent: driven.steal,
            errors: errors.collect(),
            acknowledged_lines: tally.acknowledged.iter().map(|sum| sum.lines).sum(),
        }
    }
}

/// One round: the product, and beside it the bare parts if they were asked for.
#[derive(Debug, Serialize)]
pub(super) struct Round {
    pub(super) product: Figures,
    /// The most memory that the product held, when the benchmark started it.
    pub(super) peak_memory_bytes: Option<u64>,
    pub(super) checks: Vec<Check>,
    pub(super) bare_http: Option<Figures>,
    pub(super) bare_sqlite: Vec<BareLoop>,
    pub(super) bare_postgres: Option<BareLoop>,
}

/// Everything, in the order in which it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) workload: Workload,
    pub(super) connections: u32,
    pub(super) seconds: f64,
    pub(super) skus: u32,
    pub(super) order_ids: OrderIds,
    pub(super) seed: u64,
    pub(super) preload_lines: u64,
    pub(super) preload_products: u64,
    pub(super) preload_batches: u32,
    pub(super) rounds: Vec<Round>,
    pub(super) median: Option<Medians>,
    pub(super) passed: bool,
}

/// Medians over the rounds. A ratio is taken within a round, where both sides had the same weather.
#[derive(Debug, Serialize)]
pub(super) struct Medians {
    pub(super) lines_per_second: f64,
    pub(super) bare_http_lines_per_second: Option<f64>,
    pub(super) bare_sqlite_two_rows_lines_per_second: Option<f64>,
    pub(super) bare_sqlite_five_rows_lines_per_second: Option<f64>,
    pub(super) bare_postgres_lines_per_second: Option<f64>,
    /// Product / bare HTTP stack.
    pub(super) ratio_to_bare_http: Option<f64>,
    /// Product / bare loop that writes two rows a line.
    pub(super) ratio_to_bare_sqlite_two_rows: Option<f64>,
    /// Product / bare loop that writes the store's five.
    pub(super) ratio_to_bare_sqlite_five_rows: Option<f64>,
    /// Product / bare loop on PostgreSQL, which inserts the store's three rows and counts nothing.
    pub(super) ratio_to_bare_postgres: Option<f64>,
}

impl Report {
    /// Fills in what follows from the rounds.
    pub(super) fn conclude(mut self) -> Self {
        let checks = self.rounds.iter().flat_map(|round| &round.checks);
        self.passed = checks.clone().count() > 0 && checks.clone().all(|check| check.passed);
        let over = |figure: &dyn Fn(&Round) -> Option<f64>| {
            median(self.rounds.iter().filter_map(figure).collect())
        };
        let product = |round: &Round| round.product.lines_per_second;
        let http = |round: &Round| round.bare_http.as_ref().map(|bare| bare.lines_per_second);
        let loop_of = |rows| {
            move |round: &Round| {
                let mut loops = round.bare_sqlite.iter();
                let bare = loops.find(|bare| bare.rows_per_line == rows)?;
                Some(bare.lines_per_second)
            }
        };
        let (two, five) = (loop_of(2), loop_of(5));
        let postgres = |round: &Round| round.bare_postgres.map(|bare| bare.lines_per_second);
        self.median = over(&|round| Some(product(round))).map(|lines_per_second| Medians {
            lines_per_second,
            bare_http_lines_per_second: over(&http),
            bare_sqlite_two_rows_lines_per_second: over(&two),
            bare_sqlite_five_rows_lines_per_second: over(&five),
            bare_postgres_lines_per_second: over(&postgres),
            ratio_to_bare_http: over(&|round| Some(product(round) / http(round)?)),
            ratio_to_bare_sqlite_two_rows: over(&|round| Some(product(round) / two(round)?)),
            ratio_to_bare_sqlite_five_rows: over(&|round| Some(product(round) / five(round)?)),
            ratio_to_bare_postgres: over(&|round| Some(product(round) / postgres(round)?)),
        });
        self
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// A figure that may be missing, with its unit.
struct Maybe(Option<f64>, &'static str);

impl Display for Maybe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value:.1}{}", self.1),
            None => f.write_str("n/a"),
        }
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Latency {
            p50,
            p99,
            p999,
            max,
        } = self.latency_us;
        write!(
            f,
            "{:>9.0} lines/s   p50 {}  p99 {}  p99.9 {}  max {}   steal {}",
            self.lines_per_second,
            Millis(p50),
            Millis(p99),
            Millis(p999),
            Millis(max),
            Maybe(self.steal_percent, " %"),
        )?;
        if let Some(size) = self.mean_group_size {
            write!(f, "   mean group {size:.1}")?;
        }
        for (what, count) in &self.errors {
            write!(f, "\n             errors: {count} × {what}")?;
        }
        Ok(())
    }
}

/// Microseconds, shown as milliseconds.
struct Millis(u64);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", quotient(self.0, 1000))
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let workload = format!("{:?}", self.workload).to_lowercase();
        writeln!(
            f,
            "{workload}: {} connections, {} s, {} SKUs, {:?} order ids, seed {}",
            self.connections, self.seconds, self.skus, self.order_ids, self.seed
        )?;
        writeln!(
            f,
            "before: {} lines on one batch, {} other products, {} batches a SKU",
            self.preload_lines, self.preload_products, self.preload_batches
        )?;
        for (number, round) in (1..).zip(&self.rounds) {
            writeln!(f, "round {number}")?;
            writeln!(f, "  product    {}", round.product)?;
            if let Some(bytes) = round.peak_memory_bytes {
                writeln!(
                    f,
                    "             peak memory {:.0} MB",
                    quotient(bytes, 1_000_000)
                )?;
            }
            if let Some(bare) = &round.bare_http {
                writeln!(f, "  bare HTTP  {bare}")?;
            }
            for bare in round.bare_sqlite.iter().chain(&round.bare_postgres) {
                let (rate, size) = (bare.lines_per_second, bare.group_size);
                let rows = bare.rows_per_line;
                let steal = Maybe(bare.steal_percent, " %");
                writeln!(
                    f,
                    "  bare loop  {rate:>9.0} lines/s   {rows} rows a line, groups of {size}   steal {steal}"
                )?;
            }
            for check in &round.checks {
                let verdict = if check.passed { "ok    " } else { "FAILED" };
                writeln!(f, "  {verdict}     {}: {}", check.name, check.detail)?;
            }
        }
        // The median of one figure is that figure.
        let mut rounds = self.rounds.iter();
        let alone =
            rounds.all(|round| round.bare_sqlite.is_empty() && round.bare_postgres.is_none());
        match &self.median {
            Some(median) if self.rounds.len() > 1 || !alone => median.fmt(f),
            _ => Ok(()),
        }
    }
}

impl Display for Medians {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "median       {:>9.0} lines/s", self.lines_per_second)?;
        if let Some(rate) = self.bare_http_lines_per_second {
            let percent = Maybe(self.ratio_to_bare_http.map(|ratio| 100.0 * ratio), " %");
            writeln!(
                f,
                "  bare HTTP  {rate:>9.0} lines/s   product / bare {percent}"
            )?;
        }
        for (rows, rate, ratio) in [
            (
                2,
                self.bare_sqlite_two_rows_lines_per_second,
                self.ratio_to_bare_sqlite_two_rows,
            ),
            (
                5,
                self.bare_sqlite_five_rows_lines_per_second,
                self.ratio_to_bare_sqlite_five_rows,
            ),
            (
                3,
                self.bare_postgres_lines_per_second,
                self.ratio_to_bare_postgres,
            ),
        ] {
            if let Some(rate) = rate {
                let percent = Maybe(ratio.map(|ratio| 100.0 * ratio), " %");
                writeln!(
                    f,
                    "  bare loop  {rate:>9.0} lines/s   {rows} rows a line, product / bare {percent}"
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
