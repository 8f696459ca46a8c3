//! Order lines, their directory with the order view, and the parts of split lines.

use std::fmt::Write as _;

use hashbrown::HashMap;
use landfall_domain::shortage::ShortageKey;
use landfall_domain::{Allocation, OrderLine};
use landfall_service::store::{Changes, LineChange, partition_of};

use tokio_postgres::types::ToSql;

use super::{Write, log};
use crate::codes::{self, Day, int, small};
use crate::trip::{Param, Trip, param};

/// Lines that were there. Their terms never change, nor do their keys and their products.
const UPDATE: &str = "WITH k AS MATERIALIZED ( \
         SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], \
             $7::boolean[], $8::date[], $9::date[], $10::bigint[], $11::text[], $12::smallint[], $13::text[], \
             $14::text[]) \
             AS k (home, number, product, quantity, dispatched, status, cancelled, original, current, batch, parts, \
             partition, order_id, line_id)), \
     shown AS ( \
         UPDATE order_view v SET quantity = k.quantity, dispatched = k.dispatched, status = k.status, \
                original = k.original, current = k.current, batch = k.batch, parts = k.parts \
           FROM k WHERE v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id \
            AND v.home = k.home AND v.number = k.number RETURNING 1), \
     changed AS ( \
         UPDATE lines l SET quantity = k.quantity, dispatched = k.dispatched, status = k.status, \
                original = k.original, current = k.current, batch = k.batch, parts = k.parts, cancelled = k.cancelled \
           FROM k WHERE l.partition = k.home AND l.number = k.number AND l.product = k.product RETURNING 1) \
     SELECT 1 / (CASE WHEN (SELECT count(*) FROM shown) = $15::bigint \
                       AND (SELECT count(*) FROM changed) = $15::bigint THEN 1 ELSE 0 END)";

const DELETE_PARTS: &str = "WITH gone AS ( \
         DELETE FROM line_parts t USING unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::date[], $5::bigint[]) \
             AS k (partition, batch, shortage, promise, number) \
          WHERE t.partition = k.partition AND t.batch = k.batch AND t.shortage = k.shortage \
            AND t.promise = k.promise AND t.number = k.number RETURNING 1) \
     SELECT 1 / (CASE WHEN count(*) = $6::bigint THEN 1 ELSE 0 END) FROM gone";

/// Which of these lines are in the directory, and where.
const TAKEN: &str = "SELECT v.home FROM unnest($1::smallint[], $2::text[], $3::text[]) \
         AS k (partition, order_id, line_id) \
     JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id";

pub(super) const STATEMENTS: [&str; 3] = [UPDATE, DELETE_PARTS, TAKEN];

/// What the statement for the whole group takes of lines: the columns of each table, in their order.
pub(super) struct Common<'a> {
    /// New lines, and their rows in the directory.
    pub(super) new: Vec<Param<'a>>,
    /// Partition, batch, shortage, promise, number, units: of lines that are split, or are split otherwise now.
    pub(super) parts: Vec<Param<'a>>,
    pub(super) any_parts: bool,
}

/// A line to be written, and what is known of it beside its own row.
struct Written<'a> {
    line: &'a OrderLine,
    /// Its product's number.
    product: u64,
    /// Its product's partition.
    home: u16,
    /// The partition of its order id.
    partition: u16,
    /// The offset of the event that accepts it, of a new one.
    accepted: Option<i64>,
}

/// Adds what is written here, and gives back what the statement for the whole group takes.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    partitions: u16,
) -> Common<'a> {
    let (mut new, mut old): (Vec<Written<'a>>, Vec<Written<'a>>) = Default::default();
    let (mut gone, mut made) = (Parts::default(), Parts::default());
    for product in &changes.products {
        let home = partition_of(product.sku.as_str(), partitions);
        for LineChange { before, after } in &product.lines {
            let written = Written {
                line: after,
                product: product.number,
                home,
                partition: partition_of(after.key.order_id.as_str(), partitions),
                accepted: None,
            };
            match before {
                None => {
                    made.add(after, home);
                    new.push(written);
                }
                Some(before) if before == after => {}
                Some(before) => {
                    if !same_parts(before, after) {
                        gone.add(before, home);
                        made.add(after, home);
                    }
                    old.push(written);
                }
            }
        }
    }
    find_accepted(changes, &mut new);
    // In the order of the directory, which is the same for all writers: two that make the same lines do not wait for
    // each other in a circle.
    new.sort_unstable_by(|a, b| (a.partition, &a.line.key).cmp(&(b.partition, &b.line.key)));
    old.sort_unstable_by(|a, b| (a.partition, &a.line.key).cmp(&(b.partition, &b.line.key)));
    gone.delete(trip);
    update(trip, &old);
    Common {
        new: columns_of_new(&new),
        any_parts: !made.numbers.is_empty(),
        parts: made.columns(),
    }
}

