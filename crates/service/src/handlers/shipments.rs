//! The commands about a shipment: all its batches at once, in one commit.

use landfall_domain::commands::{
    ChangeShipmentEta, CreateShipment, HoldShipment, ReceiveShipment, ReleaseShipment,
};
use landfall_domain::events::DeallocationReason;
use landfall_domain::{Batch, Event, Hold, Rejection, Shipment, ShipmentRef};

use super::batches::not_below_dispatched;
use super::compare::Comparison;
use super::supply;
use super::target::Target;
use crate::uow::{Stop, UnitOfWork, each};

fn target(reference: &ShipmentRef, created: bool) -> Target {
    Target::Shipment {
        reference: reference.clone(),
        created,
    }
}

/// A vessel or container that batches can name.
pub(super) fn create(c: &CreateShipment, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    if let Some(known) = uow.shipment(&c.reference)? {
        let mut comparison = Comparison::default();
        comparison.option("eta", known.first_eta.as_ref(), c.eta.as_ref());
        comparison.option("carrier", known.carrier.as_ref(), c.carrier.as_ref());
        comparison.option("vessel", known.vessel.as_ref(), c.vessel.as_ref());
        comparison.option("container", known.container.as_ref(), c.container.as_ref());
        comparison.finish(|| format!("shipment {}", c.reference))?;
        return Ok(target(&c.reference, false));
    }
    let event = Event::ShipmentCreated {
        reference: c.reference.clone(),
        eta: c.eta,
        carrier: c.carrier.clone(),
        vessel: c.vessel.clone(),
        container: c.container.clone(),
    };
    let shipment = Shipment {
        reference: c.reference.clone(),
        eta: c.eta,
        carrier: c.carrier.clone(),
        vessel: c.vessel.clone(),
        container: c.container.clone(),
        hold: None,
        first_eta: c.eta,
    };
    uow.put_shipment(shipment, event);
    Ok(target(&c.reference, true))
}

/// The shipment and its batches, by reference.
fn existing(reference: &ShipmentRef, uow: &mut UnitOfWork) -> Result<(Shipment, Vec<Batch>), Stop> {
    let shipment = uow.shipment(reference)?.cloned();
    let shipment = shipment.ok_or_else(|| Rejection::UnknownShipment {
        field: None,
        reference: reference.clone(),
    })?;
    let batches = each(uow.cargo(reference)?, |batch| uow.batch(&batch))?;
    Ok((shipment, batches.into_iter().flatten().collect()))
}

/// Another ETA for the shipment and those of its batches that nobody has received.
pub(super) fn change_eta(c: &ChangeShipmentEta, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let (mut shipment, batches) = existing(&c.reference, uow)?;
    let today = uow.day().today;
    // A repeat does not undo what was told of a batch meanwhile.
    if shipment.eta == c.eta {
        return Ok(target(&c.reference, false));
    }
    let event = Event::ShipmentEtaChanged {
        reference: c.reference.clone(),
        from: shipment.eta,
        to: c.eta,
    };
    shipment.eta = c.eta;
    uow.put_shipment(shipment, event);
    let mut before = Vec::with_capacity(batches.len());
    for batch in batches.into_iter().filter(|batch| !batch.received) {
        uow.its_product(&batch.sku)?
            .follow_shipment(&batch.reference, c.eta, &c.reference, today);
        before.push(batch);
    }
    supply::changed(&before, DeallocationReason::Repegged, uow)?;
    Ok(target(&c.reference, false))
}

/// A hold of the shipment, on all its batches.
pub(super) fn hold(c: &HoldShipment, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let hold = Hold {
        code: c.code.clone(),
        note: c.note.clone(),
        expected_clear: c.expected_clear,
    };
    let event = Event::ShipmentHeld {
        reference: c.reference.clone(),
        hold: hold.clone(),
    };
    set_hold(&c.reference, Some(&hold), event, uow)
}

/// The end of the shipment's hold; its batches' own holds stay.
pub(super) fn release(c: &ReleaseShipment, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let event = Event::ShipmentReleased {
        reference: c.reference.clone(),
    };
    set_hold(&c.reference, None, event, uow)
}

fn set_hold(
    reference: &ShipmentRef,
    to: Option<&Hold>,
    event: Event,
    uow: &mut UnitOfWork,
) -> Result<Target, Stop> {
    let (mut shipment, before) = existing(reference, uow)?;
    if shipment.hold.as_ref() != to {
        shipment.hold = to.cloned();
        uow.put_shipment(shipment, event);
        for batch in &before {
            let product = uow.its_product(&batch.sku)?;
            match to {
                Some(hold) => product.hold_batch(&batch.reference, hold, Some(reference)),
                None => product.release_batch(&batch.reference, Some(reference)),
            }
        }
        supply::changed(&before, DeallocationReason::Held, uow)?;
    }
    Ok(target(reference, false))
}

/// What really arrived. Batches that are not counted arrived as expected; those that were received before
/// are left alone, unless they are counted now.
pub(super) fn receive(c: &ReceiveShipment, uow: &mut UnitOfWork) -> Result<Target, Stop> {
    let (mut shipment, batches) = existing(&c.reference, uow)?;
    for reference in c.counts.keys() {
        if !batches.iter().any(|batch| batch.reference == *reference) {
            return Err(Rejection::Senseless {
                field: format!("counts.{reference}"),
                message: format!("is no batch of shipment {}", c.reference),
            }
            .into());
        }
    }
    let counted = |batch: &Batch| match c.counts.get(&batch.reference) {
        Some(count) => Some(count.get()),
        None => (!batch.received).then_some(batch.purchased),
    };
    for batch in &batches {
        if let Some(quantity) = counted(batch) {
            not_below_dispatched(batch, quantity)?;
        }
    }
    let changes = |batch: &Batch| {
        counted(batch).is_some_and(|count| !batch.received || count != batch.purchased)
    };
    if shipment.eta.is_some() || batches.iter().any(changes) {
        let counts = c.counts.iter();
        let event = Event::ShipmentReceived {
            reference: c.reference.clone(),
            eta: shipment.eta,
            counts: counts
                .map(|(batch, count)| (batch.clone(), count.get()))
                .collect(),
        };
        shipment.eta = None;
        uow.put_shipment(shipment, event);
    }
    let today = uow.day().today;
    let mut before = Vec::with_capacity(batches.len());
    for batch in batches {
        if let Some(quantity) = counted(&batch) {
            uow.its_product(&batch.sku)?
                .receive(&batch.reference, quantity, today);
            before.push(batch);
        }
    }
    supply::changed(&before, DeallocationReason::QuantityChanged, uow)?;
    Ok(target(&c.reference, false))
}
