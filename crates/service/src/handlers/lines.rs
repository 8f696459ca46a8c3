//! The commands about one order line.

use landfall_domain::commands::{Allocate, CancelLine, ChangeLineQuantity};
use landfall_domain::events::DeallocationReason;
use landfall_domain::line::Status;
use landfall_domain::product::Amendment;
use landfall_domain::{IfShort, LineKey, OrderLine, Rejection, Sku, Terms};

use super::compare::Comparison;
use super::target::Target;
use crate::uow::{Stop, UnitOfWork};

/// One order line: allocated, or let wait, or refused.
pub(super) fn allocate(c: &Allocate, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let key = c.key();
    let terms = c.terms();
    if let Some(known) = uow.line(&key)? {
        let mut comparison = Comparison::default();
        compare(&mut comparison, "", known, &c.sku, &terms);
        comparison.finish(|| format!("line {} of order {}", key.line_id, key.order_id))?;
        return Ok(Target::Line {
            key,
            created: false,
        });
    }
    let Some(_) = uow.product(&c.sku)? else {
        return Err(Rejection::UnknownSku {
            field: "sku".into(),
            sku: c.sku.clone(),
        }
        .into());
    };
    let placed = accept(key.clone(), &c.sku, terms, uow)?;
    if placed == Placed::Waiting {
        let line = uow.line(&key)?.cloned();
        if let Some(line) = line {
            uow.its_product(&c.sku)?.out_of_stock(&line);
        }
    }
    Ok(Target::Line { key, created: true })
}

/// Compares a known line with what is asked for now.
pub(super) fn compare(
    comparison: &mut Comparison,
    prefix: &str,
    known: &OrderLine,
    sku: &Sku,
    terms: &Terms,
) {
    comparison.text(&format!("{prefix}sku"), &known.sku, sku);
    comparison.terms(prefix, &known.terms, terms);
}

/// What became of a new line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    Allocated,
    Waiting,
}

/// Accepts a new line of a known product: allocates it, lets it wait, or refuses it, as its terms say.
pub(super) fn accept(
    key: LineKey,
    sku: &Sku,
    terms: Terms,
    uow: &mut UnitOfWork,
) -> Result<Placed, Stop> {
    let day = uow.day();
    let reject = terms.if_short == IfShort::Reject;
    let mut line = OrderLine::new(uow.next_number(sku), key, sku.clone(), terms);
    let product = uow.its_product(sku)?;
    let placed = if product.allocate(&mut line, &day, true) {
        Placed::Allocated
    } else if reject {
        return Err(out_of_stock(&line, line.quantity));
    } else {
        product.backorder(&mut line, true);
        Placed::Waiting
    };
    uow.put(line);
    Ok(placed)
}

fn out_of_stock(line: &OrderLine, quantity: u64) -> Stop {
    Rejection::OutOfStock {
        sku: line.sku.clone(),
        line: line.key.clone(),
        quantity,
    }
    .into()
}

/// Another quantity. The line keeps its batch where that can hold it; otherwise another is looked for;
/// where nothing can hold an increase it is refused, or the line waits whole if the caller said so.
pub(super) fn change_quantity(
    c: &ChangeLineQuantity,
    uow: &mut UnitOfWork,
) -> Result<Target, Stop> {
    let key = LineKey {
        order_id: c.order_id.clone(),
        line_id: c.line_id.clone(),
    };
    let mut line = uow.line_to_change(&key)?;
    let quantity = c.quantity.get();
    let state = match line.status() {
        Status::Cancelled => Some("is cancelled"),
        Status::Dispatched => Some("has been dispatched"),
        _ if line.dispatched > 0 => Some("is partly dispatched"),
        _ => None,
    };
    if let Some(state) = state {
        return Err(Rejection::NotAmendable {
            line: key,
            state: state.into(),
        }
        .into());
    }
    if quantity == line.quantity {
        return Ok(Target::Line {
            key,
            created: false,
        });
    }
    let amendment = Amendment {
        quantity,
        if_short: c.if_short,
    };
    let may_wait = c.if_short == Some(IfShort::Backorder);
    let day = uow.day();
    let product = uow.its_product(&line.sku.clone())?;
    if line.status() == Status::Backordered {
        // It waits because nothing can hold it; more of it nothing can hold either.
        if quantity > line.quantity && !may_wait {
            return Err(out_of_stock(&line, quantity));
        }
        product.amend_unallocated(&mut line, &amendment);
    } else if quantity < line.quantity || product.fits_where_it_is(&line, quantity) {
        product.amend_in_place(&mut line, &amendment, &day);
    } else {
        product.deallocate(&mut line, DeallocationReason::Amended);
        product.amend_unallocated(&mut line, &amendment);
        if !product.allocate(&mut line, &day, false) {
            if !may_wait {
                return Err(out_of_stock(&line, quantity));
            }
            product.backorder(&mut line, false);
            product.out_of_stock(&line);
        }
    }
    uow.put(line);
    Ok(Target::Line {
        key,
        created: false,
    })
}

/// A line is no longer wanted.
pub(super) fn cancel(c: &CancelLine, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let key = LineKey {
        order_id: c.order_id.clone(),
        line_id: c.line_id.clone(),
    };
    let line = uow.line_to_change(&key)?;
    if line.cancelled {
        return Ok(Target::Line {
            key,
            created: false,
        });
    }
    if line.status() == Status::Dispatched {
        return Err(Rejection::NotAmendable {
            line: key,
            state: "has been dispatched".into(),
        }
        .into());
    }
    take_out(line, uow)?;
    Ok(Target::Line {
        key,
        created: false,
    })
}

/// Cancels what has not left of a line that is neither cancelled nor gone.
pub(super) fn take_out(mut line: OrderLine, uow: &mut UnitOfWork) -> Result<(), Stop> {
    uow.its_product(&line.sku.clone())?.cancel(&mut line);
    uow.put(line);
    Ok(())
}
