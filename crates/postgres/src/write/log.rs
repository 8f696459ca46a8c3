//! The event log, by what the history of a thing is found in it, placed orders, and remembered answers. What a group of new
//! lines has of it goes in the statement for the whole group.

use hashbrown::HashMap;
use landfall_domain::{Event, OrderId, OrderLine};
use landfall_service::LogRecord;
use landfall_service::store::{Changes, LineChange, Remembered, partition_of};

use super::Write;
use crate::codes::{self, Micros, int, small};
use crate::error::Fault;
use crate::trip::{Param, Trip, param};

/// Events of lines that were there. (An event about something that is not there has no place in a
/// history: that is for an audit to tell.)
const OF_LINES: &str = "INSERT INTO history (partition, kind, thing, \"offset\") \
     SELECT v.home, 3, v.number, k.\"offset\" \
       FROM unnest($1::smallint[], $2::text[], $3::text[], $4::smallint[], $5::bigint[]) \
            AS k (partition, order_id, line_id, home, \"offset\") \
       JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id \
            AND v.home = k.home";
const OF_BATCHES: &str = "INSERT INTO history (partition, kind, thing, \"offset\") \
     SELECT n.home, 1, n.number, k.\"offset\" \
       FROM unnest($1::smallint[], $2::text[], $3::smallint[], $4::bigint[]) \
            AS k (partition, reference, home, \"offset\") \
       JOIN batch_names n ON n.partition = k.partition AND n.reference = k.reference AND n.home = k.home";
/// The same events, for the shipments of these batches.
const OF_CARGO: &str = "INSERT INTO shipment_history (partition, shipment, home, \"offset\") \
     SELECT b.shipment_partition, b.shipment, k.home, k.\"offset\" \
       FROM unnest($1::smallint[], $2::text[], $3::smallint[], $4::bigint[]) \
            AS k (partition, reference, home, \"offset\") \
       JOIN batch_names n ON n.partition = k.partition AND n.reference = k.reference AND n.home = k.home \
       JOIN batches b ON b.partition = n.home AND b.number = n.number \
      WHERE b.shipment IS NOT NULL";
const OF_SHIPMENTS: &str = "INSERT INTO shipment_history (partition, shipment, home, \"offset\") \
     SELECT s.partition, s.reference, k.home, k.\"offset\" \
       FROM unnest($1::smallint[], $2::text[], $3::smallint[], $4::bigint[]) \
            AS k (partition, reference, home, \"offset\") \
       JOIN shipments s ON s.partition = k.partition AND s.reference = k.reference";

const ORDERS: &str = "INSERT INTO orders (partition, order_id, deliver, lines, placed) \
     SELECT * FROM unnest($1::smallint[], $2::text[], $3::smallint[], $4::text[], $5::bigint[])";
/// Where no head is advanced, and so there is no statement for the whole group.
const ANSWERS: &str = "INSERT INTO answers (partition, id, command, answer, time) \
     SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])";

pub(super) const STATEMENTS: [&str; 6] = [
    OF_LINES,
    OF_BATCHES,
    OF_CARGO,
    OF_SHIPMENTS,
    ORDERS,
    ANSWERS,
];

/// What the statement for the whole group takes of the log beside the events: the columns of each table, in their order.
pub(super) struct Common<'a> {
    /// Partition, number, offset: of events of new lines, those apart that accept them.
    pub(super) histories: Vec<Param<'a>>,
    pub(super) any_histories: bool,
    /// Partition, id, command, answer, time.
    pub(super) answers: Vec<Param<'a>>,
    pub(super) any_answers: bool,
}

/// Gives what the statement for the whole group takes.
pub(super) fn common<'a>(
    changes: &'a Changes,
    histories: &Histories<'_>,
    partitions: u16,
) -> Common<'a> {
    Common {
        histories: histories.new.columns(),
        any_histories: !histories.new.homes.is_empty(),
        answers: columns_of_answers(&changes.remembered, partitions),
        any_answers: !changes.remembered.is_empty(),
    }
}

