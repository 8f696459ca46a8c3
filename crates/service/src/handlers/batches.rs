//! The commands about one batch.

use landfall_domain::batch::Landing;
use landfall_domain::commands::{
    CancelBatch, ChangeBatchEta, ChangeBatchQuantity, CreateBatch, HoldBatch, ReceiveBatch,
    ReleaseBatch,
};
use landfall_domain::events::DeallocationReason;
use landfall_domain::{Batch, BatchRef, Hold, Product, Rejection};

use super::compare::Comparison;
use super::supply;
use super::target::Target;
use crate::uow::{Stop, UnitOfWork};

/// New supply. The first batch of a SKU makes the product. On a shipment, it comes with it.
pub(super) fn create(c: &CreateBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    if let (Some(shipment), Some(_)) = (&c.shipment, c.eta) {
        return Err(Rejection::Senseless {
            field: "eta".into(),
            message: format!(
                "cannot be given beside a shipment: the batch has the ETA of {shipment}; leave it out"
            ),
        }
        .into());
    }
    if let Some(known) = uow.batch(&c.reference)? {
        return already(c, &known);
    }
    let shipment =
        match &c.shipment {
            None => None,
            Some(reference) => Some(uow.shipment(reference)?.cloned().ok_or_else(|| {
                Rejection::UnknownShipment {
                    field: Some("shipment".into()),
                    reference: reference.clone(),
                }
            })?),
        };
    if uow.product(&c.sku)?.is_none() {
        uow.add_product(&c.sku);
    }
    let today = uow.day().today;
    let eta = shipment.as_ref().map_or(c.eta, |shipment| shipment.eta);
    let number = uow.next_number(&c.sku);
    let (reference, sku, quantity) = (c.reference.clone(), c.sku.clone(), c.quantity.get());
    let batch = Batch {
        location: c.location.clone(),
        shipment: c.shipment.clone(),
        shipment_hold: shipment.and_then(|shipment| shipment.hold),
        landed: eta.is_none().then_some(Landing {
            on: today,
            sold: 0,
            of: 0,
        }),
        first_eta: c.eta,
        ..Batch::new(number, reference, sku, quantity, eta)
    };
    uow.its_product(&c.sku)?.create_batch(batch);
    uow.name_batch(&c.reference, &c.sku);
    if let Some(shipment) = &c.shipment {
        uow.load_onto(shipment, &c.reference);
    }
    Ok(target(&c.reference, true))
}

/// A repeat is compared with what was first accepted.
fn already(c: &CreateBatch, known: &Batch) -> Result<Target, Stop> {
    let mut comparison = Comparison::default();
    comparison.text("sku", &known.sku, &c.sku);
    comparison.text("quantity", known.first_quantity, c.quantity);
    comparison.option("eta", known.first_eta.as_ref(), c.eta.as_ref());
    comparison.option("shipment", known.shipment.as_ref(), c.shipment.as_ref());
    comparison.option("location", known.location.as_ref(), c.location.as_ref());
    comparison.finish(|| format!("batch {}", c.reference))?;
    Ok(target(&c.reference, false))
}

fn target(reference: &BatchRef, created: bool) -> Target {
    Target::Batch {
        reference: reference.clone(),
        created,
    }
}

fn existing(reference: &BatchRef, uow: &mut UnitOfWork) -> Result<Batch, Stop> {
    let unknown = || Rejection::UnknownBatch {
        reference: reference.clone(),
    };
    uow.batch(reference)?.ok_or_else(|| unknown().into())
}

/// Changes a batch that exists, and carries on from there.
fn change(
    reference: &BatchRef,
    uow: &mut UnitOfWork,
    reason: DeallocationReason,
    how: impl FnOnce(&mut Product, &Batch),
) -> Result<Target, Stop> {
    let before = existing(reference, uow)?;
    how(uow.its_product(&before.sku)?, &before);
    supply::changed(&[before], reason, uow)?;
    Ok(target(reference, false))
}

/// A quantity below what has left makes no sense.
pub(super) fn not_below_dispatched(batch: &Batch, quantity: u64) -> Result<(), Rejection> {
    if quantity < batch.dispatched {
        return Err(Rejection::BelowDispatched {
            reference: batch.reference.clone(),
            dispatched: batch.dispatched,
        });
    }
    Ok(())
}

/// Another purchased quantity. When the batch can no longer hold its lines, the shortage rule says who
/// loses; the reactions allocate them again or let them wait.
pub(super) fn change_quantity(
    c: &ChangeBatchQuantity,
    uow: &mut UnitOfWork,
) -> Result<Target, Stop> {
    let quantity = c.quantity.get();
    not_below_dispatched(&existing(&c.reference, uow)?, quantity)?;
    let reason = DeallocationReason::QuantityChanged;
    change(&c.reference, uow, reason, |product, _| {
        product.change_quantity(&c.reference, quantity, c.reason.clone());
    })
}

/// Another ETA. A batch of a shipment may be told apart from it; the shipment's next change tells it again.
pub(super) fn change_eta(c: &ChangeBatchEta, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let today = uow.day().today;
    let reason = DeallocationReason::Repegged;
    change(&c.reference, uow, reason, |product, _| {
        product.change_eta(&c.reference, c.eta, today);
    })
}

/// A hold of the batch's own.
pub(super) fn hold(c: &HoldBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let hold = Hold {
        code: c.code.clone(),
        note: c.note.clone(),
        expected_clear: c.expected_clear,
    };
    change(&c.reference, uow, DeallocationReason::Held, |product, _| {
        product.hold_batch(&c.reference, &hold, None);
    })
}

/// The end of the batch's own hold.
pub(super) fn release(c: &ReleaseBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    change(&c.reference, uow, DeallocationReason::Held, |product, _| {
        product.release_batch(&c.reference, None);
    })
}

/// What really arrived.
pub(super) fn receive(c: &ReceiveBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let quantity = c.quantity.get();
    not_below_dispatched(&existing(&c.reference, uow)?, quantity)?;
    let today = uow.day().today;
    let reason = DeallocationReason::QuantityChanged;
    change(&c.reference, uow, reason, |product, _| {
        product.receive(&c.reference, quantity, today);
    })
}

/// What has not left will never come.
pub(super) fn cancel(c: &CancelBatch, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let reason = DeallocationReason::BatchCancelled;
    change(&c.reference, uow, reason, |product, _| {
        product.cancel_batch(&c.reference, c.reason.clone());
    })
}
