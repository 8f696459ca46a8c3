//! The read side: a few connections that only read, short transactions, lists that page by key.

mod batches;
mod case;
mod events;
mod history;
mod inspect;
mod lines;
mod orders;
mod overdue;
mod pegged;
pub(crate) mod pool;
mod products;
mod recent;
mod shipments;
mod start;
#[cfg(test)]
mod statements;
mod supply;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, LineKey, OrderId, ShipmentRef, Sku, Status};
use landfall_service::LogRecord;
use landfall_service::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};
use landfall_service::views::{
    BatchFilter, Case, EventPage, Inspect, List, OrderFilter, OverdueFilter, OverdueLine,
    OverdueSort, OverdueTotal, Page, ProductFilter, Promises, RecentOrder, ShipmentFilter, Thing,
    ViewError, Views, Waiting, cursor, overdue as places,
};

use crate::error::{Fault, OpenError};
use crate::options::Options;
use pool::Pool;

/// The read side of a database. It needs no lock and writes nothing; clones share their connections.
#[derive(Clone)]
pub struct SqliteViews {
    pool: Arc<Pool>,
}

impl SqliteViews {
    /// Opens an existing database whose schema is this version's.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, OpenError> {
        Ok(Self {
            pool: Arc::new(Pool::open(path.as_ref(), options)?),
        })
    }
}

#[async_trait]
impl Views for SqliteViews {
    async fn batch(
        &self,
        reference: &BatchRef,
        today: Date,
    ) -> Result<Option<BatchResource>, ViewError> {
        let reference = reference.clone();
        self.pool
            .read(move |connection| supply::batch(connection, &reference, today))
            .await
    }

    async fn order(&self, id: &OrderId, today: Date) -> Result<Option<OrderResource>, ViewError> {
        let id = id.clone();
        self.pool
            .read(move |connection| orders::order(connection, &id, today))
            .await
    }

    async fn product(&self, sku: &Sku) -> Result<Option<ProductResource>, ViewError> {
        let sku = sku.clone();
        self.pool
            .read(move |connection| supply::product(connection, &sku))
            .await
    }

    async fn availability(
        &self,
        sku: &Sku,
        day: &Day,
    ) -> Result<Option<AvailabilityResource>, ViewError> {
        let (sku, day) = (sku.clone(), *day);
        self.pool
            .read(move |connection| supply::availability(connection, &sku, day))
            .await
    }

    async fn shipment(
        &self,
        reference: &ShipmentRef,
        today: Date,
    ) -> Result<Option<ShipmentResource>, ViewError> {
        let reference = reference.clone();
        self.pool
            .read(move |connection| shipments::shipment(connection, &reference, today))
            .await
    }

    async fn shipments(
        &self,
        filter: &ShipmentFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<ShipmentResource>, ViewError> {
        let start = shipments::start(filter, page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| shipments::shipments(connection, &filter, &start, &page, today))
            .await
    }

    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        let start = batches::start(filter, page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| batches::batches(connection, &filter, &start, &page, today))
            .await
    }

