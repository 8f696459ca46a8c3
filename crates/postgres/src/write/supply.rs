//! Products, their batches, and shipments.

use landfall_domain::{Batch, Carriage, Hold, Location, ShipmentRef};
use landfall_service::store::{BatchChange, Changes, ProductChange, ShipmentChange, partition_of};

use tokio_postgres::types::ToSql;

use super::Write;
use crate::codes::{self, Day, int, small};
use crate::trip::{Param, Trip, param};

const INSERT_PRODUCTS: &str = "INSERT INTO products (partition, number, version, backordered, late, sku, room) \
     SELECT *, repeat(' ', 64) FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])";

const INSERT_BATCHES: &str = "INSERT INTO batches (partition, number, product, purchased, allocated, dispatched, open, eta, \
         received, landed, landed_sold, landed_of, hold, hold_note, hold_clear, shipment_hold, shipment_hold_note, \
         shipment_hold_clear, reference, location, first_quantity, first_eta, shipment, shipment_partition, room) \
     SELECT *, repeat(' ', 90) FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
         $7::smallint[], $8::date[], $9::boolean[], $10::date[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], \
         $15::date[], $16::text[], $17::text[], $18::date[], $19::text[], $20::text[], $21::bigint[], $22::date[], \
         $23::text[], $24::smallint[])";
const INSERT_NAMES: &str = "INSERT INTO batch_names (partition, reference, home, number) \
     SELECT * FROM unnest($1::smallint[], $2::text[], $3::smallint[], $4::bigint[]) \
         AS k (partition, reference, home, number) ORDER BY partition, reference";
const INSERT_CARGO: &str = "INSERT INTO cargo (partition, shipment, reference, home, number) \
     SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::smallint[], $5::bigint[])";
/// All of a batch that can change: its reference, its product, its shipment and its location do not.
const UPDATE_BATCHES: &str = "WITH changed AS ( \
         UPDATE batches b SET purchased = k.purchased, allocated = k.allocated, dispatched = k.dispatched, open = k.open, \
                eta = k.eta, received = k.received, landed = k.landed, landed_sold = k.landed_sold, \
                landed_of = k.landed_of, hold = k.hold, hold_note = k.hold_note, hold_clear = k.hold_clear, \
                shipment_hold = k.shipment_hold, shipment_hold_note = k.shipment_hold_note, \
                shipment_hold_clear = k.shipment_hold_clear \
           FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
                $7::smallint[], $8::date[], $9::boolean[], $10::date[], $11::bigint[], $12::bigint[], $13::text[], \
                $14::text[], $15::date[], $16::text[], $17::text[], $18::date[]) \
                AS k (partition, number, product, purchased, allocated, dispatched, open, eta, received, landed, \
                landed_sold, landed_of, hold, hold_note, hold_clear, shipment_hold, shipment_hold_note, \
                shipment_hold_clear) \
          WHERE b.partition = k.partition AND b.number = k.number AND b.product = k.product RETURNING 1) \
     SELECT 1 / (CASE WHEN count(*) = $19::bigint THEN 1 ELSE 0 END) FROM changed";

const INSERT_SHIPMENTS: &str = "INSERT INTO shipments (partition, reference, eta, hold, hold_note, hold_clear, carrier, vessel, \
         container, first_eta) \
     SELECT * FROM unnest($1::smallint[], $2::text[], $3::date[], $4::text[], $5::text[], $6::date[], $7::text[], \
         $8::text[], $9::text[], $10::date[])";
const UPDATE_SHIPMENTS: &str = "WITH changed AS ( \
         UPDATE shipments s SET eta = k.eta, hold = k.hold, hold_note = k.hold_note, hold_clear = k.hold_clear \
           FROM unnest($1::smallint[], $2::text[], $3::date[], $4::text[], $5::text[], $6::date[]) \
                AS k (partition, reference, eta, hold, hold_note, hold_clear) \
          WHERE s.partition = k.partition AND s.reference = k.reference RETURNING 1) \
     SELECT 1 / (CASE WHEN count(*) = $7::bigint THEN 1 ELSE 0 END) FROM changed";

/// Which of these batches are in the directory, and where.
const TAKEN: &str = "SELECT n.home FROM unnest($1::smallint[], $2::text[]) AS k (partition, reference) \
     JOIN batch_names n ON n.partition = k.partition AND n.reference = k.reference";

