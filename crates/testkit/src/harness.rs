//! A running engine on a database of its own, and what a test asks of it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use landfall_domain::{LineKey, OrderId, Rejection};
use landfall_service::audit::{AuditReport, audit};
use landfall_service::desk::Desk;
use landfall_service::desk::tables::DeskTables;
use landfall_service::engine::{self, Limits, Running, Stats};
use landfall_service::relay::Relays;
use landfall_service::resources::{
    BatchResource, LineResource, OrderResource, ProductResource, ShipmentResource,
};
use landfall_service::store::Store as _;
use landfall_service::views::{Page, Views};
use landfall_service::{Answer, Bus, Done, Failure, LogRecord, Reply, Request};
use tokio::sync::watch;

use crate::clock::FixedClock;
use crate::commands::name;
use crate::contract::desk::DeskDatabase;
use crate::contract::relays::RelayDatabase;
use crate::database::Database;
use crate::faulty::{Faults, Faulty};
use crate::state::{State, state};

/// The engine, its database, and its clock.
pub struct Harness<D: Database> {
    /// Where commands go.
    pub bus: Bus,
    /// The engine's clock.
    pub clock: Arc<FixedClock>,
    /// The read side.
    pub views: Arc<dyn Views>,
    /// What goes wrong: nothing, until a test says so.
    pub faults: Faults,
    running: Running,
    database: D,
    partitions: u16,
}

impl<D: Database> Harness<D> {
    /// On a new database, with the default limits and no handling days.
    pub fn start() -> Self {
        Self::start_with(Limits::default(), 0)
    }

    /// On a new database, with these limits and handling days.
    pub fn start_with(limits: Limits, handling_days: u16) -> Self {
        Self::start_on(D::create(), FixedClock::new(), limits, handling_days)
    }

    /// On this database, at this clock.
    pub fn start_on(
        mut database: D,
        clock: Arc<FixedClock>,
        limits: Limits,
        handling_days: u16,
    ) -> Self {
        let faults = Faults::default();
        let views = database.views();
        let store = Faulty::new(database.store(), &faults);
        let partitions = store.partitions();
        let open = database.reader();
        let none = Faults::default();
        let reader = move || open().map(|store| Faulty::new(store, &none));
        let started = engine::start(store, reader, clock.calendar(handling_days), limits);
        let (bus, running) = started.unwrap_or_else(|error| panic!("no engine: {error}"));
        Self {
            bus,
            clock,
            views,
            faults,
            running,
            database,
            partitions,
        }
    }

    /// How many partitions the database has.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// Stops the engine when it has answered everything, and gives the database back. All other clones of
    /// the bus must be gone.
    pub fn stop(self) -> D {
        drop((self.bus, self.views));
        self.running.join();
        self.database
    }

