//! The audit: what the log says happened, and what the tables say is, must be the same.
//!
//! The events are folded, in order, into what the tables ought to hold; then the tables are held against it
//! and against themselves (conservation), and so are the read models. It reads everything once, in one
//! moment of the database, and keeps about 150 bytes a line: a million lines fit into 200 MB. The same fold
//! makes the read models again ([`crate::rebuild`]).

mod compare;
mod desk;
mod fold;
mod ledger;
mod rows;

#[cfg(test)]
mod tests;

use landfall_domain::product::Counters;
use landfall_domain::{Batch, Event, OrderLine, Shipment, Sku};
use serde::Serialize;

use crate::log::LogRecord;
use crate::views::{AvailabilityView, DeskShown, Inspect, OrderLineView, ViewError, Views};
use desk::DeskLedger;
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
    /// Those that are held, themselves or with their shipment.
    pub held_batches: u64,
    /// Shipments in the tables.
    pub shipments: u64,
    /// Order lines in the tables.
    pub lines: u64,
    /// Those pegged to stock.
    pub allocated_lines: u64,
    /// Those that wait.
    pub backordered_lines: u64,
    /// Those of which nothing is wanted any longer, and a part or all has left.
    pub dispatched_lines: u64,
    /// Those that were cancelled before anything had left.
    pub cancelled_lines: u64,
    /// Those pegged to stock whose promise is later than the original one.
    pub late_lines: u64,
    /// Events in the log.
    pub events: u64,
    /// Promises that were changed, as the log tells.
    pub promises_changed: u64,
    /// Rows of the order view.
    pub order_view_rows: u64,
    /// Rows of the read model of what is available to promise.
    pub availability_rows: u64,
    /// Rows of the desk's worklist.
    pub worklist_rows: u64,
    /// Events that the desk has not taken in: it is compared with the log up to its place.
    pub desk_behind: u64,
    /// Whether the read models are what the log says.
    pub views_equal: bool,
    /// Whether the tables, from which commands are decided, and the log add up; the read models have no say.
    pub tables_ok: bool,
    /// How many things are not as they must be, those in the read models included.
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
    desk: DeskLedger,
    findings: Findings,
    counts: Counts,
}

/// What was seen in the tables.
#[derive(Default)]
struct Counts {
    products: u64,
    batches: u64,
    held_batches: u64,
    shipments: u64,
    lines: u64,
    allocated: u64,
    backordered: u64,
    dispatched: u64,
    cancelled: u64,
    order_view_rows: u64,
    availability_rows: u64,
    late: u64,
    events: u64,
    promises_changed: u64,
}

/// What is wrong: the first in words, all counted.
#[derive(Default)]
struct Findings {
    listed: Vec<String>,
    count: u64,
    /// How many of them are in the read models.
    in_views: u64,
}

impl Findings {
    fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.listed.len() < FINDINGS_LISTED {
            self.listed.push(words());
        }
    }

    /// What is found meanwhile is in the read models.
    fn of_views(&mut self, look: impl FnOnce(&mut Self)) {
        let before = self.count;
        look(self);
        self.in_views += self.count - before;
    }
}

impl Auditor {
    /// What was found. Call it when everything has been shown.
    pub fn finish(mut self) -> AuditReport {
        compare::finish(&mut self.ledger, &mut self.findings);
        self.desk.finish(&mut self.findings);
        AuditReport {
            ok: self.findings.count == 0,
            products: self.counts.products,
            batches: self.counts.batches,
            held_batches: self.counts.held_batches,
            shipments: self.counts.shipments,
            lines: self.counts.lines,
            allocated_lines: self.counts.allocated,
            backordered_lines: self.counts.backordered,
            dispatched_lines: self.counts.dispatched,
            cancelled_lines: self.counts.cancelled,
            late_lines: self.counts.late,
            events: self.counts.events,
            promises_changed: self.counts.promises_changed,
            order_view_rows: self.counts.order_view_rows,
            availability_rows: self.counts.availability_rows,
            worklist_rows: self.desk.rows,
            desk_behind: self.desk.behind(),
            views_equal: self.findings.in_views == 0,
            tables_ok: self.findings.count == self.findings.in_views,
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
        self.desk.event(&self.ledger, record);
        fold::event(&mut self.ledger, record, &mut self.findings);
    }

    fn product(&mut self, _number: u64, sku: &Sku, counters: Counters) {
        self.counts.products += 1;
        compare::product(&mut self.ledger, sku, counters, &mut self.findings);
    }

    fn shipment(&mut self, shipment: &Shipment) {
        self.counts.shipments += 1;
        compare::shipment(&mut self.ledger, shipment, &mut self.findings);
    }

    fn order_line(&mut self, row: &OrderLineView) {
        self.counts.order_view_rows += 1;
        compare::order_line(&mut self.ledger, row, &mut self.findings);
    }

    fn availability(&mut self, row: &AvailabilityView) {
        self.counts.availability_rows += 1;
        compare::availability(&mut self.ledger, row, &mut self.findings);
    }

    fn batch(&mut self, batch: &Batch) {
        self.counts.batches += 1;
        compare::batch(
            &mut self.ledger,
            batch,
            &mut self.counts,
            &mut self.findings,
        );
    }

    fn line(&mut self, line: &OrderLine) {
        self.counts.lines += 1;
        self.counts.late += u64::from(line.late());
        compare::line(&mut self.ledger, line, &mut self.counts, &mut self.findings);
    }

    fn allocated(&mut self, partition: u16, batch_number: u64, units: u64, lines: u64) {
        let batch = (partition, batch_number);
        self.ledger.store_sums.insert(batch, (units, lines));
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.ledger.heads.insert(partition, next_offset);
    }

    fn desk(&mut self, shown: DeskShown<'_>) {
        self.desk.shown(shown, &mut self.findings);
    }
}

/// The read models as the log tells them.
#[derive(Default)]
pub(crate) struct Replay {
    ledger: Ledger,
    findings: Findings,
}

impl Replay {
    /// Takes an event in, in the order of the log.
    pub(crate) fn event(&mut self, record: &LogRecord) {
        fold::event(&mut self.ledger, record, &mut self.findings);
    }

    /// When all events are in: what makes no sense in them, the first of it.
    pub(crate) fn wrong(&self) -> Option<String> {
        let found = self.findings.listed.first().cloned();
        found.or_else(|| {
            let unsettled = |(_, entry): &(_, &ledger::LineEntry)| entry.status().is_none();
            let (at, _) = (0..).zip(&self.ledger.lines).find(unsettled)?;
            let line = self.ledger.line_name(at);
            Some(format!(
                "line {line}: the log does not say what became of it"
            ))
        })
    }

    /// The rows of the order view, in the order in which the lines were first told of.
    pub(crate) fn order_lines(&self) -> impl Iterator<Item = OrderLineView> + Send {
        rows::order_lines(&self.ledger)
    }

    /// The rows of what is available to promise that have units.
    pub(crate) fn availability(&self) -> Vec<AvailabilityView> {
        rows::availability(&self.ledger)
    }
}
