//! Products, their batches, shipments, and the read model of what is available to promise.

use landfall_domain::product::Counters;
use landfall_domain::{Batch, Carriage, Hold, Location, Shipment, ShipmentRef};
use landfall_service::store::{AvailabilityChange, BatchChange, ProductChange, ShipmentChange};
use rusqlite::{Connection, params};

use super::log::Chained;
use super::one;
use crate::bulk::Insert;
use crate::chains::End;
use crate::codes::{self, int};
use crate::error::Fault;

/// Writes products and batches.
///
/// Most groups change nothing but versions and units: these have narrow tables of their own, so that few pages change,
/// and are replaced, several rows with one statement.
pub(super) fn write_products(
    connection: &Connection,
    products: &[ProductChange],
    chained: &Chained<'_>,
) -> Result<(), Fault> {
    let mut counts: Vec<&Batch> = Vec::with_capacity(products.len());
    for product in products {
        let own = |counters: &Counters| (counters.backordered, counters.late);
        if product.created {
            insert_product(connection, product)?;
        } else if own(&product.before) != own(&product.after) {
            update_product(connection, product)?;
        }
        for batch in &product.new_batches {
            insert_batch(connection, int(product.number), batch)?;
        }
        for BatchChange { before, after } in &product.changed_batches {
            if !same_row(before, after) {
                update_batch(connection, after)?;
            }
        }
        counts.extend(product.batches());
    }
    VERSIONS.all(connection, products, |values, product| {
        let End { last, chained } = chained.end(product.sku.as_str());
        values.put(int(product.number))?;
        values.put(int(product.after.version))?;
        values.put(last)?;
        values.put(chained)
    })?;
    COUNTS.all(connection, &counts, |values, batch| {
        values.put(int(batch.number))?;
        values.put(int(batch.purchased))?;
        values.put(int(batch.allocated))?;
        values.put(int(batch.dispatched))
    })?;
    write_availability(connection, products)
}

const VERSIONS: Insert = Insert {
    into: "REPLACE INTO product_versions (number, version, last_event, chained)",
    row: "(?, ?, ?, ?)",
};
const COUNTS: Insert = Insert {
    into: "REPLACE INTO batch_counts (number, purchased, allocated, dispatched)",
    row: "(?, ?, ?, ?)",
};
const AVAILABILITY: Insert = Insert {
    into: "REPLACE INTO availability (place, units)",
    row: "(?, ?)",
};

/// Writes the units of the days on which they may be others than before.
fn write_availability(connection: &Connection, products: &[ProductChange]) -> Result<(), Fault> {
    let mut days: Vec<(i64, u64)> = Vec::with_capacity(products.len());
    for product in products {
        for AvailabilityChange { supply, after, .. } in &product.availability {
            match codes::place(product.number, *supply) {
                Some(place) if *after > 0 => days.push((place, *after)),
                Some(place) => {
                    let sql = "DELETE FROM availability WHERE place = ?1";
                    connection.prepare_cached(sql)?.execute([place])?;
                }
                None => {}
            }
        }
    }
    AVAILABILITY.all(connection, &days, |values, (place, units)| {
        values.put(place)?;
        values.put(int(*units))
    })
}

fn insert_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let ProductChange {
        number, sku, after, ..
    } = product;
    connection
        .prepare_cached(
            "INSERT INTO products (number, sku, backordered, late) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            int(*number),
            sku.as_str(),
            int(after.backordered),
            int(after.late)
        ])?;
    Ok(())
}

/// How many lines wait is in an index, which is left alone where the count stays.
fn update_product(connection: &Connection, product: &ProductChange) -> Result<(), Fault> {
    let sql = "UPDATE products SET backordered = ?2, late = ?3 WHERE number = ?1";
    let changed = connection.prepare_cached(sql)?.execute([
        int(product.number),
        int(product.after.backordered),
        int(product.after.late),
    ])?;
    one(changed, || format!("product {} is not there", product.sku))
}

