//! The one place that names adapters: it opens a database, takes the right to write to it, starts the
//! engine, and hands out what the commands work with.

mod outside;
mod postgres;
mod replicas;
mod sqlite;

use std::path::Path;
use std::sync::{Arc, Weak};

use jiff::SignedDuration;
use landfall_service::Bus;
use landfall_service::access::{AccessKeys, Entropy, NoEntropy};
use landfall_service::clock::Calendar;
use landfall_service::desk::Desk;
use landfall_service::desk::projector::{self, Projecting};
use landfall_service::desk::tables::DeskTables;
use landfall_service::engine::{self, Limits, Running, Stats};
use landfall_service::hand_on::Turns;
use landfall_service::memory::MemoryStore;
use landfall_service::relay::{Jitter, Relays};
use landfall_service::views::{Rebuild, Views};
use landfall_sqlite::WriterLock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{CalendarArgs, Database, Settings};
use crate::outcome::CliError;

pub(crate) use outside::{Outside, OutsideArgs, Running as RunningOutside, replica_name};
use postgres::Opened;
pub(crate) use replicas::Advertised;

/// Commands after which a group takes no more, where they come from a file: nobody waits for the answer to a
/// single one, and a large group costs less.
const FILE_GROUP: usize = 4_096;

/// A database that this process writes to.
pub(crate) struct Engine {
    /// Where commands go. All clones have to be dropped before [`Engine::finish`].
    pub(crate) bus: Bus,
    /// Where questions go.
    pub(crate) views: Arc<dyn Views>,
    /// Who may use it.
    pub(crate) keys: Arc<dyn AccessKeys>,
    /// Where it is kept which replica writes for all; none where there is one replica.
    pub(crate) turns: Option<Arc<dyn Turns>>,
    /// Where relays keep their place.
    pub(crate) relays: Arc<dyn Relays>,
    /// What a planner's desk shows.
    pub(crate) desk: Arc<dyn Desk>,
    /// Where that is kept.
    pub(crate) desk_tables: Arc<dyn DeskTables>,
    /// Whether no other process can write to the database.
    pub(crate) alone: bool,
    /// What the engine has done.
    pub(crate) stats: Arc<Stats>,
    /// The calendar by which commands are carried out.
    pub(crate) calendar: Calendar,
    running: Running,
    lock: Option<WriterLock>,
}

impl Engine {
    /// Tells those who want to write to the database where the service is.
    pub(crate) fn announce(&mut self, url: &str) -> std::io::Result<()> {
        self.lock.as_mut().map_or(Ok(()), |lock| lock.announce(url))
    }

    /// Changes when the engine has committed something.
    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.running.commits.clone()
    }

    /// For those who know that another replica has committed something.
    pub(crate) fn committed(&self) -> Weak<watch::Sender<()>> {
        self.running.committed()
    }

    /// Keeps the desk up to date until the token is cancelled. It is called on a runtime.
    pub(crate) fn project(&self, stopping: &CancellationToken) -> Projecting {
        projector::start(
            Arc::clone(&self.desk_tables),
            self.calendar.zone.clone(),
            self.commits(),
            jitter(),
            projector::Options::default(),
            stopping.clone(),
        )
    }

    /// Waits until everything that was accepted is answered, and lets go of the database.
    pub(crate) fn finish(self) {
        let Self {
            bus,
            views,
            running,
            lock,
            ..
        } = self;
        drop((bus, views));
        running.join();
        // Last: nobody may write before the engine has ended.
        drop(lock);
    }
}

/// Opens a database to write, and starts an engine on it. A memory database is refused where `command`
/// would have nothing of it; for one that lasts as long as its service, see [`open_service`].
pub(crate) fn open_to_write(
    database: &Database,
    calendar: Calendar,
    settings: &Settings,
    command: &str,
) -> Result<Engine, CliError> {
    let limits = Limits {
        group: FILE_GROUP,
        ..limits(settings)
    };
    match database {
        Database::Sqlite(path) => sqlite::open(path, calendar, limits),
        Database::Postgres(url) => {
            Opened::open(url, settings, true)?.engine(calendar, limits, true)
        }
        Database::Memory => Err(gone(command)),
    }
}

/// Refuses a database that no service could open, whether it is there or not.
pub(crate) fn check(database: &Database, settings: &Settings) -> Result<(), CliError> {
    match database {
        Database::Postgres(url) => postgres::check(url, settings),
        Database::Sqlite(_) | Database::Memory => Ok(()),
    }
}

/// Opens a database for a service.
pub(crate) fn open_service(
    database: &Database,
    calendar: Calendar,
    settings: &Settings,
) -> Result<Engine, CliError> {
    match database {
        Database::Sqlite(path) => sqlite::open(path, calendar, limits(settings)),
        Database::Postgres(url) => {
            Opened::open(url, settings, true)?.engine(calendar, limits(settings), true)
        }
        Database::Memory => open_memory(calendar, settings),
    }
}

/// A database in memory, gone when the process ends.
pub(crate) fn open_memory(calendar: Calendar, settings: &Settings) -> Result<Engine, CliError> {
    let (store, views) = MemoryStore::new();
    let (relays, keys, desk) = (store.relays(), store.keys(), store.desk());
    let other = store.reader();
    let reader = move || Ok(other.reader());
    let (bus, running) =
        engine::start(store, reader, calendar.clone(), limits(settings)).map_err(no_thread)?;
    Ok(Engine {
        bus,
        views: Arc::new(views),
        keys: Arc::new(keys),
        turns: None,
        relays: Arc::new(relays),
        desk: Arc::new(desk.clone()),
        desk_tables: Arc::new(desk),
        alone: true,
        stats: Arc::clone(&running.stats),
        calendar,
        running,
        lock: None,
    })
}

