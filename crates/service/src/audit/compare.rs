//! Holds the tables against the log, and against themselves.

use std::fmt::Debug;

use landfall_domain::{Batch, OrderLine, Sku, Status};

use super::ledger::{
    At, BatchEntry, BatchRow, Ledger, LineEntry, Pegs, Standing, Taken, digest, key_name,
};
use super::{Counts, Findings};

/// Says that a thing's field in the tables is not what the log says.
fn differ<T: PartialEq + Debug>(
    findings: &mut Findings,
    thing: &dyn Fn() -> String,
    field: &str,
    table: &T,
    log: &T,
) {
    if table != log {
        findings.add(|| format!("{}: {field} is {table:?}; the log says {log:?}", thing()));
    }
}

/// Takes a product's row in.
pub(super) fn product(
    ledger: &mut Ledger,
    sku: &Sku,
    version: u64,
    backordered: u64,
    findings: &mut Findings,
) {
    let Some(at) = ledger.find_product(sku) else {
        return findings.add(|| format!("product {sku}: the log does not know it"));
    };
    if version == 0 {
        findings.add(|| format!("product {sku}: its version is 0, as if it had never changed"));
    }
    if ledger.products[at as usize]
        .row
        .replace(backordered)
        .is_some()
    {
        findings.add(|| format!("product {sku}: it is there twice"));
    }
}

/// Takes a batch's row in.
pub(super) fn batch(ledger: &mut Ledger, row: &Batch, findings: &mut Findings) {
    let name = || format!("batch {}", row.reference);
    if row
        .allocated
        .checked_add(row.dispatched)
        .is_none_or(|gone| gone > row.purchased)
    {
        findings.add(|| {
            let Batch {
                purchased,
                allocated,
                dispatched,
                ..
            } = row;
            format!(
                "{}: {allocated} allocated and {dispatched} dispatched of {purchased} purchased",
                name()
            )
        });
    }
    let Some(at) = ledger.find_batch(&row.reference) else {
        return findings.add(|| format!("{}: the log does not know it", name()));
    };
    let entry = &mut ledger.batches[at as usize];
    let sku = &ledger.products[entry.product as usize].sku;
    differ(findings, &name, "sku", &row.sku, sku);
    differ(findings, &name, "location", &row.location, &entry.location);
    differ(findings, &name, "eta", &row.eta, &entry.eta);
    differ(
        findings,
        &name,
        "purchased",
        &row.purchased,
        &entry.purchased,
    );
    differ(
        findings,
        &name,
        "allocated",
        &row.allocated,
        &entry.allocated,
    );
    differ(findings, &name, "dispatched", &row.dispatched, &0);
    differ(
        findings,
        &name,
        "the first quantity",
        &row.first_quantity,
        &entry.first_quantity,
    );
    differ(
        findings,
        &name,
        "the first eta",
        &row.first_eta,
        &entry.first_eta,
    );
    let seen = BatchRow {
        number: row.number,
        allocated: row.allocated,
    };
    if entry.row.replace(seen).is_some() {
        findings.add(|| format!("{}: it is there twice", name()));
    }
}

/// Takes a line's row in.
pub(super) fn line(
    ledger: &mut Ledger,
    row: &OrderLine,
    counts: &mut Counts,
    findings: &mut Findings,
) {
    let name = || format!("line {}", key_name(&row.key));
    if row.dispatched > row.quantity {
        return findings.add(|| format!("{}: more has left than was wanted", name()));
    }
    let status = row.status();
    match status {
        Status::Allocated => counts.allocated += 1,
        Status::Backordered => counts.backordered += 1,
        Status::Cancelled => counts.cancelled += 1,
        Status::Dispatched => {}
    }
    let pegs = take(ledger, row, findings);
    let units = row
        .allocations
        .iter()
        .fold(0_u64, |sum, a| sum.saturating_add(a.quantity));
    let wanted = if status == Status::Allocated {
        row.outstanding()
    } else {
        0
    };
    if units != wanted {
        findings.add(|| {
            format!(
                "{}: it is {status:?} and has {units} units instead of {wanted}",
                name()
            )
        });
    }
    let Some(at) = ledger.find_line(&row.key.order_id, &row.key.line_id) else {
        return findings.add(|| format!("{}: the log does not know it", name()));
    };
    let entry = &mut ledger.lines[at as usize];
    if std::mem::replace(&mut entry.seen, true) {
        findings.add(|| format!("{}: it is there twice", name()));
    }
    let Some(product) = ledger.products.get(entry.product as usize) else {
        return findings.add(|| format!("{}: the log does not say that it was accepted", name()));
    };
    differ(findings, &name, "sku", &row.sku, &product.sku);
    if digest(&row.terms) != entry.terms {
        findings.add(|| {
            format!(
                "{}: the terms are not those of the log: {:?}",
                name(),
                row.terms
            )
        });
    }
    differ(findings, &name, "quantity", &row.quantity, &entry.quantity);
    differ(findings, &name, "dispatched", &row.dispatched, &0);
    differ(
        findings,
        &name,
        "status",
        &Some(status),
        &entry.standing.status(),
    );
    differ(
        findings,
        &name,
        "the original promise",
        &row.original_promise,
        &entry.original,
    );
    differ(
        findings,
        &name,
        "the current promise",
        &row.current_promise,
        &entry.current,
    );
    if pegs != entry.pegs {
        findings.add(|| {
            format!(
                "{}: its allocations are not those of the log: {:?}",
                name(),
                row.allocations
            )
        });
    }
}

