//! Goods leave for the customer.

use landfall_domain::commands::Dispatch;
use landfall_domain::{Batch, LineId, LineKey, OrderLine, Quantity, Rejection};

use super::target::Target;
use crate::uow::{Stop, UnitOfWork, each};

/// A line, or part of one, or every line of an order whose goods are in the warehouse.
pub(super) fn dispatch(c: &Dispatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    match (&c.line_id, c.quantity) {
        (Some(line_id), quantity) => line(c, line_id, quantity.map(Quantity::get), uow),
        (None, None) => order(c, uow),
        (None, Some(_)) => Err(Rejection::Invalid {
            field: "quantity".into(),
            message: "needs a line_id: without one, all that is in the warehouse leaves".into(),
        }
        .into()),
    }
}

fn line(
    c: &Dispatch,
    line_id: &LineId,
    quantity: Option<u64>,
    uow: &mut UnitOfWork,
) -> Result<Target, Stop> {
    let key = LineKey {
        order_id: c.order_id.clone(),
        line_id: line_id.clone(),
    };
    let line = uow.line_to_change(&key)?;
    let outstanding = line.outstanding();
    if line.cancelled && line.dispatched == 0 {
        return Err(is_cancelled(key).into());
    }
    if outstanding > 0 {
        let units = quantity.unwrap_or(outstanding);
        if units > outstanding && !line.allocations.is_empty() {
            return Err(Rejection::BeyondAllocated {
                line: key,
                quantity: units,
                allocated: outstanding,
            }
            .into());
        }
        match there(&line, uow)? {
            (there, _) if there >= units => leave(line, units, uow)?,
            (_, state) => return Err(not_there(key, state).into()),
        }
    }
    Ok(Target::Line {
        key,
        created: false,
    })
}

fn order(c: &Dispatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let keys = uow.order(&c.order_id)?.lines.clone();
    let lines = each(&keys, |key| uow.line_to_change(key))?;
    let Some(first) = lines.first() else {
        return Err(Rejection::UnknownOrder {
            order_id: c.order_id.clone(),
        }
        .into());
    };
    let first = first.key.clone();
    let mut stays = None;
    let mut left = false;
    let mut wanted = false;
    for line in lines {
        let outstanding = line.outstanding();
        wanted |= outstanding > 0 || line.dispatched > 0;
        if outstanding == 0 {
            continue;
        }
        match there(&line, uow)? {
            (there, _) if there == outstanding => {
                leave(line, outstanding, uow)?;
                left = true;
            }
            (_, state) => stays = stays.or(Some((line.key, state))),
        }
    }
    match stays {
        _ if !wanted => Err(is_cancelled(first).into()),
        Some((key, state)) if !left => Err(not_there(key, state).into()),
        _ => Ok(Target::Order {
            order_id: c.order_id.clone(),
            created: false,
        }),
    }
}

/// How many units of the line could leave now, and why the others could not.
fn there(line: &OrderLine, uow: &mut UnitOfWork) -> Result<(u64, String), Stop> {
    let product = uow.its_product(&line.sku)?;
    let mut units = 0;
    let mut state = String::from("it waits for stock");
    for allocation in &line.allocations {
        match product.batch_numbered(allocation.batch_number) {
            Some(batch) if batch.can_leave() => units += allocation.quantity,
            Some(batch) => state = why_not(batch),
            None => {}
        }
    }
    Ok((units, state))
}

fn why_not(batch: &Batch) -> String {
    let reference = &batch.reference;
    if let Some(eta) = batch.eta {
        return format!("batch {reference} is expected on {eta}");
    }
    let hold = batch.hold.as_ref().or(batch.shipment_hold.as_ref());
    hold.map_or_else(
        || format!("batch {reference} is not in the warehouse"),
        |hold| format!("batch {reference} is held: {}", hold.code),
    )
}

fn leave(mut line: OrderLine, units: u64, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let today = uow.day().today;
    uow.its_product(&line.sku.clone())?
        .dispatch(&mut line, units, today);
    uow.put(line);
    Ok(())
}

fn not_there(line: LineKey, state: String) -> Rejection {
    Rejection::NotInWarehouse { line, state }
}

fn is_cancelled(line: LineKey) -> Rejection {
    Rejection::NotAmendable {
        line,
        state: "is cancelled".into(),
    }
}
