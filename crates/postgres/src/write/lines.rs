//! Order lines, and their directory with the order view.

use std::fmt::Write as _;

use hashbrown::HashMap;
use landfall_domain::{Allocation, OrderLine};
use landfall_service::LogRecord;
use landfall_service::store::{Changes, LineChange, partition_of};

use tokio_postgres::types::ToSql;

use super::parts::{Parts, same_parts};
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

/// Which of these lines are in the directory, and where.
const TAKEN: &str = "SELECT v.home FROM unnest($1::smallint[], $2::text[], $3::text[]) \
         AS k (partition, order_id, line_id) \
     JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id";

pub(super) const STATEMENTS: [&str; 2] = [UPDATE, TAKEN];

/// What the statement for the whole group takes of lines: the columns of each table, in their order.
pub(super) struct Common<'a> {
    /// New lines, and their rows in the directory.
    pub(super) new: Vec<Param<'a>>,
    /// What is not as with most of them.
    pub(super) unusual: Vec<Param<'a>>,
    pub(super) any_unusual: bool,
    /// For each new line the event that accepts it, where all have one that lies with their product.
    pub(super) accepted: Option<Vec<(&'a OrderLine, &'a LogRecord)>>,
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
    /// The event that accepts it, of a new one.
    accepted: Option<&'a LogRecord>,
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
    let (unusual, any_unusual) = unusual_columns_of_new(&new);
    Common {
        new: columns_of_new(&new),
        accepted: new.iter().map(|w| Some((w.line, w.accepted?))).collect(),
        unusual,
        any_unusual,
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

/// The columns of new lines that nearly every line has something in. Line ids are left out where all are the SKUs, and
/// current promises where all are the original ones.
fn columns_of_new<'a>(lines: &[Written<'a>]) -> Vec<Param<'a>> {
    let named = |w: &Written<'a>| w.line.key.line_id.as_str() != w.line.sku.as_str();
    let line_ids = || column(lines, |w| w.line.key.line_id.as_str());
    let moved = |w: &Written<'a>| w.line.current_promise != w.line.original_promise;
    let current = || column(lines, |w| w.line.current_promise.map(Day::of));
    vec![
        param(column(lines, |w| small(w.home))),
        param(column(lines, |w| int(w.line.number))),
        param(column(lines, |w| int(w.product))),
        param(column(lines, |w| int(w.line.quantity))),
        param(column(lines, |w| w.line.original_promise.map(Day::of))),
        param(lines.iter().any(moved).then(current)),
        param(column(lines, |w| pegs(w.line).0)),
        param(column(lines, |w| small(w.partition))),
        param(column(lines, |w| w.line.key.order_id.as_str())),
        param(lines.iter().any(named).then(line_ids)),
        param(column(lines, |w| w.line.sku.as_str())),
        param(column(lines, |w| w.accepted.map(|event| int(event.offset)))),
    ]
}

/// The others, and whether there is anything in them. One that says the usual of all lines is left out.
fn unusual_columns_of_new<'a>(lines: &[Written<'a>]) -> (Vec<Param<'a>>, bool) {
    let first = |w: &Written<'a>| {
        let first = w.line.terms.quantity;
        (first != w.line.quantity).then(|| int(first))
    };
    let mut any = false;
    let any = &mut any;
    let columns = vec![
        unless_all(lines, any, |w| int(w.line.dispatched), &0),
        unless_all(lines, any, |w| codes::status(w.line.status()), &0),
        unless_all(lines, any, |w| w.line.cancelled, &false),
        unless_all(lines, any, |w| pegs(w.line).1, &None),
        unless_all(lines, any, |w| priority(w.line), &USUAL_PRIORITY),
        unless_all(lines, any, |w| codes::policy(w.line.terms.policy), &0),
        unless_all(lines, any, |w| w.line.terms.split, &false),
        unless_all(lines, any, |w| codes::if_short(w.line.terms.if_short), &0),
        unless_all(
            lines,
            any,
            |w| w.line.terms.requested_date.map(Day::of),
            &None,
        ),
        unless_all(lines, any, first, &None),
        unless_all(lines, any, |w| locations(w.line), &None),
        unless_all(lines, any, |w| codes::deliver(w.line.terms.deliver), &0),
    ];
    (columns, *any)
}

/// That of lines which name none. The statement knows it.
const USUAL_PRIORITY: i16 = 5;

fn priority(line: &OrderLine) -> i16 {
    i16::from(line.terms.priority.get())
}

/// A column, or nothing where all lines have the usual value, which the statement knows.
fn unless_all<'a, T: PartialEq>(
    lines: &[Written<'a>],
    any: &mut bool,
    of: impl Fn(&Written<'a>) -> T,
    usual: &T,
) -> Param<'a>
where
    Vec<T>: ToSql + Sync + Send + 'a,
{
    let column = column(lines, of);
    let unusual = column.iter().any(|value| value != usual);
    *any |= unusual;
    param(unusual.then_some(column))
}

/// Finds the event that accepts each new line. Lines mostly come in the order of these events.
fn find_accepted<'a>(changes: &'a Changes, new: &mut [Written<'a>]) {
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
                new[place].accepted = Some(record);
            }
            next = place + 1;
        }
    }
}

/// The batch that holds all that is outstanding of a line, or its parts.
pub(super) fn pegs(line: &OrderLine) -> (Option<i64>, Option<String>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_no_priority_has_the_usual_one() {
        let usual = landfall_domain::Priority::default();
        assert_eq!(i16::from(usual.get()), USUAL_PRIORITY);
    }
}