/// Adds the rest. The directories that histories are found by must be written already.
pub(super) fn ask<'a>(
    trip: &mut Trip<'a, Write>,
    changes: &'a Changes,
    histories: Histories<'a>,
    partitions: u16,
) {
    write_orders(trip, changes, partitions);
    histories.write(trip);
    if changes.heads.is_empty() && !changes.remembered.is_empty() {
        let params = columns_of_answers(&changes.remembered, partitions);
        trip.ask(Write::Answers, ANSWERS, params);
    }
}

/// Whether the events are no others than those by which these new lines are accepted and allocated. Most of what is told of
/// them is then in the lines' own columns.
pub(super) fn only_allocates(events: &[LogRecord], accepted: &[(&OrderLine, &LogRecord)]) -> bool {
    // No two lines have the same key, and so none the same event.
    accepted.len() == events.len()
        && accepted.iter().all(|(line, record)| {
            matches!(record.event, Event::Allocated { .. })
                && record.sku.as_ref() == Some(&line.sku)
                && record.time == events[0].time
        })
}

/// The other columns of such events, in the order of their lines: time (of all), actor, command id, data.
pub(super) fn columns_of_accepted<'a>(
    accepted: &[(&'a OrderLine, &'a LogRecord)],
) -> Result<Vec<Param<'a>>, Fault> {
    let records: Vec<&LogRecord> = accepted.iter().map(|(_, record)| *record).collect();
    let data = data_of(&records)?;
    Ok(vec![
        param(records.first().map(|record| Micros::of(record.time))),
        text(&records, |record| record.actor.as_deref()),
        text(&records, command_id),
        param(data),
    ])
}

/// A column of texts, or nothing where no event has any.
fn text<'a>(records: &[&'a LogRecord], of: fn(&LogRecord) -> Option<&str>) -> Param<'a> {
    let column: Vec<Option<&'a str>> = records.iter().map(|record| of(record)).collect();
    param(column.iter().any(Option::is_some).then_some(column))
}

/// The column of data.
fn data_of(records: &[&LogRecord]) -> Result<Vec<String>, Fault> {
    records.iter().map(|record| data(&record.event)).collect()
}

/// The columns of any events: partition, offset, time, type, SKU, actor, command id, data. One in which no event has
/// anything is left out.
pub(super) fn columns(events: &[LogRecord]) -> Result<Vec<Param<'_>>, Fault> {
    let records: Vec<&LogRecord> = events.iter().collect();
    let data = data_of(&records)?;
    let partitions: Vec<i16> = events
        .iter()
        .map(|record| small(record.partition))
        .collect();
    let offsets: Vec<i64> = events.iter().map(|record| int(record.offset)).collect();
    let times: Vec<Micros> = events
        .iter()
        .map(|record| Micros::of(record.time))
        .collect();
    let kinds: Vec<&str> = events.iter().map(|record| record.event.kind()).collect();
    Ok(vec![
        param(partitions),
        param(offsets),
        param(times),
        param(kinds),
        text(&records, |record| {
            record.sku.as_ref().map(landfall_domain::Sku::as_str)
        }),
        text(&records, |record| record.actor.as_deref()),
        text(&records, command_id),
        param(data),
    ])
}

/// Events by the name of what they are about: the partition of the name, the name, and where the event lies.
#[derive(Default)]
struct About<'a> {
    partitions: Vec<i16>,
    names: Vec<&'a str>,
    homes: Vec<i16>,
    offsets: Vec<i64>,
}

impl<'a> About<'a> {
    fn add(&mut self, name: &'a str, record: &LogRecord, partitions: u16) {
        self.partitions.push(small(partition_of(name, partitions)));
        self.names.push(name);
        self.homes.push(small(record.partition));
        self.offsets.push(int(record.offset));
    }

    fn ask(&self, trip: &mut Trip<'a, Write>, sql: &'static str) {
        if !self.names.is_empty() {
            let params = vec![
                param(self.partitions.clone()),
                param(self.names.clone()),
                param(self.homes.clone()),
                param(self.offsets.clone()),
            ];
            trip.ask(Write::Log, sql, params);
        }
    }
}

