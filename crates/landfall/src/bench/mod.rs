//! `landfall bench`: a load generator in the manner of pgbench, which checks what it was told.
//!
//! It starts the service itself, as a process of its own on a database of its own, or drives a
//! running one on this machine. Afterwards it looks whether every acknowledged line is there.

mod ceiling;
mod check;
mod child;
mod client;
mod drive;
mod metrics;
mod ndjson;
mod product;
mod relay;
mod report;
mod response;
mod setup;
mod steal;
mod storm;
mod tally;
mod url;
mod workload;

pub(crate) use ceiling::{BareHttpArgs, run_bare_http};

use crate::config::Settings;
use drive::Drive;
use landfall_sqlite::bare::Rows;
use product::Target;
use relay::RelayRun;
use report::{Report, Round};
use setup::Preload;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use storm::Storm;
use workload::{OrderIds, Workload};

/// The size of group that the bare loop writes when nobody tells.
const GROUP_SIZE: u32 = 64;

/// Measure the service under load, and check that it kept what it acknowledged
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall bench spread\n  \
    landfall bench hot --connections 8 --duration 30 --json\n  \
    landfall bench spread --ceiling\n  \
    landfall bench hot --preload-lines 1000000\n  \
    landfall bench storm\n  \
    landfall bench relay --redis redis://127.0.0.1:6379")]