    async fn orders(
        &self,
        filter: &OrderFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<OrderResource>, ViewError> {
        cursor::check_name(page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| orders::orders(connection, &filter, &page, today))
            .await
    }

    async fn recent_orders(
        &self,
        page: &Page,
        today: Date,
    ) -> Result<List<RecentOrder>, ViewError> {
        let (from, page) = (
            landfall_service::views::recent::cursor(page, 1)?,
            page.clone(),
        );
        self.pool
            .read(move |connection| recent::recent_orders(connection, from.as_ref(), &page, today))
            .await
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        let start = products::start(filter, page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| products::products(connection, &filter, &start, &page))
            .await
    }

    async fn backorders(
        &self,
        sku: Option<&Sku>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let (sku, limit) = (sku.cloned(), page.limit);
        let after = cursor::place(page)?;
        self.pool
            .read(move |connection| {
                lines::backorders(connection, sku.as_ref(), after.as_ref(), limit, today)
            })
            .await
    }

    async fn waiting(&self) -> Result<Waiting, ViewError> {
        self.pool.read(lines::waiting).await
    }

    async fn overdue(
        &self,
        filter: &OverdueFilter,
        sort: OverdueSort,
        page: &Page,
        today: Date,
    ) -> Result<List<OverdueLine>, ViewError> {
        let after = places::place(page, sort)?;
        let (filter, limit) = (filter.clone(), page.limit);
        self.pool
            .read(move |connection| {
                overdue::overdue(connection, &filter, sort, after.as_ref(), limit, today)
            })
            .await
    }

    async fn overdue_total(&self, first: usize, today: Date) -> Result<OverdueTotal, ViewError> {
        self.pool
            .read(move |connection| overdue::total(connection, first, today))
            .await
    }

    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let (after, limit) = (cursor::line(page)?, page.limit);
        self.pool
            .read(move |connection| lines::lines(connection, status, after.as_ref(), limit, today))
            .await
    }

    async fn pegged(
        &self,
        batch: &BatchRef,
        page: &Page,
        today: Date,
    ) -> Result<Option<List<LineResource>>, ViewError> {
        let after = cursor::peg(page)?;
        let (batch, limit) = (batch.clone(), page.limit);
        self.pool
            .read(move |connection| {
                pegged::pegged(connection, &batch, after.as_ref(), limit, today)
            })
            .await
    }

    async fn promises_of(&self, batch: &BatchRef) -> Result<Option<Promises>, ViewError> {
        let batch = batch.clone();
        self.pool
            .read(move |connection| pegged::promises_of(connection, &batch))
            .await
    }

    async fn end(&self) -> Result<String, ViewError> {
        self.pool.read(events::end).await
    }

    async fn events(&self, page: &Page) -> Result<EventPage, ViewError> {
        let (after, limit) = (start::event(page)?, page.limit);
        self.pool
            .read(move |connection| events::events(connection, after, limit))
            .await
    }

    async fn history(&self, thing: &Thing, page: &Page) -> Result<Option<EventPage>, ViewError> {
        let (after, limit) = (start::event(page)?, page.limit);
        let thing = thing.clone();
        self.pool
            .read(move |connection| history::history(connection, &thing, after, limit))
            .await
    }

    async fn latest(
        &self,
        thing: &Thing,
        limit: usize,
    ) -> Result<Option<Vec<LogRecord>>, ViewError> {
        let thing = thing.clone();
        self.pool
            .read(move |connection| history::latest(connection, &thing, limit))
            .await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<LogRecord>, ViewError> {
        self.pool
            .read(move |connection| events::recent(connection, limit))
            .await
    }

    async fn case(&self, key: &LineKey, holders: usize) -> Result<Option<Case>, ViewError> {
        let key = key.clone();
        self.pool
            .read(move |connection| case::case(connection, &key, holders))
            .await
    }

    async fn inspect(&self, inspect: &mut dyn Inspect) -> Result<(), ViewError> {
        inspect::inspect(&self.pool, inspect).await
    }

    async fn ready(&self) -> Result<(), ViewError> {
        let path = self.pool.path().to_owned();
        let checked = self.pool.read(move |connection| {
            // The schema may have been migrated by a newer version since this connection was opened.
            Ok::<_, Fault>(
                crate::schema::check(connection, &path).map_err(|error| error.to_string()),
            )
        });
        checked.await?.map_err(ViewError::Unavailable)
    }
}

/// The records of the log after an offset.
pub(crate) fn log(
    connection: &rusqlite::Connection,
    after: u64,
    limit: usize,
) -> Result<Vec<landfall_service::LogRecord>, Fault> {
    Ok(events::events(connection, after, limit)?.events)
}

/// All events of a line.
pub(crate) use history::of_line;

/// The statements of the lists, for a test of their plans.
#[cfg(test)]
pub(crate) use statements::{scans, statements};
