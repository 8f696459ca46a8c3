//! What one late vessel costs: a shipment of many SKUs whose lines are all promised anew, in one commit; and what
//! histories and explanations cost in a database of that size.
//!
//! `cargo run --release -p landfall-sqlite --example slip_cost -- [LINES] [SKUS] [OTHERS]`
//!
//! `OTHERS` lines of other products are there before. The store's own share is told apart.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use landfall_domain::Command;
use landfall_service::engine::{self, Limits};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Loaded, Store, StoreError};
use landfall_service::views::{Page, Thing, Views};
use landfall_service::{Bus, Request};
use landfall_sqlite::{Options, SqliteStore, SqliteViews};
use landfall_testkit::FixedClock;
use landfall_testkit::commands::{
    batch, hold_shipment, key, line, name, release_shipment, set_shipment_eta, shipment,
};

const ETA: Date = date(2026, 8, 1);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (lines, skus, others) = (next(20_000)?, next(200)?, next(0)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build()?;
    runtime.block_on(run(lines, skus, others))
}

async fn run(lines: u64, skus: u64, others: u64) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let (path, options) = (directory.path().join("landfall.db"), Options::default());
    let times = Arc::new(Times::default());
    let watch = |store| Timed {
        store,
        times: Arc::clone(&times),
    };
    let store = watch(SqliteStore::open(&path, &options)?);
    let reader = {
        let (path, options, times) = (path.clone(), options.clone(), Arc::clone(&times));
        move || {
            let store = SqliteStore::open_reader(&path, &options)
                .map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let times = Arc::clone(&times);
            Ok(Timed { store, times })
        }
    };
    let calendar = FixedClock::new().calendar(0);
    let (bus, running) = engine::start(store, reader, calendar, Limits::default())?;
    all(&bus, [shipment("vessel", Some(ETA)).into()]).await?;
    let enough = 10 * (lines / skus + others / skus + 1);
    let cargo = |sku| batch(&format!("b{sku:04}"), &format!("S{sku:04}"), enough).on("vessel");
    all(&bus, (0..skus).map(|sku| cargo(sku).into())).await?;
    let other = |sku| batch(&format!("x{sku:04}"), &format!("X{sku:04}"), enough);
    all(&bus, (0..skus).map(|sku| other(sku).into())).await?;
    let order = |order: u64, product: &str| -> Request {
        let sku = order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let id = format!("o{:016x}", order.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        line(&id, &format!("{product}{:04}", sku % skus), 1 + order % 5).into()
    };
    all(&bus, (0..others).map(|nth| order(nth, "X"))).await?;
    all(&bus, (others..others + lines).map(|nth| order(nth, "S"))).await?;
    println!("{lines} lines of {skus} SKUs on one shipment, {others} lines beside them");
    let slips = [10, 20, 15, 0];
    for days in slips {
        let eta = ETA.saturating_add(jiff::Span::new().days(days));
        let slip = set_shipment_eta("vessel", Some(eta));
        times.reset();
        let begin = Instant::now();
        bus.dry_run(vec![slip.clone().into()]).await?;
        report(&format!("dry run, {days} days"), begin.elapsed(), &times);
        one(&bus, &times, &format!("slip by {days} days"), slip).await?;
    }
    let hold = hold_shipment("vessel", "customs", Some(date(2026, 9, 1)));
    one(&bus, &times, "hold until September", hold).await?;
    one(&bus, &times, "release", release_shipment("vessel")).await?;
    let views = SqliteViews::open(&path, &options)?;
    let first = format!("o{:016x}", others.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let things = [
        Thing::Product(name("S0000")),
        Thing::Product(name("X0000")),
        Thing::Shipment(name("vessel")),
        Thing::Order(name(&first)),
    ];
    for thing in things {
        let (mut page, mut pages, mut events) = (
            Page {
                after: None,
                limit: 100,
            },
            0,
            0,
        );
        let (begin, mut longest) = (Instant::now(), Duration::ZERO);
        loop {
            let asked = Instant::now();
            let found = views
                .history(&thing, &page)
                .await?
                .ok_or("it is not there")?;
            longest = longest.max(asked.elapsed());
            if found.events.is_empty() {
                break;
            }
            (pages, events) = (pages + 1, events + found.events.len());
            page.after = Some(found.next);
        }
        println!(
            "{thing:?}: {events} events in {pages} pages, {:.1?}, the longest {longest:.1?}",
            begin.elapsed()
        );
    }
    let sku = (others.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % skus;
    let begin = Instant::now();
    views
        .case(&key(&first, &format!("S{sku:04}")), 5)
        .await?
        .ok_or("it is not there")?;
    println!("a case: {:.1?}", begin.elapsed());
    drop((bus, views));
    running.join();
    Ok(())
}

async fn all(bus: &Bus, requests: impl IntoIterator<Item = Request>) -> Result<(), Box<dyn Error>> {
    let requests: Vec<Request> = requests.into_iter().collect();
    for requests in requests.chunks(1_000) {
        for answer in bus.handle_all(requests.to_vec()).await {
            answer?;
        }
    }
    Ok(())
}

async fn one(bus: &Bus, times: &Times, what: &str, command: Command) -> Result<(), Box<dyn Error>> {
    times.reset();
    let begin = Instant::now();
    bus.handle(command).await?;
    report(what, begin.elapsed(), times);
    Ok(())
}

fn report(what: &str, elapsed: Duration, times: &Times) {
    let time = |part: &AtomicU64| Duration::from_nanos(part.load(Ordering::Relaxed));
    println!(
        "{what}: {elapsed:.1?}, of it loading {:.1?} in {} times, writing {:.1?}",
        time(&times.load),
        times.loads.load(Ordering::Relaxed),
        time(&times.commit),
    );
}

/// How long a store took, in nanoseconds.
#[derive(Default)]
struct Times {
    load: AtomicU64,
    loads: AtomicU64,
    commit: AtomicU64,
}

impl Times {
    fn reset(&self) {
        for part in [&self.load, &self.loads, &self.commit] {
            part.store(0, Ordering::Relaxed);
        }
    }

    fn add(part: &AtomicU64, begin: Instant) {
        let nanos = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        part.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// A store that is timed.
struct Timed {
    store: SqliteStore,
    times: Arc<Times>,
}

impl Store for Timed {
    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let begin = Instant::now();
        let loaded = self.store.begin(keys).await;
        Times::add(&self.times.load, begin);
        self.times.loads.fetch_add(1, Ordering::Relaxed);
        loaded
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let begin = Instant::now();
        let loaded = self.store.load(keys).await;
        Times::add(&self.times.load, begin);
        self.times.loads.fetch_add(1, Ordering::Relaxed);
        loaded
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let begin = Instant::now();
        let committed = self.store.commit(changes).await;
        Times::add(&self.times.commit, begin);
        committed
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.store.roll_back().await
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.store.forget(before).await
    }
}
