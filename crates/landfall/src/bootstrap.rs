//! The one place that names adapters: it opens a database, takes the right to write to it, starts the
//! engine, and hands out what the commands work with.

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use landfall_service::Bus;
use landfall_service::clock::Calendar;
use landfall_service::engine::{self, Limits, Running, Stats};
use landfall_service::memory::MemoryStore;
use landfall_service::views::{Rebuild, Views};
use landfall_sqlite::{Options, SqliteStore, SqliteViews, WriterLock};
use tokio::runtime::{Builder, Runtime};

use crate::config::{CalendarArgs, Database, Settings};
use crate::outcome::CliError;

/// Commands after which a group takes no more, where they come from a file: nobody waits for the answer to a
/// single one, and a large group costs less.
const FILE_GROUP: usize = 4_096;

/// A database that this process writes to.
pub(crate) struct Engine {
    /// Where commands go. All clones have to be dropped before [`Engine::finish`].
    pub(crate) bus: Bus,
    /// Where questions go.
    pub(crate) views: Arc<dyn Views>,
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
        Database::Sqlite(path) => open_sqlite(path, calendar, limits),
        Database::Postgres(_) => Err(not_yet()),
        Database::Memory => Err(gone(command)),
    }
}

/// Opens a database for a service.
pub(crate) fn open_service(
    database: &Database,
    calendar: Calendar,
    settings: &Settings,
) -> Result<Engine, CliError> {
    match database {
        Database::Sqlite(path) => open_sqlite(path, calendar, limits(settings)),
        Database::Postgres(_) => Err(not_yet()),
        Database::Memory => open_memory(calendar, settings),
    }
}

fn open_sqlite(path: &Path, calendar: Calendar, limits: Limits) -> Result<Engine, CliError> {
    let failed = |error: landfall_sqlite::OpenError| CliError::failed(error.to_string());
    let options = Options::default();
    let lock = WriterLock::acquire(path).map_err(failed)?;
    let store = SqliteStore::open(path, &options).map_err(failed)?;
    let views = SqliteViews::open(path, &options).map_err(failed)?;
    let reader = {
        let (path, options) = (path.to_owned(), options.clone());
        move || SqliteStore::open_reader(&path, &options).map_err(unavailable)
    };
    let (bus, running) =
        engine::start(store, reader, calendar.clone(), limits).map_err(no_thread)?;
    Ok(Engine {
        bus,
        views: Arc::new(views),
        stats: Arc::clone(&running.stats),
        calendar,
        running,
        lock: Some(lock),
    })
}

/// A database in memory, gone when the process ends.
pub(crate) fn open_memory(calendar: Calendar, settings: &Settings) -> Result<Engine, CliError> {
    let (store, views) = MemoryStore::new();
    let other = store.reader();
    let reader = move || Ok(other.reader());
    let (bus, running) =
        engine::start(store, reader, calendar.clone(), limits(settings)).map_err(no_thread)?;
    Ok(Engine {
        bus,
        views: Arc::new(views),
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
    let path = file(database, "apply")?;
    let failed = |error: landfall_sqlite::OpenError| CliError::failed(error.to_string());
    let options = Options::default();
    let store = SqliteStore::open_reader(path, &options).map_err(failed)?;
    let views = SqliteViews::open(path, &options).map_err(failed)?;
    let reader = {
        let path = path.to_owned();
        move || SqliteStore::open_reader(&path, &options).map_err(unavailable)
    };
    let (bus, running) =
        engine::start(store, reader, calendar.clone(), limits(settings)).map_err(no_thread)?;
    Ok(Engine {
        bus,
        views: Arc::new(views),
        stats: Arc::clone(&running.stats),
        calendar,
        running,
        lock: None,
    })
}

/// Opens a database to read, beside a service or not.
pub(crate) fn open_to_read(database: &Database, command: &str) -> Result<Arc<dyn Views>, CliError> {
    let path = file(database, command)?;
    let views = SqliteViews::open(path, &Options::default())
        .map_err(|error| CliError::failed(error.to_string()))?;
    Ok(Arc::new(views))
}

/// Opens a database whose read models are to be replaced. While the lock is held, nobody else writes.
pub(crate) fn open_to_rebuild(
    database: &Database,
) -> Result<(WriterLock, Box<dyn Rebuild>), CliError> {
    let failed = |error: landfall_sqlite::OpenError| CliError::failed(error.to_string());
    let path = file(database, "views rebuild")?;
    let lock = WriterLock::acquire(path).map_err(failed)?;
    let store = SqliteStore::open(path, &Options::default()).map_err(failed)?;
    Ok((lock, Box::new(store)))
}

/// Copies a database; `progress` is told pages done and pages in all.
pub(crate) fn back_up(
    database: &Database,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), CliError> {
    let path = file(database, "backup")?;
    landfall_sqlite::backup(path, to, progress).map_err(|error| CliError::failed(error.to_string()))
}

/// The file of a database that has one.
fn file<'a>(database: &'a Database, command: &str) -> Result<&'a Path, CliError> {
    match database {
        Database::Sqlite(path) => Ok(path),
        Database::Postgres(_) => Err(not_yet()),
        Database::Memory => Err(gone(command)),
    }
}

fn not_yet() -> CliError {
    CliError::usage("this build has no PostgreSQL store; use --database sqlite:PATH")
}

fn gone(command: &str) -> CliError {
    CliError::usage(format!(
        "{command} makes no sense with memory:, which lives and ends with its process; name a file with \
         --database sqlite:PATH"
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn unavailable(error: landfall_sqlite::OpenError) -> landfall_service::store::StoreError {
    landfall_service::store::StoreError::Unavailable(error.to_string())
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

/// A runtime for a service: a thread for each core.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores)
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
