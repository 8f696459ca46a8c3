//! What every store must do, this one does: with an index of allocations that lags far behind, as by
//! default, and with one that hardly lags.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::path::PathBuf;
use std::sync::Arc;

use landfall_service::store::StoreError;
use landfall_service::views::Views;
use landfall_sqlite::{Options, SqliteStore, SqliteViews};
use landfall_testkit::Database;
use landfall_testkit::database::OpenReader;

/// A database file of its own, gone with its directory; `UNSETTLED` as in [`Options`].
struct Sqlite<const UNSETTLED: usize> {
    directory: tempfile::TempDir,
    options: Options,
}

impl<const UNSETTLED: usize> Sqlite<UNSETTLED> {
    fn path(&self) -> PathBuf {
        self.directory.path().join("landfall.db")
    }
}

impl<const UNSETTLED: usize> Database for Sqlite<UNSETTLED> {
    type Store = SqliteStore;

    fn create() -> Self {
        let options = Options {
            unsettled: UNSETTLED,
            ..Options::default()
        };
        let mut made = Self {
            directory: tempfile::tempdir().unwrap(),
            options,
        };
        drop(made.store());
        made
    }

    fn store(&mut self) -> SqliteStore {
        SqliteStore::open(self.path(), &self.options).unwrap()
    }

    fn reader(&self) -> OpenReader<SqliteStore> {
        let (path, options) = (self.path(), self.options.clone());
        Box::new(move || {
            SqliteStore::open_reader(&path, &options)
                .map_err(|error| StoreError::Unavailable(error.to_string()))
        })
    }

    fn views(&self) -> Arc<dyn Views> {
        Arc::new(SqliteViews::open(self.path(), &self.options).unwrap())
    }
}

mod lagging {
    landfall_testkit::store_contract!(super::Sqlite<32_768>);
}

mod prompt {
    landfall_testkit::store_contract!(super::Sqlite<1>);
}
