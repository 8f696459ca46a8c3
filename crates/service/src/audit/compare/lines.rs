//! The rows of order lines against the log.

use landfall_domain::{OrderLine, Status};

use super::{differ, say, say_pegs};
use crate::audit::ledger::{At, Ledger, Pegs, Standing, digest, key_name};
use crate::audit::{Counts, Findings};

/// Takes a line's row in.
pub(in crate::audit) fn line(
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
        Status::Dispatched => counts.dispatched += 1,
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
                "{}: it is {} and has {units} units instead of {wanted}",
                name(),
                say(&status)
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
                "{}: the terms are not those of the log: {}",
                name(),
                say(&row.terms)
            )
        });
    }
    let cancelled = entry.standing == Standing::Cancelled;
    differ(findings, &name, "quantity", &row.quantity, &entry.quantity);
    differ(
        findings,
        &name,
        "dispatched",
        &row.dispatched,
        &entry.dispatched,
    );
    differ(findings, &name, "cancelled", &row.cancelled, &cancelled);
    differ(findings, &name, "status", &Some(status), &entry.status());
    let field = "the original promise";
    differ(
        findings,
        &name,
        field,
        &row.original_promise,
        &entry.original,
    );
    let field = "the current promise";
    differ(findings, &name, field, &row.current_promise, &entry.current);
    if pegs != entry.pegs {
        findings.add(|| {
            format!(
                "{}: its allocations are not those of the log: {}",
                name(),
                say_pegs(&row.allocations)
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
