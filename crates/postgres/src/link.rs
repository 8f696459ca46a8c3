//! One connection: its client, the task that drives it, and the statements that are prepared on it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use hashbrown::HashMap;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Statement};

use crate::error::Fault;
use crate::target::Target;

/// A connection of our own. It is driven on the runtime on which it was made, and ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) client: Client,
    statements: HashMap<&'static str, Statement>,
    driver: JoinHandle<()>,
    /// Why the connection ended, once it has.
    end: Arc<Mutex<Option<tokio_postgres::Error>>>,
}

impl Link {
    /// Connects.
    pub(crate) async fn open(target: &Target, config: &Config) -> Result<Self, Fault> {
        let (client, connection) = config.connect(target.tls.clone()).await?;
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
            end,
        })
    }

    /// Prepares these statements, all in one round trip.
    pub(crate) async fn prepare(&mut self, statements: &[&'static str]) -> Result<(), Fault> {
        let prepared = statements.iter().map(|sql| self.client.prepare(sql));
        let prepared = try_join_all(prepared).await?;
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

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
