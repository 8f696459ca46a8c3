//! The workload `relay`: how fast events go from the log to a sink, and how far a sink lags behind while lines
//! are taken in.
//!
//! It works in this process: an engine on the database and the relay as a service runs them, without HTTP before
//! them. First the log is filled. Then each sink begins with the first event and catches up: one that takes
//! everything at once, and a stream of Redis where one is named. At last all of them go along while lines come at
//! a rate of one's choice, and each batch of events tells how old it was when the sink had it. The sinks are taken
//! out of the database in the end.

use super::BenchError;
use super::report::quotient;
use super::steal::CpuTimes;
use crate::bootstrap::{self, Engine, Outside};
use crate::clock;
use crate::config::{Database, Settings};
use crate::outcome::CliError;
use async_trait::async_trait;
use jiff::tz::TimeZone;
use landfall_domain::commands::{Allocate, CreateBatch};
use landfall_domain::{Command, IfShort, Policy, Priority, Quantity};
use landfall_service::relay::{
    self, Begin, Delivery, EventPublisher, Options, RelayError, Relaying, Relays, Sink,
};
use landfall_service::{Bus, Clock, LogRecord, Request};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Commands that are handed in together while the log is filled, and such groups that are under way.
const GROUP: u64 = 256;
const UNDER_WAY: u64 = 4;
/// Under load lines are handed in so often.
const TICK: Duration = Duration::from_millis(10);
/// The longest that a sink may take to catch up.
const LIMIT: Duration = Duration::from_mins(15);
/// How often it is looked how far a sink is.
const LOOK: Duration = Duration::from_millis(5);

/// What is measured.
#[derive(Debug, Clone)]
pub(super) struct RelayRun {
    /// `None`: a file that is removed afterwards.
    pub(super) database: Option<String>,
    /// The server of the stream.
    pub(super) redis: Option<String>,
    /// Lines that the log is filled with; each is one event.
    pub(super) lines: u64,
    pub(super) skus: u32,
    /// Lines a second under load.
    pub(super) rate: u64,
    pub(super) duration: Duration,
}

/// What it took.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    events: u64,
    skus: u32,
    filled_per_second: f64,
    catching_up: Vec<CaughtUp>,
    load: Load,
    steal_percent: Option<f64>,
}

/// A sink that began with the first event.
#[derive(Debug, Serialize)]
struct CaughtUp {
    sink: &'static str,
    /// From its start, the leases included, to the last event.
    events_per_second: f64,
}

/// Lines that came at a steady rate.
#[derive(Debug, Serialize)]
struct Load {
    wanted_per_second: u64,
    lines_per_second: f64,
    seconds: f64,
    lag: Vec<Lag>,
}

/// How old events were when the sink had them, counted from the time that is written in them, which is before
/// their commit. Of each batch the oldest counts.
#[derive(Debug, Serialize)]
struct Lag {
    sink: &'static str,
    batches: usize,
    p50_ms: f64,
    p99_ms: f64,
    longest_ms: f64,
}

/// Takes everything at once.
struct Nowhere;

#[async_trait]
impl EventPublisher for Nowhere {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        Delivery::all(records)
    }
}

/// Takes what another sink takes, and notes how old it was then.
struct Timed {
    sink: Arc<dyn EventPublisher>,
    clock: Arc<dyn Clock>,
    ages_ms: Mutex<Vec<f64>>,
}

#[async_trait]
impl EventPublisher for Timed {
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery {
        let delivery = self.sink.publish(partition, records).await;
        if let Some(first) = records.first() {
            let age = self.clock.now().duration_since(first.time).as_secs_f64() * 1_000.0;
            let mut ages = self.ages_ms.lock().unwrap_or_else(PoisonError::into_inner);
            ages.push(age);
        }
        delivery
    }
}

/// The names of one run, which no other has.
struct Names {
    tag: String,
    skus: u64,
}

impl RelayRun {
    /// Runs it on a runtime of its own.
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, BenchError> {
        let directory = tempfile::tempdir().map_err(BenchError::Directory)?;
        let database = self.database.clone();
        let database = database
            .unwrap_or_else(|| format!("sqlite:{}", directory.path().join("relay.db").display()));
        let database = Database::from_str(&database).map_err(setup)?;
        let calendar = clock::calendar(None, TimeZone::UTC, 0).map_err(failed)?;
        let engine = bootstrap::open_service(&database, calendar, settings).map_err(failed)?;
        let runtime = bootstrap::runtime(0).map_err(failed)?;
        let report = runtime.block_on(async {
            let names = Names {
                tag: format!("{:08x}", RandomState::new().hash_one(1) & 0xffff_ffff),
                skus: u64::from(self.skus),
            };
            let report = self.measure(&engine, &names).await;
            // Also after a failure: a database that others use is left with goods and orders, and no sinks.
            let cleared = names.dismiss_sinks(&*engine.relays).await;
            report.and_then(|report| cleared.map(|()| report))
        });
        drop(runtime);
        engine.finish();
        report
    }

