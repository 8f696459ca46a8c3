//! Lets a world trade with the real service, day after day, and checks everything that must hold at each step.
//!
//! The engine, its handlers and its unit of work are those that `landfall serve` runs; the store is the one in
//! memory, and the clock is set to nine in the morning of each day. Every day the events are followed and what they
//! touched is held against the store ([`super::mirror`]), some commands are told twice and some too late, and every
//! thirty days the whole store is audited against the whole log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::commands::CancelLine;
use landfall_domain::{Command, CommandId, Policy};
use landfall_service::clock::Calendar;
use landfall_service::engine::{self, Limits, Running};
use landfall_service::memory::{MemoryStore, MemoryViews};
use landfall_service::views::{Page, ViewError, Views};
use landfall_service::{Answer, Bus, Failure, LogRecord, Request, audit, wire};
use sha2::{Digest, Sha256};

use super::clock::WorldClock;
use super::made_up::MadeUp;
use super::mirror::Mirror;
use super::random::{Chance, Random};
use super::warehouse;
use super::world::{Settings, World};

/// Days between two full audits.
const AUDIT_EVERY: i32 = 30;
/// Events that are read at once.
const PAGE: usize = 100_000;

/// Why a simulation ended before its last day.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Something that must always hold does not.
    #[error("on {date}, day {day}: {what}")]
    Invariant {
        /// The day, counted from 0.
        day: i32,
        /// The same as a date.
        date: Date,
        /// What does not hold.
        what: String,
    },
    /// The world could not be made.
    #[error(transparent)]
    MadeUp(#[from] MadeUp),
    /// There is no engine.
    #[error("cannot start an engine: {0}")]
    Engine(#[from] std::io::Error),
    /// The calendar ends.
    #[error("the calendar has no such day: {0}")]
    Calendar(#[from] jiff::Error),
}

/// A world that has traded.
pub(crate) struct Traded {
    /// The policy by which its customers ordered.
    pub(crate) policy: Policy,
    /// What the log told.
    pub(crate) mirror: Mirror,
    /// The world, as it is after its last day.
    pub(crate) world: World,
    /// Commands that were carried out.
    pub(crate) commands: u64,
    /// Commands that were told a second time or too late, and changed nothing.
    pub(crate) idle: u64,
    /// Full audits.
    pub(crate) audits: u64,
    /// SHA-256 of the log: of each event its JSON, as the service gives it, and a line feed; in hexadecimal.
    pub(crate) trace_hash: String,
    /// What was told on each day, where it was to be kept.
    pub(crate) told: Vec<(i32, Vec<Request>)>,
}

/// Lets a world trade for so many days. `passed` counts them. `keep`: the commands are kept.
pub(crate) async fn trade(
    settings: &Settings,
    policy: Policy,
    days: i32,
    passed: &AtomicU64,
    keep: bool,
) -> Result<Traded, Broken> {
    let mut world = World::new(settings.clone(), policy)?;
    let mut trading = Trading::open(settings)?;
    let mut told = Vec::new();
    for day in 0..days {
        let commands = trading.day(day, &mut world).await?;
        if keep {
            told.push((day, commands));
        }
        passed.fetch_add(1, Ordering::Relaxed);
    }
    if days % AUDIT_EVERY != 0 {
        trading.audit(days - 1).await?;
    }
    let Trading {
        bus,
        running,
        mirror,
        hash,
        commands,
        idle,
        audits,
        ..
    } = trading;
    drop(bus);
    running.join();
    Ok(Traded {
        policy,
        mirror,
        world,
        commands,
        idle,
        audits,
        trace_hash: hexadecimal(&hash.finalize()),
        told,
    })
}

/// A world's service, and who watches it.
struct Trading<'a> {
    settings: &'a Settings,
    bus: Bus,
    running: Running,
    views: MemoryViews,
    clock: Arc<WorldClock>,
    mirror: Mirror,
    /// How far the log was read.
    cursor: Option<String>,
    hash: Sha256,
    commands: u64,
    idle: u64,
    audits: u64,
}

impl<'a> Trading<'a> {
    fn open(settings: &'a Settings) -> Result<Self, Broken> {
        let (store, views) = MemoryStore::new();
        let reader = store.reader();
        let morning = settings.days.morning(0, &TimeZone::UTC)?;
        let clock = Arc::new(WorldClock::at(morning));
        let calendar = Calendar {
            clock: Arc::<WorldClock>::clone(&clock),
            zone: TimeZone::UTC,
            handling_days: settings.handling_days,
        };
        let reader = move || Ok(reader.reader());
        let (bus, running) = engine::start(store, reader, calendar, Limits::default())?;
        Ok(Self {
            settings,
            bus,
            running,
            views,
            clock,
            mirror: Mirror::new(),
            cursor: None,
            hash: Sha256::new(),
            commands: 0,
            idle: 0,
            audits: 0,
        })
    }

    /// Trades for a day, and gives what was told.
    async fn day(&mut self, day: i32, world: &mut World) -> Result<Vec<Request>, Broken> {
        let today = self.settings.days.date(day);
        self.clock
            .set(self.settings.days.morning(day, &TimeZone::UTC)?);
        self.mirror.begin(today);
        let of_world = world.day(day)?.into_iter().map(Request::from);
        let mut told: Vec<Request> = of_world.collect();
        self.tell(day, &told).await?;
        let Settings {
            seed,
            handling_days,
            ..
        } = *self.settings;
        let leaving = warehouse::leaving(&self.mirror, seed, today, handling_days)?;
        let leaving = leaving.into_iter().map(|command| named(command, day));
        let leaving = leaving.collect::<Result<Vec<_>, _>>()?;
        self.tell(day, &leaving).await?;
        told.extend(leaving);
        self.tell_again(day, &told).await?;
        let checked = self.mirror.check(&self.views).await;
        checked.map_err(|what| self.broken(day, what))?;
        self.mirror.close();
        if day % AUDIT_EVERY == AUDIT_EVERY - 1 {
            self.audit(day).await?;
        }
        Ok(told)
    }

    /// Tells commands that must be carried out, and follows what happens.
    async fn tell(&mut self, day: i32, requests: &[Request]) -> Result<(), Broken> {
        self.commands += requests.len() as u64;
        let answers = self.bus.handle_all(requests.to_vec()).await;
        for (request, answer) in requests.iter().zip(answers) {
            answer.map_err(|failure| {
                let command = wire::canonical(&request.command);
                self.broken(day, format!("{command} is refused: {failure}"))
            })?;
        }
        let events = self.events(day).await?;
        let read = self.mirror.read(&events);
        read.map_err(|what| self.broken(day, what))
    }

    /// Tells some of the day's commands again, and asks to cancel some of what has left: each has its answer, and
    /// none changes anything.
    async fn tell_again(&mut self, day: i32, told: &[Request]) -> Result<(), Broken> {
        let things = [u64::try_from(day).unwrap_or(0), 0];
        let mut random = Random::of(self.settings.seed, Chance::Repeats, things);
        let mut again = Vec::new();
        let mut too_late = Vec::new();
        for request in told.iter().filter(|_| random.permille(40)) {
            match &request.command {
                // These say the same whenever they are said.
                Command::PlaceOrder(_)
                | Command::CreateBatch(_)
                | Command::CreateShipment(_)
                | Command::CancelOrder(_)
                | Command::CancelLine(_) => again.push(request.clone()),
                Command::Dispatch(dispatch) => {
                    again.push(request.clone());
                    if let (Some(line_id), None) = (&dispatch.line_id, dispatch.quantity) {
                        let cancel = Command::CancelLine(CancelLine {
                            order_id: dispatch.order_id.clone(),
                            line_id: line_id.clone(),
                        });
                        too_late.push(Request::from(cancel));
                    }
                }
                // What is said of a batch or a ship may have been overtaken by what was said since.
                _ => {}
            }
        }
        self.idle += (again.len() + too_late.len()) as u64;
        let requests: Vec<Request> = again.iter().chain(&too_late).cloned().collect();
        let answers = self.bus.handle_all(requests.clone()).await;
        for (at, (request, answer)) in requests.iter().zip(answers).enumerate() {
            let right = match &answer {
                // With an idempotency key it is the first answer, word for word.
                Ok(done) => at < again.len() && (!done.created || request.id.is_some()),
                Err(failure) => at >= again.len() && matches!(failure, Failure::Rejected(_)),
            };
            if !right {
                let command = wire::canonical(&request.command);
                let answer = outcome(&answer);
                let how = if at < again.len() {
                    "again"
                } else {
                    "too late"
                };
                return Err(self.broken(day, format!("{command}, told {how}, {answer}")));
            }
        }
        let events = self.events(day).await?;
        match events.first() {
            None => Ok(()),
            Some(record) => {
                let (id, kind) = (record.id(), record.event.kind());
                let what = format!("what was told again or too late made event {id}, {kind}");
                Err(self.broken(day, what))
            }
        }
    }

    /// The events that were not read yet. They become part of the trace.
    async fn events(&mut self, day: i32) -> Result<Vec<LogRecord>, Broken> {
        let mut all = Vec::new();
        loop {
            let page = Page {
                after: self.cursor.take(),
                limit: PAGE,
            };
            let page = self.views.events(&page).await;
            let page = page.map_err(|error| self.unreadable(day, &error))?;
            let last = page.events.len() < PAGE;
            self.cursor = Some(page.next);
            for record in &page.events {
                let json = serde_json::to_vec(record)
                    .map_err(|error| self.broken(day, format!("event {}: {error}", record.id())))?;
                self.hash.update(&json);
                self.hash.update(b"\n");
            }
            all.extend(page.events);
            if last {
                return Ok(all);
            }
        }
    }

    /// Audits the store against the log, from the first event on.
    async fn audit(&mut self, day: i32) -> Result<(), Broken> {
        self.audits += 1;
        let report = audit::audit(&self.views).await;
        let report = report.map_err(|error| self.unreadable(day, &error))?;
        if report.ok && report.events == self.mirror.events() {
            return Ok(());
        }
        let what = format!(
            "the audit has {} findings, such as: {}",
            report.findings_count,
            report.findings[..report.findings.len().min(3)].join("; ")
        );
        Err(self.broken(day, what))
    }

    fn unreadable(&self, day: i32, error: &ViewError) -> Broken {
        self.broken(day, format!("the store cannot be read: {error}"))
    }

    fn broken(&self, day: i32, what: String) -> Broken {
        Broken::Invariant {
            day,
            date: self.settings.days.date(day),
            what,
        }
    }
}

/// A part of a line that leaves has an idempotency key: it is only safe to tell again with one.
fn named(command: Command, day: i32) -> Result<Request, MadeUp> {
    let id = match &command {
        Command::Dispatch(dispatch) if dispatch.quantity.is_some() => {
            let line = dispatch.line_id.as_ref().map_or("", |line| line.as_str());
            Some(CommandId::new(format!(
                "{}/{line}/{day}",
                dispatch.order_id
            ))?)
        }
        _ => None,
    };
    Ok(Request {
        id,
        actor: None,
        let_in_by: None,
        command,
    })
}

fn outcome(answer: &Answer) -> String {
    match answer {
        Ok(done) if done.created => "made something".into(),
        Ok(_) => "was accepted".into(),
        Err(failure) => format!("was refused: {failure}"),
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "trade_tests.rs"]
mod tests;
