//! `landfall simulate`: years of trading of a seeded furniture retailer, with the real service and a clock that runs
//! as fast as it can.
//!
//! Read it in this order: [`world`] is what happens whatever is decided ([`range`], [`customers`], [`buyer`],
//! [`ships`] and their [`slips`]), [`warehouse`] what leaves; [`trade`] lets it happen to the service, [`mirror`]
//! follows the log and checks it, [`figures`] counts; [`print`] and [`chart`] show what came out. Chance is in
//! [`random`] and [`poisson`]. `docs/simulation.md` has the model with all its figures.

mod buyer;
mod catalogue;
mod chart;
pub(crate) mod clock;
pub(crate) mod customers;
mod figures;
pub(crate) mod made_up;
pub(crate) mod mirror;
mod poisson;
mod print;
pub(crate) mod random;
pub(crate) mod range;
mod ships;
pub(crate) mod slips;
pub(crate) mod trade;
mod warehouse;
pub(crate) mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::Policy;
use landfall_domain::commands::parse_day;

use crate::bootstrap;
use crate::outcome::{CliError, Outcome};
use crate::output::Output;
use crate::rows::Input;
use crate::terminal::{self, Progress, count, thousands};
use clock::Days;
use print::{Report, Run};
use slips::{SlipColumns, Slips, SlipsRead};
use trade::{Broken, Traded, trade};
use world::Settings;

/// Simulate years of trading, and compare policies
///
/// A furniture retailer made from a seed: customers, ships that slip, damage, customs. It trades with the real
/// service on a database in memory, and everything that must hold is checked each day. The same arguments give
/// the same trace hash, on every machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall simulate --seed 1 --years 2\n  \
    landfall simulate --compare earliest,just_in_time --svg policies.svg\n  \
    landfall simulate --slips deliveries.csv.gz --planned \"Scheduled Delivery Date\" --json\n\n\
Exit code 1: something that must always hold did not. docs/simulation.md defines every figure.")]
pub(crate) struct SimulateArgs {
    /// What the world is drawn from
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Years to trade, of 365 days; with the default orders each takes some 50 MB of memory
    #[arg(long, value_name = "YEARS", default_value = "1",
          value_parser = clap::value_parser!(u16).range(1..=100))]
    years: u16,
    /// Products in the range
    #[arg(long, value_name = "PRODUCTS", default_value = "40",
          value_parser = clap::value_parser!(u16).range(1..=range::MOST_SKUS as i64))]
    skus: u16,
    /// Orders on an average day
    #[arg(long, value_name = "ORDERS", default_value = "20",
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    orders: u16,
    /// Of what the buyer thinks is needed, how much is bought, in percent
    #[arg(long, value_name = "PERCENT", default_value = "80",
          value_parser = clap::value_parser!(u16).range(1..=1_000))]
    stock: u16,
    /// Days between the goods being there and their leaving
    #[arg(long, value_name = "DAYS", default_value = "2",
          value_parser = clap::value_parser!(u16).range(0..=60))]
    handling_days: u16,
    /// The first day
    #[arg(long, value_name = "DATE", default_value = "2024-01-01", value_parser = parse_day)]
    start: Date,
    /// The policy of all orders: `earliest` or `just_in_time`
    #[arg(long, value_name = "POLICY", default_value = "earliest", value_parser = policy)]
    policy: Policy,
    /// Several policies, each in the same world: `earliest,just_in_time`
    #[arg(long, value_name = "POLICIES", value_delimiter = ',', value_parser = policy,
          conflicts_with = "policy")]
    compare: Vec<Policy>,
    /// Draw the slips of ships from this CSV file, plain or gzip; - is standard input [default: built in]
    #[arg(long, value_name = "FILE")]
    slips: Option<Input>,
    #[command(flatten)]
    columns: SlipColumns,
    /// Write a chart to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn policy(text: &str) -> Result<Policy, String> {
    match text {
        "earliest" => Ok(Policy::Earliest),
        "just_in_time" => Ok(Policy::JustInTime),
        _ => Err("must be earliest or just_in_time".into()),
    }
}