    async fn measure(&self, engine: &Engine, names: &Names) -> Result<Report, BenchError> {
        let mut sinks: Vec<(&'static str, Arc<dyn EventPublisher>)> =
            vec![("nowhere", Arc::new(Nowhere))];
        if let Some(url) = &self.redis {
            let stream = Outside::stream_for_bench(url).map_err(failed)?;
            sinks.push(("redis-stream", stream));
        }
        let before = CpuTimes::read();
        let filled_per_second = self.fill(engine, names).await?;
        let ends = engine.relays.ends().await;
        let events: u64 = ends.map_err(|error| setup(error.to_string()))?.iter().sum();
        let mut catching_up = Vec::new();
        for (sink, publisher) in &sinks {
            let name = format!("{}{sink}", names.sinks());
            let events_per_second = catch_up(engine, name, publisher, events).await?;
            catching_up.push(CaughtUp {
                sink,
                events_per_second,
            });
        }
        let load = self.load(engine, names, &sinks).await?;
        let after = CpuTimes::read();
        Ok(Report {
            events,
            skus: self.skus,
            filled_per_second,
            catching_up,
            load,
            steal_percent: before.zip(after).and_then(|(a, b)| b.steal_since(a)),
        })
    }

    /// Fills the log, and says how many lines a second it took.
    async fn fill(&self, engine: &Engine, names: &Names) -> Result<f64, BenchError> {
        let batches: Vec<u64> = (0..names.skus).collect();
        for batches in batches.chunks(512) {
            let commands = batches.iter().map(|sku| names.batch(*sku));
            carry_out(&engine.bus, commands.collect::<Result<_, _>>()?).await?;
        }
        let begun = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        let share = self.lines.div_ceil(UNDER_WAY);
        for part in 0..UNDER_WAY {
            let (first, last) = (part * share, ((part + 1) * share).min(self.lines));
            let mut groups = Vec::new();
            for first in (first..last).step_by(usize::try_from(GROUP).unwrap_or(1)) {
                groups.push(names.lines("fill", first, (first + GROUP).min(last))?);
            }
            let bus = engine.bus.clone();
            tasks.spawn(async move {
                for group in groups {
                    carry_out(&bus, group).await?;
                }
                Ok::<(), BenchError>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(rate(self.lines, begun.elapsed()))
    }

    /// All sinks go along while lines come.
    async fn load(
        &self,
        engine: &Engine,
        names: &Names,
        sinks: &[(&'static str, Arc<dyn EventPublisher>)],
    ) -> Result<Load, BenchError> {
        let stopping = CancellationToken::new();
        let timed = sinks.iter().map(|(_, sink)| {
            Arc::new(Timed {
                sink: Arc::clone(sink),
                clock: Arc::clone(&engine.calendar.clock),
                ages_ms: Mutex::default(),
            })
        });
        let timed: Vec<Arc<Timed>> = timed.collect();
        let named = sinks.iter().zip(&timed).map(|((sink, _), timed)| Sink {
            name: format!("{}{sink}:load", names.sinks()),
            publisher: Arc::clone(timed) as Arc<dyn EventPublisher>,
            begin: Begin::Now,
        });
        let relaying = start(engine, named.collect(), &stopping).await?;
        let partitions = usize::from(engine.relays.partitions());
        wait(|| {
            let mut stats = relaying.stats.iter();
            stats.all(|sink| sink.read().partitions == partitions)
        })
        .await?;
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut under_way = tokio::task::JoinSet::new();
        let mut handed_in = 0;
        while begun.elapsed() < self.duration {
            ticks.tick().await;
            let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            let due = micros.saturating_mul(self.rate) / 1_000_000;
            if due > handed_in {
                let group = names.lines("load", handed_in, due)?;
                let bus = engine.bus.clone();
                under_way.spawn(async move { carry_out(&bus, group).await });
                handed_in = due;
            }
            while let Some(done) = under_way.try_join_next() {
                done??;
            }
        }
        while let Some(done) = under_way.join_next().await {
            done??;
        }
        let took = begun.elapsed();
        wait(|| relaying.stats.iter().all(|sink| sink.read().lag == 0)).await?;
        stopping.cancel();
        relaying.join().await;
        Ok(Load {
            wanted_per_second: self.rate,
            lines_per_second: rate(handed_in, took),
            seconds: took.as_secs_f64(),
            lag: sinks
                .iter()
                .zip(&timed)
                .map(|((sink, _), timed)| Lag::of(sink, timed))
                .collect(),
        })
    }
}

impl Names {
    /// What the names of all sinks of this run begin with.
    fn sinks(&self) -> String {
        format!("bench:{}:", self.tag)
    }

    /// Takes this run's sinks out of the database, or their lag would grow for ever.
    async fn dismiss_sinks(&self, relays: &dyn Relays) -> Result<(), BenchError> {
        let failed = |error: RelayError| setup(error.to_string());
        for standing in relays.standing().await.map_err(failed)? {
            if standing.sink.starts_with(&self.sinks()) {
                relays.dismiss(&standing.sink).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    fn sku(&self, sku: u64) -> String {
        format!("bench-{}-sku-{sku:05}", self.tag)
    }

    fn batch(&self, sku: u64) -> Result<Request, BenchError> {
        let sku = self.sku(sku);
        Ok(Request::from(Command::CreateBatch(CreateBatch {
            reference: parsed(&sku)?,
            sku: parsed(&sku)?,
            quantity: units(super::setup::BATCH_QUANTITY)?,
            eta: None,
            shipment: None,
            location: None,
        })))
    }

    /// Lines from one number to before another, one after the other over all SKUs.
    fn lines(&self, part: &str, first: u64, last: u64) -> Result<Vec<Request>, BenchError> {
        let line = |number: u64| {
            Ok(Request::from(Command::Allocate(Allocate {
                order_id: parsed(&format!("bench-{}-{part}-{number:010}", self.tag))?,
                sku: parsed(&self.sku(number % self.skus))?,
                quantity: units(1)?,
                line_id: None,
                requested_date: None,
                priority: Priority::default(),
                policy: Policy::default(),
                split: false,
                if_short: IfShort::default(),
                locations: Vec::new(),
            })))
        };
        (first..last).map(line).collect()
    }
}

/// Relays the whole log to a new sink, and says how many events a second went out.
async fn catch_up(
    engine: &Engine,
    name: String,
    publisher: &Arc<dyn EventPublisher>,
    events: u64,
) -> Result<f64, BenchError> {
    let stopping = CancellationToken::new();
    let sink = Sink {
        name,
        publisher: Arc::clone(publisher),
        begin: Begin::Beginning,
    };
    let begun = Instant::now();
    let relaying = start(engine, vec![sink], &stopping).await?;
    wait(|| relaying.stats[0].read().delivered >= events).await?;
    let took = begun.elapsed();
    stopping.cancel();
    relaying.join().await;
    Ok(rate(events, took))
}

/// Starts to relay as a service does.
async fn start(
    engine: &Engine,
    sinks: Vec<Sink>,
    stopping: &CancellationToken,
) -> Result<Relaying, BenchError> {
    let enrolled = relay::enroll(&*engine.relays, &sinks).await;
    enrolled.map_err(|error| setup(error.to_string()))?;
    let holder = format!("bench/{:016x}", RandomState::new().hash_one(2));
    Ok(relay::start(
        &engine.relays,
        sinks,
        engine.commits(),
        &engine.calendar.clock,
        &bootstrap::jitter(),
        Options::new(holder),
        stopping,
    ))
}

async fn wait(done: impl Fn() -> bool) -> Result<(), BenchError> {
    let waited = async {
        while !done() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, waited).await;
    waited.map_err(|_| BenchError::Check("a sink did not catch up in time".into()))
}

async fn carry_out(bus: &Bus, requests: Vec<Request>) -> Result<(), BenchError> {
    for answer in bus.handle_all(requests).await {
        answer.map_err(|failure| setup(failure.to_string()))?;
    }
    Ok(())
}

impl Lag {
    fn of(sink: &'static str, timed: &Timed) -> Self {
        let ages = timed.ages_ms.lock();
        let mut ages = ages.unwrap_or_else(PoisonError::into_inner).clone();
        ages.sort_unstable_by(f64::total_cmp);
        let at = |index: usize| ages.get(index).copied().unwrap_or_default();
        Self {
            sink,
            batches: ages.len(),
            p50_ms: at(ages.len() / 2),
            p99_ms: at(ages.len() * 99 / 100),
            longest_ms: at(ages.len().saturating_sub(1)),
        }
    }
}

fn rate(count: u64, took: Duration) -> f64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    1e6 * quotient(count, micros)
}

fn parsed<T: FromStr>(text: &str) -> Result<T, BenchError> {
    text.parse()
        .map_err(|_| setup(format!("{text} is no name")))
}

fn units(quantity: u64) -> Result<Quantity, BenchError> {
    Quantity::new(quantity).map_err(|error| setup(error.to_string()))
}

fn setup(reason: impl Into<String>) -> BenchError {
    BenchError::Setup {
        what: "log",
        reason: reason.into(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn failed(error: CliError) -> BenchError {
    setup(error.to_string())
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (events, skus, filled) = (self.events, self.skus, self.filled_per_second);
        writeln!(
            f,
            "relay: {events} events, {skus} SKUs; filled with {filled:.0} lines/s"
        )?;
        for CaughtUp {
            sink,
            events_per_second,
        } in &self.catching_up
        {
            writeln!(
                f,
                "  {sink:<12} {events_per_second:>9.0} events/s from the beginning"
            )?;
        }
        let (lines, seconds) = (self.load.lines_per_second, self.load.seconds);
        writeln!(
            f,
            "  while {lines:.0} lines/s came for {seconds:.0} s, events were old"
        )?;
        for lag in &self.load.lag {
            let (sink, p50, p99, longest) = (lag.sink, lag.p50_ms, lag.p99_ms, lag.longest_ms);
            writeln!(
                f,
                "  {sink:<12} p50 {p50:.0} ms, p99 {p99:.0} ms, longest {longest:.0} ms"
            )?;
        }
        match self.steal_percent {
            Some(steal) => writeln!(f, "  steal {steal:.1} %"),
            None => Ok(()),
        }
    }
}
