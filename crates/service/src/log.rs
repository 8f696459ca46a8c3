//! The envelope in which an event stands in the log.

pub mod cursor;

use jiff::Timestamp;
use landfall_domain::{Event, Sku};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::answer::Actor;
pub use cursor::LogCursor;

/// One record of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// The partition, by the hash of the SKU.
    pub partition: u16,
    /// Its place in the partition: 1, 2, 3, … without gaps.
    pub offset: u64,
    /// The product that it is about.
    pub sku: Option<Sku>,
    /// When it was written.
    pub time: Timestamp,
    /// The command that caused it: the caller's idempotency key or, where there was none, `~` and the
    /// id of the command's first event.
    pub command_id: String,
    /// Who gave the command: the name of an API key; none where no key was asked for.
    pub actor: Option<Actor>,
    /// The fact.
    pub event: Event,
}

/// The data of an event in JSON: the event without its type, which has a place of its own in the envelope.
pub fn data_json(event: &Event) -> serde_json::Result<String> {
    let mut json = serde_json::to_string(event)?;
    // `{"type":"…","data":…}`, as serde writes an adjacently tagged enum.
    json.pop();
    json.drain(..r#"{"type":"","data":"#.len() + event.kind().len());
    Ok(json)
}

impl LogRecord {
    /// The event's id: partition and offset.
    pub fn id(&self) -> String {
        format!("{}-{}", self.partition, self.offset)
    }
}

impl Serialize for LogRecord {
    /// `{partition, offset, id, type, schema, sku, time, command_id, actor?, data}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let data = data_json(&self.event).and_then(RawValue::from_string);
        let data = data.map_err(S::Error::custom)?;
        let mut record = serializer.serialize_struct("LogRecord", 10)?;
        record.serialize_field("partition", &self.partition)?;
        record.serialize_field("offset", &self.offset)?;
        record.serialize_field("id", &self.id())?;
        record.serialize_field("type", self.event.kind())?;
        record.serialize_field("schema", &self.event.schema())?;
        record.serialize_field("sku", &self.sku)?;
        record.serialize_field("time", &self.time)?;
        record.serialize_field("command_id", &self.command_id)?;
        match &self.actor {
            Some(actor) => record.serialize_field("actor", &**actor)?,
            None => record.skip_field("actor")?,
        }
        record.serialize_field("data", &data)?;
        record.end()
    }
}

#[cfg(test)]
mod tests {
    use landfall_domain::BatchRef;

    use super::*;

    #[test]
    fn the_envelope_holds_type_and_data_apart() {
        let record = LogRecord {
            partition: 0,
            offset: 7,
            sku: Sku::new("S").ok(),
            time: Timestamp::UNIX_EPOCH,
            command_id: "k".into(),
            actor: None,
            event: Event::BatchEtaChanged {
                reference: BatchRef::new("b").unwrap(),
                from: None,
                to: "2026-06-01".parse().ok(),
                landed: None,
                shipment: None,
            },
        };
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            r#"{"partition":0,"offset":7,"id":"0-7","type":"BatchEtaChanged","schema":3,"sku":"S","time":"1970-01-01T00:00:00Z","command_id":"k","data":{"reference":"b","from":null,"to":"2026-06-01"}}"#
        );
    }
}