pub(super) const STATEMENTS: [&str; 8] = [
    INSERT_PRODUCTS,
    INSERT_BATCHES,
    INSERT_NAMES,
    INSERT_CARGO,
    UPDATE_BATCHES,
    INSERT_SHIPMENTS,
    UPDATE_SHIPMENTS,
    TAKEN,
];

/// A batch, its product's number and partition.
#[derive(Clone, Copy)]
struct Placed<'a> {
    batch: &'a Batch,
    product: u64,
    home: u16,
}

/// A product and its partition.
type Homed<'a> = (&'a ProductChange, u16);

/// Adds what is written here, and gives back what the statement for the whole group takes.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    partitions: u16,
) -> Common<'a> {
    write_shipments(trip, &changes.shipments, partitions);
    let (mut created, mut changed): (Vec<Homed<'a>>, Vec<Homed<'a>>) = Default::default();
    let (mut new, mut units, mut whole): (Vec<Placed<'a>>, Vec<Placed<'a>>, Vec<Placed<'a>>) =
        Default::default();
    let mut any_unusual = false;
    for change in &changes.products {
        let home = partition_of(change.sku.as_str(), partitions);
        any_unusual |= !change.created && !same_counts(change);
        let list = if change.created {
            &mut created
        } else {
            &mut changed
        };
        list.push((change, home));
        let placed = |batch| Placed {
            batch,
            product: change.number,
            home,
        };
        new.extend(change.new_batches.iter().map(placed));
        for BatchChange { before, after } in &change.changed_batches {
            let list = if same_row(before, after) {
                any_unusual |= !only_allocated(before, after);
                &mut units
            } else {
                &mut whole
            };
            list.push(placed(after));
        }
    }
    insert_products(trip, &created);
    insert_batches(trip, &new, partitions);
    if !whole.is_empty() {
        let mut params = units_of(&whole);
        params.extend(rest_of(&whole));
        params.push(count(whole.len()));
        trip.ask(Write::Supply, UPDATE_BATCHES, params);
    }
    let homes: Vec<i16> = changed.iter().map(|(_, home)| small(*home)).collect();
    let numbers = counts(&changed, |product| product.number);
    let homes_of_units = column(&units, |p| small(p.home));
    let products_of_units = column(&units, |p| int(p.product));
    Common {
        more_of_products: vec![
            param(counts(&changed, |product| product.after.backordered)),
            param(counts(&changed, |product| product.after.late)),
        ],
        units: vec![
            unless_same(homes_of_units, &homes),
            param(column(&units, |p| int(p.batch.number))),
            unless_same(products_of_units, &numbers),
            param(column(&units, |p| int(p.batch.allocated))),
        ],
        more_of_units: vec![
            param(column(&units, |p| int(p.batch.purchased))),
            param(column(&units, |p| int(p.batch.dispatched))),
            param(column(&units, |p| open(p.batch))),
        ],
        versions: vec![
            param(counts(&changed, |product| product.after.version)),
            param(counts(&changed, |product| product.before.version)),
        ],
        homes,
        numbers,
        any_unusual,
    }
}

/// What nearly every group changes of products: the columns that its statement takes, in their order.
pub(super) struct Common<'a> {
    /// The partitions of products.
    pub(super) homes: Vec<i16>,
    /// Their numbers.
    pub(super) numbers: Vec<i64>,
    /// Version, version before.
    pub(super) versions: Vec<Param<'a>>,
    /// Backordered, late.
    pub(super) more_of_products: Vec<Param<'a>>,
    /// Partition, number, product, allocated: of batches of which only units change. Partition and product are left out where
    /// they are those of the products.
    pub(super) units: Vec<Param<'a>>,
    /// Purchased, dispatched, open.
    pub(super) more_of_units: Vec<Param<'a>>,
    /// Whether more than the first columns of either changes.
    pub(super) any_unusual: bool,
}

/// How many rows there must be.
fn count<'a>(rows: usize) -> Param<'a> {
    param(i64::try_from(rows).unwrap_or(i64::MAX))
}

