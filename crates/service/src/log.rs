//! The envelope in which an event stands in the log.

use jiff::Timestamp;
use landfall_domain::{Event, Sku};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

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
    /// The fact.
    pub event: Event,
}

impl LogRecord {
    /// The event's id: partition and offset.
    pub fn id(&self) -> String {
        format!("{}-{}", self.partition, self.offset)
    }
}

impl Serialize for LogRecord {
    /// `{partition, offset, id, type, schema, sku, time, command_id, data}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The event is tagged with type and content; the envelope wants them apart.
        struct Data<'a>(&'a Event);
        impl Serialize for Data<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::Error as _;
                let value = serde_json::to_value(self.0).map_err(S::Error::custom)?;
                value.get("data").serialize(serializer)
            }
        }
        let mut record = serializer.serialize_struct("LogRecord", 9)?;
        record.serialize_field("partition", &self.partition)?;
        record.serialize_field("offset", &self.offset)?;
        record.serialize_field("id", &self.id())?;
        record.serialize_field("type", self.event.kind())?;
        record.serialize_field("schema", &self.event.schema())?;
        record.serialize_field("sku", &self.sku)?;
        record.serialize_field("time", &self.time)?;
        record.serialize_field("command_id", &self.command_id)?;
        record.serialize_field("data", &Data(&self.event))?;
        record.end()
    }
}
