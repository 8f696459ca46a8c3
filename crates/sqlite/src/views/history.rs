//! The history of one thing: its events, found without a look at the others.

use landfall_domain::{BatchRef, OrderId, ShipmentRef, Sku};
use landfall_service::LogRecord;
use landfall_service::views::{EventPage, Thing};
use rusqlite::{Connection, OptionalExtension};

use super::events;
use super::supply::{batch_number, product_number};
use crate::chains;
use crate::codes::int;
use crate::error::Fault;
use crate::history::Kind;

/// The entries of a thing after an offset.
pub(super) const ENTRIES: &str = "SELECT offset FROM history \
     WHERE kind = ?1 AND thing = ?2 AND offset > ?3 ORDER BY offset LIMIT ?4";
/// The last entries of a thing before an offset, the last first.
pub(super) const ENTRIES_BACK: &str = "SELECT offset FROM history \
     WHERE kind = ?1 AND thing = ?2 AND offset < ?3 ORDER BY offset DESC LIMIT ?4";
/// The event before one of the same product.
pub(super) const PREVIOUS: &str = "SELECT previous FROM events WHERE offset = ?1";
/// The lines of an order, with the event that accepted each.
pub(super) const LINES: &str = "SELECT l.number, l.accepted FROM line_keys k \
     CROSS JOIN lines l ON l.number = k.number WHERE k.order_id = ?1";

pub(super) fn history(
    connection: &Connection,
    thing: &Thing,
    after: u64,
    limit: usize,
) -> Result<Option<EventPage>, Fault> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let offsets = match thing {
        Thing::Order(id) => of_order(connection, id, after, limit)?,
        Thing::Batch(reference) => of_batch(connection, reference, after, limit)?,
        Thing::Product(sku) => of_product(connection, sku, after, limit)?,
        Thing::Shipment(reference) => of_shipment(connection, reference, after, limit)?,
    };
    let Some(mut offsets) = offsets else {
        return Ok(None);
    };
    offsets.sort_unstable();
    offsets.dedup();
    offsets.truncate(limit);
    let events = at(connection, &offsets)?;
    let next = events
        .last()
        .map_or_else(|| format!("0-{after}"), LogRecord::id);
    Ok(Some(EventPage { events, next }))
}

/// The last events of a thing, the newest first.
pub(super) fn latest(
    connection: &Connection,
    thing: &Thing,
    limit: usize,
) -> Result<Option<Vec<LogRecord>>, Fault> {
    let offsets = match thing {
        // An order has few events, and those that its lines began with are not in the table.
        Thing::Order(id) => of_order(connection, id, 0, usize::MAX)?,
        Thing::Batch(reference) => match batch_number(connection, reference)? {
            Some(number) => Some(entries_back(connection, Kind::Batch, number, limit)?),
            None => None,
        },
        Thing::Product(sku) => product_back(connection, sku, limit)?,
        Thing::Shipment(reference) => match shipment_number(connection, reference)? {
            Some(number) => Some(entries_back(connection, Kind::Shipment, number, limit)?),
            None => None,
        },
    };
    let Some(mut offsets) = offsets else {
        return Ok(None);
    };
    offsets.sort_unstable_by(|a, b| b.cmp(a));
    offsets.dedup();
    offsets.truncate(limit);
    at(connection, &offsets).map(Some)
}

/// The last entries of a thing.
fn entries_back(
    connection: &Connection,
    kind: Kind,
    thing: i64,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    entries_before(connection, kind, thing, i64::MAX, limit)
}

/// The last entries of a thing before an offset.
fn entries_before(
    connection: &Connection,
    kind: Kind,
    thing: i64,
    before: i64,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(ENTRIES_BACK)?;
    let offsets = statement.query_map([kind.code(), thing, before, limit], |row| row.get(0))?;
    Ok(offsets.collect::<Result<_, _>>()?)
}

/// The last events of a product: back along its chain, and where that ends, or before it began, from entry to entry.
fn product_back(
    connection: &Connection,
    sku: &Sku,
    limit: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let Some(number) = product_number(connection, sku)? else {
        return Ok(None);
    };
    let before = |offset| -> Result<Option<i64>, Fault> {
        Ok(entries_before(connection, Kind::Product, number, offset, 1)?.pop())
    };
    let mut previous = connection.prepare_cached(PREVIOUS)?;
    // After the last entry there is the open end of the chain.
    let mut next = chains::read(connection, number)?
        .last
        .max(before(i64::MAX)?);
    let mut offsets = Vec::new();
    while let Some(offset) = next.filter(|_| offsets.len() < limit) {
        offsets.push(offset);
        let chained: Option<i64> = previous
            .query_row([offset], |row| row.get(0))
            .optional()?
            .flatten();
        next = match chained {
            Some(offset) => Some(offset),
            None => before(offset)?,
        };
    }
    Ok(Some(offsets))
}

