//! The other half of a unit of work: everything that a group of commands changed, in few and narrow rows.
//!
//! A new line that is allocated costs three inserts: the line and its event at the end of their tables, and
//! its key. Its entry in the index of allocations follows later ([`crate::unsettled`]). Counters are written
//! once for the whole group.

use std::collections::HashMap;
use std::fmt::Write as _;

use landfall_domain::{Allocation, Batch, Event, OrderLine, PlacedOrder, Status};
use landfall_service::LogRecord;
use landfall_service::store::{Changes, Head, LineChange, ProductChange, Remembered};
use rusqlite::{Connection, params};

use crate::codes::{self, int};
use crate::error::Fault;
use crate::unsettled::{self, Entry, Staged, Unsettled};

/// Writes everything into the open transaction. What changes in the index of allocations once it is
/// committed is in the answer.
pub(crate) fn write(
    connection: &Connection,
    head: Head,
    changes: &Changes,
    unsettled: &Unsettled,
    limit: usize,
) -> Result<Staged, Fault> {
    let after = check_head(head, changes)?;
    let mut staged = Staged::default();
    for product in &changes.products {
        write_product(connection, product)?;
    }
    write_lines(connection, &changes.products, unsettled, &mut staged)?;
    write_orders(connection, &changes.orders)?;
    write_events(connection, changes)?;
    write_answers(connection, &changes.remembered)?;
    unsettled.make(connection, &mut staged, limit, after.next_number)?;
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

fn write_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let ProductChange {
        number,
        sku,
        version,
        backordered,
        ..
    } = product;
    let (number, version, backordered) = (int(*number), int(*version), int(*backordered));
    if product.created {
        let sql =
            "INSERT INTO products (number, sku, version, backordered) VALUES (?1, ?2, ?3, ?4)";
        let mut insert = connection.prepare_cached(sql)?;
        insert.execute(params![number, sku.as_str(), version, backordered])?;
    } else {
        // The count of waiting lines is in an index, which is left alone where the count stays.
        let same = "UPDATE products SET version = ?2 WHERE number = ?1 AND backordered = ?3";
        let row = params![number, version, backordered];
        if connection.prepare_cached(same)?.execute(row)? == 0 {
            let sql = "UPDATE products SET version = ?2, backordered = ?3 WHERE number = ?1";
            let changed = connection.prepare_cached(sql)?.execute(row)?;
            one(changed, || {
                format!("product {sku} to be changed is not there")
            })?;
        }
    }
    for batch in &product.new_batches {
        insert_batch(connection, number, batch)?;
    }
    for batch in &product.changed_batches {
        update_batch(connection, batch)?;
    }
    Ok(())
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

fn update_batch(connection: &Connection, batch: &Batch) -> Result<(), Fault> {
    let row = params![
        int(batch.number),
        batch.eta.map(codes::day),
        int(batch.purchased),
        int(batch.allocated),
        int(batch.dispatched),
        batch.free() > 0,
    ];
    // `open` is in an index, which is left alone where it stays.
    let same = "UPDATE batches SET eta = ?2, purchased = ?3, allocated = ?4, dispatched = ?5 \
                WHERE number = ?1 AND open = ?6";
    if connection.prepare_cached(same)?.execute(row)? == 1 {
        return Ok(());
    }
    let sql = "UPDATE batches SET eta = ?2, purchased = ?3, allocated = ?4, dispatched = ?5, open = ?6 \
               WHERE number = ?1";
    let changed = connection.prepare_cached(sql)?.execute(row)?;
    one(changed, || {
        format!("batch {} to be changed is not there", batch.reference)
    })
}

fn write_lines(
    connection: &Connection,
    products: &[ProductChange],
    unsettled: &Unsettled,
    staged: &mut Staged,
) -> Result<(), Fault> {
    let mut new: Vec<(i64, &OrderLine)> = Vec::new();
    for product in products {
        for LineChange { before, after } in &product.lines {
            match before {
                None => new.push((int(product.number), after)),
                Some(before) if before == after => continue,
                Some(_) => update_line(connection, after)?,
            }
            write_pegs(connection, before.as_ref(), after, unsettled, staged)?;
        }
    }
    // In the order of the tables: the next row is then near the last, often on the same page.
    new.sort_unstable_by_key(|(_, line)| line.number);
    insert_lines(connection, &new)?;
    new.sort_unstable_by_key(|(_, line)| &line.key);
    let mut keys = connection
        .prepare_cached("INSERT INTO line_keys (order_id, line_id, number) VALUES (?1, ?2, ?3)")?;
    for (_, line) in &new {
        let (order, id) = (line.key.order_id.as_str(), line.key.line_id.as_str());
        keys.execute(params![order, id, int(line.number)])?;
    }
    Ok(())
}

fn insert_lines(connection: &Connection, new: &[(i64, &OrderLine)]) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO lines (number, order_id, line_id, product, quantity, dispatched, status, \
         cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, \
         first_quantity, locations) VALUES \
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?;
    for (product, line) in new {
        let terms = &line.terms;
        let (batch, parts) = pegs(line);
        insert.execute(params![
            int(line.number),
            line.key.order_id.as_str(),
            line.key.line_id.as_str(),
            product,
            int(line.quantity),
            int(line.dispatched),
            codes::status(line.status()),
            line.cancelled,
            terms.priority.get(),
            codes::policy(terms.policy),
            terms.split,
            codes::if_short(terms.if_short),
            terms.requested_date.map(codes::day),
            line.original_promise.map(codes::day),
            line.current_promise.map(codes::day),
            batch,
            parts,
            int(terms.quantity),
            locations(line),
        ])?;
    }
    Ok(())
}

