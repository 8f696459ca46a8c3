//! The port of the read side. It is never used to decide.

pub mod cursor;
mod filters;
pub mod overdue;
mod promises;
pub mod recent;
pub mod sorted;

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{
    Allocation, Batch, BatchRef, Day, Deliver, LineKey, OrderId, OrderLine, Policy, Priority,
    Shipment, ShipmentRef, Sku, Supply,
};

use landfall_domain::product::Counters;

use crate::desk::Figures;
use crate::desk::tables::{BatchRow, Place, WorkRow};
use crate::log::LogRecord;
use crate::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};

pub use filters::{
    Attention, BatchFilter, BatchSort, OrderFilter, ProductFilter, ProductSort, ShipmentFilter,
    ShipmentSort,
};
pub use overdue::{OverdueFilter, OverdueLine, OverdueSort, OverdueTotal};
pub use promises::{PROMISES_LOOKED_AT, Promises, PromisesOfDay};
pub use recent::RecentOrder;

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

/// The events after a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// In the order of offsets within each partition.
    pub events: Vec<LogRecord>,
    /// Where to go on, always. Plain text: entrypoints encode it.
    pub next: String,
}

/// Something that has a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// An order: that it was placed, and all that happened to its lines.
    Order(OrderId),
    /// A batch: what happened to it, not who took from it.
    Batch(BatchRef),
    /// A product: all that happened to its batches and lines.
    Product(Sku),
    /// A shipment: what happened to it and to its batches.
    Shipment(ShipmentRef),
}

/// The order view, a read model: one row for each line, all that an order's page shows of it. It is written in
/// the commit that changes the line, and can be made again from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLineView {
    /// The line.
    pub key: LineKey,
    /// What is wanted.
    pub sku: Sku,
    /// Units wanted.
    pub quantity: u64,
    /// Units that have left.
    pub dispatched: u64,
    /// Where it stands.
    pub status: Status,
    /// The day on which the customer would like it.
    pub requested_date: Option<Date>,
    /// 0–9, higher first.
    pub priority: Priority,
    /// Which batch it prefers.
    pub policy: Policy,
    /// Whether it goes out with the other lines of its order.
    pub deliver: Deliver,
    /// The first promise.
    pub original_promise: Option<Date>,
    /// The promise that holds.
    pub current_promise: Option<Date>,
    /// What it is pegged to.
    pub allocations: Vec<Allocation>,
}

impl OrderLineView {
    /// The row of a line.
    pub fn of(line: &OrderLine) -> Self {
        Self {
            key: line.key.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            dispatched: line.dispatched,
            status: line.status(),
            requested_date: line.terms.requested_date,
            priority: line.terms.priority,
            policy: line.terms.policy,
            deliver: line.terms.deliver,
            original_promise: line.original_promise,
            current_promise: line.current_promise,
            allocations: line.allocations.clone(),
        }
    }
}

/// Available-to-promise, a read model: the units of a product that can be promised of the goods of one day. A
/// day without units has no row, or one of 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityView {
    /// The product.
    pub sku: Sku,
    /// The day of the goods; never [`Supply::Never`].
    pub supply: Supply,
    /// Units.
    pub units: u64,
}

/// All that an explanation of a line needs, of one moment.
#[derive(Debug, Clone)]
pub struct Case {
    /// The line.
    pub line: OrderLine,
    /// The batches of its product: all that it is pegged to, all with free units, and others, in the order of
    /// [`Batch::earliest_first`].
    pub batches: Vec<CaseBatch>,
    /// How many batches of the product are left out, because there are too many: none of them has free units.
    pub left_out: u64,
    /// The line's own events, the oldest first.
    pub events: Vec<LogRecord>,
}

/// A batch of a [`Case`].
#[derive(Debug, Clone)]
pub struct CaseBatch {
    /// The batch.
    pub batch: Batch,
    /// The lines that would lose its stock last, up to as many as were asked for.
    pub holders: Vec<OrderLine>,
    /// How many lines hold stock of it.
    pub lines: u64,
}

/// How much waits for stock, over all products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Lines that wait.
    pub lines: u64,
    /// Products of which any wait.
    pub products: u64,
}