/// The columns of changed lines.
fn columns_of_changed<'a>(lines: &[Written<'a>]) -> Vec<Param<'a>> {
    let pegs: Vec<(Option<i64>, Option<String>)> = lines.iter().map(|w| pegs(w.line)).collect();
    let (batches, parts): (Vec<Option<i64>>, Vec<Option<String>>) = pegs.into_iter().unzip();
    vec![
        param(column(lines, |w| small(w.home))),
        param(column(lines, |w| int(w.line.number))),
        param(column(lines, |w| int(w.product))),
        param(column(lines, |w| int(w.line.quantity))),
        param(column(lines, |w| int(w.line.dispatched))),
        param(column(lines, |w| codes::status(w.line.status()))),
        param(column(lines, |w| w.line.cancelled)),
        param(column(lines, |w| w.line.original_promise.map(Day::of))),
        param(column(lines, |w| w.line.current_promise.map(Day::of))),
        param(batches),
        param(parts),
        param(column(lines, |w| small(w.partition))),
        param(column(lines, |w| w.line.key.order_id.as_str())),
        param(column(lines, |w| w.line.key.line_id.as_str())),
    ]
}

fn column<'a, T>(lines: &[Written<'a>], of: impl Fn(&Written<'a>) -> T) -> Vec<T> {
    lines.iter().map(of).collect()
}

fn update<'a>(trip: &mut Trip<'a, Write>, lines: &[Written<'a>]) {
    if lines.is_empty() {
        return;
    }
    let mut params = columns_of_changed(lines);
    params.push(param(i64::try_from(lines.len()).unwrap_or(i64::MAX)));
    trip.ask(Write::Lines, UPDATE, params);
}

/// The columns of new lines. One that says the same of all lines, as it mostly does, is left out.
fn columns_of_new<'a>(lines: &[Written<'a>]) -> Vec<Param<'a>> {
    let pegs: Vec<(Option<i64>, Option<String>)> = lines.iter().map(|w| pegs(w.line)).collect();
    let (batches, parts): (Vec<Option<i64>>, Vec<Option<String>>) = pegs.into_iter().unzip();
    let first = |w: &Written<'a>| {
        let first = w.line.terms.quantity;
        (first != w.line.quantity).then(|| int(first))
    };
    vec![
        param(column(lines, |w| small(w.home))),
        param(column(lines, |w| int(w.line.number))),
        param(column(lines, |w| int(w.product))),
        param(column(lines, |w| int(w.line.quantity))),
        unless_all(lines, |w| int(w.line.dispatched), &0),
        unless_all(lines, |w| codes::status(w.line.status()), &0),
        unless_all(lines, |w| w.line.cancelled, &false),
        param(column(lines, |w| w.line.original_promise.map(Day::of))),
        param(column(lines, |w| w.line.current_promise.map(Day::of))),
        param(batches),
        param(parts.iter().any(Option::is_some).then_some(parts)),
        param(column(lines, |w| small(w.partition))),
        param(column(lines, |w| w.line.key.order_id.as_str())),
        param(column(lines, |w| w.line.key.line_id.as_str())),
        param(column(lines, |w| w.line.sku.as_str())),
        param(column(lines, |w| w.accepted)),
        param(column(lines, |w| i16::from(w.line.terms.priority.get()))),
        unless_all(lines, |w| codes::policy(w.line.terms.policy), &0),
        unless_all(lines, |w| w.line.terms.split, &false),
        unless_all(lines, |w| codes::if_short(w.line.terms.if_short), &0),
        unless_all(lines, |w| w.line.terms.requested_date.map(Day::of), &None),
        unless_all(lines, first, &None),
        unless_all(lines, |w| locations(w.line), &None),
        unless_all(lines, |w| codes::deliver(w.line.terms.deliver), &0),
    ]
}

