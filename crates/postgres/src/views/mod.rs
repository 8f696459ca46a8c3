//! The read side: a few connections that only read, lists that page by key through all partitions, and pages that are
//! each of one moment.
//!
//! A question is one statement where that is enough. What takes several reads them in one transaction that sees one
//! moment (`REPEATABLE READ READ ONLY`). A list by name asks each partition for a page of its own (`LATERAL`) and
//! merges them, so that an index of (partition, name) serves every partition and nothing is sorted but the pages.

mod batches;
mod case;
pub(crate) mod events;
mod history;
mod inspect;
mod lines;
mod order_view;
mod orders;
mod overdue;
mod pegged;
pub(crate) mod pool;
mod products;
mod recent;
mod shipments;
mod span;
mod supply;

#[cfg(test)]
mod plans_tests;

use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, LineKey, OrderId, ShipmentRef, Sku, Status};
use landfall_service::LogRecord;
use landfall_service::log::LogCursor;
use landfall_service::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};
use landfall_service::views::{
    BatchFilter, Case, EventPage, Inspect, List, OrderFilter, OverdueFilter, OverdueLine,
    OverdueSort, OverdueTotal, Page, ProductFilter, Promises, RecentOrder, ShipmentFilter, Thing,
    ViewError, Views, Waiting, cursor, overdue as places, recent as recents,
};

use crate::database::PgDatabase;
use crate::error::Fault;
use crate::schema::{self, Fit};
use pool::Pool;
use tokio::time::timeout;

/// Who asks whether the service is ready does not wait longer for the database.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// The read side of a database. Clones share their connections.
#[derive(Clone)]
pub struct PgViews {
    pool: Pool,
}

impl PgDatabase {
    /// The read side. It connects when it is first asked something.
    pub fn views(&self) -> PgViews {
        PgViews {
            pool: Pool::new(self),
        }
    }
}

impl PgViews {
    /// Where the log is to be read from.
    fn log_cursor(&self, page: &Page) -> Result<LogCursor, ViewError> {
        let partitions = self.pool.partitions();
        match &page.after {
            None => Ok(LogCursor::new(partitions)),
            Some(after) => LogCursor::parse(after, partitions).ok_or(ViewError::BadCursor),
        }
    }
}

/// The limit of a statement: one more than asked for tells whether there is a next page.
fn limit(page: &Page) -> i64 {
    i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX)
}