/// Simulates.
pub(crate) fn run(args: &SimulateArgs) -> Result<Outcome, CliError> {
    let mut policies = args.compare.clone();
    if policies.is_empty() {
        policies.push(args.policy);
    }
    for (at, policy) in policies.iter().enumerate() {
        if policies[..at].contains(policy) {
            let name = print::name(*policy);
            return Err(CliError::usage(format!("--compare names {name} twice")));
        }
    }
    let days = i32::from(args.years) * 365;
    let first = args.start;
    if first < Date::ZERO || first.checked_add((days + 1_000).days()).is_err() {
        return Err(CliError::usage(format!(
            "--start {first}: the years do not fit into the calendar"
        )));
    }
    let (slips, read) = slips(args)?;
    let settings = Settings {
        seed: args.seed,
        days: Days { first },
        skus: args.skus.into(),
        orders_a_day: args.orders.into(),
        stock_percent: args.stock.into(),
        scarce: 0,
        handling_days: args.handling_days,
        slips: Arc::new(slips),
    };
    let traded = trade_all(&settings, &policies, days)?;
    let runs = traded.into_iter().map(Run::new).collect();
    let report = Report::new(&settings, args.years, days, read, runs);
    if let Some(path) = &args.svg {
        let chart = chart::svg(&report);
        let mut output = Output::create(path)?;
        output.write(|out| out.write_all(chart.as_bytes()))?;
        output.finish()?;
    }
    if args.json {
        terminal::print_json(&report)?;
    } else {
        print::print(&report)?;
    }
    Ok(Outcome::Done)
}

/// The slips, and what the file was found to hold.
fn slips(args: &SimulateArgs) -> Result<(Slips, Option<SlipsRead>), CliError> {
    let Some(input) = &args.slips else {
        return Ok((Slips::built_in(), None));
    };
    let (slips, read) = slips::read(input, &args.columns)?;
    eprintln!(
        "{input}: {} of {} have both `{}` and `{}`",
        thousands(read.used),
        count(read.rows, "row"),
        read.planned,
        read.actual
    );
    for dirt in &read.unusable {
        eprintln!("  {dirt}");
    }
    if read.order_unknown {
        eprintln!(
            "  no row tells whether the day or the month comes first in its numbers; the month is taken"
        );
    }
    Ok((slips, Some(read)))
}

/// Lets a world trade by each policy, side by side.
fn trade_all(settings: &Settings, policies: &[Policy], days: i32) -> Result<Vec<Traded>, CliError> {
    let mut progress = Progress::new("days");
    let passed = AtomicU64::new(0);
    let all = u64::try_from(days).unwrap_or(0) * policies.len() as u64;
    let traded = std::thread::scope(|scope| {
        let passed = &passed;
        let threads: Vec<_> = policies
            .iter()
            .map(|policy| scope.spawn(move || trade_one(settings, *policy, days, passed)))
            .collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            let done = passed.load(Ordering::Relaxed);
            progress.update(done, Some((done, all)));
            std::thread::sleep(Duration::from_millis(20));
        }
        let results = threads.into_iter().map(|thread| {
            let ended = || CliError::failed("a simulation has ended in the midst");
            thread.join().unwrap_or_else(|_| Err(ended()))
        });
        results.collect::<Result<Vec<_>, _>>()
    })?;
    let took = progress.finish();
    let commands: u64 = traded.iter().map(|traded| traded.commands).sum();
    eprintln!(
        "{} and {} in {:.1} s",
        count(all, "day"),
        count(commands, "command"),
        took.as_secs_f64()
    );
    Ok(traded)
}

fn trade_one(
    settings: &Settings,
    policy: Policy,
    days: i32,
    passed: &AtomicU64,
) -> Result<Traded, CliError> {
    let runtime = bootstrap::small_runtime()?;
    let traded = runtime.block_on(trade(settings, policy, days, passed, false));
    traded.map_err(|broken| match broken {
        Broken::Invariant { .. } => CliError::failed(format!(
            "with the policy {} and the seed {}, {broken}",
            print::name(policy),
            settings.seed
        )),
        other => CliError::failed(other.to_string()),
    })
}