/// The terms of a line never change, nor do its key and its product.
fn update_line(connection: &Connection, line: &OrderLine) -> Result<(), Fault> {
    let (batch, parts) = pegs(line);
    let changed = connection
        .prepare_cached(
            "UPDATE lines SET quantity = ?2, dispatched = ?3, status = ?4, cancelled = ?5, \
             original = ?6, current = ?7, batch = ?8, parts = ?9 WHERE number = ?1",
        )?
        .execute(params![
            int(line.number),
            int(line.quantity),
            int(line.dispatched),
            codes::status(line.status()),
            line.cancelled,
            line.original_promise.map(codes::day),
            line.current_promise.map(codes::day),
            batch,
            parts,
        ])?;
    one(changed, || {
        format!("line {} to be changed is not there", line.key)
    })
}

/// The batch that holds all that is outstanding of a line, or its parts.
fn pegs(line: &OrderLine) -> (Option<i64>, Option<String>) {
    match line.allocations.as_slice() {
        [] => (None, None),
        [only] if only.quantity == line.quantity - line.dispatched => {
            (Some(int(only.batch_number)), None)
        }
        parts => (None, Some(parts_json(parts))),
    }
}

fn parts_json(parts: &[Allocation]) -> String {
    let mut json = String::from("[");
    for Allocation {
        batch_number,
        quantity,
        ..
    } in parts
    {
        let comma = if json.len() > 1 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(json, "{comma}[{batch_number},{quantity}]");
    }
    json.push(']');
    json
}

fn locations(line: &OrderLine) -> Option<String> {
    let locations = &line.terms.locations;
    // Names have a JSON form, always.
    (!locations.is_empty()).then(|| serde_json::to_string(locations).unwrap_or_default())
}

/// What changes in the index of allocations: entries that are no more are removed at once, those of old
/// lines are made at once, and those of young lines may wait.
fn write_pegs(
    connection: &Connection,
    before: Option<&OrderLine>,
    after: &OrderLine,
    unsettled: &Unsettled,
    staged: &mut Staged,
) -> Result<(), Fault> {
    let entries = |line: &OrderLine| -> Vec<(Entry, u64)> {
        let each = line
            .allocations
            .iter()
            .map(|a| (Entry::of(line, a), a.quantity));
        each.collect()
    };
    if let Some(before) = before {
        if before.allocations == after.allocations
            && before.current_promise == after.current_promise
        {
            return Ok(());
        }
        for (entry, _) in entries(before) {
            if unsettled.contains(&entry) {
                staged.removed.insert(entry);
            } else {
                unsettled::delete(connection, &entry)?;
            }
        }
    }
    if unsettled.is_young(after.number) {
        let each = after
            .allocations
            .iter()
            .map(|a| (Entry::of(after, a), a.quantity));
        staged.added.extend(each);
    } else {
        for (entry, units) in entries(after) {
            unsettled::insert(connection, &entry, units)?;
        }
    }
    Ok(())
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

fn write_events(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let numbers: HashMap<&str, i64> = changes
        .products
        .iter()
        .map(|product| (product.sku.as_str(), int(product.number)))
        .collect();
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (offset, type, product, time, command_id, data) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut json = Vec::with_capacity(512);
    for record in &changes.events {
        let product = match &record.sku {
            None => None,
            Some(sku) => match numbers.get(sku.as_str()) {
                Some(number) => Some(*number),
                None => Some(product_number(connection, sku.as_str())?),
            },
        };
        insert.execute(params![
            int(record.offset),
            record.event.kind(),
            product,
            codes::micros(record.time),
            command_id(record),
            data(&record.event, &mut json)?,
        ])?;
    }
    Ok(())
}

fn product_number(connection: &Connection, sku: &str) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached("SELECT number FROM products WHERE sku = ?1")?;
    let mut rows = statement.query([sku])?;
    match rows.next()? {
        Some(row) => Ok(row.get(0)?),
        None => Err(Fault::Refused(format!(
            "an event names the product {sku}, which is not there"
        ))),
    }
}

/// The command's id; nothing where it is the one that a command without a key gets from this very event.
fn command_id(record: &LogRecord) -> Option<&str> {
    let id = record.command_id.as_str();
    let own = id
        .strip_prefix('~')
        .and_then(|id| id.split_once('-'))
        .is_some_and(|(partition, offset)| {
            let plain = !offset.starts_with(['0', '+']) && partition == "0";
            plain && offset.parse() == Ok(record.offset)
        });
    (!own).then_some(id)
}

/// The data of an event in JSON, without the type, which has a column.
fn data<'a>(event: &Event, json: &'a mut Vec<u8>) -> Result<&'a str, Fault> {
    json.clear();
    let refused = |error: String| Fault::Refused(format!("an event has no JSON form: {error}"));
    serde_json::to_writer(&mut *json, event).map_err(|error| refused(error.to_string()))?;
    let before = r#"{"type":"","data":"#.len() + event.kind().len();
    let data = json
        .get(before..json.len().saturating_sub(1))
        .unwrap_or_default();
    std::str::from_utf8(data).map_err(|error| refused(error.to_string()))
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
