//! Allocations out to a channel, as *Architecture Patterns with Python* has them.

use async_trait::async_trait;
use landfall_domain::{BatchRef, Event, OrderId, Sku};
use landfall_service::LogRecord;
use landfall_service::relay::{Delivery, EventPublisher};
use serde::Serialize;

use crate::config::{BadConfig, Config};
use crate::link::Link;
use crate::stream_publisher::setback;

/// The most messages in one piece.
const PIECE: usize = 1_000;

/// Tells of every allocation on a channel, one message for each batch that a line is pegged to.
///
/// Whoever does not listen at that moment never hears of it: so are channels. While the server cannot be
/// reached, messages wait in the log.
pub struct PubSubPublisher {
    link: Link,
    channel: String,
}

/// The book's message (chapter 11).
#[derive(Serialize)]
struct LineAllocated<'a> {
    orderid: &'a OrderId,
    sku: &'a Sku,
    qty: u64,
    batchref: &'a BatchRef,
}

impl PubSubPublisher {
    /// A publisher to the server of this configuration. It connects when there is something to tell.
    pub fn new(config: &Config) -> Result<Self, BadConfig> {
        Ok(Self {
            link: Link::new(config)?,
            channel: config.notices.line_allocated.clone(),
        })
    }
}

/// The messages of a record: none, unless stock was given to a line.
fn messages(record: &LogRecord) -> Vec<String> {
    let (
        Event::Allocated {
            order_id,
            allocations,
            ..
        },
        Some(sku),
    ) = (&record.event, &record.sku)
    else {
        return Vec::new();
    };
    let message = allocations.iter().map(|part| LineAllocated {
        orderid: order_id,
        sku,
        qty: part.quantity,
        batchref: &part.batch,
    });
    // Texts and a number always have a JSON form.
    message
        .filter_map(|message| serde_json::to_string(&message).ok())
        .collect()
}

#[async_trait]
impl EventPublisher for PubSubPublisher {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        let mut out = 0;
        for piece in records.chunks(PIECE) {
            let mut commands = redis::pipe();
            commands.atomic();
            for message in piece.iter().flat_map(messages) {
                commands.cmd("PUBLISH").arg(&self.channel).arg(message);
            }
            if !commands.is_empty()
                && let Err(error) = self.link.run(&commands).await
            {
                return Delivery::until(&records[..out], setback(&self.channel, &error));
            }
            out += piece.len();
        }
        Delivery::all(records)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use landfall_domain::{Allocation, LineId};

    use super::*;

    #[test]
    fn a_line_of_two_batches_is_told_of_twice() {
        let part = |batch, quantity| Allocation {
            batch: BatchRef::new(batch).unwrap(),
            batch_number: 1,
            quantity,
        };
        let record = LogRecord {
            partition: 0,
            offset: 1,
            sku: Sku::new("SMALL-TABLE").ok(),
            time: Timestamp::UNIX_EPOCH,
            command_id: "k".into(),
            actor: None,
            event: Event::Allocated {
                order_id: OrderId::new("o-1").unwrap(),
                line_id: LineId::new("second").unwrap(),
                quantity: 10,
                allocations: vec![part("b-1", 7), part("b-2", 3)],
                original_promise: None,
                current_promise: None,
                accepted: None,
            },
        };
        assert_eq!(
            messages(&record),
            [
                r#"{"orderid":"o-1","sku":"SMALL-TABLE","qty":7,"batchref":"b-1"}"#,
                r#"{"orderid":"o-1","sku":"SMALL-TABLE","qty":3,"batchref":"b-2"}"#,
            ]
        );
    }
}
