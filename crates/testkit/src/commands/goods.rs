//! Short ways to write what happens to goods: shipments, holds, receipts, dispatch.

use jiff::civil::Date;
use landfall_domain::Command;
use landfall_domain::commands::{
    CancelBatch, ChangeShipmentEta, CreateShipment, Dispatch, HoldBatch, HoldShipment,
    ReceiveBatch, ReceiveShipment, ReleaseBatch, ReleaseShipment,
};
use landfall_service::Request;

use super::{count, name, units};

/// A `CreateShipment` in the making.
#[derive(Debug, Clone)]
pub struct ShipmentCommand(pub CreateShipment);

/// A shipment that is expected on this day; none: it has landed.
#[track_caller]
pub fn shipment(reference: &str, eta: Option<Date>) -> ShipmentCommand {
    ShipmentCommand(CreateShipment {
        reference: name(reference),
        eta,
        carrier: None,
        vessel: None,
        container: None,
    })
}

impl ShipmentCommand {
    /// Who carries it, in which vessel, in which container.
    #[must_use]
    #[track_caller]
    pub fn carried(mut self, carrier: &str, vessel: &str, container: &str) -> Self {
        self.0.carrier = Some(name(carrier));
        self.0.vessel = Some(name(vessel));
        self.0.container = Some(name(container));
        self
    }
}

impl From<ShipmentCommand> for Request {
    fn from(shipment: ShipmentCommand) -> Self {
        Command::CreateShipment(shipment.0).into()
    }
}

/// The shipment is expected on this day; none: it has landed.
#[track_caller]
pub fn set_shipment_eta(reference: &str, eta: Option<Date>) -> Command {
    Command::ChangeShipmentEta(ChangeShipmentEta {
        reference: name(reference),
        eta,
    })
}

/// The shipment is kept back, until this day if one is known.
#[track_caller]
pub fn hold_shipment(reference: &str, code: &str, expected_clear: Option<Date>) -> Command {
    Command::HoldShipment(HoldShipment {
        reference: name(reference),
        code: name(code),
        note: None,
        expected_clear,
    })
}

/// The shipment is no longer kept back.
#[track_caller]
pub fn release_shipment(reference: &str) -> Command {
    Command::ReleaseShipment(ReleaseShipment {
        reference: name(reference),
    })
}

/// The shipment arrived, and so many units of these batches were counted.
#[track_caller]
pub fn receive_shipment(reference: &str, counts: &[(&str, u64)]) -> Command {
    let counted = |(batch, units): &(&str, u64)| (name(batch), count(*units));
    Command::ReceiveShipment(ReceiveShipment {
        reference: name(reference),
        counts: counts.iter().map(counted).collect(),
    })
}

/// The batch is kept back, until this day if one is known.
#[track_caller]
pub fn hold(reference: &str, code: &str, expected_clear: Option<Date>) -> Command {
    Command::HoldBatch(HoldBatch {
        reference: name(reference),
        code: name(code),
        note: None,
        expected_clear,
    })
}

/// The batch is no longer kept back by a hold of its own.
#[track_caller]
pub fn release(reference: &str) -> Command {
    Command::ReleaseBatch(ReleaseBatch {
        reference: name(reference),
    })
}

/// So many units of the batch arrived.
#[track_caller]
pub fn receive(reference: &str, quantity: u64) -> Command {
    Command::ReceiveBatch(ReceiveBatch {
        reference: name(reference),
        quantity: count(quantity),
    })
}

/// What has not left of the batch will never come.
#[track_caller]
pub fn cancel_batch(reference: &str) -> Command {
    Command::CancelBatch(CancelBatch {
        reference: name(reference),
        reason: None,
    })
}

/// All of an order that is in the warehouse leaves.
#[track_caller]
pub fn dispatch_order(order: &str) -> Command {
    Command::Dispatch(Dispatch {
        order_id: name(order),
        line_id: None,
        quantity: None,
    })
}

/// All that has not left of a line leaves.
#[track_caller]
pub fn dispatch(order: &str, line: &str) -> Command {
    Command::Dispatch(Dispatch {
        order_id: name(order),
        line_id: Some(name(line)),
        quantity: None,
    })
}

/// So many units of a line leave.
#[track_caller]
pub fn dispatch_units(order: &str, line: &str, quantity: u64) -> Command {
    Command::Dispatch(Dispatch {
        order_id: name(order),
        line_id: Some(name(line)),
        quantity: Some(units(quantity)),
    })
}
