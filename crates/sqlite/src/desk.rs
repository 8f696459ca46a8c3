//! The desk in the database file.
//!
//! It is written as relays write their place: through a connection of its own beside the engine's, seldom, in short
//! transactions that are not awaited on the disk. After a loss of power the desk is at most a little further back than
//! it was, tables and place alike, and goes on from there.

mod questions;
pub(crate) mod sql;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use landfall_domain::{BatchRef, LineKey};
use landfall_service::LogRecord;
use landfall_service::desk::tables::{BatchRow, DeskTables, Place, Step, WorkRow};
use landfall_service::desk::{
    Ages, DayFigures, Desk, Figures, GroupBy, Groups, Lag, Totals, WorkFilter, WorkItem, WorkKind,
    WorkSort, span,
};
use landfall_service::relay::RelayError;
use landfall_service::views::{List, Page, ViewError, cursor};
use rusqlite::Connection;

use crate::error::{Fault, OpenError};
use crate::options::Options;
use crate::relays::Writes;
use crate::views::pool::Pool;

#[cfg(test)]
pub(crate) use questions::{ages_statement, statements};

/// The desk in a database file. Clones share their connections.
#[derive(Clone)]
pub struct SqliteDesk {
    reads: Arc<Pool>,
    writes: Arc<Writes>,
}

impl SqliteDesk {
    /// Of an existing database whose schema is this version's, beside a service or not.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        Ok(Self {
            reads: Arc::new(Pool::open(path, options)?),
            writes: Arc::new(Writes::new(path, options)),
        })
    }

    /// Writes in one transaction, on a thread where that may block.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, ViewError> {
        let writes = Arc::clone(&self.writes);
        let written = tokio::task::spawn_blocking(move || writes.run(work));
        let stopped = |_| ViewError::Unavailable("the writer was stopped".into());
        let written = written.await.map_err(stopped)?;
        written.map_err(|error| match error {
            RelayError::Corrupt(what) => ViewError::Corrupt(what),
            other => ViewError::Unavailable(other.to_string()),
        })
    }
}

#[async_trait]
impl Desk for SqliteDesk {
    async fn worklist(
        &self,
        kind: WorkKind,
        filter: &WorkFilter,
        sort: WorkSort,
        page: &Page,
    ) -> Result<List<WorkItem>, ViewError> {
        let (after, filter, limit) = (cursor::work(page, sort)?, filter.clone(), page.limit);
        self.reads
            .read(move |connection| {
                questions::worklist(connection, kind, &filter, sort, after.as_ref(), limit)
            })
            .await
    }

    async fn groups(
        &self,
        kind: WorkKind,
        by: GroupBy,
        filter: &WorkFilter,
        limit: usize,
    ) -> Result<Groups, ViewError> {
        let filter = filter.clone();
        self.reads
            .read(move |connection| questions::groups(connection, kind, by, &filter, limit))
            .await
    }

    async fn ages(&self, kind: WorkKind, now: Timestamp) -> Result<Ages, ViewError> {
        self.reads
            .read(move |connection| questions::ages(connection, kind, now))
            .await
    }

    async fn totals(&self) -> Result<Totals, ViewError> {
        let places = self.places().await?;
        let totals = places.iter().map(|place| place.totals);
        Ok(totals.fold(Totals::default(), Totals::plus))
    }

    async fn days(&self, from: Date, to: Date) -> Result<Vec<DayFigures>, ViewError> {
        let Some((from, to)) = span(from, to) else {
            return Ok(Vec::new());
        };
        self.reads
            .read(move |connection| questions::days(connection, from, to))
            .await
    }

    async fn lag(&self) -> Result<Lag, ViewError> {
        self.reads.read(questions::lag).await
    }
}

#[async_trait]
impl DeskTables for SqliteDesk {
    async fn enroll(&self, zone: &str) -> Result<(), ViewError> {
        let zone = zone.to_owned();
        self.write(move |connection| sql::enroll(connection, &zone))
            .await
    }

    async fn places(&self) -> Result<Vec<Place>, ViewError> {
        self.reads.read(sql::places).await
    }

    async fn log(
        &self,
        _partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, ViewError> {
        let read = move |connection: &Connection| crate::views::log(connection, after, limit);
        self.reads.read(read).await
    }

    async fn rows(&self, _partition: u16, lines: &[LineKey]) -> Result<Vec<WorkRow>, ViewError> {
        let lines = lines.to_vec();
        self.reads
            .read(move |connection| sql::rows(connection, &lines))
            .await
    }

    async fn histories(
        &self,
        _partition: u16,
        lines: &[LineKey],
        through: u64,
    ) -> Result<Vec<LogRecord>, ViewError> {
        let lines = lines.to_vec();
        self.reads
            .read(move |connection| sql::histories(connection, &lines, through))
            .await
    }

    async fn batches(
        &self,
        _partition: u16,
        batches: &[BatchRef],
    ) -> Result<Vec<BatchRow>, ViewError> {
        let batches = batches.to_vec();
        self.reads
            .read(move |connection| sql::batches(connection, &batches))
            .await
    }

    async fn figures(
        &self,
        _partition: u16,
        days: &[Date],
    ) -> Result<Vec<(Date, Figures)>, ViewError> {
        let days = days.to_vec();
        self.reads
            .read(move |connection| sql::figures(connection, &days))
            .await
    }

    async fn advance(&self, step: &Step) -> Result<bool, ViewError> {
        let step = step.clone();
        self.write(move |connection| sql::advance(connection, &step))
            .await
    }

    async fn clear(&self, zone: &str) -> Result<(), ViewError> {
        let zone = zone.to_owned();
        self.write(move |connection| sql::clear(connection, &zone))
            .await
    }
}
