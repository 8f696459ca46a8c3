//! One database: opened once, migrated where that is needed, and then written and read through.

use std::sync::Arc;

use crate::error::OpenError;
use crate::options::Options;
use crate::schema;
use crate::target::{Session, Target};

/// A database that is ready for use.
#[derive(Debug, Clone)]
pub struct PgDatabase {
    pub(crate) target: Arc<Target>,
    pub(crate) options: Arc<Options>,
    pub(crate) partitions: u16,
}

impl PgDatabase {
    /// Opens a database to write, and makes or migrates its tables where that is needed.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        Self::prepare(url, options, true).await
    }

    /// Opens a database that must have the schema of this binary.
    pub async fn open_existing(url: &str, options: Options) -> Result<Self, OpenError> {
        Self::prepare(url, options, false).await
    }

    async fn prepare(url: &str, options: Options, migrate: bool) -> Result<Self, OpenError> {
        let target = Target::parse(url, options.ca_file.as_deref())?;
        let partitions = if migrate {
            schema::migrate(&target, &options).await?
        } else {
            schema::check(&target, &options).await?
        };
        Ok(Self {
            target: Arc::new(target),
            options: Arc::new(options),
            partitions,
        })
    }

    /// How many partitions it has.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }
}

impl Options {
    /// Of a connection that migrates: this may take its time.
    pub(crate) fn patient(&self) -> Session {
        Session {
            connect_timeout: self.connect_timeout,
            statement_timeout: std::time::Duration::ZERO,
            lock_timeout: std::time::Duration::ZERO,
            idle_timeout: std::time::Duration::ZERO,
        }
    }

    /// Of a connection that writes.
    pub(crate) fn writer(&self) -> Session {
        Session {
            connect_timeout: self.connect_timeout,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            idle_timeout: self.idle_timeout,
        }
    }

    /// Of a connection that reads one moment for a dry run, which holds nobody up.
    pub(crate) fn reader(&self) -> Session {
        Session {
            connect_timeout: self.connect_timeout,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            idle_timeout: self.statement_timeout,
        }
    }
}
