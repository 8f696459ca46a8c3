//! A database file for a test, as the contract suite and the harness want it.

use std::path::PathBuf;
use std::sync::Arc;

use landfall_service::desk::Desk;
use landfall_service::desk::tables::DeskTables;
use landfall_service::relay::Relays;
use landfall_service::store::StoreError;
use landfall_service::views::Views;
use landfall_sqlite::{Options, SqliteDesk, SqliteRelays, SqliteStore, SqliteViews};
use landfall_testkit::Database;
use landfall_testkit::contract::desk::DeskDatabase;
use landfall_testkit::contract::relays::RelayDatabase;
use landfall_testkit::database::OpenReader;

/// A database file of its own, gone with its directory; `UNSETTLED` as in [`Options`].
pub(crate) struct Sqlite<const UNSETTLED: usize> {
    directory: tempfile::TempDir,
    pub(crate) options: Options,
}

impl<const UNSETTLED: usize> Sqlite<UNSETTLED> {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("landfall.db")
    }

    /// A place for a database, and no file there yet.
    pub(crate) fn absent() -> Self {
        let options = Options {
            unsettled: UNSETTLED,
            ..Options::default()
        };
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            options,
        }
    }
}

impl<const UNSETTLED: usize> Database for Sqlite<UNSETTLED> {
    type Store = SqliteStore;

    fn create() -> Self {
        let mut made = Self::absent();
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

impl<const UNSETTLED: usize> RelayDatabase for Sqlite<UNSETTLED> {
    fn relays(&self) -> Arc<dyn Relays> {
        Arc::new(SqliteRelays::open(self.path(), &self.options).expect("relays"))
    }
}

impl<const UNSETTLED: usize> DeskDatabase for Sqlite<UNSETTLED> {
    fn desk(&self) -> (Arc<dyn Desk>, Arc<dyn DeskTables>) {
        let desk = SqliteDesk::open(self.path(), &self.options).expect("a desk");
        (Arc::new(desk.clone()), Arc::new(desk))
    }
}
