//! The event log, and by what the history of a thing is found in it.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry as Place;
use landfall_domain::{BatchRef, Event, ShipmentRef};
use landfall_service::LogRecord;
use landfall_service::store::Changes;
use rusqlite::{Connection, OptionalExtension, params};

use crate::bulk::Insert;
use crate::chains::{self, End, Ends};
use crate::codes::{self, int};
use crate::error::Fault;
use crate::history::Kind;

/// A product's chain of events while a commit adds to it.
struct Chain {
    number: i64,
    end: End,
    /// Whether the product is among those that the commit changes.
    changed: bool,
}

/// What the events of a commit add to the chains of their products.
pub(super) struct Chained<'a> {
    chains: HashMap<&'a str, Chain>,
    /// The product of each event, and the event before it.
    links: Vec<(Option<i64>, Option<i64>)>,
    /// Entries of the table `history`: kind, thing, offset.
    entries: Vec<(i64, i64, i64)>,
}

impl<'a> Chained<'a> {
    /// Adds the events to the chains, and writes nothing.
    pub(super) fn new(
        connection: &Connection,
        changes: &'a Changes,
        ends: &Ends,
    ) -> Result<Self, Fault> {
        let mut chains = HashMap::with_capacity(changes.products.len());
        for product in &changes.products {
            let number = int(product.number);
            let end = if product.created {
                End::default()
            } else {
                ends.of(connection, number)?
            };
            let chain = Chain {
                number,
                end,
                changed: true,
            };
            chains.insert(product.sku.as_str(), chain);
        }
        let mut chained = Self {
            chains,
            links: Vec::with_capacity(changes.events.len()),
            entries: Vec::new(),
        };
        for record in &changes.events {
            let link = chained.link(connection, record)?;
            chained.links.push(link);
        }
        Ok(chained)
    }

    /// Adds an event to its product's chain.
    fn link(
        &mut self,
        connection: &Connection,
        record: &'a LogRecord,
    ) -> Result<(Option<i64>, Option<i64>), Fault> {
        let Some(sku) = &record.sku else {
            return Ok((None, None));
        };
        let chain = match self.chains.entry(sku.as_str()) {
            Place::Occupied(chain) => chain.into_mut(),
            Place::Vacant(place) => place.insert(unchanged(connection, sku.as_str())?),
        };
        let (offset, previous) = (int(record.offset), chain.end.last);
        if chain.end.add(offset) {
            self.entries
                .push((Kind::Product.code(), chain.number, offset));
        }
        Ok((Some(chain.number), previous))
    }

    /// The end of a product's chain after the commit.
    pub(super) fn end(&self, sku: &str) -> End {
        self.chains
            .get(sku)
            .map_or(End::default(), |chain| chain.end)
    }

    /// The ends of all chains, for the writer's memory.
    pub(super) fn into_ends(self) -> Vec<(i64, End)> {
        let ends = self.chains.into_values();
        ends.map(|chain| (chain.number, chain.end)).collect()
    }
}

/// The chain of a product that an event is about, though nothing of it changes.
fn unchanged(connection: &Connection, sku: &str) -> Result<Chain, Fault> {
    let sql = "SELECT number FROM products WHERE sku = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([sku], |row| row.get(0)).optional()?;
    let number = number.ok_or_else(|| {
        Fault::Refused(format!(
            "an event names the product {sku}, which is not there"
        ))
    })?;
    Ok(Chain {
        number,
        end: chains::read(connection, number)?,
        changed: false,
    })
}

/// Writes the events, and the entries of the table `history`. Everything that they are about is written already.
pub(super) fn write_events(
    connection: &Connection,
    changes: &Changes,
    chained: &Chained<'_>,
) -> Result<(), Fault> {
    let mut json = Vec::with_capacity(512);
    let mut links = chained.links.iter();
    EVENTS.all(connection, &changes.events, |values, record| {
        let (product, previous) = links.next().copied().unwrap_or_default();
        values.put(int(record.offset))?;
        values.put(record.event.kind())?;
        values.put(product)?;
        values.put(codes::micros(record.time))?;
        values.put(command_id(record))?;
        values.put(data(&record.event, &mut json)?)?;
        values.put(previous)?;
        values.put(record.actor.as_deref())
    })?;
    for chain in chained.chains.values().filter(|chain| !chain.changed) {
        let sql = "UPDATE product_versions SET last_event = ?2, chained = ?3 WHERE number = ?1";
        connection.prepare_cached(sql)?.execute(params![
            chain.number,
            chain.end.last,
            chain.end.chained
        ])?;
    }
    write_history(connection, changes, chained)
}

