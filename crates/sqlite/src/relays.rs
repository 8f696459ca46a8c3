//! Where relays keep their place in the database file.
//!
//! It is written through a connection of its own beside the engine's, in short transactions: whoever writes
//! makes the engine read its pages anew, so a relay writes a few times a second and no more. These transactions
//! are not awaited on the disk. They lie in the same log as the engine's, and are as durable as the next one of
//! those: after a loss of power a sink is at most a little further back than it was, and is given events again.

mod sql;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::LogRecord;
use landfall_service::relay::relays::letter_place;
use landfall_service::relay::{
    Advance, Begin, DeadLetter, Lease, RelayError, Relays, Shares, Standing,
};
use landfall_service::views::{List, Page, ViewError};
use rusqlite::{Connection, TransactionBehavior};

use crate::connection;
use crate::error::{Fault, OpenError};
use crate::lock::WriterLock;
use crate::options::Options;
use crate::views::pool::Pool;

/// Connections that read the log for relays.
const READERS: usize = 2;

/// Where relays keep their place in a database file.
pub struct SqliteRelays {
    reads: Arc<Pool>,
    writes: Arc<Writes>,
}

impl SqliteRelays {
    /// Of an existing database whose schema is this version's, beside a service or not.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let readers = Options {
            readers: READERS,
            ..options.clone()
        };
        Ok(Self {
            reads: Arc::new(Pool::open(path, &readers)?),
            writes: Arc::new(Writes::new(path, options)),
        })
    }

    /// As [`SqliteRelays::open`], for the service itself: whoever has the lock is the only one who relays, so
    /// what an earlier start of it held is free at once.
    pub fn open_alone(
        path: impl AsRef<Path>,
        options: &Options,
        _lock: &WriterLock,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let relays = Self::open(path, options)?;
        let freed = relays.writes.run(sql::free_all);
        freed.map_err(|error| OpenError::Io {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })?;
        Ok(relays)
    }

    /// Reads of one moment.
    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, RelayError> {
        self.reads
            .read(question)
            .await
            .map_err(|error| match error {
                ViewError::Corrupt(what) => RelayError::Corrupt(what),
                other => RelayError::Unavailable(other.to_string()),
            })
    }

    /// Writes in one transaction, on a thread where that may block.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, RelayError> {
        let writes = Arc::clone(&self.writes);
        let written = tokio::task::spawn_blocking(move || writes.run(work));
        let stopped = |_| RelayError::Unavailable("the writer was stopped".into());
        written.await.map_err(stopped)?
    }
}

/// A connection that writes beside the engine's.
pub(crate) struct Writes {
    path: PathBuf,
    options: Options,
    /// None until it is needed, and after an error.
    connection: Mutex<Option<Connection>>,
}

impl Writes {
    /// It connects when it is needed.
    pub(crate) fn new(path: &Path, options: &Options) -> Self {
        Self {
            path: path.to_owned(),
            options: options.clone(),
            connection: Mutex::new(None),
        }
    }

    /// Writes in one transaction.
    pub(crate) fn run<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, RelayError> {
        let mut kept = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => connection::beside(&self.path, &self.options)
                .map_err(|error| RelayError::Unavailable(error.to_string()))?,
        };
        let done = transaction(&mut connection, work).map_err(|fault| match fault {
            Fault::Corrupt(what) => RelayError::Corrupt(what),
            other => RelayError::Unavailable(other.into_store_error(false).to_string()),
        })?;
        // One that failed is not used again.
        *kept = Some(connection);
        Ok(done)
    }
}

fn transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

#[async_trait]
impl Relays for SqliteRelays {
    fn partitions(&self) -> u16 {
        1
    }

    async fn ends(&self) -> Result<Vec<u64>, RelayError> {
        self.read(sql::ends).await
    }

    async fn log(
        &self,
        _partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, RelayError> {
        let read = move |connection: &Connection| crate::views::log(connection, after, limit);
        self.read(read).await
    }

    async fn enroll(&self, sink: &str, begin: Begin) -> Result<(), RelayError> {
        let sink = sink.to_owned();
        self.write(move |connection| sql::enroll(connection, &sink, begin))
            .await
    }

    async fn renew(&self, sink: &str, holder: &str, lease: Duration) -> Result<Shares, RelayError> {
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |connection| sql::renew(connection, &sink, &holder, lease))
            .await
    }

    async fn take(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
        lease: Duration,
    ) -> Result<Vec<Lease>, RelayError> {
        let (sink, holder, partitions) = (sink.to_owned(), holder.to_owned(), partitions.to_vec());
        self.write(move |connection| sql::take(connection, &sink, &holder, &partitions, lease))
            .await
    }

    async fn advance(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        advances: &[Advance],
    ) -> Result<Vec<u16>, RelayError> {
        let (sink, holder, advances) = (sink.to_owned(), holder.to_owned(), advances.to_vec());
        self.write(move |connection| sql::advance(connection, &sink, &holder, now, &advances))
            .await
    }

    async fn release(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
    ) -> Result<(), RelayError> {
        let (sink, holder, partitions) = (sink.to_owned(), holder.to_owned(), partitions.to_vec());
        self.write(move |connection| sql::release(connection, &sink, &holder, &partitions))
            .await
    }

    async fn leave(&self, sink: &str, holder: &str) -> Result<(), RelayError> {
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        self.write(move |connection| sql::leave(connection, &sink, &holder))
            .await
    }

    async fn dead_letters(
        &self,
        sink: Option<&str>,
        page: &Page,
    ) -> Result<List<DeadLetter>, RelayError> {
        let (sink, after, limit) = (sink.map(str::to_owned), letter_place(page)?, page.limit);
        self.read(move |connection| {
            sql::dead_letters(connection, sink.as_deref(), after.as_ref(), limit)
        })
        .await
    }

    async fn bury(&self, sink: &str, letters: &[(u16, u64)]) -> Result<u64, RelayError> {
        let (sink, letters) = (sink.to_owned(), letters.to_vec());
        self.write(move |connection| sql::bury(connection, &sink, &letters))
            .await
    }

    async fn dismiss(&self, sink: &str) -> Result<(), RelayError> {
        let sink = sink.to_owned();
        self.write(move |connection| sql::dismiss(connection, &sink))
            .await
    }

    async fn standing(&self) -> Result<Vec<Standing>, RelayError> {
        self.read(sql::standing).await
    }
}
