//! The read side: a few connections that only read, short transactions, lists that page by key.

mod case;
mod cursor;
mod events;
mod history;
mod inspect;
mod lines;
mod orders;
mod pegged;
pub(crate) mod pool;
mod shipments;
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
    BatchFilter, Case, EventPage, Inspect, List, OrderFilter, Page, ProductFilter, Promises,
    ShipmentFilter, Thing, ViewError, Views, Waiting,
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
        cursor::check_name(page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| shipments::shipments(connection, &filter, &page, today))
            .await
    }

    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        cursor::check_name(page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| supply::batches(connection, &filter, &page, today))
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

    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        cursor::check_name(page)?;
        let (filter, page) = (filter.clone(), page.clone());
        self.pool
            .read(move |connection| supply::products(connection, &filter, &page))
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
        let after = landfall_service::views::cursor::peg(page)?;
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
        let (after, limit) = (cursor::event(page)?, page.limit);
        self.pool
            .read(move |connection| events::events(connection, after, limit))
            .await
    }

    async fn history(&self, thing: &Thing, page: &Page) -> Result<Option<EventPage>, ViewError> {
        let (after, limit) = (cursor::event(page)?, page.limit);
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
pub(crate) fn statements() -> Vec<String> {
    use cursor::Span;
    use landfall_service::views::Attention;
    use orders::Along;

    let begun = Page {
        after: Some("b".into()),
        limit: 10,
    };
    let spans = [
        Span::new(&Page::default(), None),
        Span::new(&begun, None),
        Span::new(&begun, Some("bc")),
    ];
    let mut statements = vec![
        lines::WAITING_PRODUCTS.to_owned(),
        lines::WAITING.to_owned(),
        lines::QUEUE.clone(),
        lines::BY_KEY.clone(),
        events::EVENTS.to_owned(),
        orders::IN_USE.to_owned(),
        orders::OF_BATCH.to_owned(),
        orders::OF_QUEUE.to_owned(),
        events::EVENT.to_owned(),
        history::ENTRIES.to_owned(),
        history::ENTRIES_BACK.to_owned(),
        events::RECENT.to_owned(),
        pegged::PEGGED.to_owned(),
        history::PREVIOUS.to_owned(),
        history::LINES.to_owned(),
        case::NEWEST.clone(),
        case::HOLDERS.to_owned(),
        supply::AVAILABLE.to_owned(),
        crate::order_view::OF_ORDER.clone(),
        crate::rows::CARGO.clone(),
    ];
    for span in &spans {
        for along in [
            Along::All,
            Along::Batch,
            Along::Product,
            Along::Attention(Attention::Late),
            Along::Attention(Attention::Backordered),
        ] {
            statements.push(orders::along_sql(along, span));
        }
        for backordered in [None, Some(true), Some(false)] {
            let filter = ProductFilter {
                backordered,
                prefix: None,
            };
            statements.push(supply::products_sql(&filter, span));
        }
        statements.push(supply::batches_sql(&BatchFilter::default(), span));
        let filter = BatchFilter {
            sku: "S".parse().ok(),
            available: Some(true),
            in_warehouse: Some(false),
            eta_from: Some(Date::MIN),
            eta_until: Some(Date::MAX),
            held: Some(true),
            clear_until: Some(Date::MAX),
            ..BatchFilter::default()
        };
        statements.push(supply::batches_sql(&filter, span));
        let filter = BatchFilter {
            shipment: "s".parse().ok(),
            ..filter
        };
        statements.push(supply::batches_sql(&filter, span));
        let filter = ShipmentFilter {
            landed: Some(false),
            held: Some(false),
            clear_until: Some(Date::MAX),
            eta_from: Some(Date::MIN),
            eta_until: Some(Date::MAX),
            prefix: None,
        };
        statements.push(shipments::shipments_sql(&filter, span));
    }
    statements
}
