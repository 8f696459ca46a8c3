//! The rows of the read models against the log: what a rebuild would write must be what is there.

use landfall_domain::{Sku, Supply};

use super::{differ, say_pegs};
use crate::audit::Findings;
use crate::audit::ledger::{At, Ledger, Standing, key_name};
use crate::audit::rows;
use crate::views::{AvailabilityView, OrderLineView};

/// Takes a row of the order view in.
pub(in crate::audit) fn order_line(
    ledger: &mut Ledger,
    row: &OrderLineView,
    findings: &mut Findings,
) {
    // Taken apart, so that no field is forgotten.
    let OrderLineView {
        key,
        sku,
        quantity,
        dispatched,
        status,
        requested_date,
        priority,
        policy,
        deliver,
        original_promise,
        current_promise,
        allocations,
    } = row;
    let name = || format!("order view, line {}", key_name(key));
    let Some(at) = ledger.find_line(&key.order_id, &key.line_id) else {
        return findings.of_views(|f| f.add(|| format!("{}: the log does not know it", name())));
    };
    if std::mem::replace(&mut ledger.lines[at as usize].viewed, true) {
        findings.of_views(|f| f.add(|| format!("{}: it is there twice", name())));
    }
    // A line that the log does not settle is told of already.
    let Some(log) = rows::order_line(ledger, at) else {
        return;
    };
    findings.of_views(|f| {
        differ(f, &name, "sku", sku, &log.sku);
        differ(f, &name, "quantity", quantity, &log.quantity);
        differ(f, &name, "dispatched", dispatched, &log.dispatched);
        differ(f, &name, "status", status, &log.status);
        let field = "the requested date";
        differ(f, &name, field, requested_date, &log.requested_date);
        differ(f, &name, "the priority", priority, &log.priority);
        differ(f, &name, "the policy", policy, &log.policy);
        differ(f, &name, "deliver", deliver, &log.deliver);
        let field = "the original promise";
        differ(f, &name, field, original_promise, &log.original_promise);
        let field = "the current promise";
        differ(f, &name, field, current_promise, &log.current_promise);
        // Numbers of batches are the store's own affair; the log does not tell them.
        let units = allocations.iter().map(|a| (&a.batch, a.quantity));
        if !units.eq(log.allocations.iter().map(|a| (&a.batch, a.quantity))) {
            f.add(|| {
                format!(
                    "{}: its allocations are not those of the log: {}",
                    name(),
                    say_pegs(allocations)
                )
            });
        }
    });
}

/// Takes a row of what is available to promise in.
pub(in crate::audit) fn availability(
    ledger: &mut Ledger,
    row: &AvailabilityView,
    findings: &mut Findings,
) {
    let name = || of_day(&row.sku, row);
    let product = ledger.find_product(&row.sku);
    let unseen = unseen(ledger);
    let expected = product.and_then(|at| unseen.remove(&(at, row.supply)));
    // A day without units may have a row.
    let expected = expected.unwrap_or_default();
    findings.of_views(|f| differ(f, &name, "units", &row.units, &expected));
}

fn of_day(sku: &Sku, row: &AvailabilityView) -> String {
    format!("availability, product {sku}, {}", say_supply(row.supply))
}

fn say_supply(supply: Supply) -> String {
    match supply {
        Supply::Now => "in the warehouse".into(),
        Supply::From(day) => format!("from {day}"),
        Supply::Never => "held, nobody knows until when".into(),
    }
}

/// What was not seen yet of what can be promised by the log.
fn unseen(ledger: &mut Ledger) -> &mut std::collections::HashMap<(At, Supply), u64> {
    if ledger.unseen_availability.is_none() {
        ledger.unseen_availability = Some(ledger.availability());
    }
    ledger.unseen_availability.get_or_insert_default()
}

/// When everything was seen: the rows that are missing.
pub(super) fn finish(ledger: &mut Ledger, findings: &mut Findings) {
    let mut missing: Vec<_> = unseen(ledger).drain().collect();
    missing.sort_unstable();
    for ((product, supply), units) in missing {
        let sku = &ledger.products[product as usize].sku;
        findings.of_views(|f| {
            f.add(|| {
                format!(
                    "availability, product {sku}, {}: no row; the log says {units} units",
                    say_supply(supply)
                )
            });
        });
    }
    for (at, entry) in (0..).zip(&ledger.lines) {
        let settled = !matches!(entry.standing, Standing::Named | Standing::Loose);
        if settled && !entry.viewed {
            findings.of_views(|f| {
                f.add(|| {
                    format!(
                        "order view, line {}: no row, and the log knows it",
                        ledger.line_name(at)
                    )
                });
            });
        }
    }
}
