//! A PostgreSQL database for a test, as the contract suite and the harness want it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use landfall_postgres::{CommitIds, Options, PgDatabase, PgStore};
use landfall_service::desk::Desk;
use landfall_service::desk::tables::DeskTables;
use landfall_service::views::Views;
use landfall_testkit::contract::desk::DeskDatabase;
use landfall_testkit::database::OpenReader;
use landfall_testkit::servers::{PostgresDatabase, Skip, postgres};
use landfall_testkit::{Database, run_apart};

/// A database of its own with so many partitions, gone when it is dropped.
pub(crate) struct Pg<const PARTITIONS: u16> {
    pub(crate) database: PgDatabase,
    // After the other one: the connections are gone first.
    pub(crate) server: PostgresDatabase,
}

/// Numbers the writers of this process.
static WRITERS: AtomicU64 = AtomicU64::new(1);

/// The ids of a new writer's commits.
pub(crate) fn commit_ids() -> CommitIds {
    CommitIds::of(WRITERS.fetch_add(1, Ordering::Relaxed))
}

/// What tests set. A unit of work may pause for long on a machine that is busy with many tests.
pub(crate) fn options(partitions: u16) -> Options {
    Options {
        partitions,
        idle_timeout: std::time::Duration::from_mins(1),
        ..Options::default()
    }
}

impl<const PARTITIONS: u16> Pg<PARTITIONS> {
    /// Opens it, and migrates it where that is needed.
    pub(crate) fn on(server: PostgresDatabase) -> Self {
        let url = server.url();
        let opened = run_apart(async move { PgDatabase::open(&url, options(PARTITIONS)).await });
        Self {
            database: opened.unwrap_or_else(|error| panic!("{error}")),
            server,
        }
    }
}

impl<const PARTITIONS: u16> Database for Pg<PARTITIONS> {
    type Store = PgStore;

    fn missing() -> Option<Skip> {
        postgres::shared().err()
    }

    /// To copy an empty database is quicker than to migrate one.
    fn create() -> Self {
        static EMPTY: Mutex<BTreeMap<u16, PostgresDatabase>> = Mutex::new(BTreeMap::new());
        let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = empty.entry(PARTITIONS).or_insert_with(|| {
            let server = postgres::database().unwrap_or_else(|skip| panic!("{skip}"));
            Self::on(server).server
        });
        Self::on(postgres::copy_of(empty))
    }

    fn store(&mut self) -> PgStore {
        self.database.store(commit_ids())
    }

    fn reader(&self) -> OpenReader<PgStore> {
        let database = self.database.clone();
        Box::new(move || Ok(database.reader()))
    }

    fn views(&self) -> Arc<dyn Views> {
        Arc::new(self.database.views())
    }
}

impl<const PARTITIONS: u16> DeskDatabase for Pg<PARTITIONS> {
    fn desk(&self) -> (Arc<dyn Desk>, Arc<dyn DeskTables>) {
        let desk = self.database.desk();
        (Arc::new(desk.clone()), Arc::new(desk))
    }
}