/// What an audit is shown, all of one moment.
pub trait Inspect: Send {
    /// An event, in the order of the log.
    fn event(&mut self, record: &LogRecord);
    /// A product's row, after all events.
    fn product(&mut self, number: u64, sku: &Sku, counters: Counters);
    /// A shipment's row.
    fn shipment(&mut self, shipment: &Shipment);
    /// A batch's row.
    fn batch(&mut self, batch: &Batch);
    /// A line's row, its allocations included as the store keeps them.
    fn line(&mut self, line: &OrderLine);
    /// A row of the order view.
    fn order_line(&mut self, row: &OrderLineView);
    /// A row of the read model of what is available to promise.
    fn availability(&mut self, row: &AvailabilityView);
    /// What the store's own record of a batch's allocations adds up to, where it keeps one beside the
    /// lines: units and number of lines. The batch's number is one of its product's partition.
    fn allocated(&mut self, partition: u16, batch_number: u64, units: u64, lines: u64);
    /// The head's next offset.
    fn head(&mut self, partition: u16, next_offset: u64);
    /// What the desk holds: its places before all events, the rest after them. Nothing of one that was not begun.
    /// Who does not look at the desk does nothing.
    fn desk(&mut self, _shown: DeskShown<'_>) {}
}

/// What an audit is shown of the desk.
#[derive(Debug, Clone, Copy)]
pub enum DeskShown<'r> {
    /// Where it stands in a partition.
    Place(&'r Place),
    /// A row of the worklist.
    Line(&'r WorkRow),
    /// What it knows of a batch.
    Batch(&'r BatchRow),
    /// The figures of a day, of a partition.
    Day(u16, Date, &'r Figures),
}

/// Replaces the read models by others that were made from the log. Nobody else writes meanwhile.
#[async_trait]
pub trait Rebuild: Send {
    /// Keeps others from writing from now on until the rows are written. It is called before the log is read. A
    /// database that only one process can write at a time has nothing to do.
    async fn hold(&mut self) -> Result<(), ViewError> {
        Ok(())
    }

    /// Writes these rows in one commit, in place of those that are there. The numbers of their batches are
    /// 0, because the log does not tell them: a store that keeps them looks them up by the reference.
    async fn rebuild(
        &mut self,
        order_lines: &mut (dyn Iterator<Item = OrderLineView> + Send),
        availability: &mut (dyn Iterator<Item = AvailabilityView> + Send),
    ) -> Result<(), ViewError>;
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

    /// One shipment with its batches.
    async fn shipment(
        &self,
        reference: &ShipmentRef,
        today: Date,
    ) -> Result<Option<ShipmentResource>, ViewError>;

    /// Shipments without their batches.
    async fn shipments(
        &self,
        filter: &ShipmentFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<ShipmentResource>, ViewError>;

    /// One product.
    async fn product(&self, sku: &Sku) -> Result<Option<ProductResource>, ViewError>;

    /// Available-to-promise by date.
    async fn availability(
        &self,
        sku: &Sku,
        day: &Day,
    ) -> Result<Option<AvailabilityResource>, ViewError>;

    /// Batches.
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

    /// Orders with their lines, those first that changed last: see [`recent`]. A page may be short, and its cursor
    /// leads on all the same.
    async fn recent_orders(&self, page: &Page, today: Date)
    -> Result<List<RecentOrder>, ViewError>;

    /// Products.
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

    /// How much waits. It costs in proportion to the products of which any line waits, however many lines that is.
    async fn waiting(&self) -> Result<Waiting, ViewError>;

    /// Lines that should have left, see [`overdue`].
    async fn overdue(
        &self,
        filter: &OverdueFilter,
        sort: OverdueSort,
        page: &Page,
        today: Date,
    ) -> Result<List<OverdueLine>, ViewError>;

    /// How much should have left, and the first lines of it, the longest overdue. It costs in proportion to the batches
    /// that are looked at.
    async fn overdue_total(&self, first: usize, today: Date) -> Result<OverdueTotal, ViewError>;

    /// Lines by order id and line id, of this status or of any: what an export walks through.
    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError>;

    /// Lines that have stock of a batch, those first that would lose it last: by priority, then promise, then age, and
    /// those before all of which a part has left. `None`: there is no such batch.
    async fn pegged(
        &self,
        batch: &BatchRef,
        page: &Page,
        today: Date,
    ) -> Result<Option<List<LineResource>>, ViewError>;

    /// For which days the goods of a batch are promised, of at most [`PROMISES_LOOKED_AT`] lines, those first that would
    /// lose them last. `None`: there is no such batch.
    async fn promises_of(&self, batch: &BatchRef) -> Result<Option<Promises>, ViewError>;

    /// How many partitions the database has.
    fn partitions(&self) -> u16 {
        1
    }

    /// Where the log ends: the cursor after its last event, as [`EventPage::next`] has it.
    async fn end(&self) -> Result<String, ViewError>;

    /// The log after a cursor (`page.after`; none: from the beginning).
    async fn events(&self, page: &Page) -> Result<EventPage, ViewError>;

    /// The history of one thing after a cursor, the oldest first; `None`: there is no such thing.
    async fn history(&self, thing: &Thing, page: &Page) -> Result<Option<EventPage>, ViewError>;

    /// The last events of one thing, the newest first, at most so many, found without a look at those before; `None`:
    /// there is no such thing.
    async fn latest(
        &self,
        thing: &Thing,
        limit: usize,
    ) -> Result<Option<Vec<LogRecord>>, ViewError>;

    /// The last events of the whole log, the newest first, at most so many.
    async fn recent(&self, limit: usize) -> Result<Vec<LogRecord>, ViewError>;

    /// What an explanation of a line needs: of each batch so many of its lines. `None`: there is no such line.
    async fn case(&self, key: &LineKey, holders: usize) -> Result<Option<Case>, ViewError>;

    /// Shows everything, of one moment, to an audit.
    async fn inspect(&self, inspect: &mut dyn Inspect) -> Result<(), ViewError>;

    /// Whether the database answers and has the schema of this binary; the reason where not.
    async fn ready(&self) -> Result<(), ViewError>;
}
