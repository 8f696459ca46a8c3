//! `landfall demo`: the service with a small furniture retailer's world in it, so that there is something
//! to look at. All of it goes through commands, as if it had happened.

mod history;
mod live;

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::Command;
use landfall_service::access::Doorkeeper;
use landfall_service::clock::Calendar;
use landfall_service::views::Page;
use landfall_service::{Answer, Bus, Reply};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::bootstrap::{self, Engine};
use crate::config::{CalendarArgs, Common, Database, Settings};
use crate::listen::{ListenArgs, listen};
use crate::outcome::{CliError, Outcome};
use crate::serve;
use crate::simulate::clock::WorldClock;
use crate::terminal::{self, count};
use history::{History, history};
use live::Live;

/// Start the service with a small furniture retailer's world
///
/// Four months of trading as `landfall simulate` makes them: products, warehouse stock, shipments that are early, late
/// or held, orders with promises that are kept and some that are not; and orders that keep coming in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall demo\n  \
    landfall demo --seed 7 --rate 600 --listen 127.0.0.1:0\n  \
    landfall demo --rate 0 --today 2026-11-21 --database sqlite:demo.db")]
pub(crate) struct DemoArgs {
    /// What the world is drawn from; the same seed and day make the same world
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Orders that come in each minute; 0 for none
    #[arg(long, value_name = "ORDERS", default_value = "30",
          value_parser = clap::value_parser!(u32).range(..=600_000))]
    rate: u32,
    /// The database, which must be empty [default: a temporary file]
    #[arg(long, value_name = "DATABASE")]
    database: Option<Database>,
    /// Let other machines look, and do everything: the world is made up
    #[arg(long)]
    insecure_no_keys: bool,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Runs the demo.
pub(crate) fn run(
    args: &DemoArgs,
    common: &Common,
    settings: &Settings,
) -> Result<Outcome, CliError> {
    // Removed when the demo ends, after the engine.
    let directory = tempfile::tempdir()
        .map_err(|error| CliError::failed(format!("cannot make a temporary directory: {error}")))?;
    let database = args
        .database
        .clone()
        .unwrap_or_else(|| Database::Sqlite(directory.path().join("demo.db")));
    let listening = listen(&args.listen, settings, &database, !args.insecure_no_keys)?;
    let world = World::new(args, settings)?;
    let engine = bootstrap::open_service(&database, world.calendar.clone(), settings)?;
    let seeded = listening.runtime.block_on(async {
        refuse_other_than_empty(&engine, &database).await?;
        world.make(args.seed, &engine.bus).await
    });
    let history = match seeded {
        Ok(history) => history,
        Err(error) => {
            engine.finish();
            return Err(error);
        }
    };
    let format = settings.log(common, "info").1;
    let door = if args.insecure_no_keys {
        Doorkeeper::unguarded()
    } else {
        match listening.door(Arc::clone(&engine.keys), format) {
            Ok(door) => door,
            Err(error) => {
                engine.finish();
                return Err(error);
            }
        }
    };
    let bus = engine.bus.clone();
    let meanwhile = |url: &str, stopping: &CancellationToken| {
        // A demo that nobody reads can still be asked.
        drop(terminal::print(&tour(&history, url, &database, args.rate)));
        if args.rate > 0 {
            let keep = keep_ordering(history.live, bus, world.calendar.clone(), args.rate);
            let stopping = stopping.clone();
            tokio::spawn(async move { stopping.run_until_cancelled(keep).await });
        }
        Ok(())
    };
    serve::run_on(listening, door, engine, None, format, meanwhile)
}

/// A demo among somebody's own data would be a nuisance that could not be taken back.
async fn refuse_other_than_empty(engine: &Engine, database: &Database) -> Result<(), CliError> {
    let page = Page {
        after: None,
        limit: 1,
    };
    let events = engine.views.events(&page).await;
    let events = events.map_err(|error| CliError::failed(format!("{database}: {error}")))?;
    if events.events.is_empty() {
        Ok(())
    } else {
        Err(CliError::failed(format!(
            "{database} is not empty; the demo needs a database of its own"
        )))
    }
}

/// The time in which the demo takes place.
struct World {
    clock: Arc<WorldClock>,
    calendar: Calendar,
    zone: TimeZone,
    today: Date,
    now: jiff::Timestamp,
}

impl World {
    fn new(args: &DemoArgs, settings: &Settings) -> Result<Self, CliError> {
        let mut calendar = settings.calendar(&args.calendar)?;
        // On a named day it is noon, else what the system's clock says.
        let (now, day) = calendar.read();
        let clock = Arc::new(WorldClock::at(now));
        calendar.clock = Arc::<WorldClock>::clone(&clock);
        Ok(Self {
            clock,
            zone: calendar.zone.clone(),
            calendar,
            today: day.today,
            now,
        })
    }

