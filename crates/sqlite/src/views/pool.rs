//! A few connections for many readers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use landfall_service::views::ViewError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection;
use crate::error::{Fault, OpenError};
use crate::options::Options;

/// Connections that are not in use, and a place for each that may be.
pub(crate) struct Pool {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    wait: Duration,
}

impl Pool {
    /// Opens the first connection, which tells whether the database can be read; the others follow when
    /// they are needed.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let first = connection::reader(path, options)?;
        Ok(Self {
            path: path.to_owned(),
            options: options.clone(),
            idle: Mutex::new(vec![first]),
            places: Arc::new(Semaphore::new(options.readers.max(1))),
            wait: options.reader_wait,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks a question on a thread for blocking work, in one short read transaction: all that it reads is
    /// of one moment. Waits for a connection, but not for ever.
    pub(crate) async fn read<T, Q>(self: &Arc<Self>, question: Q) -> Result<T, ViewError>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let place = tokio::time::timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(ViewError::Unavailable(
                "all readers of the database are busy".into(),
            ));
        };
        let pool = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            let _place = place;
            let connection = pool.take()?;
            let answer = ask(&connection, question);
            // A connection that failed is not used again: the next question gets a new one.
            if answer.is_ok() {
                pool.give_back(connection);
            }
            answer.map_err(Fault::into_view_error)
        });
        answer
            .await
            .map_err(|_| ViewError::Unavailable("the reader was stopped".into()))?
    }

    fn take(&self) -> Result<Connection, ViewError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        connection::reader(&self.path, &self.options)
            .map_err(|error| ViewError::Unavailable(error.to_string()))
    }

    fn give_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

fn ask<T>(
    connection: &Connection,
    question: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.unchecked_transaction()?;
    let answer = question(&transaction)?;
    transaction.finish()?;
    Ok(answer)
}
