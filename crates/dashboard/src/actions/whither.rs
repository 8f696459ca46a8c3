//! Where a form leads when it was carried out.

use landfall_domain::Command;

use crate::links;
use crate::params::Params;
use crate::sign_in::own_path;

/// Where one came from, if that was said and is a page of ours.
pub(super) fn next(params: &Params) -> Option<&str> {
    let said = params.get("next")?;
    Some(own_path(Some(said))).filter(|path| *path == said)
}

/// The page of what a command makes or changes.
pub(super) fn page_of(command: &Command) -> String {
    match command {
        Command::CreateBatch(c) => links::batch(c.reference.as_str()),
        Command::ChangeBatchQuantity(c) => links::batch(c.reference.as_str()),
        Command::ChangeBatchEta(c) => links::batch(c.reference.as_str()),
        Command::HoldBatch(c) => links::batch(c.reference.as_str()),
        Command::ReleaseBatch(c) => links::batch(c.reference.as_str()),
        Command::ReceiveBatch(c) => links::batch(c.reference.as_str()),
        Command::CancelBatch(c) => links::batch(c.reference.as_str()),
        Command::CreateShipment(c) => links::shipment(c.reference.as_str()),
        Command::ChangeShipmentEta(c) => links::shipment(c.reference.as_str()),
        Command::HoldShipment(c) => links::shipment(c.reference.as_str()),
        Command::ReleaseShipment(c) => links::shipment(c.reference.as_str()),
        Command::ReceiveShipment(c) => links::shipment(c.reference.as_str()),
        Command::Allocate(c) => links::order(c.order_id.as_str()),
        Command::PlaceOrder(c) => links::order(c.order_id.as_str()),
        Command::ChangeLineQuantity(c) => links::order(c.order_id.as_str()),
        Command::CancelLine(c) => links::order(c.order_id.as_str()),
        Command::CancelOrder(c) => links::order(c.order_id.as_str()),
        Command::Dispatch(c) => links::order(c.order_id.as_str()),
    }
}