fn counts(products: &[Homed<'_>], of: fn(&ProductChange) -> u64) -> Vec<i64> {
    products
        .iter()
        .map(|(product, _)| int(of(product)))
        .collect()
}

/// A column, or nothing where it is the same as this one.
pub(super) fn unless_same<'a, T: PartialEq>(column: Vec<T>, as_this: &[T]) -> Param<'a>
where
    Vec<T>: ToSql + Sync + Send + 'a,
{
    param((column != as_this).then_some(column))
}

fn insert_products<'a>(trip: &mut Trip<'a, Write>, created: &[Homed<'a>]) {
    if created.is_empty() {
        return;
    }
    let homes: Vec<i16> = created.iter().map(|(_, home)| small(*home)).collect();
    let mut params = vec![
        param(homes),
        param(counts(created, |product| product.number)),
        param(counts(created, |product| product.after.version)),
        param(counts(created, |product| product.after.backordered)),
        param(counts(created, |product| product.after.late)),
    ];
    let skus = created.iter().map(|(product, _)| product.sku.as_str());
    params.push(param(skus.collect::<Vec<&'a str>>()));
    trip.ask(Write::Products, INSERT_PRODUCTS, params);
}

fn column<'a, T>(batches: &[Placed<'a>], of: impl Fn(&Placed<'a>) -> T) -> Vec<T> {
    batches.iter().map(of).collect()
}

/// Where batches lie, and their units.
fn units_of<'a>(batches: &[Placed<'a>]) -> Vec<Param<'a>> {
    vec![
        param(column(batches, |p| small(p.home))),
        param(column(batches, |p| int(p.batch.number))),
        param(column(batches, |p| int(p.product))),
        param(column(batches, |p| int(p.batch.purchased))),
        param(column(batches, |p| int(p.batch.allocated))),
        param(column(batches, |p| int(p.batch.dispatched))),
        param(column(batches, |p| open(p.batch))),
    ]
}

/// What else of batches can change.
fn rest_of<'a>(batches: &[Placed<'a>]) -> Vec<Param<'a>> {
    let landed = |p: &Placed<'a>| p.batch.landed;
    let mut params = vec![
        param(column(batches, |p| p.batch.eta.map(Day::of))),
        param(column(batches, |p| p.batch.received)),
        param(column(batches, |p| {
            landed(p).map(|landed| Day::of(landed.on))
        })),
        param(column(batches, |p| {
            landed(p).map(|landed| int(landed.sold))
        })),
        param(column(batches, |p| landed(p).map(|landed| int(landed.of)))),
    ];
    params.extend(holds(batches.iter().map(|p| p.batch.hold.as_ref())));
    params.extend(holds(
        batches.iter().map(|p| p.batch.shipment_hold.as_ref()),
    ));
    params
}