/// The number of a shipment.
fn shipment_number(connection: &Connection, reference: &ShipmentRef) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM shipments WHERE reference = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([reference.as_str()], |row| row.get(0));
    Ok(number.optional()?)
}

/// The events at these offsets.
fn at(connection: &Connection, offsets: &[i64]) -> Result<Vec<LogRecord>, Fault> {
    let mut statement = connection.prepare_cached(events::EVENT)?;
    let mut records = Vec::with_capacity(offsets.len());
    for offset in offsets {
        let mut rows = statement.query([offset])?;
        let row = rows.next()?;
        let row = row.ok_or_else(|| Fault::Corrupt(format!("there is no event 0-{offset}")))?;
        records.push(events::record(row)?);
    }
    Ok(records)
}

/// The first entries of a thing after an offset.
fn entries(
    connection: &Connection,
    kind: Kind,
    thing: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(ENTRIES)?;
    let offsets = statement.query_map([kind.code(), thing, after, limit], |row| row.get(0))?;
    Ok(offsets.collect::<Result<_, _>>()?)
}

fn of_batch(
    connection: &Connection,
    reference: &BatchRef,
    after: i64,
    limit: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let number = batch_number(connection, reference)?;
    let of = |number| entries(connection, Kind::Batch, number, after, limit);
    number.map(of).transpose()
}

fn of_shipment(
    connection: &Connection,
    reference: &ShipmentRef,
    after: i64,
    limit: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let of = |number| entries(connection, Kind::Shipment, number, after, limit);
    shipment_number(connection, reference)?.map(of).transpose()
}

/// That an order was placed, and the events of its lines.
fn of_order(
    connection: &Connection,
    id: &OrderId,
    after: i64,
    limit: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let sql = "SELECT placed FROM orders WHERE order_id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let placed = statement.query_row([id.as_str()], |row| row.get::<_, Option<i64>>(0));
    let placed = placed.optional()?;
    let mut known = placed.is_some();
    let mut offsets: Vec<i64> = placed.flatten().into_iter().collect();
    let mut statement = connection.prepare_cached(LINES)?;
    let mut lines = statement.query([id.as_str()])?;
    while let Some(row) = lines.next()? {
        known = true;
        offsets.extend(row.get::<_, Option<i64>>(1)?);
        offsets.extend(entries(connection, Kind::Line, row.get(0)?, after, limit)?);
    }
    offsets.retain(|offset| *offset > after);
    Ok(known.then_some(offsets))
}

/// All events of a line.
pub(crate) fn of_line(connection: &Connection, number: u64) -> Result<Vec<LogRecord>, Fault> {
    let sql = "SELECT accepted FROM lines WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let accepted = statement.query_row([int(number)], |row| row.get::<_, Option<i64>>(0));
    let mut offsets: Vec<i64> = accepted.optional()?.flatten().into_iter().collect();
    offsets.extend(entries(connection, Kind::Line, int(number), 0, usize::MAX)?);
    offsets.sort_unstable();
    at(connection, &offsets)
}

/// The events of a product: from one entry back along the chain to the one before, and then from the next entry.
fn of_product(
    connection: &Connection,
    sku: &Sku,
    after: i64,
    limit: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let Some(number) = product_number(connection, sku)? else {
        return Ok(None);
    };
    let last = chains::read(connection, number)?.last;
    let mut previous = connection.prepare_cached(PREVIOUS)?;
    let (mut offsets, mut after) = (Vec::new(), after);
    while offsets.len() < limit {
        let entry = entries(connection, Kind::Product, number, after, 1)?.pop();
        // After the last entry there is the open end of the chain.
        let Some(from) = entry.or(last).filter(|from| *from > after) else {
            break;
        };
        let mut next = Some(from);
        while let Some(offset) = next.filter(|offset| *offset > after) {
            offsets.push(offset);
            next = previous
                .query_row([offset], |row| row.get(0))
                .optional()?
                .flatten();
        }
        after = from;
    }
    Ok(Some(offsets))
}
