//! The event log.

use hashbrown::HashMap;
use landfall_domain::Event;
use landfall_service::LogRecord;
use landfall_service::store::Changes;
use rusqlite::Connection;

use crate::bulk::Insert;
use crate::codes::{self, int};
use crate::error::Fault;

/// Writes the events.
pub(super) fn write_events(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let numbers: HashMap<&str, i64> = changes
        .products
        .iter()
        .map(|product| (product.sku.as_str(), int(product.number)))
        .collect();
    let mut json = Vec::with_capacity(512);
    EVENTS.all(connection, &changes.events, |values, record| {
        let product = match &record.sku {
            None => None,
            Some(sku) => match numbers.get(sku.as_str()) {
                Some(number) => Some(*number),
                None => Some(product_number(connection, sku.as_str())?),
            },
        };
        values.put(int(record.offset))?;
        values.put(record.event.kind())?;
        values.put(product)?;
        values.put(codes::micros(record.time))?;
        values.put(command_id(record))?;
        values.put(data(&record.event, &mut json)?)
    })
}

const EVENTS: Insert = Insert {
    into: "events (offset, type, product, time, command_id, data)",
    row: "(?, ?, ?, ?, ?, ?)",
};

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
