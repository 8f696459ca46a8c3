//! What relays cost the engine, and how fast they are: lines are taken in without relays and with some, and
//! then a sink that begins at the beginning catches up.
//!
//! `cargo run --release -p landfall-sqlite --example relay_cost -- [LINES] [SINKS]`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use landfall_service::clock::{Calendar, Clock};
use landfall_service::engine::{self, Limits, Running};
use landfall_service::relay::{
    self, Begin, Delivery, EventPublisher, Jitter, Options as RelayOptions, Relaying, Relays, Sink,
};
use landfall_service::{Bus, LogRecord, Request};
use landfall_sqlite::{Options, SqliteRelays, SqliteStore, WriterLock};
use landfall_testkit::commands::{batch, line};
use tokio_util::sync::CancellationToken;

const SKUS: u64 = 1_000;
const GROUP: u64 = 256;

/// A clock that stands still: nobody asks for the day.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// Takes everything at once.
struct Anywhere;

#[async_trait]
impl EventPublisher for Anywhere {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        Delivery::all(records)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (lines, sinks) = (next(200_000)?, next(4)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    println!("{lines} lines of {SKUS} SKUs, {GROUP} at a time, 4 under way");
    for (round, sinks) in [0, sinks, 0, sinks].into_iter().enumerate() {
        let directory = tempfile::tempdir_in(".")?;
        let path = directory.path().join("landfall.db");
        runtime.block_on(one_round(&path, lines, sinks, round % 2 == 1))?;
    }
    Ok(())
}

async fn one_round(
    path: &Path,
    lines: u64,
    sinks: u64,
    catch_up: bool,
) -> Result<(), Box<dyn Error>> {
    let options = Options::default();
    let lock = WriterLock::acquire(path)?;
    let (bus, running) = start(path, &options)?;
    for sku in 0..SKUS {
        let sku = format!("SKU-{sku}");
        let request = batch(&format!("b-{sku}"), &sku, 1_000_000_000);
        bus.handle(Request::from(request)).await?;
    }
    let relays: Arc<dyn Relays> = Arc::new(SqliteRelays::open_alone(path, &options, &lock)?);
    let stopping = CancellationToken::new();
    let names = (0..sinks).map(|sink| format!("sink-{sink}"));
    let relaying = relay(&relays, names, Begin::Now, &running, &stopping);
    let started = Instant::now();
    let takers = (0..4).map(|taker| {
        let bus = bus.clone();
        tokio::spawn(take_in(bus, taker, lines / 4))
    });
    for taker in takers.collect::<Vec<_>>() {
        taker.await?;
    }
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "it is for people")]
    let speed = lines as f64 / seconds;
    let lag: u64 = relaying.stats.iter().map(|sink| sink.read().lag).sum();
    println!("{sinks} sinks: {speed:.0} lines/s; at the end {lag} events behind, all together");
    while relaying.stats.iter().any(|sink| sink.read().lag > 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if catch_up {
        let started = Instant::now();
        let late = ["late".to_owned()].into_iter();
        let late = relay(&relays, late, Begin::Beginning, &running, &stopping);
        let events: u64 = relays.ends().await?.iter().sum();
        while late.stats[0].read().delivered < events {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let seconds = started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "it is for people")]
        let speed = events as f64 / seconds;
        println!("a late sink: {events} events, {speed:.0} events/s");
        stopping.cancel();
        late.join().await;
    }
    stopping.cancel();
    relaying.join().await;
    drop(bus);
    tokio::task::spawn_blocking(move || running.join()).await?;
    drop(lock);
    Ok(())
}

fn start(path: &Path, options: &Options) -> Result<(Bus, Running), Box<dyn Error>> {
    let store = SqliteStore::open(path, options)?;
    let reader = {
        let (path, options) = (path.to_owned(), options.clone());
        move || {
            SqliteStore::open_reader(&path, &options).map_err(|error| {
                landfall_service::store::StoreError::Unavailable(error.to_string())
            })
        }
    };
    let calendar = Calendar {
        clock: Arc::new(Noon),
        zone: TimeZone::UTC,
        handling_days: 0,
    };
    Ok(engine::start(store, reader, calendar, Limits::default())?)
}

fn relay(
    relays: &Arc<dyn Relays>,
    names: impl Iterator<Item = String>,
    begin: Begin,
    running: &Running,
    stopping: &CancellationToken,
) -> Relaying {
    let sinks = names.map(|name| Sink {
        name,
        publisher: Arc::new(Anywhere),
        begin,
    });
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    let jitter: Jitter = Arc::new(|below| below / 2);
    let options = RelayOptions::new("example");
    let commits = running.commits.clone();
    relay::start(
        relays,
        sinks.collect(),
        commits,
        &clock,
        &jitter,
        options,
        stopping,
    )
}

async fn take_in(bus: Bus, taker: u64, lines: u64) {
    for first in (0..lines).step_by(256) {
        let group = (first..lines.min(first + GROUP)).map(|at| {
            let sku = format!("SKU-{}", (at * 7 + taker) % SKUS);
            Request::from(line(&format!("o-{taker}-{at}"), &sku, 1))
        });
        for answer in bus.handle_all(group.collect()).await {
            answer.unwrap_or_else(|failure| panic!("{failure}"));
        }
    }
}