fn insert_batch(connection: &Connection, product: i64, batch: &Batch) -> Result<(), Fault> {
    let (code, note, clear) = hold(batch.hold.as_ref());
    let (shipment_code, shipment_note, shipment_clear) = hold(batch.shipment_hold.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO batches (number, reference, product, location, first_quantity, first_eta, \
             shipment, eta, open, hold, hold_note, hold_clear, shipment_hold, shipment_hold_note, \
             shipment_hold_clear, received, landed, landed_sold, landed_of) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(params![
            int(batch.number),
            batch.reference.as_str(),
            product,
            batch.location.as_ref().map(Location::as_str),
            int(batch.first_quantity),
            batch.first_eta.map(codes::day),
            batch.shipment.as_ref().map(ShipmentRef::as_str),
            batch.eta.map(codes::day),
            open(batch),
            code,
            note,
            clear,
            shipment_code,
            shipment_note,
            shipment_clear,
            batch.received,
            batch.landed.map(|landed| codes::day(landed.on)),
            batch.landed.map(|landed| int(landed.sold)),
            batch.landed.map(|landed| int(landed.of)),
        ])?;
    Ok(())
}

/// How a batch is found when its product is loaded: 1 with free units, 2 without, but lines hold some, 0 used up.
fn open(batch: &Batch) -> i64 {
    if batch.free() > 0 {
        1
    } else if batch.allocated > 0 {
        2
    } else {
        0
    }
}

/// Whether a batch's own row, its units apart, stays as it is: it is wide, and a part of it in an index.
fn same_row(before: &Batch, after: &Batch) -> bool {
    open(before) == open(after)
        && before.eta == after.eta
        && before.received == after.received
        && before.landed == after.landed
        && before.hold == after.hold
        && before.shipment_hold == after.shipment_hold
}

/// The reference of a batch never changes, nor do its product, its shipment and its location.
fn update_batch(connection: &Connection, batch: &Batch) -> Result<(), Fault> {
    let (code, note, clear) = hold(batch.hold.as_ref());
    let (shipment_code, shipment_note, shipment_clear) = hold(batch.shipment_hold.as_ref());
    let sql = "UPDATE batches SET eta = ?2, open = ?3, hold = ?4, hold_note = ?5, hold_clear = ?6, \
               shipment_hold = ?7, shipment_hold_note = ?8, shipment_hold_clear = ?9, received = ?10, \
               landed = ?11, landed_sold = ?12, landed_of = ?13 WHERE number = ?1";
    let changed = connection.prepare_cached(sql)?.execute(params![
        int(batch.number),
        batch.eta.map(codes::day),
        open(batch),
        code,
        note,
        clear,
        shipment_code,
        shipment_note,
        shipment_clear,
        batch.received,
        batch.landed.map(|landed| codes::day(landed.on)),
        batch.landed.map(|landed| int(landed.sold)),
        batch.landed.map(|landed| int(landed.of)),
    ])?;
    one(changed, || {
        format!("batch {} is not there", batch.reference)
    })
}

/// The three columns of a hold: code, note, expected clear date.
fn hold(hold: Option<&Hold>) -> (Option<&str>, Option<&str>, Option<i64>) {
    (
        hold.map(|hold| hold.code.as_str()),
        hold.and_then(|hold| hold.note.as_deref()),
        hold.and_then(|hold| hold.expected_clear).map(codes::day),
    )
}

/// Writes shipments that are new or changed.
pub(super) fn write_shipments(
    connection: &Connection,
    shipments: &[ShipmentChange],
) -> Result<(), Fault> {
    for ShipmentChange { shipment, created } in shipments {
        let (code, note, clear) = hold(shipment.hold.as_ref());
        if *created {
            insert_shipment(connection, shipment)?;
            continue;
        }
        let sql = "UPDATE shipments SET eta = ?2, hold = ?3, hold_note = ?4, hold_clear = ?5 \
                   WHERE reference = ?1";
        let changed = connection.prepare_cached(sql)?.execute(params![
            shipment.reference.as_str(),
            shipment.eta.map(codes::day),
            code,
            note,
            clear
        ])?;
        if changed != 1 {
            let what = format!("shipment {} to be changed is not there", shipment.reference);
            return Err(Fault::Refused(what));
        }
    }
    Ok(())
}

fn insert_shipment(connection: &Connection, shipment: &Shipment) -> Result<(), Fault> {
    let (code, note, clear) = hold(shipment.hold.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO shipments (reference, eta, carrier, vessel, container, hold, hold_note, \
             hold_clear, first_eta) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            shipment.reference.as_str(),
            shipment.eta.map(codes::day),
            shipment.carrier.as_ref().map(Carriage::as_str),
            shipment.vessel.as_ref().map(Carriage::as_str),
            shipment.container.as_ref().map(Carriage::as_str),
            code,
            note,
            clear,
            shipment.first_eta.map(codes::day),
        ])?;
    Ok(())
}