/// The events of new lines, those apart that accept them: their numbers are known here.
#[derive(Default)]
struct OfNew {
    homes: Vec<i16>,
    numbers: Vec<i64>,
    offsets: Vec<i64>,
}

impl OfNew {
    fn columns<'a>(&self) -> Vec<Param<'a>> {
        vec![
            param(self.homes.clone()),
            param(self.numbers.clone()),
            param(self.offsets.clone()),
        ]
    }
}

/// What is not found otherwise: all events about supply, and those of lines that do not accept them.
#[derive(Default)]
pub(super) struct Histories<'a> {
    new: OfNew,
    lines: About<'a>,
    line_ids: Vec<&'a str>,
    batches: About<'a>,
    shipments: About<'a>,
}

impl<'a> Histories<'a> {
    pub(super) fn of(changes: &'a Changes, partitions: u16) -> Self {
        let mut found = Self::default();
        let mut new = None;
        let events = changes.events.iter();
        for record in events.filter(|record| !accepts(&record.event)) {
            if let Some((order_id, line_id)) = record.event.line() {
                let new = new.get_or_insert_with(|| numbers_of_new(changes, partitions));
                let key = (record.partition, order_id.as_str(), line_id.as_str());
                if let Some(number) = new.get(&key) {
                    found.new.homes.push(small(record.partition));
                    found.new.numbers.push(int(*number));
                    found.new.offsets.push(int(record.offset));
                } else {
                    found.lines.add(order_id.as_str(), record, partitions);
                    found.line_ids.push(line_id.as_str());
                }
            } else if let Some(reference) = record.event.batch() {
                found.batches.add(reference.as_str(), record, partitions);
            } else if let Some(reference) = record.event.shipment() {
                found.shipments.add(reference.as_str(), record, partitions);
            }
        }
        found
    }

    /// Enters them, those of new lines apart.
    fn write(self, trip: &mut Trip<'a, Write>) {
        let lines = self.lines;
        if !lines.names.is_empty() {
            let params = vec![
                param(lines.partitions),
                param(lines.names),
                param(self.line_ids),
                param(lines.homes),
                param(lines.offsets),
            ];
            trip.ask(Write::Log, OF_LINES, params);
        }
        self.batches.ask(trip, OF_BATCHES);
        self.batches.ask(trip, OF_CARGO);
        self.shipments.ask(trip, OF_SHIPMENTS);
    }
}

/// The numbers of new lines, by the partition of their product and their key.
fn numbers_of_new(changes: &Changes, partitions: u16) -> HashMap<(u16, &str, &str), u64> {
    let products = changes.products.iter();
    let numbers = products.flat_map(|product| {
        let home = partition_of(product.sku.as_str(), partitions);
        let new = product.lines.iter().filter(|line| line.before.is_none());
        new.map(move |LineChange { after, .. }| {
            let key = (
                home,
                after.key.order_id.as_str(),
                after.key.line_id.as_str(),
            );
            (key, after.number)
        })
    });
    numbers.collect()
}

/// Whether an event accepts a line: the line's own row has its offset.
pub(super) fn accepts(event: &Event) -> bool {
    matches!(
        event,
        Event::Allocated {
            accepted: Some(_),
            ..
        } | Event::Backordered {
            accepted: Some(_),
            ..
        }
    )
}

