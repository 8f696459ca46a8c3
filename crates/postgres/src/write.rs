//! The other half of a unit of work: everything that a group of commands changed, in one burst of statements that ends
//! with COMMIT.
//!
//! Each statement takes arrays, one element for each row, so that their number does not depend on how much changed.
//! One that changes rows counts them, and divides by zero where a row is not there or is not what it was: the burst
//! cannot wait to be told, and the division lets the COMMIT at its end fail.

mod availability;
mod group;
mod heads;
mod lines;
mod log;
mod parts;
mod supply;

use landfall_service::store::{Changes, Head};

use crate::codes::Id;
use crate::error::Fault;
use crate::trip::Trip;

/// What a statement of the burst writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Products,
    Shipments,
    Supply,
    Lines,
    /// What nearly every group changes. Products and heads must be as they were loaded.
    Group,
    Log,
    /// Answers by themselves.
    Answers,
    Commit,
}

/// Whether the changes were made to what is held.
pub(crate) fn check_held(held: &[Head], changes: &Changes) -> Result<(), Fault> {
    let mut heads = changes.heads.iter();
    if heads.all(|(before, _)| held.contains(before)) {
        Ok(())
    } else {
        Err(Fault::Conflict)
    }
}

/// Whether the events follow upon the log.
pub(crate) fn check_events(changes: &Changes) -> Result<(), Fault> {
    let mut events = changes.events.len();
    for (before, after) in &changes.heads {
        let offsets = changes.events.iter();
        let offsets = offsets.filter(|record| record.partition == before.partition);
        let mut expected = before.next_offset..after.next_offset;
        for record in offsets {
            if expected.next() != Some(record.offset) {
                return Err(disordered());
            }
            events -= 1;
        }
        if !expected.is_empty() {
            return Err(disordered());
        }
    }
    if events == 0 {
        Ok(())
    } else {
        Err(disordered())
    }
}

fn disordered() -> Fault {
    Fault::Refused("the events do not follow upon the log".into())
}

/// Adds everything to the burst, the bounds of the transaction left out. What it rests on, where nothing was
/// locked, is looked at once more.
pub(crate) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    partitions: u16,
    id: Id,
    basis: Basis,
) -> Result<(), Fault> {
    let supply = supply::ask(trip, changes, partitions);
    let lines = lines::ask(trip, changes, partitions);
    let histories = log::Histories::of(changes, partitions);
    let log = log::common(changes, &histories, partitions);
    let availability = availability::common(changes, partitions, &supply);
    let common = group::Common {
        supply,
        availability,
        lines,
        log,
    };
    group::ask(trip, changes, common, id, basis)?;
    log::ask(trip, changes, histories, partitions);
    Ok(())
}

/// All statements that write, for a connection to prepare.
pub(crate) fn statements() -> Vec<&'static str> {
    let mut statements = supply::STATEMENTS.to_vec();
    statements.extend(parts::STATEMENTS);
    statements.extend(lines::STATEMENTS);
    statements.extend(group::statements());
    statements.extend(log::STATEMENTS);
    statements.extend(heads::STATEMENTS);
    statements
}

pub(crate) use heads::{Basis, COMMITTED, FENCE, Noted, SETTLE, slot};
pub(crate) use lines::{pegs_of, taken as taken_lines};
pub(crate) use supply::taken as taken_batches;