const EVENTS: Insert = Insert {
    into: "INSERT INTO events (offset, type, product, time, command_id, data, previous, actor)",
    row: "(?, ?, ?, ?, ?, ?, ?, ?)",
};
const HISTORY: Insert = Insert {
    into: "INSERT INTO history (kind, thing, offset)",
    row: "(?, ?, ?)",
};

/// Enters what is not found otherwise: all events about supply, and those of lines that do not accept them.
fn write_history(
    connection: &Connection,
    changes: &Changes,
    chained: &Chained<'_>,
) -> Result<(), Fault> {
    let mut entries = chained.entries.clone();
    let mut lines: Option<HashMap<(&str, &str), i64>> = None;
    for record in changes
        .events
        .iter()
        .filter(|record| !accepts(&record.event))
    {
        let (event, offset) = (&record.event, int(record.offset));
        if let Some((order_id, line_id)) = event.line() {
            let key = (order_id.as_str(), line_id.as_str());
            let lines = lines.get_or_insert_with(|| numbers_of_lines(changes));
            let number = match lines.get(&key) {
                Some(number) => Some(*number),
                None => line_number(connection, key)?,
            };
            entries.extend(number.map(|number| (Kind::Line.code(), number, offset)));
        } else if let Some(reference) = event.batch() {
            let (batch, shipment) = batch_numbers(connection, reference)?;
            entries.extend(batch.map(|number| (Kind::Batch.code(), number, offset)));
            entries.extend(shipment.map(|number| (Kind::Shipment.code(), number, offset)));
        } else if let Some(reference) = event.shipment() {
            let number = shipment_number(connection, reference)?;
            entries.extend(number.map(|number| (Kind::Shipment.code(), number, offset)));
        }
    }
    entries.sort_unstable();
    HISTORY.all(connection, &entries, |values, (kind, thing, offset)| {
        values.put(kind)?;
        values.put(thing)?;
        values.put(offset)
    })
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

fn numbers_of_lines(changes: &Changes) -> HashMap<(&str, &str), i64> {
    let lines = changes.products.iter().flat_map(|product| &product.lines);
    lines
        .map(|change| {
            let key = &change.after.key;
            (
                (key.order_id.as_str(), key.line_id.as_str()),
                int(change.after.number),
            )
        })
        .collect()
}

// An event about something that is not there has no place in a history: that is for an audit to tell.

fn line_number(connection: &Connection, key: (&str, &str)) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM line_keys WHERE order_id = ?1 AND line_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([key.0, key.1], |row| row.get(0));
    Ok(number.optional()?)
}

/// The numbers of a batch and of its shipment.
fn batch_numbers(
    connection: &Connection,
    reference: &BatchRef,
) -> Result<(Option<i64>, Option<i64>), Fault> {
    let sql = "SELECT b.number, s.number FROM batches b \
         LEFT JOIN shipments s ON s.reference = b.shipment WHERE b.reference = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let numbers = statement.query_row([reference.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(numbers.optional()?.unwrap_or_default())
}

fn shipment_number(connection: &Connection, reference: &ShipmentRef) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM shipments WHERE reference = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([reference.as_str()], |row| row.get(0));
    Ok(number.optional()?)
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn record(command_id: &str) -> LogRecord {
        LogRecord {
            partition: 0,
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
        assert_eq!(command_id(&record("~0-7")), None);
        for id in [
            "~0-8", "~1-7", "~0-07", "~0-+7", "0-7", "~0-7 ", "~7", "key",
        ] {
            assert_eq!(command_id(&record(id)), Some(id));
        }
    }

    #[test]
    fn data_is_the_event_without_its_type() {
        let mut json = vec![b'x'];
        let data = data(&record("").event, &mut json).unwrap();
        assert_eq!(data, r#"{"order_id":"o\"1","line_id":"l","quantity":3}"#);
    }
}
