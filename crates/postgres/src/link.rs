//! One connection: its client, the task that drives it, and the statements that are prepared on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use hashbrown::HashMap;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use crate::error::Fault;
use crate::target::{Session, Target};

/// A connection of our own. It is driven on the runtime on which it was made, and ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) client: Client,
    statements: HashMap<&'static str, Statement>,
    driver: JoinHandle<()>,
    /// How long an answer may take. A server that hangs keeps the connection, and never says anything.
    patience: Option<Duration>,
    /// How often it was asked and waited for, its preparation included.
    trips: AtomicU64,
    /// Why the connection ended, once it has.
    end: Arc<Mutex<Option<tokio_postgres::Error>>>,
}

impl Link {
    /// Connects. `settings`: more of them, as the server takes them at its start.
    pub(crate) async fn open(
        target: &Target,
        session: &Session,
        settings: &str,
    ) -> Result<Self, Fault> {
        let config = target.config(session, settings);
        // The library's own limit is for the network alone: a server that hangs takes connections and says nothing.
        let connected = config.connect(target.tls.clone());
        let connected = timeout(session.connect_timeout, connected).await;
        let (client, connection) = connected.map_err(|_| silent(session.connect_timeout))??;
        let end = Arc::new(Mutex::new(None));
        let told = Arc::clone(&end);
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        Ok(Self {
            client,
            statements: HashMap::new(),
            driver,
            patience: session.patience(),
            trips: AtomicU64::new(0),
            end,
        })
    }

    /// Prepares these statements, all in one round trip.
    pub(crate) async fn prepare(&mut self, statements: &[&'static str]) -> Result<(), Fault> {
        let prepared = statements.iter().map(|sql| self.client.prepare(sql));
        let prepared = self.answered(try_join_all(prepared)).await??;
        self.statements
            .extend(statements.iter().copied().zip(prepared));
        Ok(())
    }

    /// A statement that was prepared.
    pub(crate) fn statement(&self, sql: &'static str) -> Result<&Statement, Fault> {
        self.statements
            .get(sql)
            .ok_or_else(|| Fault::Corrupt(format!("not prepared: {sql}")))
    }

    /// Carries out what has neither values nor rows.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.answered(self.client.batch_execute(sql)).await??)
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn answered<T>(&self, answer: impl Future<Output = T>) -> Result<T, Fault> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        match self.patience {
            None => Ok(answer.await),
            Some(patience) => {
                let answer = timeout(patience, answer).await;
                answer.map_err(|_| silent(patience))
            }
        }
    }

    /// How many round trips it has made.
    #[cfg(test)]
    pub(crate) fn trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    /// Whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The reason why the connection ended, where the database gave one; else the error itself. (The database may
    /// have ended it while nothing was asked.)
    pub(crate) fn why(&self, fault: Fault) -> Fault {
        let Fault::Postgres(error) = &fault else {
            return fault;
        };
        if error.as_db_error().is_some() {
            return fault;
        }
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match end.take() {
            Some(reason) if reason.as_db_error().is_some() => Fault::Postgres(reason),
            _ => fault,
        }
    }
}

fn silent(patience: Duration) -> Fault {
    Fault::Unavailable(format!(
        "the database gave no answer for {} seconds",
        patience.as_secs_f64()
    ))
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
