//! Everything that a database holds, to be compared with another one.

use landfall_domain::{Batch, OrderLine, Sku};
use landfall_service::LogRecord;
use landfall_service::audit::Auditor;
use landfall_service::views::{Inspect, Views};

/// Everything that a database holds: what two databases with one history have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The log.
    pub events: Vec<LogRecord>,
    /// Number, SKU, version, and how many lines wait; by number.
    pub products: Vec<(u64, Sku, u64, u64)>,
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

    fn product(&mut self, number: u64, sku: &Sku, version: u64, backordered: u64) {
        self.products
            .push((number, sku.clone(), version, backordered));
    }

    fn batch(&mut self, batch: &Batch) {
        self.batches.push(batch.clone());
    }

    fn line(&mut self, line: &OrderLine) {
        self.lines.push(line.clone());
    }

    fn allocated(&mut self, _batch_number: u64, _units: u64, _lines: u64) {
        // The audit compares these with the lines; not every store keeps them.
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.heads.push((partition, next_offset));
    }
}

/// Everything that is there now. It must pass the audit.
pub async fn state(views: &dyn Views) -> State {
    let mut state = State::default();
    views
        .inspect(&mut state)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    state.products.sort();
    state.batches.sort_by_key(|batch| batch.number);
    state.lines.sort_by_key(|line| line.number);
    state.heads.sort_unstable();
    let mut auditor = Auditor::default();
    views
        .inspect(&mut auditor)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let report = auditor.finish();
    assert!(report.ok, "the audit finds {:#?}", report.findings);
    let known = report.allocated_lines + report.backordered_lines + report.cancelled_lines;
    assert_eq!(known, report.lines, "nobody is forgotten");
    state
}
