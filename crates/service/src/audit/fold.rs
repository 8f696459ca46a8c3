//! Folds the log: each event changes what the tables ought to hold, and must make sense where it stands.
//!
//! Within one command a batch may have more lines than units: a cut is told before the lines that lose by it.
//! So what adds up is looked at when everything was seen, not here.

mod lines;
mod supply;

use landfall_domain::{Event, LineId, OrderId};

use super::Findings;
use super::ledger::{At, Ledger, LineEntry, Standing};
use crate::log::LogRecord;

/// The log as it is read, one event at a time.
struct Fold<'a> {
    ledger: &'a mut Ledger,
    record: &'a LogRecord,
    findings: &'a mut Findings,
}

/// Takes one event in.
pub(super) fn event(ledger: &mut Ledger, record: &LogRecord, findings: &mut Findings) {
    let expected = ledger.next_offsets.entry(record.partition).or_insert(1);
    if record.offset != *expected {
        let expected = *expected;
        findings.add(|| format!("event {}: offset {expected} should stand here", record.id()));
    }
    *expected = record.offset.saturating_add(1);
    let mut fold = Fold {
        ledger,
        record,
        findings,
    };
    match &record.event {
        Event::BatchCreated { .. }
        | Event::BatchQuantityChanged { .. }
        | Event::BatchEtaChanged { .. }
        | Event::BatchHeld { .. }
        | Event::BatchReleased { .. }
        | Event::BatchReceived { .. }
        | Event::BatchCancelled { .. } => fold.batch_event(),
        Event::ShipmentCreated { .. }
        | Event::ShipmentEtaChanged { .. }
        | Event::ShipmentHeld { .. }
        | Event::ShipmentReleased { .. }
        | Event::ShipmentReceived { .. } => fold.shipment_event(),
        Event::OrderPlaced {
            order_id, lines, ..
        } => {
            for line_id in lines {
                fold.ledger.line(order_id, line_id);
            }
        }
        Event::Allocated { .. }
        | Event::Deallocated { .. }
        | Event::Backordered { .. }
        | Event::OutOfStock { .. }
        | Event::PromiseChanged { .. }
        | Event::LineAmended { .. }
        | Event::LineCancelled { .. }
        | Event::Dispatched { .. } => fold.line_event(),
    }
}

impl Fold<'_> {
    fn wrong(&mut self, words: impl std::fmt::Display) {
        let record = self.record;
        self.findings
            .add(|| format!("event {}: {} {words}", record.id(), record.event.kind()));
    }

    fn wrong_if(&mut self, wrong: bool, words: &str) {
        if wrong {
            self.wrong(words);
        }
    }

    /// The line of an event that is not its first.
    fn known(&mut self, order_id: &OrderId, line_id: &LineId) -> Option<At> {
        let at = self.ledger.find_line(order_id, line_id);
        let entry = at.map(|at| &self.ledger.lines[at as usize]);
        let Some(entry) = entry.filter(|line| line.standing != Standing::Named) else {
            self.wrong(format_args!(
                "of line {order_id}/{line_id}, which was never accepted"
            ));
            return None;
        };
        let product = &self.ledger.products[entry.product as usize].sku;
        let elsewhere = self.record.sku.as_ref() != Some(product);
        self.wrong_if(elsewhere, "of a line of another product");
        at
    }

    fn line(&mut self, at: At) -> &mut LineEntry {
        &mut self.ledger.lines[at as usize]
    }
}