/// Adds what a line takes to its batches.
fn take(ledger: &mut Ledger, row: &OrderLine, findings: &mut Findings) -> Pegs {
    let mut pegs: Vec<(At, u64)> = Vec::with_capacity(row.allocations.len());
    for allocation in &row.allocations {
        let Some(at) = ledger.find_batch(&allocation.batch) else {
            findings.add(|| {
                format!(
                    "line {}: it has stock of {}, which the log does not know",
                    key_name(&row.key),
                    allocation.batch
                )
            });
            continue;
        };
        pegs.push((at, allocation.quantity));
        let taken = &mut ledger.batches[at as usize].taken;
        taken.units = taken.units.saturating_add(allocation.quantity);
        taken.lines += 1;
        let number = *taken.number.get_or_insert(allocation.batch_number);
        if number != allocation.batch_number {
            findings.add(|| {
                format!(
                    "line {}: it knows {} by another number than other lines do",
                    key_name(&row.key),
                    allocation.batch
                )
            });
        }
    }
    Pegs::new(pegs)
}

/// When everything was seen: what is missing, and what does not add up.
pub(super) fn finish(ledger: &Ledger, findings: &mut Findings) {
    for (partition, next) in &ledger.next_offsets {
        if !ledger.heads.contains_key(partition) {
            findings.add(|| {
                format!(
                    "partition {partition}: it has events up to {} and no head",
                    next - 1
                )
            });
        }
    }
    for (partition, head) in &ledger.heads {
        let next = ledger.next_offsets.get(partition).copied().unwrap_or(1);
        if *head != next {
            findings.add(|| {
                format!(
                    "partition {partition}: its head expects offset {head}; the log expects {next}"
                )
            });
        }
    }
    let mut waiting = vec![0_u64; ledger.products.len()];
    for (at, entry) in (0..).zip(&ledger.lines) {
        finish_line(ledger, at, entry, findings);
        if entry.standing == Standing::Backordered {
            waiting[entry.product as usize] += 1;
        }
    }
    for entry in &ledger.batches {
        finish_batch(ledger, entry, findings);
    }
    for (entry, waiting) in ledger.products.iter().zip(waiting) {
        let name = || format!("product {}", entry.sku);
        match entry.row {
            None => findings.add(|| format!("{}: it is in the log and not in the tables", name())),
            Some(row) => differ(
                findings,
                &name,
                "the number of lines that wait",
                &row,
                &waiting,
            ),
        }
    }
}

fn finish_line(ledger: &Ledger, at: At, entry: &LineEntry, findings: &mut Findings) {
    let what = match entry.standing {
        Standing::Named => "its order names it, and the log does not say what became of it",
        Standing::Loose => "it lost its stock, and the log does not say what became of it",
        _ if !entry.seen => "it is in the log and not in the tables",
        _ => return,
    };
    findings.add(|| format!("line {}: {what}", ledger.line_name(at)));
}

fn finish_batch(ledger: &Ledger, entry: &BatchEntry, findings: &mut Findings) {
    let name = || format!("batch {}", entry.reference);
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
        let (units, lines) = ledger
            .store_sums
            .get(&row.number)
            .copied()
            .unwrap_or_default();
        if (units, lines) != (taken.units, taken.lines) {
            findings.add(|| {
                let Taken { units: taken, lines: by, .. } = taken;
                format!("{}: the store says {units} units for {lines} lines; the lines say {taken} for {by}", name())
            });
        }
    }
}
