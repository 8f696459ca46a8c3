//! The other half of a unit of work: everything that a group of commands changed, in few and narrow rows.
//!
//! A new line that is allocated costs three inserts: the line and its event at the end of their tables, and
//! its key. Its entry in the index of allocations follows later ([`crate::unsettled`]). Counters are written
//! once for the whole group.

mod lines;
mod log;

use landfall_domain::{Batch, PlacedOrder, Status};
use landfall_service::store::{Changes, Head, ProductChange, Remembered};
use rusqlite::{Connection, params};

use crate::codes::{self, int};
use crate::error::Fault;
use crate::unsettled::{Staged, Unsettled};

/// Writes everything into the open transaction. What changes in the index of allocations once it is
/// committed is in the answer.
pub(crate) fn write(
    connection: &Connection,
    head: Head,
    changes: &Changes,
    unsettled: &Unsettled,
) -> Result<Staged, Fault> {
    let after = check_head(head, changes)?;
    let mut staged = Staged::default();
    write_products(connection, &changes.products)?;
    lines::write_lines(connection, &changes.products, unsettled, &mut staged)?;
    write_orders(connection, &changes.orders)?;
    log::write_events(connection, changes)?;
    write_answers(connection, &changes.remembered)?;
    unsettled.make(connection, &mut staged, after.next_number)?;
    advance_head(connection, head, after, staged.settled())?;
    Ok(staged)
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

fn write_products(connection: &Connection, products: &[ProductChange]) -> Result<(), Fault> {
    // The count of waiting lines is in an index, which is left alone where the count stays; so is whether
    // a batch is open. Most groups change nothing but versions and counters.
    let mut version = connection.prepare_cached(
        "UPDATE products SET version = ?2 WHERE number = ?1 AND backordered = ?3",
    )?;
    let mut counters = connection.prepare_cached(
        "UPDATE batches SET eta = ?2, purchased = ?3, allocated = ?4, dispatched = ?5 \
         WHERE number = ?1 AND open = ?6",
    )?;
    for product in products {
        let number = int(product.number);
        if product.created {
            insert_product(connection, product)?;
        } else if version.execute([number, int(product.version), int(product.backordered)])? == 0 {
            update_product(connection, product)?;
        }
        for batch in &product.new_batches {
            insert_batch(connection, number, batch)?;
        }
        for batch in &product.changed_batches {
            if counters.execute(counted(batch))? == 0 {
                update_batch(connection, batch)?;
            }
        }
    }
    Ok(())
}

fn insert_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let ProductChange {
        number,
        sku,
        version,
        backordered,
        ..
    } = product;
    let sql = "INSERT INTO products (number, sku, version, backordered) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql)?;
    insert.execute(params![
        int(*number),
        sku.as_str(),
        int(*version),
        int(*backordered)
    ])?;
    Ok(())
}

fn update_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let ProductChange {
        number,
        sku,
        version,
        backordered,
        ..
    } = product;
    let sql = "UPDATE products SET version = ?2, backordered = ?3 WHERE number = ?1";
    let mut update = connection.prepare_cached(sql)?;
    let changed = update.execute([int(*number), int(*version), int(*backordered)])?;
    one(changed, || {
        format!("product {sku} to be changed is not there")
    })
}

fn insert_batch(connection: &Connection, product: i64, batch: &Batch) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO batches (number, reference, product, location, eta, purchased, allocated, \
             dispatched, open, first_quantity, first_eta) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            int(batch.number),
            batch.reference.as_str(),
            product,
            batch
                .location
                .as_ref()
                .map(landfall_domain::Location::as_str),
            batch.eta.map(codes::day),
            int(batch.purchased),
            int(batch.allocated),
            int(batch.dispatched),
            batch.free() > 0,
            int(batch.first_quantity),
            batch.first_eta.map(codes::day),
        ])?;
    Ok(())
}

/// What may change in a batch, as the parameters of an update.
fn counted(batch: &Batch) -> impl rusqlite::Params {
    (
        int(batch.number),
        batch.eta.map(codes::day),
        int(batch.purchased),
        int(batch.allocated),
        int(batch.dispatched),
        batch.free() > 0,
    )
}

fn update_batch(connection: &Connection, batch: &Batch) -> Result<(), Fault> {
    let sql = "UPDATE batches SET eta = ?2, purchased = ?3, allocated = ?4, dispatched = ?5, open = ?6 \
               WHERE number = ?1";
    let changed = connection.prepare_cached(sql)?.execute(counted(batch))?;
    one(changed, || {
        format!("batch {} to be changed is not there", batch.reference)
    })
}

fn write_orders(connection: &Connection, orders: &[PlacedOrder]) -> Result<(), Fault> {
    if orders.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO orders (order_id, deliver, lines) VALUES (?1, ?2, ?3)";
    let mut insert = connection.prepare_cached(sql)?;
    for order in orders {
        // Names have a JSON form, always.
        let lines = serde_json::to_string(&order.lines).unwrap_or_default();
        insert.execute(params![
            order.order_id.as_str(),
            codes::deliver(order.deliver),
            lines
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

/// A line that waits must be found by the partial index of the schema.
const _: () = assert!(Status::Backordered as u8 == 1);
