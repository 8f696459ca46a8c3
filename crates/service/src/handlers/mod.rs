//! One plain function for each command, and the reactions to what they cause.
//!
//! A handler works on the aggregates in the unit of work and nothing else; it is deterministic. What it
//! lacks it asks for by stopping ([`Stop::Needs`]); it is then run again from its beginning.

mod batches;
mod compare;
mod dispatch;
mod draft;
mod lines;
mod orders;
mod promises;
mod reactions;
mod reassign;
mod shipments;
mod supply;
mod target;
mod together;

use landfall_domain::Command;
use landfall_domain::events::PromiseCause;

use crate::answer::Done;
use crate::uow::{Stop, UnitOfWork};

/// Carries out a command and everything that it sets off.
pub fn handle(command: &Command, uow: &mut UnitOfWork) -> Result<Done, Stop> {
    let target = match command {
        Command::CreateBatch(c) => batches::create(c, uow)?,
        Command::ChangeBatchQuantity(c) => batches::change_quantity(c, uow)?,
        Command::ChangeBatchEta(c) => batches::change_eta(c, uow)?,
        Command::HoldBatch(c) => batches::hold(c, uow)?,
        Command::ReleaseBatch(c) => batches::release(c, uow)?,
        Command::ReceiveBatch(c) => batches::receive(c, uow)?,
        Command::CancelBatch(c) => batches::cancel(c, uow)?,
        Command::CreateShipment(c) => shipments::create(c, uow)?,
        Command::ChangeShipmentEta(c) => shipments::change_eta(c, uow)?,
        Command::HoldShipment(c) => shipments::hold(c, uow)?,
        Command::ReleaseShipment(c) => shipments::release(c, uow)?,
        Command::ReceiveShipment(c) => shipments::receive(c, uow)?,
        Command::Allocate(c) => lines::allocate(c, uow)?,
        Command::ChangeLineQuantity(c) => lines::change_quantity(c, uow)?,
        Command::CancelLine(c) => lines::cancel(c, uow)?,
        Command::PlaceOrder(c) => orders::place(c, uow)?,
        Command::CancelOrder(c) => orders::cancel(c, uow)?,
        Command::Dispatch(c) => dispatch::dispatch(c, uow)?,
    };
    reactions::run(cause(command), uow)?;
    // The reply is made last: it shows what the reactions did as well.
    target.done(uow)
}

/// What is told of the promises that a command changes.
fn cause(command: &Command) -> PromiseCause {
    match command {
        Command::CreateBatch(_) | Command::CreateShipment(_) => PromiseCause::BatchCreated,
        Command::ChangeBatchQuantity(_) => PromiseCause::QuantityChanged,
        Command::ChangeBatchEta(_) | Command::ChangeShipmentEta(_) => PromiseCause::EtaChanged,
        Command::HoldBatch(_) | Command::HoldShipment(_) => PromiseCause::Held,
        Command::ReleaseBatch(_) | Command::ReleaseShipment(_) => PromiseCause::Released,
        Command::ReceiveBatch(_) | Command::ReceiveShipment(_) => PromiseCause::Received,
        Command::CancelBatch(_) => PromiseCause::BatchCancelled,
        Command::Allocate(_) | Command::PlaceOrder(_) => PromiseCause::LineAdded,
        Command::ChangeLineQuantity(_) => PromiseCause::Amended,
        Command::CancelLine(_) | Command::CancelOrder(_) => PromiseCause::Cancelled,
        Command::Dispatch(_) => PromiseCause::Dispatched,
    }
}
