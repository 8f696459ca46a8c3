//! Order lines and the index of allocations.

use std::fmt::Write as _;

use landfall_domain::{Allocation, IfShort, OrderLine, Policy, Status, Terms};
use landfall_service::store::{LineChange, ProductChange};
use rusqlite::{Connection, params};

use super::one;
use crate::bulk::Insert;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::unsettled::{self, Entry, Staged, Unsettled};

/// Writes the lines that are new or changed, and what changes in the index of allocations.
pub(super) fn write_lines(
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
                Some(before) if before == after => {}
                Some(before) => {
                    update_line(connection, after)?;
                    write_pegs(connection, before, after, unsettled, staged)?;
                }
            }
        }
    }
    // In the order of the tables: the next row is then near the last, often on the same page.
    new.sort_unstable_by_key(|(_, line)| line.number);
    insert_lines(connection, &new)?;
    // Their entries in the index of allocations can wait.
    staged
        .added
        .extend(new.iter().flat_map(|(_, line)| entries(line)));
    new.sort_unstable_by_key(|(_, line)| &line.key);
    KEYS.all(connection, &new, |values, (_, line)| {
        values.put(line.key.order_id.as_str())?;
        values.put(line.key.line_id.as_str())?;
        values.put(int(line.number))
    })
}

const KEYS: Insert = Insert {
    into: "line_keys (order_id, line_id, number)",
    row: "(?, ?, ?)",
};
const LINES: &str = "lines (number, order_id, line_id, product, quantity, dispatched, status, \
    cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, \
    first_quantity, locations)";
/// Any line.
const ANY: Insert = Insert {
    into: LINES,
    row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};
/// Most lines: see [`is_plain`].
const PLAIN: Insert = Insert {
    into: LINES,
    row: "(?, ?, ?, ?, ?, 0, 0, 0, ?, 0, 0, 0, NULL, ?, ?, ?, NULL, ?, NULL)",
};

/// Whether a new line says nothing out of the ordinary and found its stock in one batch.
fn is_plain(line: &OrderLine) -> bool {
    let OrderLine {
        terms, quantity, ..
    } = line;
    let Terms {
        policy,
        split,
        if_short,
        requested_date,
        locations,
        ..
    } = terms;
    line.status() == Status::Allocated
        && line.dispatched == 0
        && !line.cancelled
        && matches!(pegs(line), (Some(_), None))
        && terms.quantity == *quantity
        && (*policy, *split, *if_short) == (Policy::Earliest, false, IfShort::Backorder)
        && requested_date.is_none()
        && locations.is_empty()
}

fn insert_lines(connection: &Connection, new: &[(i64, &OrderLine)]) -> Result<(), Fault> {
    // All or none: they are inserted by number, so that each goes to the end of the table.
    if new.iter().all(|(_, line)| is_plain(line)) {
        return PLAIN.all(connection, new, |values, (product, line)| {
            values.put(int(line.number))?;
            values.put(line.key.order_id.as_str())?;
            values.put(line.key.line_id.as_str())?;
            values.put(product)?;
            values.put(int(line.quantity))?;
            values.put(line.terms.priority.get())?;
            values.put(line.original_promise.map(codes::day))?;
            values.put(line.current_promise.map(codes::day))?;
            values.put(pegs(line).0)?;
            values.put(int(line.quantity))
        });
    }
    ANY.all(connection, new, |values, (product, line)| {
        let terms = &line.terms;
        let (batch, parts) = pegs(line);
        values.put(int(line.number))?;
        values.put(line.key.order_id.as_str())?;
        values.put(line.key.line_id.as_str())?;
        values.put(product)?;
        values.put(int(line.quantity))?;
        values.put(int(line.dispatched))?;
        values.put(codes::status(line.status()))?;
        values.put(line.cancelled)?;
        values.put(terms.priority.get())?;
        values.put(codes::policy(terms.policy))?;
        values.put(terms.split)?;
        values.put(codes::if_short(terms.if_short))?;
        values.put(terms.requested_date.map(codes::day))?;
        values.put(line.original_promise.map(codes::day))?;
        values.put(line.current_promise.map(codes::day))?;
        values.put(batch)?;
        values.put(parts)?;
        values.put(int(terms.quantity))?;
        values.put(locations(line))
    })
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

/// What changes in the index of allocations when a line does. Unlike those of new lines, these entries are
/// made and removed at once: what is in the index is true.
fn write_pegs(
    connection: &Connection,
    before: &OrderLine,
    after: &OrderLine,
    unsettled: &Unsettled,
    staged: &mut Staged,
) -> Result<(), Fault> {
    if before.allocations == after.allocations && before.current_promise == after.current_promise {
        return Ok(());
    }
    for (entry, _) in entries(before) {
        if unsettled.contains(&entry) {
            staged.removed.insert(entry);
        } else {
            unsettled::delete(connection, &entry)?;
        }
    }
    let made: Vec<(Entry, u64)> = entries(after).collect();
    unsettled::insert_all(connection, &made)
}

/// What the index of allocations has of a line, and how many units of each batch.
fn entries(line: &OrderLine) -> impl Iterator<Item = (Entry, u64)> {
    line.allocations
        .iter()
        .map(|a| (Entry::of(line, a), a.quantity))
}