    /// What the engine counts.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.running.stats)
    }

    /// Changes when the engine has committed something.
    pub fn commits(&self) -> watch::Receiver<()> {
        self.running.commits.clone()
    }

    /// The database itself.
    pub fn database(&self) -> &D {
        &self.database
    }

    /// Where relays of this database keep their place.
    pub fn relays(&self) -> Arc<dyn Relays>
    where
        D: RelayDatabase,
    {
        self.database.relays()
    }

    /// The desk of this database, opened anew: what is asked of it, and its tables.
    pub fn desk(&self) -> (Arc<dyn Desk>, Arc<dyn DeskTables>)
    where
        D: DeskDatabase,
    {
        self.database.desk()
    }

    /// The day that the engine's clock tells.
    pub fn today(&self) -> Date {
        self.clock.calendar(0).read().1.today
    }

    /// Carries out a command.
    pub async fn handle(&self, request: impl Into<Request>) -> Answer {
        self.bus.handle(request).await
    }

    /// Carries out a command that must be accepted.
    pub async fn done(&self, request: impl Into<Request>) -> Done {
        let request = request.into();
        let answer = self.handle(request.clone()).await;
        answer.unwrap_or_else(|failure| panic!("{request:?} is refused: {failure}"))
    }

    /// Carries out commands that must be accepted, one after the other.
    pub async fn all(&self, requests: impl IntoIterator<Item = Request>) {
        for request in requests {
            self.done(request).await;
        }
    }

    /// Carries out a command that must be accepted, and gives the line back.
    pub async fn line(&self, request: impl Into<Request>) -> LineResource {
        match self.done(request).await.reply {
            Reply::Line(line) => line,
            other => panic!("not a line: {other:?}"),
        }
    }

    /// Carries out a command that must be accepted, and gives the batch back.
    pub async fn batch(&self, request: impl Into<Request>) -> BatchResource {
        match self.done(request).await.reply {
            Reply::Batch(batch) => batch,
            other => panic!("not a batch: {other:?}"),
        }
    }

    /// Carries out a command that must be accepted, and gives the order back.
    pub async fn order(&self, request: impl Into<Request>) -> OrderResource {
        match self.done(request).await.reply {
            Reply::Order(order) => order,
            other => panic!("not an order: {other:?}"),
        }
    }

    /// Carries out a command that must be accepted, and gives the shipment back.
    pub async fn shipment(&self, request: impl Into<Request>) -> ShipmentResource {
        match self.done(request).await.reply {
            Reply::Shipment(shipment) => shipment,
            other => panic!("not a shipment: {other:?}"),
        }
    }

    /// Carries out a command that must be refused, and says why.
    pub async fn refused(&self, request: impl Into<Request>) -> Rejection {
        let request = request.into();
        match self.handle(request.clone()).await {
            Err(Failure::Rejected(rejection)) => rejection,
            other => panic!("{request:?} is not refused: {other:?}"),
        }
    }

    /// The batch as it stands in the views.
    pub async fn see_batch(&self, reference: &str) -> BatchResource {
        let found = self.views.batch(&name(reference), self.today()).await;
        found
            .unwrap_or_else(|error| panic!("{error}"))
            .unwrap_or_else(|| panic!("no batch {reference}"))
    }

    /// The shipment as it stands in the views.
    pub async fn see_shipment(&self, reference: &str) -> ShipmentResource {
        let found = self.views.shipment(&name(reference), self.today()).await;
        found
            .unwrap_or_else(|error| panic!("{error}"))
            .unwrap_or_else(|| panic!("no shipment {reference}"))
    }

    /// The line as it stands in the views.
    pub async fn see_line(&self, order: &str, line: &str) -> LineResource {
        let lines = self.see_order(order).await.lines;
        let found = lines
            .into_iter()
            .find(|found| found.line_id.as_str() == line);
        found.unwrap_or_else(|| panic!("no line {line} in order {order}"))
    }

    /// The order as it stands in the views.
    pub async fn see_order(&self, order: &str) -> OrderResource {
        let id: OrderId = name(order);
        let found = self.views.order(&id, self.today()).await;
        found
            .unwrap_or_else(|error| panic!("{error}"))
            .unwrap_or_else(|| panic!("no order {order}"))
    }

    /// The product as it stands in the views.
    pub async fn see_product(&self, sku: &str) -> ProductResource {
        let found = self.views.product(&name(sku)).await;
        found
            .unwrap_or_else(|error| panic!("{error}"))
            .unwrap_or_else(|| panic!("no product {sku}"))
    }

    /// The keys of the lines of a product that wait, in the order in which they are filled.
    pub async fn queue(&self, sku: &str) -> Vec<LineKey> {
        let page = Page {
            after: None,
            limit: 10_000,
        };
        let found = self
            .views
            .backorders(Some(&name(sku)), &page, self.today())
            .await;
        let lines = found.unwrap_or_else(|error| panic!("{error}")).items;
        let key = |line: LineResource| LineKey {
            order_id: line.order_id,
            line_id: line.line_id,
        };
        lines.into_iter().map(key).collect()
    }

    /// The whole log, in the order in which it was written since the engine was started: the log itself
    /// keeps an order within each partition only.
    pub async fn events(&self) -> Vec<LogRecord> {
        let mut events = all_events(&*self.views).await;
        let committed = self.faults.committed();
        let written = committed.iter().flat_map(|changes| &changes.events);
        let place = |record: &LogRecord| (record.partition, record.offset);
        let places: HashMap<_, _> = written.map(place).zip(1..).collect();
        // What is from before comes first.
        events.sort_by_key(|record| places.get(&place(record)).copied().unwrap_or(0));
        events
    }

    /// The types of the events that a piece of work writes.
    pub async fn kinds_of<F: Future>(&self, work: F) -> Vec<&'static str> {
        let before = self.events().await.len();
        work.await;
        self.events().await[before..]
            .iter()
            .map(|record| record.event.kind())
            .collect()
    }

    /// Sees that everything is in order: counts, read models, and what the log says.
    pub async fn in_order(&self) {
        self.state().await;
    }

    /// Everything that the database holds, which must be in order.
    pub async fn state(&self) -> State {
        state(&*self.views).await
    }

    /// Audits the database, which must be in order.
    pub async fn audit(&self) -> AuditReport {
        let report = audit(&*self.views)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(report.ok, "the audit finds {:#?}", report.findings);
        report
    }
}

/// The whole log, read in pieces.
pub async fn all_events(views: &dyn Views) -> Vec<LogRecord> {
    let mut events = Vec::new();
    let mut page = Page {
        after: None,
        limit: 1_000,
    };
    loop {
        let read = views
            .events(&page)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        if read.events.is_empty() {
            return events;
        }
        events.extend(read.events);
        page.after = Some(read.next);
    }
}
