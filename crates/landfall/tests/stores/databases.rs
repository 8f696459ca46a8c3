//! The databases with files and servers, as the harness wants them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use landfall_postgres::{CommitIds, PgDatabase, PgStore};
use landfall_service::store::StoreError;
use landfall_service::views::Views;
use landfall_sqlite::{SqliteStore, SqliteViews};
use landfall_testkit::database::OpenReader;
use landfall_testkit::servers::{PostgresDatabase, Skip, postgres};
use landfall_testkit::{Database, run_apart};

/// A file.
pub(crate) struct Sqlite {
    directory: tempfile::TempDir,
    options: landfall_sqlite::Options,
}

impl Sqlite {
    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("landfall.db")
    }
}

impl Database for Sqlite {
    type Store = SqliteStore;

    fn create() -> Self {
        let mut made = Self {
            directory: tempfile::tempdir().expect("a directory"),
            options: landfall_sqlite::Options::default(),
        };
        drop(made.store());
        made
    }

    fn store(&mut self) -> SqliteStore {
        SqliteStore::open(self.path(), &self.options).expect("a store")
    }

    fn reader(&self) -> OpenReader<SqliteStore> {
        let (path, options) = (self.path(), self.options.clone());
        Box::new(move || {
            SqliteStore::open_reader(&path, &options)
                .map_err(|error| StoreError::Unavailable(error.to_string()))
        })
    }

    fn views(&self) -> Arc<dyn Views> {
        Arc::new(SqliteViews::open(self.path(), &self.options).expect("views"))
    }
}

/// A database of so many partitions on a server.
pub(crate) struct Pg<const PARTITIONS: u16> {
    pub(crate) database: PgDatabase,
    /// Dropped after the connections to it.
    pub(crate) server: PostgresDatabase,
}

impl<const PARTITIONS: u16> Database for Pg<PARTITIONS> {
    type Store = PgStore;

    fn missing() -> Option<Skip> {
        postgres::shared().err()
    }

    fn create() -> Self {
        let server = postgres::database().unwrap_or_else(|skip| panic!("{skip}"));
        let url = server.url();
        let options = landfall_postgres::Options {
            partitions: PARTITIONS,
            // A unit of work may pause for long on a machine that is busy with many tests.
            idle_timeout: Duration::from_mins(1),
            ..landfall_postgres::Options::default()
        };
        let opened = run_apart(async move { PgDatabase::open(&url, options).await });
        Self {
            database: opened.unwrap_or_else(|error| panic!("{error}")),
            server,
        }
    }

    fn store(&mut self) -> PgStore {
        static WRITERS: AtomicU64 = AtomicU64::new(1);
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        self.database.store(CommitIds::of(writer))
    }

    fn reader(&self) -> OpenReader<PgStore> {
        let database = self.database.clone();
        Box::new(move || Ok(database.reader()))
    }

    fn views(&self) -> Arc<dyn Views> {
        Arc::new(self.database.views())
    }
}

/// A database as a later version leaves it that only adds: each table has a column more.
pub(crate) struct Ahead(Pg<1>);

/// The column.
const MORE: &str = "DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'refinery_schema_history'
        LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN extra integer DEFAULT 7', t); END LOOP; END $$";

impl Database for Ahead {
    type Store = PgStore;

    fn missing() -> Option<Skip> {
        Pg::<1>::missing()
    }

    fn create() -> Self {
        let pg = Pg::create();
        postgres::rows(&pg.server.url(), MORE);
        Self(pg)
    }

    fn store(&mut self) -> PgStore {
        self.0.store()
    }

    fn reader(&self) -> OpenReader<PgStore> {
        self.0.reader()
    }

    fn views(&self) -> Arc<dyn Views> {
        self.0.views()
    }
}
