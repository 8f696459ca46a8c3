//! Everything that a database holds, to be compared with another one.

mod check;

use landfall_domain::product::Counters;
use landfall_domain::{Batch, OrderLine, Shipment, Sku};
use landfall_service::LogRecord;
use landfall_service::audit::audit;
use landfall_service::views::{AvailabilityView, Inspect, OrderLineView, Views};

/// Everything that a database holds: what two databases with one history have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The log.
    pub events: Vec<LogRecord>,
    /// Number, SKU and the product's own row; by number.
    pub products: Vec<(u64, Sku, Counters)>,
    /// By reference.
    pub shipments: Vec<Shipment>,
    /// The order view, by line.
    pub order_lines: Vec<OrderLineView>,
    /// What is available to promise, by SKU and day; days without units are left out.
    pub availability: Vec<AvailabilityView>,
    /// By number.
    pub batches: Vec<Batch>,
    /// By number.
    pub lines: Vec<OrderLine>,
    /// Partitions and their next offsets.
    pub heads: Vec<(u16, u64)>,
}

impl Inspect for State {
    fn event(&mut self, record: &LogRecord) {
        self.events.push(record.clone());
    }

    fn product(&mut self, number: u64, sku: &Sku, counters: Counters) {
        self.products.push((number, sku.clone(), counters));
    }

    fn shipment(&mut self, shipment: &Shipment) {
        self.shipments.push(shipment.clone());
    }

    fn order_line(&mut self, row: &OrderLineView) {
        self.order_lines.push(row.clone());
    }

    fn availability(&mut self, row: &AvailabilityView) {
        if row.units > 0 {
            self.availability.push(row.clone());
        }
    }

    fn batch(&mut self, batch: &Batch) {
        self.batches.push(batch.clone());
    }

    fn line(&mut self, line: &OrderLine) {
        self.lines.push(line.clone());
    }

    fn allocated(&mut self, _partition: u16, _batch_number: u64, _units: u64, _lines: u64) {
        // The audit compares these with the lines; not every store keeps them.
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.heads.push((partition, next_offset));
    }
}

/// Everything that is there now. It must be in order, and pass the audit.
pub async fn state(views: &dyn Views) -> State {
    let state = shown(views).await;
    state.check();
    audit_passes(views).await;
    state
}

/// Everything that is there now, in a fixed order.
async fn shown(views: &dyn Views) -> State {
    let mut state = State::default();
    views
        .inspect(&mut state)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    // Numbers are given in each partition apart.
    state
        .products
        .sort_by(|(a, one, _), (b, other, _)| (a, one).cmp(&(b, other)));
    state
        .batches
        .sort_by(|a, b| (a.number, &a.sku).cmp(&(b.number, &b.sku)));
    state
        .lines
        .sort_by(|a, b| (a.number, &a.sku).cmp(&(b.number, &b.sku)));
    state.heads.sort_unstable();
    state
        .shipments
        .sort_by(|a, b| a.reference.cmp(&b.reference));
    state.order_lines.sort_by(|a, b| a.key.cmp(&b.key));
    state
        .availability
        .sort_by(|a, b| (&a.sku, a.supply).cmp(&(&b.sku, b.supply)));
    state
}

async fn audit_passes(views: &dyn Views) {
    let report = audit(views).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(report.ok, "the audit finds {:#?}", report.findings);
}