/// A column, or nothing where all lines have the usual value, which the statement knows.
fn unless_all<'a, T: PartialEq>(
    lines: &[Written<'a>],
    of: impl Fn(&Written<'a>) -> T,
    usual: &T,
) -> Param<'a>
where
    Vec<T>: ToSql + Sync + Send + 'a,
{
    let column = column(lines, of);
    param(column.iter().any(|value| value != usual).then_some(column))
}

/// Finds the event that accepts each new line. Lines mostly come in the order of these events.
fn find_accepted(changes: &Changes, new: &mut [Written<'_>]) {
    let mut places: Option<HashMap<(&str, &str), usize>> = None;
    let mut next = 0;
    for record in changes
        .events
        .iter()
        .filter(|record| log::accepts(&record.event))
    {
        let Some((order_id, line_id)) = record.event.line() else {
            continue;
        };
        let is = |line: &OrderLine| line.key.order_id == *order_id && line.key.line_id == *line_id;
        let place = match new.get(next) {
            Some(new) if is(new.line) => Some(next),
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
            if new[place].home == record.partition {
                new[place].accepted = Some(int(record.offset));
            }
            next = place + 1;
        }
    }
}

/// The batch that holds all that is outstanding of a line, or its parts.
fn pegs(line: &OrderLine) -> (Option<i64>, Option<String>) {
    pegs_of(&line.allocations, line.quantity - line.dispatched)
}

/// The batch that holds all that is outstanding, or parts.
pub(crate) fn pegs_of(
    allocations: &[Allocation],
    outstanding: u64,
) -> (Option<i64>, Option<String>) {
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

/// Whether a line leaves the table of parts as it is.
fn same_parts(before: &OrderLine, after: &OrderLine) -> bool {
    let parts = |line: &OrderLine| pegs(line).1;
    match (parts(before), parts(after)) {
        (None, None) => true,
        (before_parts, after_parts) => {
            before_parts == after_parts && ShortageKey::of(before) == ShortageKey::of(after)
        }
    }
}

/// Rows of the table of parts.
#[derive(Default)]
struct Parts {
    partitions: Vec<i16>,
    batches: Vec<i64>,
    shortages: Vec<i16>,
    promises: Vec<Day>,
    numbers: Vec<i64>,
    units: Vec<i64>,
}

impl Parts {
    /// The rows of a line, if it is split.
    fn add(&mut self, line: &OrderLine, home: u16) {
        if pegs(line).1.is_none() {
            return;
        }
        let key = ShortageKey::of(line);
        let shortage = codes::shortage(key.priority, key.locked);
        for allocation in &line.allocations {
            self.partitions.push(small(home));
            self.batches.push(int(allocation.batch_number));
            self.shortages.push(i16::try_from(shortage).unwrap_or(0));
            self.promises.push(Day::of(key.promise.0));
            self.numbers.push(int(line.number));
            self.units.push(int(allocation.quantity));
        }
    }

    fn delete(self, trip: &mut Trip<'_, Write>) {
        if self.numbers.is_empty() {
            return;
        }
        let count = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX);
        let params = vec![
            param(self.partitions),
            param(self.batches),
            param(self.shortages),
            param(self.promises),
            param(self.numbers),
            param(count),
        ];
        trip.ask(Write::Lines, DELETE_PARTS, params);
    }

    fn columns<'a>(self) -> Vec<Param<'a>> {
        vec![
            param(self.partitions),
            param(self.batches),
            param(self.shortages),
            param(self.promises),
            param(self.numbers),
            param(self.units),
        ]
    }
}

/// Asks where the names of new lines are taken.
pub(crate) fn taken<'a, What>(
    trip: &mut Trip<'a, What>,
    what: What,
    changes: &'a Changes,
    partitions: u16,
) {
    let lines = changes.products.iter().flat_map(|product| &product.lines);
    let new = lines.filter(|change| change.before.is_none());
    let keys: Vec<_> = new.map(|change| &change.after.key).collect();
    let partition = |order: &str| small(partition_of(order, partitions));
    let params = vec![
        param(
            keys.iter()
                .map(|key| partition(key.order_id.as_str()))
                .collect::<Vec<i16>>(),
        ),
        param(
            keys.iter()
                .map(|key| key.order_id.as_str())
                .collect::<Vec<&str>>(),
        ),
        param(
            keys.iter()
                .map(|key| key.line_id.as_str())
                .collect::<Vec<&str>>(),
        ),
    ];
    trip.ask(what, TAKEN, params);
}

/// Lines that wait or are late must be found by the partial indexes of the schema.
const _: () = assert!(
    landfall_domain::Status::Allocated as u8 == 0
        && landfall_domain::Status::Backordered as u8 == 1
);