    /// Makes the history happen, day by day, and lets the clock run from now on.
    async fn make(&self, seed: u64, bus: &Bus) -> Result<History, CliError> {
        let failed = |what: &dyn std::fmt::Display| CliError::failed(format!("the demo: {what}"));
        let history = history(seed, self.today, self.calendar.handling_days).await;
        let mut history = history.map_err(|error| failed(&error))?;
        for (day, requests) in std::mem::take(&mut history.told) {
            let morning = history.days.morning(day, &self.zone);
            let morning = morning.map_err(|error| failed(&error))?;
            // Before nine, today's work begins earlier: nothing has happened that is still to come.
            self.clock.set(morning.min(self.now));
            for answer in bus.handle_all(requests).await {
                answer.map_err(|error| failed(&error))?;
            }
        }
        self.clock.run_from(self.now);
        Ok(history)
    }
}

/// Lets orders come in for ever.
async fn keep_ordering(mut live: Live, bus: Bus, calendar: Calendar, rate: u32) {
    let mut tick = tokio::time::interval(Duration::from_mins(1) / rate.max(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let today = calendar.read().1.today;
        let commands = live.next(today).unwrap_or_default();
        for command in commands {
            tell(&command, &bus.handle(command.clone()).await);
        }
    }
}

/// What became of a command, for those who watch.
fn tell(command: &Command, answer: &Answer) {
    match answer {
        Ok(done) => match &done.reply {
            Reply::Order(order) => {
                let lines = order.lines.iter();
                let lines: Vec<_> = lines
                    .map(|line| format!("{} {}", line.quantity, line.sku))
                    .collect();
                let promise = order
                    .current_promise
                    .map_or("none yet".into(), |date| date.to_string());
                let lines = lines.join(", ");
                tracing::info!(order = %order.order_id, %lines, %promise, "{}", command.kind());
            }
            Reply::Shipment(shipment) => {
                let eta = shipment
                    .eta
                    .map_or("landed".into(), |date| date.to_string());
                tracing::info!(shipment = %shipment.reference, %eta, "{}", command.kind());
            }
            Reply::Batch(batch) => {
                let eta = batch
                    .eta
                    .map_or("in the warehouse".into(), |date| date.to_string());
                tracing::info!(batch = %batch.reference, quantity = batch.purchased, %eta, "{}", command.kind());
            }
            Reply::Line(line) => {
                tracing::info!(order = %line.order_id, line = %line.line_id, "{}", command.kind());
            }
        },
        Err(failure) => tracing::warn!(%failure, "{}", command.kind()),
    }
}

/// What there is to look at.
fn tour(history: &History, url: &str, database: &Database, rate: u32) -> String {
    let comes = match rate {
        0 => "No more orders come in.".to_owned(),
        rate => format!("{} a minute come in.", count(rate.into(), "more order")),
    };
    let products = count(history.products, "product");
    let batches = count(history.batches, "batch").replace("batchs", "batches");
    let shipments = count(history.shipments, "shipment");
    let orders = count(history.orders, "order");
    let (best_seller, late) = (&history.best_seller, &history.late);
    let storm = history.at_sea.as_ref().map_or(String::new(), |(ship, eta)| {
        format!(
            "A storm delays a ship by ten days, and promises move with it:\n  \
             curl -s {url}/v1/shipments/{ship}/eta -H 'content-type: application/json' -d '{{\"eta\": \"{}\"}}'\n",
            eta.saturating_add(10.days())
        )
    });
    let customs = history.held.as_ref().map_or(String::new(), |ship| {
        format!("A container that customs hold:\n  curl -s {url}/v1/shipments/{ship}\n")
    });
    let audit = match database {
        Database::Memory => String::new(),
        Database::Sqlite(_) | Database::Postgres(_) => {
            format!("\nProve that every unit adds up:\n  landfall audit --database {database}\n")
        }
    };
    format!(
        "\
A furniture retailer: {products}, {batches} on {shipments}, {orders} in the last four months.
{comes} Ctrl-C ends it.

Who waits, and in which order they are served when stock comes:
  curl -s '{url}/v1/backorders?limit=5'
Who is promised goods later than at first:
  curl -s '{url}/v1/orders?attention=late&limit=5'
An order and its promises:
  curl -s {url}/v1/orders/{late}
What can be promised for when:
  curl -s {url}/v1/products/{best_seller}/availability
{customs}{storm}What happened:
  curl -s '{url}/v1/events?limit=3'
Everything else:
  {url}/docs
{audit}"
    )
}
