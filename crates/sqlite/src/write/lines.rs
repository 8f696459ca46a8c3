//! Order lines, the order view, and the index of allocations.

use std::fmt::Write as _;

use hashbrown::HashMap;
use landfall_domain::shortage::ShortageKey;
use landfall_domain::{Allocation, Deliver, IfShort, LineKey, OrderLine, Policy, Status, Terms};
use landfall_service::store::{Changes, LineChange};
use rusqlite::{Connection, params};

use super::{log, one};
use crate::bulk::Insert;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::order_view;
use crate::unsettled::{self, Entry, Staged, Unsettled};

/// A new line.
struct New<'a> {
    line: &'a OrderLine,
    /// Its product's number.
    product: i64,
    /// The offset of the event that accepts it.
    accepted: Option<i64>,
    /// The batch that holds all that is outstanding, or the parts.
    pegs: (Option<i64>, Option<String>),
}

/// Writes the lines that are new or changed, and what changes in the index of allocations.
pub(super) fn write_lines(
    connection: &Connection,
    changes: &Changes,
    unsettled: &Unsettled,
    staged: &mut Staged,
) -> Result<(), Fault> {
    let (mut new, mut old): (Vec<New<'_>>, Vec<(&OrderLine, &OrderLine)>) = Default::default();
    for product in &changes.products {
        for LineChange { before, after } in &product.lines {
            match before {
                None => new.push(New {
                    line: after,
                    product: int(product.number),
                    accepted: None,
                    pegs: pegs_of(after),
                }),
                Some(before) if before == after => {}
                Some(before) => old.push((before, after)),
            }
        }
    }
    // In the order of the tables: the next row is then near the last, often on the same page.
    old.sort_unstable_by_key(|(_, after)| after.number);
    new.sort_unstable_by_key(|new| new.line.number);
    update_lines(connection, &old)?;
    write_pegs(connection, &old, unsettled, staged)?;
    find_accepted(changes, &mut new);
    insert_lines(connection, &new)?;
    if let Some(first) = new.first() {
        // The rows that were just inserted are at hand: nothing need be said of them again.
        let sql = order_view::COPY;
        connection
            .prepare_cached(sql)?
            .execute([int(first.line.number)])?;
    }
    // Their entries in the index of allocations can wait.
    staged
        .added
        .extend(new.iter().flat_map(|new| entries(new.line)));
    new.sort_unstable_by_key(|new| &new.line.key);
    KEYS.all(connection, &new, |values, New { line, .. }| {
        values.put(line.key.order_id.as_str())?;
        values.put(line.key.line_id.as_str())?;
        values.put(int(line.number))
    })
}

/// Finds the event that accepts each new line. Lines come by number, which is nearly always the order of these events.
fn find_accepted(changes: &Changes, new: &mut [New<'_>]) {
    let accepting = changes
        .events
        .iter()
        .filter(|record| log::accepts(&record.event));
    let mut places: Option<HashMap<(&str, &str), usize>> = None;
    let mut next = 0;
    for record in accepting {
        let Some((order_id, line_id)) = record.event.line() else {
            continue;
        };
        let is = |key: &LineKey| key.order_id == *order_id && key.line_id == *line_id;
        let place = match new.get(next) {
            Some(new) if is(&new.line.key) => Some(next),
            _ => {
                let places = places.get_or_insert_with(|| {
                    let keys = new.iter().map(|new| &new.line.key);
                    keys.map(|key| (key.order_id.as_str(), key.line_id.as_str()))
                        .zip(0..)
                        .collect()
                });
                places.get(&(order_id.as_str(), line_id.as_str())).copied()
            }
        };
        if let Some(place) = place {
            new[place].accepted = Some(int(record.offset));
            next = place + 1;
        }
    }
}

const KEYS: Insert = Insert {
    into: "INSERT INTO line_keys (order_id, line_id, number)",
    row: "(?, ?, ?)",
};
const LINES: &str = "INSERT INTO lines (number, order_id, line_id, product, quantity, dispatched, status, \
    cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, \
    first_quantity, locations, deliver, accepted)";
/// Any line.
const ANY: Insert = Insert {
    into: LINES,
    row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};
/// Most lines: see [`is_plain`].
const PLAIN: Insert = Insert {
    into: LINES,
    row: "(?, ?, ?, ?, ?, 0, 0, 0, ?, 0, 0, 0, NULL, ?, ?, ?, NULL, ?, NULL, 0, ?)",
};
/// Whether a new line says nothing out of the ordinary and found its stock in one batch.
fn is_plain(New { line, pegs, .. }: &New<'_>) -> bool {
    let OrderLine {
        terms, quantity, ..
    } = line;
    let Terms {
        policy,
        split,
        if_short,
        requested_date,
        locations,
        deliver,
        quantity: first_quantity,
        priority: _,
    } = terms;
    line.status() == Status::Allocated
        && line.dispatched == 0
        && !line.cancelled
        && matches!(pegs, (Some(_), None))
        && first_quantity == quantity
        && (*policy, *split, *if_short) == (Policy::Earliest, false, IfShort::Backorder)
        && *deliver == Deliver::AsReady
        && requested_date.is_none()
        && locations.is_empty()
}

fn insert_lines(connection: &Connection, new: &[New<'_>]) -> Result<(), Fault> {
    // All or none: they are inserted by number, so that each goes to the end of the table.
    if new.iter().all(is_plain) {
        return insert_plain(connection, new);
    }
    ANY.all(connection, new, |values, new| {
        let New { line, pegs, .. } = new;
        let terms = &line.terms;
        values.put(int(line.number))?;
        values.put(line.key.order_id.as_str())?;
        values.put(line.key.line_id.as_str())?;
        values.put(new.product)?;
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
        values.put(pegs.0)?;
        values.put(pegs.1.as_deref())?;
        values.put(int(terms.quantity))?;
        values.put(locations(line))?;
        values.put(codes::deliver(terms.deliver))?;
        values.put(new.accepted)
    })
}

fn insert_plain(connection: &Connection, new: &[New<'_>]) -> Result<(), Fault> {
    PLAIN.all(
        connection,
        new,
        |values,
         New {
             line,
             product,
             accepted,
             pegs,
         }| {
            values.put(int(line.number))?;
            values.put(line.key.order_id.as_str())?;
            values.put(line.key.line_id.as_str())?;
            values.put(product)?;
            values.put(int(line.quantity))?;
            values.put(line.terms.priority.get())?;
            values.put(line.original_promise.map(codes::day))?;
            values.put(line.current_promise.map(codes::day))?;
            values.put(pegs.0)?;
            values.put(int(line.quantity))?;
            values.put(accepted)
        },
    )
}

/// The terms of a line never change, nor do its key and its product.
fn update_lines(
    connection: &Connection,
    changed: &[(&OrderLine, &OrderLine)],
) -> Result<(), Fault> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut lines = connection.prepare_cached(
        "UPDATE lines SET quantity = ?2, dispatched = ?3, status = ?4, original = ?5, current = ?6, \
         batch = ?7, parts = ?8, cancelled = ?9 WHERE number = ?1",
    )?;
    let mut view = connection.prepare_cached(
        "UPDATE order_view SET quantity = ?2, dispatched = ?3, status = ?4, original = ?5, \
         current = ?6, batch = ?7, parts = ?8 WHERE number = ?1",
    )?;
    for (_, line) in changed {
        let (number, quantity, dispatched, status, original, current, (batch, parts)) = (
            int(line.number),
            int(line.quantity),
            int(line.dispatched),
            codes::status(line.status()),
            line.original_promise.map(codes::day),
            line.current_promise.map(codes::day),
            pegs_of(line),
        );
        let written = lines.execute(params![
            number,
            quantity,
            dispatched,
            status,
            original,
            current,
            batch,
            parts,
            line.cancelled
        ])?;
        let shown = view.execute(params![
            number, quantity, dispatched, status, original, current, batch, parts
        ])?;
        one(written.min(shown), || {
            format!("line {} to be changed is not there", line.key)
        })?;
    }
    Ok(())
}

fn pegs_of(line: &OrderLine) -> (Option<i64>, Option<String>) {
    pegs(&line.allocations, line.quantity - line.dispatched)
}

/// The batch that holds all that is outstanding of a line, or its parts.
pub(crate) fn pegs(allocations: &[Allocation], outstanding: u64) -> (Option<i64>, Option<String>) {
    match allocations {
        [] => (None, None),
        [only] if only.quantity == outstanding => (Some(int(only.batch_number)), None),
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

/// What changes in the index of allocations when lines do. Unlike those of new lines, these entries are made and
/// removed at once: what is in the index is true.
fn write_pegs(
    connection: &Connection,
    changed: &[(&OrderLine, &OrderLine)],
    unsettled: &Unsettled,
    staged: &mut Staged,
) -> Result<(), Fault> {
    let (mut gone, mut made): (Vec<Entry>, Vec<(Entry, u64)>) = Default::default();
    for (before, after) in changed {
        let same_place = ShortageKey::of(before) == ShortageKey::of(after);
        if same_place && before.allocations == after.allocations {
            continue;
        }
        for (entry, _) in entries(before) {
            if unsettled.contains(&entry) {
                staged.removed.insert(entry);
            } else {
                gone.push(entry);
            }
        }
        made.extend(entries(after));
    }
    gone.sort_unstable();
    made.sort_unstable();
    for entry in &gone {
        unsettled::delete(connection, entry)?;
    }
    unsettled::insert_all(connection, &made)
}

/// What the index of allocations has of a line, and how many units of each batch.
fn entries(line: &OrderLine) -> impl Iterator<Item = (Entry, u64)> {
    line.allocations
        .iter()
        .map(|a| (Entry::of(line, a), a.quantity))
}
