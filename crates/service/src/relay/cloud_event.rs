//! An event as others take it: a CloudEvent 1.0 in its JSON form.
//!
//! Source of the format: CloudEvents 1.0.2 (core specification and JSON event format) of the CNCF, with the
//! extension `partitionkey` (Partitioning).

use serde::Serialize;

use crate::log::LogRecord;

/// What every `type` begins with.
pub const TYPE_PREFIX: &str = "landfall.";

/// The media type of [`CloudEvent`] in JSON.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// A record of the log in its envelope. `source` and `id` together are unique.
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a> {
    specversion: &'static str,
    /// The event's id: partition and offset.
    id: String,
    /// Which Landfall: a URI reference, from the configuration.
    source: &'a str,
    /// `landfall.` and the event's type.
    r#type: String,
    /// The product; of a shipment's or an order's own event, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: jiff::Timestamp,
    datacontenttype: &'static str,
    /// Events of one key come in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitionkey: Option<&'a str>,
    /// The event as the HTTP routes give it.
    data: &'a LogRecord,
}

impl<'a> CloudEvent<'a> {
    /// The envelope of a record.
    pub fn new(source: &'a str, record: &'a LogRecord) -> Self {
        let sku = record.sku.as_ref().map(landfall_domain::Sku::as_str);
        Self {
            specversion: "1.0",
            id: record.id(),
            source,
            r#type: format!("{TYPE_PREFIX}{}", record.event.kind()),
            subject: sku,
            time: record.time,
            datacontenttype: "application/json",
            partitionkey: sku,
            data: record,
        }
    }

    /// Its JSON form.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use landfall_domain::{BatchRef, Event, Sku};

    use super::*;

    #[test]
    fn the_event_is_the_data_of_its_envelope() {
        let record = LogRecord {
            partition: 3,
            offset: 7,
            sku: Sku::new("S").ok(),
            time: Timestamp::UNIX_EPOCH,
            command_id: "k".into(),
            actor: Some("planner".into()),
            event: Event::BatchEtaChanged {
                reference: BatchRef::new("b").unwrap(),
                from: None,
                to: None,
                landed: None,
                shipment: None,
            },
        };
        assert_eq!(
            CloudEvent::new("/shop", &record).json().unwrap(),
            r#"{"specversion":"1.0","id":"3-7","source":"/shop","type":"landfall.BatchEtaChanged","subject":"S","time":"1970-01-01T00:00:00Z","datacontenttype":"application/json","partitionkey":"S","data":{"partition":3,"offset":7,"id":"3-7","type":"BatchEtaChanged","schema":3,"sku":"S","time":"1970-01-01T00:00:00Z","command_id":"k","actor":"planner","data":{"reference":"b","from":null,"to":null}}}"#
        );
    }
}
