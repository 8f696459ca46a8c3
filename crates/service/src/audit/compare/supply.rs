//! The rows of batches and shipments against the log.

use landfall_domain::{Batch, Shipment};

use super::differ;
use crate::audit::ledger::{BatchEntry, BatchRow, Ledger, Taken};
use crate::audit::{Counts, Findings};
use crate::store::partition_of;

/// Takes a batch's row in.
pub(in crate::audit) fn batch(
    ledger: &mut Ledger,
    row: &Batch,
    counts: &mut Counts,
    findings: &mut Findings,
) {
    // Taken apart, so that no field is forgotten.
    let Batch {
        number,
        reference,
        sku,
        location,
        shipment,
        eta,
        hold,
        shipment_hold,
        received,
        landed,
        purchased,
        allocated,
        dispatched,
        first_quantity,
        first_eta,
    } = row;
    counts.held_batches += u64::from(hold.is_some() || shipment_hold.is_some());
    let name = || format!("batch {reference}");
    let gone = allocated.checked_add(*dispatched);
    if gone.is_none_or(|gone| gone > *purchased) {
        findings.add(|| {
            format!(
                "{}: {allocated} allocated and {dispatched} dispatched of {purchased} purchased",
                name()
            )
        });
    }
    let Some(at) = ledger.find_batch(reference) else {
        return findings.add(|| format!("{}: the log does not know it", name()));
    };
    let entry = &mut ledger.batches[at as usize];
    let log = &entry.batch;
    differ(findings, &name, "sku", sku, &log.sku);
    differ(findings, &name, "location", location, &log.location);
    differ(findings, &name, "shipment", shipment, &log.shipment);
    differ(findings, &name, "eta", eta, &log.eta);
    differ(findings, &name, "the hold", hold, &log.hold);
    let field = "the shipment's hold";
    differ(findings, &name, field, shipment_hold, &log.shipment_hold);
    differ(findings, &name, "received", received, &log.received);
    differ(findings, &name, "the landing", landed, &log.landed);
    differ(findings, &name, "purchased", purchased, &log.purchased);
    differ(findings, &name, "allocated", allocated, &log.allocated);
    differ(findings, &name, "dispatched", dispatched, &log.dispatched);
    let field = "the first quantity";
    differ(findings, &name, field, first_quantity, &log.first_quantity);
    differ(findings, &name, "the first eta", first_eta, &log.first_eta);
    let seen = BatchRow {
        number: *number,
        allocated: *allocated,
    };
    if entry.row.replace(seen).is_some() {
        findings.add(|| format!("{}: it is there twice", name()));
    }
}

/// Takes a shipment's row in.
pub(in crate::audit) fn shipment(ledger: &mut Ledger, row: &Shipment, findings: &mut Findings) {
    let Shipment {
        reference,
        eta,
        carrier,
        vessel,
        container,
        hold,
        first_eta,
    } = row;
    let name = || format!("shipment {reference}");
    let Some(entry) = ledger.shipments.get_mut(reference) else {
        return findings.add(|| format!("{}: the log does not know it", name()));
    };
    let log = &entry.shipment;
    differ(findings, &name, "eta", eta, &log.eta);
    differ(findings, &name, "the carrier", carrier, &log.carrier);
    differ(findings, &name, "the vessel", vessel, &log.vessel);
    differ(findings, &name, "the container", container, &log.container);
    differ(findings, &name, "the hold", hold, &log.hold);
    differ(findings, &name, "the first eta", first_eta, &log.first_eta);
    if std::mem::replace(&mut entry.seen, true) {
        findings.add(|| format!("{}: it is there twice", name()));
    }
}

/// When everything was seen: what is missing of batches and shipments, and what does not add up.
pub(super) fn finish(ledger: &Ledger, findings: &mut Findings) {
    for entry in ledger.shipments.values().filter(|entry| !entry.seen) {
        let name = &entry.shipment.reference;
        findings.add(|| format!("shipment {name}: it is in the log and not in the tables"));
    }
    for entry in &ledger.batches {
        finish_batch(ledger, entry, findings);
        on_shipment(ledger, &entry.batch, findings);
    }
}

fn finish_batch(ledger: &Ledger, entry: &BatchEntry, findings: &mut Findings) {
    let name = || format!("batch {}", entry.batch.reference);
    let Some(row) = &entry.row else {
        return findings.add(|| format!("{}: it is in the log and not in the tables", name()));
    };
    let taken = &entry.taken;
    if row.allocated != taken.units {
        findings.add(|| {
            format!(
                "{}: {} are allocated; its lines have {}",
                name(),
                row.allocated,
                taken.units
            )
        });
    }
    if taken.number.is_some_and(|number| number != row.number) {
        findings.add(|| format!("{}: its lines know it by another number", name()));
    }
    // A store that keeps sums of its own keeps one for every batch that has lines.
    if !ledger.store_sums.is_empty() {
        let partitions = u16::try_from(ledger.heads.len()).unwrap_or(u16::MAX);
        let partition = partition_of(entry.batch.sku.as_str(), partitions);
        let sums = ledger.store_sums.get(&(partition, row.number));
        let (units, lines) = sums.copied().unwrap_or_default();
        if (units, lines) != (taken.units, taken.lines) {
            findings.add(|| {
                let Taken { units: taken, lines: by, .. } = taken;
                format!("{}: the store says {units} units for {lines} lines; the lines say {taken} for {by}", name())
            });
        }
    }
}

/// A batch on a shipment: there is such a shipment, and its hold is the batch's as well. (Its ETA need not be.)
fn on_shipment(ledger: &Ledger, batch: &Batch, findings: &mut Findings) {
    let name = || format!("batch {}", batch.reference);
    let shipment = batch.shipment.as_ref();
    let known = shipment.and_then(|reference| ledger.shipments.get(reference));
    match (shipment, known) {
        (Some(reference), None) => {
            findings.add(|| format!("{}: the log does not know its shipment {reference}", name()));
        }
        (Some(reference), Some(entry)) if entry.shipment.hold != batch.shipment_hold => {
            findings.add(|| {
                format!(
                    "{}: by the log its shipment {reference} has another hold than it has with it",
                    name()
                )
            });
        }
        (None, _) if batch.shipment_hold.is_some() => {
            findings.add(|| format!("{}: it has a shipment's hold and no shipment", name()));
        }
        _ => {}
    }
}
