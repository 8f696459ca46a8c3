//! The write side: one connection, one transaction for each unit of work.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Head, Loaded, Store, StoreError};
use rusqlite::Connection;

use crate::chains::Ends;
use crate::error::{Fault, OpenError};
use crate::options::Options;
use crate::unsettled::Unsettled;
use crate::write::Written;
use crate::{codes, connection, load, write};

/// How many remembered answers one [`Store::forget`] forgets at the most.
const FORGET_AT_ONCE: u32 = 1_000;

/// The write side of a database, or, for dry runs, something that looks like it and never writes.
///
/// A unit of work is a transaction that is begun `IMMEDIATE`, so that nobody else writes until it ends, and
/// committed durably.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    reads_only: bool,
    /// None after an error of the disk: what a connection holds in memory is then not to be trusted, and
    /// the next unit of work opens a new one.
    connection: Option<Connection>,
    /// The open unit of work: where the partition stood when it began.
    open: Option<Head>,
    /// What the index of allocations lacks; none: to be found out.
    unsettled: Option<Unsettled>,
    /// The ends of the products' chains of events, as far as they are known.
    ends: Ends,
    /// The version of the partition for which `unsettled` and `ends` hold.
    version: u64,
}

impl SqliteStore {
    /// Opens a database to write, and makes or migrates it where that is needed. The caller holds its
    /// [`crate::WriterLock`].
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let connection = connection::writer(path, options)?;
        Ok(Self::on(path, options, connection, false))
    }

    /// Opens an existing database for dry runs: each unit of work sees one moment, and `commit` is refused.
    /// It needs no lock.
    pub fn open_reader(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let connection = connection::reader(path, options)?;
        Ok(Self::on(path, options, connection, true))
    }

    fn on(path: &Path, options: &Options, connection: Connection, reads_only: bool) -> Self {
        Self {
            path: path.to_owned(),
            options: options.clone(),
            reads_only,
            connection: Some(connection),
            open: None,
            unsettled: None,
            ends: Ends::default(),
            version: 0,
        }
    }

    /// The connection, a new one where the last one was given up.
    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.connection.is_none() {
            let open = if self.reads_only {
                connection::reader
            } else {
                connection::writer
            };
            let connection = open(&self.path, &self.options).map_err(|error| match error {
                OpenError::Sqlite { source, .. } => Fault::from(source).into_store_error(false),
                other => StoreError::Unavailable(other.to_string()),
            })?;
            self.connection = Some(connection);
            self.unsettled = None;
        }
        self.connection
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("no connection".into()))
    }

    /// The connection, of a store that writes and has no unit of work open.
    pub(crate) fn writer(&mut self) -> Result<&Connection, StoreError> {
        if self.reads_only {
            return Err(only_reads());
        }
        self.end();
        self.connection()
    }

    fn begin_now(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        if self.open.is_some() {
            self.end();
        }
        let sql = if self.reads_only {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        let connection = self.connection()?;
        let begun = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map_err(Fault::from)
            .and_then(|_| load::head(connection));
        match begun {
            Ok(head) => {
                self.open = Some(head);
                self.load_now(keys)
            }
            Err(fault) => Err(self.fail(fault, false)),
        }
    }

    fn load_now(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let (Some(head), Some(connection)) = (self.open, &self.connection) else {
            return Err(none_open());
        };
        let loaded = match &self.unsettled {
            Some(unsettled) if self.version == head.version => {
                load::load(connection, head, keys, unsettled)
            }
            // A dry run seldom asks for lines of a batch, and then need not know.
            _ if self.reads_only && keys.allocated.is_empty() => {
                load::load(connection, head, keys, &Unsettled::default())
            }
            _ => Unsettled::read(connection).and_then(|unsettled| {
                let loaded = load::load(connection, head, keys, &unsettled);
                self.unsettled = Some(unsettled);
                self.ends.forget();
                self.version = head.version;
                loaded
            }),
        };
        loaded.map_err(|fault| self.fail(fault, false))
    }

    fn commit_now(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if self.reads_only {
            self.end();
            return Err(only_reads());
        }
        let (Some(head), Some(connection), Some(unsettled)) =
            (self.open, &self.connection, &self.unsettled)
        else {
            return Err(none_open());
        };
        let written = write::write(connection, head, changes, unsettled, &self.ends);
        let written = written.map_err(|fault| self.fail(fault, false))?;
        self.finish(
            written,
            changes
                .heads
                .first()
                .map_or(head.version, |(_, after)| after.version),
        )
    }

    fn finish(&mut self, written: Written, version: u64) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else {
            return Err(none_open());
        };
        let committed = connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]));
        if let Err(error) = committed {
            return Err(self.fail(error.into(), true));
        }
        self.open = None;
        self.version = version;
        if let Some(unsettled) = &mut self.unsettled {
            unsettled.apply(written.staged, self.options.unsettled);
        }
        self.ends.apply(written.ends);
        Ok(())
    }

    /// Ends the unit of work after an error, so that nothing of it is written.
    fn fail(&mut self, fault: Fault, committing: bool) -> StoreError {
        let spoiled = fault.spoils_connection();
        let error = fault.into_store_error(committing);
        tracing::warn!(%error, "a unit of work is rolled back");
        self.end();
        if spoiled {
            self.connection = None;
        }
        error
    }

    /// Rolls back; where that fails, gives the connection up, which does the same.
    fn end(&mut self) {
        self.open = None;
        let Some(connection) = &self.connection else {
            return;
        };
        if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
            self.connection = None;
        }
    }

    fn forget_now(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        if self.reads_only {
            return Err(only_reads());
        }
        // The oldest are looked at, not all: there may be millions of younger ones.
        let sql = format!(
            "DELETE FROM answers WHERE seq IN (SELECT seq FROM \
             (SELECT seq, time FROM answers ORDER BY seq LIMIT {FORGET_AT_ONCE}) WHERE time < ?1)"
        );
        let forgotten = self
            .connection()?
            .prepare_cached(&sql)
            .and_then(|mut forget| forget.execute([codes::micros(before)]));
        forgotten.map_err(|error| self.fail(error.into(), true))
    }
}

fn only_reads() -> StoreError {
    StoreError::Unavailable("this connection only reads".into())
}

fn none_open() -> StoreError {
    StoreError::Unavailable("there is no open unit of work".into())
}

impl Store for SqliteStore {
    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        self.begin_now(keys)
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        self.load_now(keys)
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.commit_now(changes)
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.end();
        Ok(())
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.forget_now(before)
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
