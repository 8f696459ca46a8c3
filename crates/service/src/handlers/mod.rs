//! One plain function for each command, and the reactions to what they cause.
//!
//! A handler works on the aggregates in the unit of work and nothing else; it is deterministic. What it
//! lacks it asks for by stopping ([`Stop::Needs`]); it is then run again from its beginning.

mod batches;
mod compare;
mod lines;
mod orders;
mod reactions;

use landfall_domain::Command;

use crate::answer::Done;
use crate::uow::{Stop, UnitOfWork};

/// Carries out a command and everything that it sets off.
pub fn handle(command: &Command, uow: &mut UnitOfWork) -> Result<Done, Stop> {
    let target = match command {
        Command::CreateBatch(c) => batches::create(c, uow)?,
        Command::ChangeBatchQuantity(c) => batches::change_quantity(c, uow)?,
        Command::ChangeBatchEta(c) => batches::change_eta(c, uow)?,
        Command::Allocate(c) => lines::allocate(c, uow)?,
        Command::ChangeLineQuantity(c) => lines::change_quantity(c, uow)?,
        Command::CancelLine(c) => lines::cancel(c, uow)?,
        Command::PlaceOrder(c) => orders::place(c, uow)?,
        Command::CancelOrder(c) => orders::cancel(c, uow)?,
    };
    reactions::run(uow)?;
    // The reply is made last: it shows what the reactions did as well.
    target.done(uow)
}
