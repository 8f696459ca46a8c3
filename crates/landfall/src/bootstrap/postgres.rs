//! Opening a database of a PostgreSQL server. Several processes may write to it at once, so nobody has a lock.

use std::path::PathBuf;
use std::sync::Arc;

use landfall_postgres::{CommitIds, OpenError, Options, PgDatabase, PgDesk, Target};
use landfall_service::access::AccessKeys;
use landfall_service::clock::Calendar;
use landfall_service::engine::{self, Limits};
use landfall_service::relay::Relays;
use landfall_service::views::{Rebuild, Views};

use super::{Engine, no_thread, random, small_runtime};
use crate::config::Settings;
use crate::outcome::CliError;

/// What the configuration says of it.
#[derive(Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Postgres {
    writers: usize,
    partitions: u16,
    readers: usize,
    ca_file: Option<PathBuf>,
}

impl Default for Postgres {
    fn default() -> Self {
        let options = Options::default();
        Self {
            writers: 1,
            partitions: options.partitions,
            readers: options.readers,
            ca_file: None,
        }
    }
}

/// Refuses a configuration with which no database could be opened, without reaching for one.
pub(super) fn check(url: &str, settings: &Settings) -> Result<(), CliError> {
    let config: Postgres = settings.section("postgres", &[])?.unwrap_or_default();
    let target = Target::parse(url, config.ca_file.as_deref());
    target
        .map(drop)
        .map_err(|error| CliError::usage(error.to_string()))
}

/// A database that is ready for use.
pub(super) struct Opened {
    database: PgDatabase,
    writers: usize,
}

impl Opened {
    /// Opens it, and makes or migrates its tables where that is needed and allowed.
    pub(super) fn open(url: &str, settings: &Settings, migrate: bool) -> Result<Self, CliError> {
        let config: Postgres = settings.section("postgres", &[])?.unwrap_or_default();
        let options = Options {
            partitions: config.partitions,
            readers: config.readers,
            ca_file: config.ca_file,
            ..Options::default()
        };
        let open = async {
            if migrate {
                PgDatabase::open(url, options).await
            } else {
                PgDatabase::open_existing(url, options).await
            }
        };
        // On a thread of its own, with a runtime that ends there: whoever calls this may be on one already.
        let on_its_own = || Ok(small_runtime()?.block_on(open));
        let opened = std::thread::scope(|scope| scope.spawn(on_its_own).join());
        let opened = opened.map_err(|_| CliError::failed("opening the database failed"))??;
        let database = opened.map_err(|error| match error {
            OpenError::Url(_) => CliError::usage(error.to_string()),
            _ => CliError::failed(error.to_string()),
        })?;
        Ok(Self {
            database,
            writers: config.writers,
        })
    }

    pub(super) fn views(&self) -> Arc<dyn Views> {
        Arc::new(self.database.views())
    }

    pub(super) fn keys(&self) -> Arc<dyn AccessKeys> {
        Arc::new(self.database.keys())
    }

    pub(super) fn relays(&self) -> Arc<dyn Relays> {
        Arc::new(self.database.relays())
    }

    pub(super) fn desk(&self) -> PgDesk {
        self.database.desk()
    }

    pub(super) fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(self.database.rebuild())
    }

    /// An engine with the configured number of writers, or with none that writes.
    pub(super) fn engine(
        &self,
        calendar: Calendar,
        limits: Limits,
        writes: bool,
    ) -> Result<Engine, CliError> {
        let mut stores = Vec::new();
        if writes {
            for _ in 0..self.writers.max(1) {
                stores.push(self.database.store(CommitIds::of(random()?)));
            }
        } else {
            stores.push(self.database.reader());
        }
        let reader = {
            let database = self.database.clone();
            move || Ok(database.reader())
        };
        let (bus, running) =
            engine::start_writers(stores, reader, calendar.clone(), limits).map_err(no_thread)?;
        let desk = self.desk();
        Ok(Engine {
            bus,
            views: self.views(),
            keys: self.keys(),
            turns: Some(Arc::new(self.database.turns())),
            relays: self.relays(),
            desk: Arc::new(desk.clone()),
            desk_tables: Arc::new(desk),
            stats: Arc::clone(&running.stats),
            calendar,
            running,
            lock: None,
            alone: false,
        })
    }
}
