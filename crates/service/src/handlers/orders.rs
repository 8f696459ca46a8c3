//! The commands about a whole order.

use std::collections::HashSet;

use landfall_domain::commands::{CancelOrder, MAX_ORDER_LINES, PlaceOrder};
use landfall_domain::line::Status;
use landfall_domain::{LineId, PlacedOrder, Rejection, Sku};

use super::compare::Comparison;
use super::lines::{self, Placed};
use super::target::Target;
use crate::uow::{OrderEntry, Stop, UnitOfWork};

/// A whole order, all its lines in one commit: each allocated or waiting or, with `if_short: reject`,
/// all of them or none.
pub(super) fn place(c: &PlaceOrder, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    check(c)?;
    let target = |created| Target::Order {
        order_id: c.order_id.clone(),
        created,
    };
    let entry = uow.order(&c.order_id)?;
    if entry.placed.is_some() || !entry.lines.is_empty() {
        let entry = entry.clone();
        already(c, &entry, uow)?;
        return Ok(target(false));
    }
    for (at, line) in c.lines.iter().enumerate() {
        if uow.product(&line.sku)?.is_none() {
            let field = format!("lines[{at}].sku");
            return Err(Rejection::UnknownSku {
                field,
                sku: line.sku.clone(),
            }
            .into());
        }
    }
    uow.place(PlacedOrder {
        order_id: c.order_id.clone(),
        deliver: c.deliver,
        lines: c
            .lines
            .iter()
            .map(landfall_domain::commands::NewLine::id)
            .collect(),
    });
    let mut short: HashSet<&Sku> = HashSet::new();
    for line in &c.lines {
        let key = c.key(line);
        let placed = lines::accept(key.clone(), &line.sku, c.terms(line), uow)?;
        // Once per command and SKU.
        if placed == Placed::Waiting
            && short.insert(&line.sku)
            && let Some(line) = uow.line(&key)?.cloned()
        {
            uow.its_product(&line.sku.clone())?.out_of_stock(&line);
        }
    }
    Ok(target(true))
}

/// What can be said against the order without knowing anything else.
fn check(c: &PlaceOrder) -> Result<(), Rejection> {
    let invalid = |field: &str, message: String| Rejection::Invalid {
        field: field.into(),
        message,
    };
    if c.lines.is_empty() {
        return Err(invalid("lines", "must have at least one line".into()));
    }
    if c.lines.len() > MAX_ORDER_LINES {
        return Err(invalid(
            "lines",
            format!("must have at most {MAX_ORDER_LINES} lines"),
        ));
    }
    let mut seen: HashSet<LineId> = HashSet::with_capacity(c.lines.len());
    for (at, line) in c.lines.iter().enumerate() {
        let id = line.id();
        if seen.contains(&id) {
            let message = format!(
                "{id} is there twice; give each line of the order a line_id of its own \
                 (a line without one has its SKU as line_id)"
            );
            return Err(invalid(&format!("lines[{at}].line_id"), message));
        }
        seen.insert(id);
    }
    Ok(())
}

/// A repeat is compared with what was first accepted; lines that `Allocate` added later do not count.
fn already(c: &PlaceOrder, entry: &OrderEntry, uow: &UnitOfWork) -> Result<(), Stop> {
    let mut comparison = Comparison::default();
    let list = |ids: &mut dyn Iterator<Item = String>| {
        let mut ids: Vec<String> = ids.collect();
        ids.sort_unstable();
        format!("[{}]", ids.join(", "))
    };
    let deliver = entry.placed.as_ref().map(|placed| placed.deliver);
    comparison.same_word("deliver", &deliver.unwrap_or_default(), &c.deliver);
    let known = match &entry.placed {
        Some(placed) => list(&mut placed.lines.iter().map(ToString::to_string)),
        None => list(&mut entry.lines.iter().map(|key| key.line_id.to_string())),
    };
    comparison.text(
        "lines",
        known,
        list(&mut c.lines.iter().map(|line| line.id().to_string())),
    );
    let its_lines: HashSet<_> = entry.lines.iter().collect();
    for (at, line) in c.lines.iter().enumerate() {
        let key = c.key(line);
        // A line that is not the order's is told by the list above; its own row need not be loaded.
        if its_lines.contains(&key)
            && let Some(known) = uow.line(&key)?
        {
            lines::compare(
                &mut comparison,
                &format!("lines[{at}]."),
                known,
                &line.sku,
                &c.terms(line),
            );
        }
    }
    comparison.finish(|| format!("order {}", c.order_id))?;
    Ok(())
}

/// Nothing of the order is wanted any longer; what has left stays dispatched.
pub(super) fn cancel(c: &CancelOrder, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let keys = uow.order(&c.order_id)?.lines.clone();
    if keys.is_empty() {
        return Err(Rejection::UnknownOrder {
            order_id: c.order_id.clone(),
        }
        .into());
    }
    let mut gone = None;
    let mut cancelled = false;
    for key in keys {
        let line = uow.line_to_change(&key)?;
        if line.cancelled {
            cancelled = true;
        } else if line.status() == Status::Dispatched {
            gone = Some(key);
        } else {
            lines::take_out(line, uow)?;
            cancelled = true;
        }
    }
    match gone {
        Some(line) if !cancelled => Err(Rejection::NotAmendable {
            line,
            state: "has been dispatched".into(),
        }
        .into()),
        _ => Ok(Target::Order {
            order_id: c.order_id.clone(),
            created: false,
        }),
    }
}
