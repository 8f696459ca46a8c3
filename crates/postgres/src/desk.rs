//! The desk: read models that follow the log, in the partition of what they are about.
//!
//! A step is one transaction, which begins with moving the place of its partition on a condition. Whoever asks goes
//! through all partitions at once, each along an index of its own.

mod questions;
pub(crate) mod tables;

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
use landfall_service::views::{List, Page, ViewError, cursor};

use crate::codes::{int, small};
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::views::events;
use crate::views::pool::{Ask, Pool};

#[cfg(test)]
pub(crate) use questions::asked;

/// The desk of a database. Clones share their connections.
#[derive(Clone)]
pub struct PgDesk {
    pool: Pool,
}

impl PgDatabase {
    /// The desk. It connects when it is first needed.
    pub fn desk(&self) -> PgDesk {
        PgDesk {
            pool: Pool::new(self),
        }
    }
}

#[async_trait]
impl Desk for PgDesk {
    async fn worklist(
        &self,
        kind: WorkKind,
        filter: &WorkFilter,
        sort: WorkSort,
        page: &Page,
    ) -> Result<List<WorkItem>, ViewError> {
        let after = cursor::work(page, sort)?;
        let limit = page.limit;
        let found = questions::worklist(&self.pool, kind, filter, sort, after.as_ref(), limit);
        found.await.map_err(Fault::into_view_error)
    }

    async fn groups(
        &self,
        kind: WorkKind,
        by: GroupBy,
        filter: &WorkFilter,
        limit: usize,
    ) -> Result<Groups, ViewError> {
        let found = questions::groups(&self.pool, kind, by, filter, limit);
        found.await.map_err(Fault::into_view_error)
    }

    async fn ages(&self, kind: WorkKind, now: Timestamp) -> Result<Ages, ViewError> {
        let found = questions::ages(&self.pool, kind, now).await;
        found.map_err(Fault::into_view_error)
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
        let found = questions::days(&self.pool, from, to).await;
        found.map_err(Fault::into_view_error)
    }

    async fn lag(&self) -> Result<Lag, ViewError> {
        let lag = questions::lag(&self.pool).await;
        lag.map_err(Fault::into_view_error)
    }
}

#[async_trait]
impl DeskTables for PgDesk {
    async fn enroll(&self, zone: &str) -> Result<(), ViewError> {
        let enroll = Ask::new(tables::ENROLL).with(zone.to_owned());
        let made = self.pool.ask(&enroll).await;
        made.map(drop).map_err(Fault::into_view_error)
    }

    async fn places(&self) -> Result<Vec<Place>, ViewError> {
        let rows = self.pool.ask(&Ask::new(tables::PLACES)).await;
        let rows = rows.map_err(Fault::into_view_error)?;
        let places = rows.iter().map(tables::place);
        places
            .collect::<Result<_, _>>()
            .map_err(Fault::into_view_error)
    }

    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, ViewError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let ask = Ask::new(events::EVENTS)
            .with(vec![small(partition)])
            .with(vec![int(after)])
            .with(vec![most]);
        read(&self.pool, &ask, events::record).await
    }

    async fn rows(&self, partition: u16, lines: &[LineKey]) -> Result<Vec<WorkRow>, ViewError> {
        let (orders, lines) = names(lines);
        let ask = Ask::new(&*tables::ROWS)
            .with(small(partition))
            .with(orders)
            .with(lines);
        read(&self.pool, &ask, tables::row).await
    }

    async fn histories(
        &self,
        partition: u16,
        lines: &[LineKey],
        through: u64,
    ) -> Result<Vec<LogRecord>, ViewError> {
        let home = |key: &LineKey| small(self.pool.partition_of(key.order_id.as_str()));
        let homes: Vec<i16> = lines.iter().map(home).collect();
        let (orders, lines) = names(lines);
        let ask = Ask::new(&*tables::HISTORIES)
            .with(small(partition))
            .with(homes)
            .with(orders)
            .with(lines)
            .with(int(through));
        read(&self.pool, &ask, events::record).await
    }

    async fn batches(
        &self,
        partition: u16,
        batches: &[BatchRef],
    ) -> Result<Vec<BatchRow>, ViewError> {
        let names: Vec<String> = batches.iter().map(BatchRef::to_string).collect();
        let ask = Ask::new(tables::BATCHES).with(small(partition)).with(names);
        read(&self.pool, &ask, tables::batch).await
    }

    async fn figures(
        &self,
        partition: u16,
        days: &[Date],
    ) -> Result<Vec<(Date, Figures)>, ViewError> {
        let days: Vec<_> = days.iter().copied().map(crate::codes::Day::of).collect();
        let ask = Ask::new(&*tables::DAYS).with(small(partition)).with(days);
        read(&self.pool, &ask, |row| tables::day(row, 0)).await
    }

    async fn advance(&self, step: &Step) -> Result<bool, ViewError> {
        let advanced = tables::advance(&self.pool, step).await;
        advanced.map_err(Fault::into_view_error)
    }

    async fn clear(&self, zone: &str) -> Result<(), ViewError> {
        let cleared = tables::clear(&self.pool, zone).await;
        cleared.map_err(Fault::into_view_error)
    }
}

/// Asks, and reads each row.
async fn read<T>(
    pool: &Pool,
    ask: &Ask,
    row: impl Fn(&tokio_postgres::Row) -> Result<T, Fault>,
) -> Result<Vec<T>, ViewError> {
    let rows = pool.ask(ask).await.map_err(Fault::into_view_error)?;
    let found = rows.iter().map(row);
    found
        .collect::<Result<_, _>>()
        .map_err(Fault::into_view_error)
}

/// Order ids and line ids.
fn names(lines: &[LineKey]) -> (Vec<String>, Vec<String>) {
    let names = lines.iter();
    names
        .map(|key| (key.order_id.to_string(), key.line_id.to_string()))
        .unzip()
}