pub(crate) struct BenchArgs {
    /// What to send [default: spread]
    #[arg(value_enum, value_name = "WORKLOAD", conflicts_with = "workload_flag")]
    workload: Option<Workload>,
    /// The same, as a flag
    #[arg(long = "workload", value_enum, value_name = "WORKLOAD")]
    workload_flag: Option<Workload>,
    /// Connections, each with one request at a time [default: 64; 2 for ndjson]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Option<u32>,
    /// For `relay`: a Redis that takes the events, too, in the stream `landfall:bench:events`
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// For `relay`: lines that the log is filled with
    #[arg(long, value_name = "N", default_value = "500000",
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    events: u64,
    /// For `relay`: lines a second that come while it is looked how old events are when they are out
    #[arg(long, value_name = "N", default_value = "10000",
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: u64,
    /// Seconds that are measured
    #[arg(long, value_name = "SECONDS", default_value = "10",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    duration: u32,
    /// Seconds before these, which are not
    #[arg(long, value_name = "SECONDS", default_value = "1",
          value_parser = clap::value_parser!(u32).range(0..=3_600))]
    warmup: u32,
    /// SKUs that are asked for; `hot` asks for one [default: 1000; 200 on the shipment of `storm`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    skus: Option<u32>,
    /// A running service on this machine; without it, one is started
    #[arg(long, value_name = "URL", conflicts_with = "database")]
    url: Option<String>,
    /// The database of the service that is started [default: a temporary SQLite file]
    #[arg(long, value_name = "DATABASE")]
    database: Option<String>,
    /// How order ids follow each other
    #[arg(long, value_enum, default_value = "increasing")]
    order_ids: OrderIds,
    /// Lines on the first SKU's first batch before the run; for `storm`, lines on the shipment [default: 20000]
    #[arg(long, value_name = "N", default_value = "0",
          value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    preload_lines: u64,
    /// Products before the run that nobody asks for
    #[arg(long, value_name = "N", default_value = "0",
          value_parser = clap::value_parser!(u64).range(0..=9_999_999))]
    preload_products: u64,
    /// Open batches of each SKU
    #[arg(long, value_name = "N", default_value = "1",
          value_parser = clap::value_parser!(u32).range(1..=9_999))]
    preload_batches: u32,
    /// What the load is drawn from
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Repeat the whole and print medians too [default: 1; 3 with --ceiling]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Threads of the load generator
    #[arg(long, value_name = "N", default_value = "1",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Measure the bare HTTP stack and a bare loop of inserts in turn with the service: on SQLite, or where
    /// --database names PostgreSQL, there, in a schema of its own
    #[arg(long)]
    ceiling: bool,
    /// Lines a group in the bare loop [default: the service's mean]
    #[arg(long, value_name = "N", requires = "ceiling",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    group_size: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The URL is not one that may be put under load.
    #[error("--url {url}: {reason}")]
    Url { url: String, reason: String },
    /// The load generator's own runtime or sockets.
    #[error("cannot run: {0}")]
    Runtime(#[source] std::io::Error),
    /// A task of the load generator panicked.
    #[error("the load generator failed: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The directory for databases.
    #[error("cannot make a temporary directory: {0}")]
    Directory(#[source] std::io::Error),
    /// A process could not be started or waited for.
    #[error("cannot run a process: {0}")]
    Spawn(#[source] std::io::Error),
    /// A server that was started did not do what it should; with what it said last.
    #[error("the server that was started failed: {what}{said}")]
    Server { what: String, said: String },
    /// Supply or lines could not be made before the run.
    #[error("cannot create the {what}: {reason}")]
    Setup { what: &'static str, reason: String },
    /// The service would not say what it holds.
    #[error("cannot check: {0}")]
    Check(String),
    /// Latencies could not be kept.
    #[error("histogram: {0}")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// Latencies could not be added.
    #[error("histogram: {0}")]
    Sum(#[from] hdrhistogram::AdditionError),
    /// The bare SQLite loop.
    #[error(transparent)]
    BareSqlite(#[from] landfall_sqlite::bare::BareError),
    /// The bare PostgreSQL loop.
    #[error("the bare PostgreSQL loop failed: {0}")]
    BarePostgres(#[from] landfall_postgres::OpenError),
    /// The report could not be written.
    #[error("cannot print the report: {0}")]
    Print(#[source] std::io::Error),
}

/// What is done, from the arguments.
struct Plan {
    /// The server's address in it is set when the server is known.
    drive: Drive,
    target: Target,
    skus: u32,
    order_ids: OrderIds,
    preload: Preload,
    rounds: u32,
    ceiling: bool,
    group_size: Option<u32>,
}

impl Plan {
    fn new(args: &BenchArgs) -> Result<Self, BenchError> {
        let workload = args
            .workload
            .or(args.workload_flag)
            .unwrap_or(Workload::Spread);
        let connections = if workload == Workload::Ndjson { 2 } else { 64 };
        Ok(Self {
            drive: Drive {
                server: SocketAddr::from(([127, 0, 0, 1], 0)),
                workload,
                connections: args.connections.unwrap_or(connections),
                warmup: Duration::from_secs(args.warmup.into()),
                duration: Duration::from_secs(args.duration.into()),
                seed: args.seed,
            },
            target: match (&args.url, &args.database) {
                (Some(url), _) => Target::Running(url::loopback(url)?),
                (None, Some(database)) => Target::Database(database.clone()),
                (None, None) => Target::Temporary,
            },
            skus: if workload == Workload::Hot {
                1
            } else {
                args.skus.unwrap_or(1000)
            },
            order_ids: args.order_ids,
            preload: Preload {
                batches: args.preload_batches,
                lines: args.preload_lines,
                products: args.preload_products,
            },
            rounds: args.rounds.unwrap_or(if args.ceiling { 3 } else { 1 }),
            ceiling: args.ceiling,
            group_size: args.group_size,
        })
    }

    /// The product's database, if it is one of PostgreSQL.
    fn postgres(&self) -> Option<&str> {
        match &self.target {
            Target::Database(url) => {
                let schemes = ["postgres:", "postgresql:"];
                let is = schemes.iter().any(|scheme| url.starts_with(scheme));
                is.then_some(url)
            }
            Target::Running(_) | Target::Temporary => None,
        }
    }

    /// Where the bare loop's file goes: beside the product's, for the disk decides.
    fn directory(&self) -> PathBuf {
        let database = match &self.target {
            Target::Database(database) => database.strip_prefix("sqlite:"),
            Target::Running(_) | Target::Temporary => None,
        };
        let parent =
            database.and_then(|path| Some(std::path::absolute(path).ok()?.parent()?.into()));
        parent.unwrap_or_else(std::env::temp_dir)
    }
}

/// Runs the benchmark and prints its report to stdout: success when every check passed. Starts a
/// runtime of its own, so it must not be called within one.
pub(crate) fn run(args: &BenchArgs, settings: &Settings) -> Result<ExitCode, BenchError> {
    let plan = Plan::new(args)?;
    if plan.drive.workload == Workload::Relay {
        let relay = RelayRun {
            database: args.database.clone(),
            redis: args.redis.clone(),
            lines: args.events,
            skus: plan.skus,
            rate: args.rate,
            duration: plan.drive.duration,
        };
        print(&relay.run(settings)?, args.json).map_err(BenchError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    // One thread costs least; more are for machines with cores to spare.
    let mut builder = if args.threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = builder
        .worker_threads(args.threads.into())
        .enable_all()
        .build();
    let runtime = runtime.map_err(BenchError::Runtime)?;
    if plan.drive.workload == Workload::Storm {
        let storm = Storm {
            skus: args.skus.unwrap_or(200),
            lines: if args.preload_lines == 0 {
                20_000
            } else {
                args.preload_lines
            },
        };
        let report = runtime.block_on(storm.run())?;
        print(&report, args.json).map_err(BenchError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        rounds.push(runtime.block_on(round(&plan, number))?);
    }
    let report = Report {
        workload: plan.drive.workload,
        connections: plan.drive.connections,
        seconds: plan.drive.duration.as_secs_f64(),
        skus: plan.skus,
        order_ids: plan.order_ids,
        seed: plan.drive.seed,
        preload_lines: plan.preload.lines,
        preload_products: plan.preload.products,
        preload_batches: plan.preload.batches,
        rounds,
        median: None,
        passed: false,
    };
    let report = report.conclude();
    print(&report, args.json).map_err(BenchError::Print)?;
    Ok(if report.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One turn of everything that is measured: side by side in time, so that noise hits all of it.
async fn round(plan: &Plan, number: u32) -> Result<Round, BenchError> {
    let say = |what: &str| eprintln!("round {number} of {}: {what}", plan.rounds);
    say("the service");
    let run = product::measure(plan, number).await?;
    let mut round = Round {
        product: run.figures,
        peak_memory_bytes: run.peak_memory,
        checks: run.checks,
        bare_http: None,
        bare_sqlite: Vec::new(),
        bare_postgres: None,
    };
    if !plan.ceiling {
        return Ok(round);
    }
    // A stream of NDJSON has no requests that a bare stack could answer one by one.
    if plan.drive.workload != Workload::Ndjson {
        say("the bare HTTP stack");
        round.bare_http = Some(ceiling::measure_http(plan, &run.names).await?);
    }
    let group_size = plan
        .group_size
        .or_else(|| lines_a_group(&round.product))
        .unwrap_or(GROUP_SIZE);
    let lines = round.product.acknowledged_lines;
    if let Some(url) = plan.postgres() {
        say("the bare PostgreSQL loop");
        let bare = ceiling::measure_postgres(plan, url, group_size, lines).await?;
        round.bare_postgres = Some(bare);
        return Ok(round);
    }
    for rows in [Rows::Two, Rows::Five] {
        say("the bare SQLite loop");
        let bare = ceiling::measure_sqlite(plan, rows, group_size, lines)?;
        round.bare_sqlite.push(bare);
    }
    Ok(round)
}

/// The product's mean group in lines; its metrics count commands, and an order has several lines.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped before"
)]
fn lines_a_group(figures: &report::Figures) -> Option<u32> {
    let lines_a_command = figures.lines_per_second / figures.requests_per_second;
    let lines = figures.mean_group_size? * lines_a_command;
    lines
        .is_finite()
        .then(|| lines.round().clamp(1.0, 1e6) as u32)
}

/// Prints to stdout, where a reader that has gone is an error and not a panic.
fn print<R: serde::Serialize + std::fmt::Display>(report: &R, json: bool) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()
}