#[async_trait]
impl Views for PgViews {
    async fn batch(
        &self,
        reference: &BatchRef,
        today: Date,
    ) -> Result<Option<BatchResource>, ViewError> {
        let found = supply::batch(&self.pool, reference, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn order(&self, id: &OrderId, today: Date) -> Result<Option<OrderResource>, ViewError> {
        let found = orders::order(&self.pool, id, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn shipment(
        &self,
        reference: &ShipmentRef,
        today: Date,
    ) -> Result<Option<ShipmentResource>, ViewError> {
        let found = shipments::shipment(&self.pool, reference, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn shipments(
        &self,
        filter: &ShipmentFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<ShipmentResource>, ViewError> {
        let ask = shipments::shipments_ask(&self.pool, filter, page)?;
        let found = shipments::shipments(&self.pool, filter, &ask, page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn product(&self, sku: &Sku) -> Result<Option<ProductResource>, ViewError> {
        let found = supply::product(&self.pool, sku).await;
        found.map_err(Fault::into_view_error)
    }

    async fn availability(
        &self,
        sku: &Sku,
        day: &Day,
    ) -> Result<Option<AvailabilityResource>, ViewError> {
        let found = supply::availability(&self.pool, sku, day).await;
        found.map_err(Fault::into_view_error)
    }

    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        let ask = batches::batches_ask(&self.pool, filter, page)?;
        let found = batches::batches(&self.pool, filter, &ask, page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn orders(
        &self,
        filter: &OrderFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<OrderResource>, ViewError> {
        cursor::check_name(page)?;
        let found = orders::orders(&self.pool, filter, page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn recent_orders(
        &self,
        page: &Page,
        today: Date,
    ) -> Result<List<RecentOrder>, ViewError> {
        let from = recents::cursor(page, self.pool.partitions())?;
        let found = recent::recent_orders(&self.pool, from.as_ref(), page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        let ask = products::products_ask(&self.pool, filter, page)?;
        let found = products::products(&self.pool, filter, &ask, page).await;
        found.map_err(Fault::into_view_error)
    }

    async fn backorders(
        &self,
        sku: Option<&Sku>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = cursor::place(page)?;
        let found = lines::backorders(&self.pool, sku, after.as_ref(), page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn waiting(&self) -> Result<Waiting, ViewError> {
        let found = lines::waiting(&self.pool).await;
        found.map_err(Fault::into_view_error)
    }

    async fn overdue(
        &self,
        filter: &OverdueFilter,
        sort: OverdueSort,
        page: &Page,
        today: Date,
    ) -> Result<List<OverdueLine>, ViewError> {
        let after = places::place(page, sort)?;
        let found = overdue::overdue(&self.pool, filter, sort, after.as_ref(), page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn overdue_total(&self, first: usize, today: Date) -> Result<OverdueTotal, ViewError> {
        let total = overdue::total(&self.pool, first, today).await;
        total.map_err(Fault::into_view_error)
    }

    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = cursor::line(page)?;
        let found = lines::lines(&self.pool, status, after.as_ref(), page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn pegged(
        &self,
        batch: &BatchRef,
        page: &Page,
        today: Date,
    ) -> Result<Option<List<LineResource>>, ViewError> {
        let after = cursor::peg(page)?;
        let found = pegged::pegged(&self.pool, batch, after.as_ref(), page, today).await;
        found.map_err(Fault::into_view_error)
    }

    async fn promises_of(&self, batch: &BatchRef) -> Result<Option<Promises>, ViewError> {
        let found = pegged::promises_of(&self.pool, batch).await;
        found.map_err(Fault::into_view_error)
    }

    fn partitions(&self) -> u16 {
        self.pool.partitions()
    }

    async fn end(&self) -> Result<String, ViewError> {
        let end = events::end(&self.pool).await;
        end.map_err(Fault::into_view_error)
    }

    async fn events(&self, page: &Page) -> Result<EventPage, ViewError> {
        let found = events::events(&self.pool, self.log_cursor(page)?, page.limit).await;
        found.map_err(Fault::into_view_error)
    }

    async fn history(&self, thing: &Thing, page: &Page) -> Result<Option<EventPage>, ViewError> {
        let found = history::history(&self.pool, thing, self.log_cursor(page)?, page.limit).await;
        found.map_err(Fault::into_view_error)
    }

    async fn latest(
        &self,
        thing: &Thing,
        limit: usize,
    ) -> Result<Option<Vec<LogRecord>>, ViewError> {
        let found = history::latest(&self.pool, thing, limit).await;
        found.map_err(Fault::into_view_error)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<LogRecord>, ViewError> {
        let found = history::recent(&self.pool, limit).await;
        found.map_err(Fault::into_view_error)
    }

    async fn case(&self, key: &LineKey, holders: usize) -> Result<Option<Case>, ViewError> {
        let found = case::case(&self.pool, key, holders).await;
        found.map_err(Fault::into_view_error)
    }

    async fn inspect(&self, inspect: &mut dyn Inspect) -> Result<(), ViewError> {
        let seen = inspect::inspect(&self.pool, inspect).await;
        seen.map_err(Fault::into_view_error)
    }

    async fn ready(&self) -> Result<(), ViewError> {
        let fit = timeout(READY_WITHIN, async {
            let connection = self.pool.get().await?;
            // A newer version may have migrated the schema since this one was started.
            Ok(schema::fit(&connection).await?)
        });
        let unfit = match fit.await {
            Ok(Ok(Fit::Fits)) => return Ok(()),
            Ok(Err(fault)) => return Err(Fault::into_view_error(fault)),
            Ok(Ok(Fit::Newer(found))) => {
                format!("the database has schema {found}, which needs a newer version")
            }
            Ok(Ok(Fit::Older(found))) => format!("the database has only schema {found}"),
            Err(_) => format!(
                "the database gave no answer for {} seconds",
                READY_WITHIN.as_secs()
            ),
        };
        Err(ViewError::Unavailable(unfit))
    }
}
