//! The port of the read side. It is never used to decide.

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{Batch, BatchRef, Day, OrderId, OrderLine, Sku};

use crate::log::LogRecord;
use crate::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
};

/// Why a view could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The caller's cursor is none of ours.
    #[error("the cursor is not one that this list gave")]
    BadCursor,
    /// The database cannot be read at present.
    #[error("{0}")]
    Unavailable(String),
    /// What is in the database makes no sense.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The cursor of the page before, as that page gave it.
    pub after: Option<String>,
    /// At most so many items.
    pub limit: usize,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where to go on; none at the end. Plain text: entrypoints encode it.
    pub next: Option<String>,
}

/// Which batches. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFilter {
    /// Of this product.
    pub sku: Option<Sku>,
    /// With free units, or without.
    pub available: Option<bool>,
    /// In the warehouse (no ETA), or inbound.
    pub in_warehouse: Option<bool>,
    /// Expected on or before this day.
    pub eta_until: Option<Date>,
    /// Whose reference begins so.
    pub prefix: Option<String>,
}

/// Which orders. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// With a line pegged to this batch.
    pub batch: Option<BatchRef>,
    /// With a line of this product that is allocated or waits.
    pub sku: Option<Sku>,
    /// Whose id begins so.
    pub prefix: Option<String>,
}

/// Which products. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// With lines that wait, or without.
    pub backordered: Option<bool>,
    /// Whose SKU begins so.
    pub prefix: Option<String>,
}

/// The events after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// In the order of offsets within each partition.
    pub events: Vec<LogRecord>,
    /// Where to go on, always. Plain text: entrypoints encode it.
    pub next: String,
}

/// What an audit is shown, all of one moment. Each `Err` of a visitor ends the scan.
pub trait Inspect: Send {
    /// An event, in the order of the log.
    fn event(&mut self, record: &LogRecord);
    /// A product's row, after all events.
    fn product(&mut self, number: u64, sku: &Sku, version: u64, backordered: u64);
    /// A batch's row.
    fn batch(&mut self, batch: &Batch);
    /// A line's row, its allocations included as the store keeps them.
    fn line(&mut self, line: &OrderLine);
    /// What the store's own record of a batch's allocations adds up to, where it keeps one beside the
    /// lines: units and number of lines.
    fn allocated(&mut self, batch_number: u64, units: u64, lines: u64);
    /// The head's next offset.
    fn head(&mut self, partition: u16, next_offset: u64);
}

/// The read side of a database.
#[async_trait]
pub trait Views: Send + Sync + 'static {
    /// One batch.
    async fn batch(
        &self,
        reference: &BatchRef,
        today: Date,
    ) -> Result<Option<BatchResource>, ViewError>;

    /// One order with all its lines.
    async fn order(&self, id: &OrderId, today: Date) -> Result<Option<OrderResource>, ViewError>;

    /// One product.
    async fn product(&self, sku: &Sku) -> Result<Option<ProductResource>, ViewError>;

    /// Available-to-promise by date.
    async fn availability(
        &self,
        sku: &Sku,
        day: &Day,
    ) -> Result<Option<AvailabilityResource>, ViewError>;

    /// Batches, by reference.
    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError>;

    /// Orders with their lines, by id.
    async fn orders(
        &self,
        filter: &OrderFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<OrderResource>, ViewError>;

    /// Products, by SKU.
    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError>;

    /// Lines that wait, by SKU and then in the order in which they are filled.
    async fn backorders(
        &self,
        sku: Option<&Sku>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError>;

    /// Lines by order id and line id, of this status or of any: what an export walks through.
    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError>;

    /// The log after a cursor (`page.after`; none: from the beginning).
    async fn events(&self, page: &Page) -> Result<EventPage, ViewError>;

    /// Shows everything, of one moment, to an audit.
    async fn inspect(&self, inspect: &mut dyn Inspect) -> Result<(), ViewError>;

    /// Whether the database answers and has the schema of this binary; the reason where not.
    async fn ready(&self) -> Result<(), ViewError>;
}
