//! The commands about supply.

use landfall_domain::commands::{ChangeBatchEta, ChangeBatchQuantity, CreateBatch};
use landfall_domain::events::DeallocationReason;
use landfall_domain::{Batch, BatchRef, Rejection, shortage};

use super::compare::Comparison;
use super::reactions::Target;
use crate::uow::{Stop, UnitOfWork};

/// New supply. The first batch of a SKU makes the product.
pub(super) fn create(c: &CreateBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    if let Some(known) = uow.batch(&c.reference)? {
        return already(c, &known);
    }
    if let Some(shipment) = &c.shipment {
        return Err(Rejection::UnknownShipment {
            reference: shipment.clone(),
        }
        .into());
    }
    if uow.product(&c.sku)?.is_none() {
        uow.add_product(&c.sku);
    }
    let batch = Batch {
        number: uow.next_number(&c.sku),
        reference: c.reference.clone(),
        sku: c.sku.clone(),
        location: c.location.clone(),
        eta: c.eta,
        purchased: c.quantity.get(),
        allocated: 0,
        dispatched: 0,
        first_quantity: c.quantity.get(),
        first_eta: c.eta,
    };
    uow.its_product(&c.sku)?.create_batch(batch);
    uow.name_batch(&c.reference, &c.sku);
    Ok(Target::Batch {
        reference: c.reference.clone(),
        created: true,
    })
}

/// A repeat is compared with what was first accepted.
fn already(c: &CreateBatch, known: &Batch) -> Result<Target, Stop> {
    let mut comparison = Comparison::default();
    comparison.text("sku", &known.sku, &c.sku);
    comparison.text("quantity", known.first_quantity, c.quantity);
    comparison.option("eta", known.first_eta.as_ref(), c.eta.as_ref());
    comparison.option("shipment", None, c.shipment.as_ref());
    comparison.option("location", known.location.as_ref(), c.location.as_ref());
    comparison.finish(|| format!("batch {}", c.reference))?;
    Ok(Target::Batch {
        reference: c.reference.clone(),
        created: false,
    })
}

fn existing(reference: &BatchRef, uow: &mut UnitOfWork) -> Result<Batch, Stop> {
    let unknown = || Rejection::UnknownBatch {
        reference: reference.clone(),
    };
    uow.batch(reference)?.ok_or_else(|| unknown().into())
}

/// Another purchased quantity. When the batch can no longer hold its lines, the shortage rule says who
/// loses; the reactions allocate them again or let them wait.
pub(super) fn change_quantity(
    c: &ChangeBatchQuantity,
    uow: &mut UnitOfWork,
) -> Result<Target, Stop> {
    let batch = existing(&c.reference, uow)?;
    let quantity = c.quantity.get();
    if quantity < batch.dispatched {
        let dispatched = batch.dispatched;
        return Err(Rejection::BelowDispatched {
            reference: c.reference.clone(),
            dispatched,
        }
        .into());
    }
    let product = uow.its_product(&batch.sku)?;
    product.change_quantity(&c.reference, quantity, c.reason.clone());
    let over = product.batch(&c.reference).map_or(0, Batch::over);
    if over > 0 {
        take_back(&batch, over, uow)?;
    }
    Ok(Target::Batch {
        reference: c.reference.clone(),
        created: false,
    })
}

/// Takes `over` units of a batch back from the lines that lose by the shortage rule.
fn take_back(batch: &Batch, over: u64, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut held = Vec::new();
    let mut total = 0;
    let keys = uow.allocated_to((&batch.sku, &batch.reference, batch.number), |line| {
        let units = line.pegged_to(batch.number);
        held.push(units);
        total += units;
        total >= over
    })?;
    for key in shortage::losers(over, keys.into_iter().zip(held).collect()) {
        let mut line = uow.line_to_change(&key)?;
        uow.its_product(&batch.sku)?
            .deallocate(&mut line, DeallocationReason::QuantityChanged);
        uow.unplace(line);
    }
    Ok(())
}

/// Another ETA: the promises of all lines of the batch are looked at again.
pub(super) fn change_eta(c: &ChangeBatchEta, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let batch = existing(&c.reference, uow)?;
    let target = Target::Batch {
        reference: c.reference.clone(),
        created: false,
    };
    if batch.eta == c.eta {
        return Ok(target);
    }
    let lines = uow.allocated_to((&batch.sku, &batch.reference, batch.number), |_| false)?;
    let day = uow.day();
    uow.its_product(&batch.sku)?.change_eta(&c.reference, c.eta);
    for key in lines {
        let mut line = uow.line_to_change(&key)?;
        if uow.its_product(&batch.sku)?.promise_again(&mut line, &day) {
            uow.put(line);
        }
    }
    Ok(target)
}
