//! What a simulation tells: the report, as JSON and as a table.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use jiff::civil::Date;
use landfall_domain::Policy;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::figures::{DaysSummary, Summary};
use super::slips::SlipsRead;
use super::trade::{Traded, hexadecimal};
use super::world::Settings;
use crate::outcome::CliError;
use crate::terminal::{self, count, thousands};

/// All that came out. It depends on the arguments alone.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The first run's or, of several, SHA-256 of theirs in hexadecimal, one after the other.
    trace_hash: String,
    seed: u64,
    pub(crate) years: u16,
    days: i32,
    pub(crate) start: Date,
    skus: usize,
    orders_a_day: u64,
    stock_percent: u64,
    handling_days: u16,
    slips: SlipsSummary,
    pub(crate) runs: Vec<Run>,
}

/// The distribution of which slips were drawn.
#[derive(Debug, Serialize)]
struct SlipsSummary {
    /// The file, as it was read; null: the built-in distribution.
    file: Option<SlipsRead>,
    count: u64,
    p5: i32,
    p50: i32,
    p95: i32,
    /// How many of a thousand are late by more than a day.
    late_permille: u64,
}

/// What came out of one policy.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) policy: Policy,
    pub(crate) trace_hash: String,
    events: u64,
    commands: u64,
    commands_repeated_or_late: u64,
    orders: u64,
    ships: u64,
    full_audits: u64,
    #[serde(flatten)]
    pub(crate) figures: Summary,
}

impl Run {
    /// What came out of a world that has traded.
    pub(crate) fn new(traded: Traded) -> Self {
        Self {
            policy: traded.policy,
            events: traded.mirror.events(),
            commands: traded.commands,
            commands_repeated_or_late: traded.idle,
            orders: traded.world.orders(),
            ships: traded.world.ships(),
            full_audits: traded.audits,
            trace_hash: traded.trace_hash,
            figures: traded.mirror.finish().summary(),
        }
    }
}

impl Report {
    /// The report of these runs, of which there is at least one.
    pub(crate) fn new(
        settings: &Settings,
        years: u16,
        days: i32,
        file: Option<SlipsRead>,
        runs: Vec<Run>,
    ) -> Self {
        let slips = &settings.slips;
        let trace_hash = match &runs[..] {
            [run] => run.trace_hash.clone(),
            several => {
                let mut hash = Sha256::new();
                for run in several {
                    hash.update(&run.trace_hash);
                }
                hexadecimal(&hash.finalize())
            }
        };
        Self {
            trace_hash,
            seed: settings.seed,
            years,
            days,
            start: settings.days.first,
            skus: settings.skus,
            orders_a_day: settings.orders_a_day,
            stock_percent: settings.stock_percent,
            handling_days: settings.handling_days,
            slips: SlipsSummary {
                file,
                count: slips.count(),
                p5: slips.percentile(5),
                p50: slips.percentile(50),
                p95: slips.percentile(95),
                late_permille: slips.permille_later_than(1),
            },
            runs,
        }
    }
}

/// A policy's name.
pub(crate) fn name(policy: Policy) -> &'static str {
    match policy {
        Policy::Earliest => "earliest",
        Policy::JustInTime => "just_in_time",
    }
}

/// A share in percent.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or("–".into(), |share| format!("{:.1} %", share * 100.0))
}

/// A number of some places.
pub(crate) fn number(value: Option<f64>, places: usize) -> String {
    value.map_or("–".into(), |value| format!("{value:.places$}"))
}

/// A row of the table: what it is, and what it is of each run.
type Row = (&'static str, fn(&Run) -> String);

/// The rows of the table, in the order of `docs/simulation.md`.
const ROWS: [Row; 20] = [
    ("orders", |run| thousands(run.orders)),
    ("lines", |run| thousands(run.figures.lines)),
    ("  dispatched", |run| {
        thousands(run.figures.lines_dispatched)
    }),
    ("  cancelled", |run| thousands(run.figures.lines_cancelled)),
    ("  waiting at the end", |run| {
        thousands(run.figures.lines_waiting)
    }),
    ("promises kept", |run| percent(run.figures.promises_kept)),
    ("requested dates met", |run| {
        percent(run.figures.requests_met)
    }),
    ("late lines", |run| thousands(run.figures.late_lines)),
    ("  days late, mean / 95 % / most", |run| {
        days(&run.figures.late_days)
    }),
    ("promises changed, later", |run| {
        thousands(run.figures.promises_later)
    }),
    ("  earlier again", |run| {
        thousands(run.figures.promises_earlier)
    }),
    ("  withdrawn", |run| {
        thousands(run.figures.promises_withdrawn)
    }),
    ("  promised again", |run| {
        thousands(run.figures.promises_again)
    }),
    ("lines that waited", |run| {
        thousands(run.figures.backorder_days.count)
    }),
    ("  days, mean / 95 % / most", |run| {
        days(&run.figures.backorder_days)
    }),
    ("dwell days, mean / 95 % / most", |run| {
        days(&run.figures.dwell_days)
    }),
    ("days in the warehouse, mean / 95 % / most", |run| {
        days(&run.figures.warehouse_days)
    }),
    ("units on hand, mean", |run| {
        number(run.figures.mean_units_on_hand, 0)
    }),
    ("stock turns a year", |run| {
        number(run.figures.stock_turns, 2)
    }),
    ("sold when it landed", |run| {
        percent(run.figures.sold_at_landing)
    }),
];

fn days(days: &DaysSummary) -> String {
    let whole = |days: Option<u64>| days.map_or("–".into(), thousands);
    let mean = number(days.mean, 1);
    format!("{mean} / {} / {}", whole(days.p95), whole(days.max))
}

/// Prints the report for people.
pub(crate) fn print(report: &Report) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut header = vec![String::new()];
    header.extend(report.runs.iter().map(|run| name(run.policy).to_owned()));
    table.set_header(header);
    for (what, value) in ROWS {
        let mut row = vec![what.to_owned()];
        row.extend(report.runs.iter().map(value));
        table.add_row(row);
    }
    for at in 1..=report.runs.len() {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    terminal::print(&heading(report))?;
    terminal::print(&table)?;
    for run in &report.runs {
        terminal::print(&format!(
            "{}: {} and {}; every day checked, {} in full; trace {}",
            name(run.policy),
            count(run.commands, "command"),
            count(run.events, "event"),
            count(run.full_audits, "time"),
            run.trace_hash
        ))?;
    }
    Ok(())
}

/// What was simulated, in two lines.
pub(crate) fn heading(report: &Report) -> String {
    let slips = &report.slips;
    let of = match &slips.file {
        None => "built in".to_owned(),
        Some(read) => count(read.used, "row"),
    };
    format!(
        "seed {}, {} from {}: {}, {} a day, {} % of the need bought, {}\n\
         slips: {of}; 90 % are from {} to {} days, {}.{} % are late by more than a day",
        report.seed,
        count(report.years.into(), "year"),
        report.start,
        count(report.skus as u64, "product"),
        count(report.orders_a_day, "order"),
        report.stock_percent,
        count(report.handling_days.into(), "handling day"),
        slips.p5,
        slips.p95,
        slips.late_permille / 10,
        slips.late_permille % 10,
    )
}