/// The three columns of holds: code, note, expected clear date.
fn holds<'a>(holds: impl Iterator<Item = Option<&'a Hold>>) -> [Param<'a>; 3] {
    let (mut codes, mut notes, mut clears): (Vec<Option<&'a str>>, Vec<_>, Vec<_>) =
        Default::default();
    for hold in holds {
        codes.push(hold.map(|hold| hold.code.as_str()));
        notes.push(hold.and_then(|hold| hold.note.as_deref()).map(codes::note));
        clears.push(hold.and_then(|hold| hold.expected_clear).map(Day::of));
    }
    [param(codes), param(notes), param(clears)]
}

fn insert_batches<'a>(trip: &mut Trip<'a, Write>, batches: &[Placed<'a>], partitions: u16) {
    if batches.is_empty() {
        return;
    }
    let partition = |name: &str| small(partition_of(name, partitions));
    let shipment = |p: &Placed<'a>| p.batch.shipment.as_ref().map(ShipmentRef::as_str);
    let location = |p: &Placed<'a>| p.batch.location.as_ref().map(Location::as_str);
    let mut params = units_of(batches);
    params.extend(rest_of(batches));
    params.extend([
        param(column(batches, |p| p.batch.reference.as_str())),
        param(column(batches, location)),
        param(column(batches, |p| int(p.batch.first_quantity))),
        param(column(batches, |p| p.batch.first_eta.map(Day::of))),
        param(column(batches, shipment)),
        param(column(batches, |p| shipment(p).map(partition))),
    ]);
    trip.ask(Write::Supply, INSERT_BATCHES, params);
    let params = vec![
        param(column(batches, |p| partition(p.batch.reference.as_str()))),
        param(column(batches, |p| p.batch.reference.as_str())),
        param(column(batches, |p| small(p.home))),
        param(column(batches, |p| int(p.batch.number))),
    ];
    trip.ask(Write::Supply, INSERT_NAMES, params);
    let cargo: Vec<(&'a str, Placed<'a>)> = batches
        .iter()
        .filter_map(|p| shipment(p).map(|shipment| (shipment, *p)))
        .collect();
    if cargo.is_empty() {
        return;
    }
    let params = vec![
        param(
            cargo
                .iter()
                .map(|(shipment, _)| partition(shipment))
                .collect::<Vec<i16>>(),
        ),
        param(
            cargo
                .iter()
                .map(|(shipment, _)| *shipment)
                .collect::<Vec<&str>>(),
        ),
        param(
            cargo
                .iter()
                .map(|(_, p)| p.batch.reference.as_str())
                .collect::<Vec<&str>>(),
        ),
        param(
            cargo
                .iter()
                .map(|(_, p)| small(p.home))
                .collect::<Vec<i16>>(),
        ),
        param(
            cargo
                .iter()
                .map(|(_, p)| int(p.batch.number))
                .collect::<Vec<i64>>(),
        ),
    ];
    trip.ask(Write::Supply, INSERT_CARGO, params);
}

/// Whether of a product's counters only the version changes.
fn same_counts(change: &ProductChange) -> bool {
    let (before, after) = (&change.before, &change.after);
    before.backordered == after.backordered && before.late == after.late
}

/// Whether of a batch's units only those change that lines hold.
fn only_allocated(before: &Batch, after: &Batch) -> bool {
    before.purchased == after.purchased
        && before.dispatched == after.dispatched
        && open(before) == open(after)
}

/// How a batch is found when its product is loaded: 1 with free units, 2 without, but lines hold some, 0 used up.
fn open(batch: &Batch) -> i16 {
    if batch.free() > 0 {
        1
    } else if batch.allocated > 0 {
        2
    } else {
        0
    }
}

/// Whether a batch's row stays as it is, its units apart.
fn same_row(before: &Batch, after: &Batch) -> bool {
    before.eta == after.eta
        && before.received == after.received
        && before.landed == after.landed
        && before.hold == after.hold
        && before.shipment_hold == after.shipment_hold
}

fn write_shipments<'a>(
    trip: &mut Trip<'a, Write>,
    shipments: &'a [ShipmentChange],
    partitions: u16,
) {
    let (created, changed): (Vec<_>, Vec<_>) = shipments.iter().partition(|change| change.created);
    let columns = |changes: &[&'a ShipmentChange]| -> Vec<Param<'a>> {
        let all = || changes.iter().map(|change| &change.shipment);
        let names: Vec<&'a str> = all().map(|shipment| shipment.reference.as_str()).collect();
        let homes: Vec<i16> = names
            .iter()
            .map(|name| small(partition_of(name, partitions)))
            .collect();
        let etas: Vec<Option<Day>> = all().map(|shipment| shipment.eta.map(Day::of)).collect();
        let mut params = vec![param(homes), param(names), param(etas)];
        params.extend(holds(all().map(|shipment| shipment.hold.as_ref())));
        params
    };
    if !created.is_empty() {
        let all = || created.iter().map(|change| &change.shipment);
        let text = |of: fn(&'a landfall_domain::Shipment) -> Option<&'a Carriage>| -> Param<'a> {
            let texts = all().map(|shipment| of(shipment).map(Carriage::as_str));
            param(texts.collect::<Vec<Option<&'a str>>>())
        };
        let first: Vec<Option<Day>> = all()
            .map(|shipment| shipment.first_eta.map(Day::of))
            .collect();
        let mut params = columns(&created);
        params.extend([
            text(|shipment| shipment.carrier.as_ref()),
            text(|shipment| shipment.vessel.as_ref()),
            text(|shipment| shipment.container.as_ref()),
            param(first),
        ]);
        trip.ask(Write::Shipments, INSERT_SHIPMENTS, params);
    }
    if !changed.is_empty() {
        let mut params = columns(&changed);
        params.push(count(changed.len()));
        trip.ask(Write::Shipments, UPDATE_SHIPMENTS, params);
    }
}

/// Asks where the names of new batches are taken.
pub(crate) fn taken<'a, What>(
    trip: &mut Trip<'a, What>,
    what: What,
    changes: &'a Changes,
    partitions: u16,
) {
    let new = changes
        .products
        .iter()
        .flat_map(|product| &product.new_batches);
    let names: Vec<&'a str> = new.map(|batch| batch.reference.as_str()).collect();
    let homes: Vec<i16> = names
        .iter()
        .map(|name| small(partition_of(name, partitions)))
        .collect();
    trip.ask(what, TAKEN, vec![param(homes), param(names)]);
}