/// A bus for dry runs on a database that another process may write to: whatever else it is given is
/// refused by the store.
pub(crate) fn open_to_try(
    database: &Database,
    calendar: Calendar,
    settings: &Settings,
) -> Result<Engine, CliError> {
    // What only reads forgets no old answers.
    let limits = Limits {
        remember: SignedDuration::MAX,
        ..limits(settings)
    };
    match database {
        Database::Sqlite(path) => sqlite::open_to_try(path, calendar, limits),
        Database::Postgres(url) => {
            Opened::open(url, settings, false)?.engine(calendar, limits, false)
        }
        Database::Memory => Err(gone("apply")),
    }
}

/// Opens a database to read, beside a service or not.
pub(crate) fn open_to_read(
    database: &Database,
    settings: &Settings,
    command: &str,
) -> Result<Arc<dyn Views>, CliError> {
    match database {
        Database::Sqlite(path) => sqlite::views(path),
        Database::Postgres(url) => Ok(Opened::open(url, settings, false)?.views()),
        Database::Memory => Err(gone(command)),
    }
}

/// Opens what relays keep of a database, beside a service or not.
pub(crate) fn open_relays(
    database: &Database,
    settings: &Settings,
    command: &str,
) -> Result<Arc<dyn Relays>, CliError> {
    match database {
        Database::Sqlite(path) => sqlite::relays(path),
        Database::Postgres(url) => Ok(Opened::open(url, settings, false)?.relays()),
        Database::Memory => Err(gone(command)),
    }
}

/// Opens the tables of a database's desk.
pub(crate) fn open_desk_tables(
    database: &Database,
    settings: &Settings,
    command: &str,
) -> Result<Arc<dyn DeskTables>, CliError> {
    match database {
        Database::Sqlite(path) => Ok(Arc::new(sqlite::desk(path)?)),
        Database::Postgres(url) => Ok(Arc::new(Opened::open(url, settings, false)?.desk())),
        Database::Memory => Err(gone(command)),
    }
}

/// Opens the keys of a database, beside a service or not. `make`: the database, where there is none.
pub(crate) fn open_keys(
    database: &Database,
    settings: &Settings,
    make: bool,
) -> Result<Arc<dyn AccessKeys>, CliError> {
    match database {
        Database::Sqlite(path) => sqlite::keys(path, make),
        Database::Postgres(url) => Ok(Opened::open(url, settings, make)?.keys()),
        Database::Memory => Err(gone("keys")),
    }
}

/// Whether there can be keys in a database. `false`: there is no such database.
pub(crate) fn may_have_keys(database: &Database) -> bool {
    match database {
        Database::Sqlite(path) => path.exists(),
        Database::Postgres(_) => true,
        Database::Memory => false,
    }
}

/// Random bytes from the operating system.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|error| NoEntropy(error.to_string()))
    }
}

/// A number as good as random, from the operating system.
fn random() -> Result<u64, CliError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::failed(format!("no random numbers: {error}")))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// How pauses are made to differ.
pub(crate) fn jitter() -> Jitter {
    Arc::new(|below| match random() {
        Ok(number) if below > 0 => number % below,
        _ => 0,
    })
}

/// Opens a database whose read models are to be replaced. While the lock is held, nobody else writes; on a
/// server the replacement itself keeps others from writing.
pub(crate) fn open_to_rebuild(
    database: &Database,
    settings: &Settings,
) -> Result<(Option<WriterLock>, Box<dyn Rebuild>), CliError> {
    match database {
        Database::Sqlite(path) => sqlite::open_to_rebuild(path),
        Database::Postgres(url) => Ok((None, Opened::open(url, settings, false)?.rebuild())),
        Database::Memory => Err(gone("views rebuild")),
    }
}

/// Copies a database; `progress` is told pages done and pages in all.
pub(crate) fn back_up(
    database: &Database,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), CliError> {
    match database {
        Database::Sqlite(path) => sqlite::back_up(path, to, progress),
        Database::Postgres(_) => Err(CliError::usage(
            "backup is for a database file; back a PostgreSQL database up with pg_dump, or as your server does it: \
             docs/operations.md says how",
        )),
        Database::Memory => Err(gone("backup")),
    }
}

fn gone(command: &str) -> CliError {
    CliError::usage(format!(
        "{command} makes no sense with memory:, which lives and ends with its process; name a file with \
         --database sqlite:PATH"
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn no_thread(error: std::io::Error) -> CliError {
    CliError::failed(format!("cannot start the engine: {error}"))
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        remember: SignedDuration::from_hours(24 * i64::from(settings.remember_days())),
        ..Limits::default()
    }
}

/// A service decides by its own calendar: flags that would set it are refused beside `--url`.
pub(crate) fn refuse_own_day(calendar: &CalendarArgs) -> Result<(), CliError> {
    match calendar.given() {
        None => Ok(()),
        Some(flag) => Err(CliError::usage(format!(
            "{flag} makes no sense with --url: the service has a calendar of its own"
        ))),
    }
}

/// A runtime for a service: so many threads; 0: one for each core.
pub(crate) fn runtime(threads: u16) -> Result<Runtime, CliError> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads.into(),
    };
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(no_runtime)
}

/// A runtime for a command: this thread.
pub(crate) fn small_runtime() -> Result<Runtime, CliError> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(no_runtime)
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn no_runtime(error: std::io::Error) -> CliError {
    CliError::failed(format!("cannot start: {error}"))
}
