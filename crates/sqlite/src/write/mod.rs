//! The other half of a unit of work: everything that a group of commands changed, in few and narrow rows.
//!
//! A new line that is allocated costs three inserts: the line and its event at the end of their tables, and
//! its key. Its entry in the index of allocations follows later ([`crate::unsettled`]). Counters are written
//! once for the whole group.

mod lines;
mod log;

use landfall_domain::{Batch, PlacedOrder, Status};
use landfall_service::store::{BatchChange, Changes, Head, ProductChange, Remembered};
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
    // Most groups change nothing but versions and units: these have narrow tables of their own, so that few
    // pages change.
    let mut version =
        connection.prepare_cached("UPDATE product_versions SET version = ?2 WHERE number = ?1")?;
    let mut counts = connection.prepare_cached(
        "UPDATE batch_counts SET purchased = ?2, allocated = ?3, dispatched = ?4 WHERE number = ?1",
    )?;
    for product in products {
        let number = int(product.number);
        if product.created {
            insert_product(connection, product)?;
        } else {
            let changed = version.execute([number, int(product.version)])?;
            one(changed, || format!("product {} is not there", product.sku))?;
            if product.backordered != product.backordered_before {
                update_product(connection, product)?;
            }
        }
        for batch in &product.new_batches {
            insert_batch(connection, number, batch)?;
        }
        for BatchChange { before, after } in &product.changed_batches {
            let changed = counts.execute([
                int(after.number),
                int(after.purchased),
                int(after.allocated),
                int(after.dispatched),
            ])?;
            one(changed, || {
                format!("batch {} is not there", after.reference)
            })?;
            if (before.eta, is_open(before)) != (after.eta, is_open(after)) {
                update_batch(connection, after)?;
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
    connection
        .prepare_cached("INSERT INTO products (number, sku, backordered) VALUES (?1, ?2, ?3)")?
        .execute(params![int(*number), sku.as_str(), int(*backordered)])?;
    connection
        .prepare_cached("INSERT INTO product_versions (number, version) VALUES (?1, ?2)")?
        .execute([int(*number), int(*version)])?;
    Ok(())
}

/// How many lines wait is in an index, which is left alone where the count stays.
fn update_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let sql = "UPDATE products SET backordered = ?2 WHERE number = ?1";
    let changed = connection
        .prepare_cached(sql)?
        .execute([int(product.number), int(product.backordered)])?;
    one(changed, || format!("product {} is not there", product.sku))
}

fn insert_batch(connection: &Connection, product: i64, batch: &Batch) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO batches (number, reference, product, location, eta, open, first_quantity, \
             first_eta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
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
            is_open(batch),
            int(batch.first_quantity),
            batch.first_eta.map(codes::day),
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO batch_counts (number, purchased, allocated, dispatched) \
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute([
            int(batch.number),
            int(batch.purchased),
            int(batch.allocated),
            int(batch.dispatched),
        ])?;
    Ok(())
}

/// Whether a batch is found when its product is loaded.
fn is_open(batch: &Batch) -> bool {
    batch.free() > 0
}

/// Whether a batch is open is in an index, which is left alone where it stays so.
fn update_batch(connection: &Connection, batch: &Batch) -> Result<(), Fault> {
    let sql = "UPDATE batches SET eta = ?2, open = ?3 WHERE number = ?1";
    let changed = connection.prepare_cached(sql)?.execute(params![
        int(batch.number),
        batch.eta.map(codes::day),
        is_open(batch)
    ])?;
    one(changed, || {
        format!("batch {} is not there", batch.reference)
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
