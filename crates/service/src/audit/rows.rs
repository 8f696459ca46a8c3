//! The read models as the log tells them: row by row, made of the ledger.

use landfall_domain::{Allocation, LineKey};

use super::ledger::{At, Ledger};
use crate::views::{AvailabilityView, OrderLineView};

/// A line's row of the order view; `None`: the log does not say what became of it. The numbers of its batches
/// are 0: the log does not tell them.
pub(super) fn order_line(ledger: &Ledger, at: At) -> Option<OrderLineView> {
    let entry = ledger.lines.get(at as usize)?;
    let status = entry.status()?;
    let (order, line) = ledger.name(at);
    let pegs = entry.pegs.to_vec();
    let allocations = pegs.into_iter().map(|(batch, quantity)| Allocation {
        batch: ledger.batches[batch as usize].batch.reference.clone(),
        batch_number: 0,
        quantity,
    });
    Some(OrderLineView {
        key: LineKey {
            order_id: order.parse().ok()?,
            line_id: line.parse().ok()?,
        },
        sku: ledger.products.get(entry.product as usize)?.sku.clone(),
        quantity: entry.quantity,
        dispatched: entry.dispatched,
        status,
        requested_date: entry.requested,
        priority: entry.priority,
        policy: entry.policy,
        deliver: entry.deliver,
        original_promise: entry.original,
        current_promise: entry.current,
        allocations: allocations.collect(),
    })
}

/// All rows of the order view, in the order in which the lines were first told of.
pub(super) fn order_lines(ledger: &Ledger) -> impl Iterator<Item = OrderLineView> + Send {
    (0..)
        .zip(&ledger.lines)
        .filter_map(|(at, _)| order_line(ledger, at))
}

/// All rows of what is available to promise that have units, by product and day.
pub(super) fn availability(ledger: &Ledger) -> Vec<AvailabilityView> {
    let mut days: Vec<_> = ledger.availability().into_iter().collect();
    days.sort_unstable();
    let row = |((product, supply), units)| AvailabilityView {
        sku: ledger.products[product as usize].sku.clone(),
        supply,
        units,
    };
    days.into_iter().map(row).collect()
}
