//! The audit: what the log says happened, and what the tables say is, must be the same.
//!
//! The events are folded, in order, into what the tables ought to hold; then the tables are held against it
//! and against themselves (conservation). It reads everything once, in one moment of the database, and keeps
//! about 150 bytes a line: a million lines fit into 200 MB.

mod compare;
mod fold;
mod ledger;

#[cfg(test)]
mod tests;

use landfall_domain::product::Counters;
use landfall_domain::{Batch, Event, OrderLine, Shipment, Sku};
use serde::Serialize;

use crate::log::LogRecord;
use crate::views::{AvailabilityView, Inspect, OrderLineView, ViewError, Views};
use ledger::Ledger;

/// How many findings a report lists; all are counted.
pub const FINDINGS_LISTED: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Whether everything is as it must be.
    pub ok: bool,
    /// Products in the tables.
    pub products: u64,
    /// Batches in the tables.
    pub batches: u64,
    /// Order lines in the tables.
    pub lines: u64,
    /// Those pegged to stock.
    pub allocated_lines: u64,
    /// Those that wait.
    pub backordered_lines: u64,
    /// Those that were cancelled.
    pub cancelled_lines: u64,
    /// Those pegged to stock whose promise is later than the original one.
    pub late_lines: u64,
    /// Events in the log.
    pub events: u64,
    /// Promises that were changed, as the log tells.
    pub promises_changed: u64,
    /// How many things are not as they must be.
    pub findings_count: u64,
    /// The first of them, in words.
    pub findings: Vec<String>,
}

/// Audits a database.
pub async fn audit(views: &dyn Views) -> Result<AuditReport, ViewError> {
    let mut auditor = Auditor::default();
    views.inspect(&mut auditor).await?;
    Ok(auditor.finish())
}

/// Takes in everything that a database holds, and tells what is wrong with it.
#[derive(Default)]
pub struct Auditor {
    ledger: Ledger,
    findings: Findings,
    counts: Counts,
}

/// What was seen in the tables.
#[derive(Default)]
struct Counts {
    products: u64,
    batches: u64,
    lines: u64,
    allocated: u64,
    backordered: u64,
    cancelled: u64,
    late: u64,
    events: u64,
    promises_changed: u64,
}

/// What is wrong: the first in words, all counted.
#[derive(Default)]
struct Findings {
    listed: Vec<String>,
    count: u64,
}

impl Findings {
    fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.listed.len() < FINDINGS_LISTED {
            self.listed.push(words());
        }
    }
}

impl Auditor {
    /// What was found. Call it when everything has been shown.
    pub fn finish(mut self) -> AuditReport {
        compare::finish(&self.ledger, &mut self.findings);
        AuditReport {
            ok: self.findings.count == 0,
            products: self.counts.products,
            batches: self.counts.batches,
            lines: self.counts.lines,
            allocated_lines: self.counts.allocated,
            backordered_lines: self.counts.backordered,
            cancelled_lines: self.counts.cancelled,
            late_lines: self.counts.late,
            events: self.counts.events,
            promises_changed: self.counts.promises_changed,
            findings_count: self.findings.count,
            findings: self.findings.listed,
        }
    }
}

impl Inspect for Auditor {
    fn event(&mut self, record: &LogRecord) {
        self.counts.events += 1;
        self.counts.promises_changed +=
            u64::from(matches!(record.event, Event::PromiseChanged { .. }));
        fold::event(&mut self.ledger, record, &mut self.findings);
    }

    fn product(&mut self, _number: u64, sku: &Sku, counters: Counters) {
        self.counts.products += 1;
        compare::product(
            &mut self.ledger,
            sku,
            counters.version,
            counters.backordered,
            &mut self.findings,
        );
    }

    fn shipment(&mut self, _shipment: &Shipment) {}

    fn order_line(&mut self, _row: &OrderLineView) {}

    fn availability(&mut self, _row: &AvailabilityView) {}

    fn batch(&mut self, batch: &Batch) {
        self.counts.batches += 1;
        compare::batch(&mut self.ledger, batch, &mut self.findings);
    }

    fn line(&mut self, line: &OrderLine) {
        self.counts.lines += 1;
        // A damaged line may have no status that could be computed.
        let late = !line.allocations.is_empty() && line.current_promise > line.original_promise;
        self.counts.late += u64::from(late);
        compare::line(&mut self.ledger, line, &mut self.counts, &mut self.findings);
    }

    fn allocated(&mut self, batch_number: u64, units: u64, lines: u64) {
        self.ledger.store_sums.insert(batch_number, (units, lines));
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.ledger.heads.insert(partition, next_offset);
    }
}
