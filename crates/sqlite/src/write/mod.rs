//! The other half of a unit of work: everything that a group of commands changed, in few and narrow rows.
//!
//! A new line that is allocated costs three inserts: the line and its event at the end of their tables, and
//! its key. Its entry in the index of allocations follows later ([`crate::unsettled`]). Counters are written
//! once for the whole group.

mod lines;
mod log;
mod supply;

pub(crate) use lines::pegs;

use hashbrown::HashMap;
use landfall_domain::{Event, OrderId, Status};
use landfall_service::store::{Changes, Head, Remembered};
use rusqlite::{Connection, params};

use crate::chains::{End, Ends};
use crate::codes::{self, int};
use crate::error::Fault;
use crate::unsettled::{Staged, Unsettled};

/// What changes in the writer's memory once a commit has happened.
#[derive(Debug)]
pub(crate) struct Written {
    /// In the index of allocations.
    pub(crate) staged: Staged,
    /// The ends of the products' chains of events.
    pub(crate) ends: Vec<(i64, End)>,
}

/// Writes everything into the open transaction.
pub(crate) fn write(
    connection: &Connection,
    head: Head,
    changes: &Changes,
    unsettled: &Unsettled,
    ends: &Ends,
) -> Result<Written, Fault> {
    let after = check_head(head, changes)?;
    let mut staged = Staged::default();
    let chained = log::Chained::new(connection, changes, ends)?;
    supply::write_shipments(connection, &changes.shipments)?;
    supply::write_products(connection, &changes.products, &chained)?;
    lines::write_lines(connection, changes, unsettled, &mut staged)?;
    write_orders(connection, changes)?;
    log::write_events(connection, changes, &chained)?;
    write_answers(connection, &changes.remembered)?;
    unsettled.make(connection, &mut staged, after.next_number)?;
    advance_head(connection, head, after, staged.settled())?;
    let ends = chained.into_ends();
    Ok(Written { staged, ends })
}

/// Whether the changes were made to what is there, and in the log follow upon what is there.
fn check_head(head: Head, changes: &Changes) -> Result<Head, Fault> {
    let after = match changes.heads.as_slice() {
        [(before, after)] if *before == head => *after,
        [] if changes.is_empty() => head,
        [(before, _)] if before.partition == head.partition => return Err(Fault::Conflict),
        _ => {
            return Err(Fault::Refused(
                "the head does not go with the changes".into(),
            ));
        }
    };
    let offsets = head.next_offset..after.next_offset;
    if changes
        .events
        .iter()
        .map(|record| record.offset)
        .eq(offsets)
    {
        Ok(after)
    } else {
        Err(Fault::Refused(
            "the events do not follow upon the log".into(),
        ))
    }
}

fn advance_head(
    connection: &Connection,
    before: Head,
    after: Head,
    settled: u64,
) -> Result<(), Fault> {
    let changed = connection
        .prepare_cached(
            "UPDATE heads SET version = ?1, next_offset = ?2, next_number = ?3, settled = ?4 \
             WHERE partition = 0 AND version = ?5",
        )?
        .execute(params![
            int(after.version),
            int(after.next_offset),
            int(after.next_number),
            int(settled),
            int(before.version)
        ])?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Fault::Conflict)
    }
}

fn write_orders(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    if changes.orders.is_empty() {
        return Ok(());
    }
    let placed = changes.events.iter().filter_map(|record| {
        let Event::OrderPlaced { order_id, .. } = &record.event else {
            return None;
        };
        Some((order_id, record.offset))
    });
    let placed: HashMap<&OrderId, u64> = placed.collect();
    let sql = "INSERT INTO orders (order_id, deliver, lines, placed) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql)?;
    for order in &changes.orders {
        // Names have a JSON form, always.
        let lines = serde_json::to_string(&order.lines).unwrap_or_default();
        insert.execute(params![
            order.order_id.as_str(),
            codes::deliver(order.deliver),
            lines,
            placed.get(&order.order_id).copied().map(int),
        ])?;
    }
    Ok(())
}

fn write_answers(connection: &Connection, answers: &[Remembered]) -> Result<(), Fault> {
    if answers.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO answers (id, command, answer, time) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql)?;
    for Remembered {
        id,
        command,
        answer,
        time,
    } in answers
    {
        insert.execute(params![id.as_str(), command, answer, codes::micros(*time)])?;
    }
    Ok(())
}

fn one(changed: usize, otherwise: impl FnOnce() -> String) -> Result<(), Fault> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Fault::Corrupt(otherwise()))
    }
}

/// Lines that wait or are late must be found by the partial indexes of the schema.
const _: () = assert!(Status::Allocated as u8 == 0 && Status::Backordered as u8 == 1);