/// The command's id; nothing where it is the one that a command without a key gets from this very event.
fn command_id(record: &LogRecord) -> Option<&str> {
    let id = record.command_id.as_str();
    let number = |text: &str| {
        let plain = text == "0" || !text.starts_with(['0', '+']);
        plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let own = id
        .strip_prefix('~')
        .and_then(|id| id.split_once('-'))
        .is_some_and(|(partition, offset)| {
            number(partition) == Some(u64::from(record.partition))
                && number(offset) == Some(record.offset)
        });
    (!own).then_some(id)
}

/// The data of an event in JSON, without the type, which has a column.
fn data(event: &Event) -> Result<String, Fault> {
    landfall_service::log::data_json(event)
        .map_err(|error| Fault::Refused(format!("an event has no JSON form: {error}")))
}

fn write_orders<'a>(trip: &mut Trip<'a, Write>, changes: &'a Changes, partitions: u16) {
    if changes.orders.is_empty() {
        return;
    }
    let placed = changes.events.iter().filter_map(|record| {
        let Event::OrderPlaced { order_id, .. } = &record.event else {
            return None;
        };
        Some((order_id, record.offset))
    });
    let placed: HashMap<&OrderId, u64> = placed.collect();
    let orders = &changes.orders;
    let partition = |id: &OrderId| small(partition_of(id.as_str(), partitions));
    let lines = |order: &landfall_domain::PlacedOrder| {
        // Names have a JSON form, always.
        serde_json::to_string(&order.lines).unwrap_or_default()
    };
    let params = vec![
        param(
            orders
                .iter()
                .map(|order| partition(&order.order_id))
                .collect::<Vec<i16>>(),
        ),
        param(
            orders
                .iter()
                .map(|order| order.order_id.as_str())
                .collect::<Vec<&'a str>>(),
        ),
        param(
            orders
                .iter()
                .map(|order| codes::deliver(order.deliver))
                .collect::<Vec<i16>>(),
        ),
        param(orders.iter().map(lines).collect::<Vec<String>>()),
        param(
            orders
                .iter()
                .map(|order| placed.get(&order.order_id).copied().map(int))
                .collect::<Vec<Option<i64>>>(),
        ),
    ];
    trip.ask(Write::Log, ORDERS, params);
}

/// The columns of answers, in the order of their keys, which is the same for all writers: two that remember the same ones
/// do not wait for each other in a circle.
fn columns_of_answers(answers: &[Remembered], partitions: u16) -> Vec<Param<'_>> {
    let home = |answer: &Remembered| small(partition_of(answer.id.as_str(), partitions));
    let mut answers: Vec<(i16, &Remembered)> = answers
        .iter()
        .map(|answer| (home(answer), answer))
        .collect();
    answers.sort_unstable_by(|(one, a), (other, b)| (one, &a.id).cmp(&(other, &b.id)));
    let text = |of: fn(&Remembered) -> &str| -> Vec<&str> {
        answers.iter().map(|(_, answer)| of(answer)).collect()
    };
    let homes: Vec<i16> = answers.iter().map(|(home, _)| *home).collect();
    let times = answers.iter().map(|(_, answer)| Micros::of(answer.time));
    let times: Vec<Micros> = times.collect();
    vec![
        param(homes),
        param(text(|answer| answer.id.as_str())),
        param(text(|answer| &answer.command)),
        param(text(|answer| &answer.answer)),
        param(times),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn record(partition: u16, command_id: &str) -> LogRecord {
        LogRecord {
            partition,
            offset: 7,
            sku: None,
            time: Timestamp::UNIX_EPOCH,
            command_id: command_id.into(),
            actor: None,
            event: Event::LineCancelled {
                order_id: "o\"1".parse().unwrap(),
                line_id: "l".parse().unwrap(),
                quantity: 3,
            },
        }
    }

    #[test]
    fn only_the_id_that_can_be_made_again_is_left_out() {
        assert_eq!(command_id(&record(0, "~0-7")), None);
        assert_eq!(command_id(&record(12, "~12-7")), None);
        for id in [
            "~0-8", "~1-7", "~0-07", "~0-+7", "0-7", "~0-7 ", "~7", "key", "~00-7", "~-7", "~+0-7",
        ] {
            assert_eq!(command_id(&record(0, id)), Some(id));
        }
    }

    #[test]
    fn data_is_the_event_without_its_type() {
        let data = data(&record(0, "").event).unwrap();
        assert_eq!(data, r#"{"order_id":"o\"1","line_id":"l","quantity":3}"#);
    }
}
