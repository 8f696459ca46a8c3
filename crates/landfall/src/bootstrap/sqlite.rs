//! Opening a database file. One process writes to it, and holds a lock as long as it does.

use std::path::Path;
use std::sync::Arc;

use landfall_service::access::AccessKeys;
use landfall_service::clock::Calendar;
use landfall_service::engine::{self, Limits};
use landfall_service::relay::Relays;
use landfall_service::store::StoreError;
use landfall_service::views::{Rebuild, Views};
use landfall_sqlite::{
    OpenError, Options, SqliteDesk, SqliteKeys, SqliteRelays, SqliteStore, SqliteViews, WriterLock,
};

use super::{Engine, no_thread};
use crate::outcome::CliError;

/// Takes the lock, and starts an engine that writes.
pub(super) fn open(path: &Path, calendar: Calendar, limits: Limits) -> Result<Engine, CliError> {
    let options = Options::default();
    let lock = WriterLock::acquire(path).map_err(failed)?;
    let store = SqliteStore::open(path, &options).map_err(failed)?;
    let relays = SqliteRelays::open_alone(path, &options, &lock).map_err(failed)?;
    let engine = start(path, store, Arc::new(relays), calendar, limits)?;
    Ok(Engine {
        lock: Some(lock),
        ..engine
    })
}

/// Starts an engine that cannot write, beside a service or not.
pub(super) fn open_to_try(
    path: &Path,
    calendar: Calendar,
    limits: Limits,
) -> Result<Engine, CliError> {
    let store = SqliteStore::open_reader(path, &Options::default()).map_err(failed)?;
    start(path, store, relays(path)?, calendar, limits)
}

fn start(
    path: &Path,
    store: SqliteStore,
    relays: Arc<dyn Relays>,
    calendar: Calendar,
    limits: Limits,
) -> Result<Engine, CliError> {
    let reader = {
        let path = path.to_owned();
        move || {
            SqliteStore::open_reader(&path, &Options::default())
                .map_err(|error| StoreError::Unavailable(error.to_string()))
        }
    };
    let keys = SqliteKeys::open(path, &Options::default()).map_err(failed)?;
    let views = views(path)?;
    let desk = desk(path)?;
    let (bus, running) =
        engine::start(store, reader, calendar.clone(), limits).map_err(no_thread)?;
    Ok(Engine {
        bus,
        views,
        keys: Arc::new(keys),
        turns: None,
        relays,
        desk: Arc::new(desk.clone()),
        desk_tables: Arc::new(desk),
        alone: true,
        stats: Arc::clone(&running.stats),
        calendar,
        running,
        lock: None,
    })
}

pub(super) fn views(path: &Path) -> Result<Arc<dyn Views>, CliError> {
    let views = SqliteViews::open(path, &Options::default()).map_err(failed)?;
    Ok(Arc::new(views))
}

pub(super) fn relays(path: &Path) -> Result<Arc<dyn Relays>, CliError> {
    let relays = SqliteRelays::open(path, &Options::default()).map_err(failed)?;
    Ok(Arc::new(relays))
}

pub(super) fn desk(path: &Path) -> Result<SqliteDesk, CliError> {
    SqliteDesk::open(path, &Options::default()).map_err(failed)
}

pub(super) fn keys(path: &Path, make: bool) -> Result<Arc<dyn AccessKeys>, CliError> {
    let options = Options::default();
    let keys = if make {
        SqliteKeys::open_or_make(path, &options)
    } else {
        SqliteKeys::open(path, &options)
    };
    Ok(Arc::new(keys.map_err(failed)?))
}

pub(super) fn open_to_rebuild(
    path: &Path,
) -> Result<(Option<WriterLock>, Box<dyn Rebuild>), CliError> {
    let lock = WriterLock::acquire(path).map_err(|error| match error {
        // It does not go through a service.
        OpenError::Locked { path, holder } => CliError::failed(format!(
            "{} is in use by {holder}; stop it first",
            path.display()
        )),
        error => failed(error),
    })?;
    let store = SqliteStore::open(path, &Options::default()).map_err(failed)?;
    Ok((Some(lock), Box::new(store)))
}

pub(super) fn back_up(
    path: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), CliError> {
    landfall_sqlite::backup(path, to, progress).map_err(|error| CliError::failed(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn failed(error: OpenError) -> CliError {
    CliError::failed(error.to_string())
}
