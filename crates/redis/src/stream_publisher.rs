//! Events out to a stream, as CloudEvents.

use std::sync::Arc;

use async_trait::async_trait;
use landfall_service::LogRecord;
use landfall_service::relay::cloud_event::TYPE_PREFIX;
use landfall_service::relay::{CloudEvent, Delivery, EventPublisher, Refused, Setback};
use redis::{Cmd, Pipeline, RedisError};

use crate::config::{BadConfig, Config, Events};
use crate::link::Link;

/// The most events, and about the most bytes, that go out in one piece.
const PIECE_EVENTS: usize = 1_000;
const PIECE_BYTES: usize = 1 << 20;

/// Adds every event to a stream: fields `id`, `type`, `subject` (where it has one) and `event`, which is the
/// CloudEvent in JSON.
///
/// A piece of events is one transaction, so that there is never a later event without the earlier ones. What
/// was added without our knowing is added again: a reader that keeps the last offset of each partition drops
/// what it has seen.
pub struct StreamPublisher {
    link: Link,
    source: Arc<str>,
    events: Events,
}

impl StreamPublisher {
    /// A publisher to the server of this configuration. `source` is the CloudEvents' source. It connects
    /// when there is something to publish.
    pub fn new(config: &Config, source: impl Into<Arc<str>>) -> Result<Self, BadConfig> {
        Ok(Self {
            link: Link::new(config)?,
            source: source.into(),
            events: config.events.clone(),
        })
    }

    /// The command that adds this record, and its size in bytes, about.
    fn entry(&self, record: &LogRecord) -> Result<(Cmd, usize), Refused> {
        let event = CloudEvent::new(&self.source, record).json();
        let event = event.map_err(|error| Refused {
            offset: record.offset,
            reason: format!("it has no JSON form: {error}"),
            attempts: 1,
        })?;
        let size = event.len() + 256;
        let mut add = redis::cmd("XADD");
        add.arg(&self.events.stream);
        if self.events.max_len > 0 {
            add.arg("MAXLEN").arg("~").arg(self.events.max_len);
        }
        add.arg("*").arg("id").arg(record.id());
        add.arg("type")
            .arg(format!("{TYPE_PREFIX}{}", record.event.kind()));
        if let Some(sku) = &record.sku {
            add.arg("subject").arg(sku.as_str());
        }
        add.arg("event").arg(event);
        Ok((add, size))
    }

    /// As many of these records as make a piece.
    fn piece<'a>(&self, records: &'a [LogRecord]) -> (Pipeline, &'a [LogRecord], Vec<Refused>) {
        let mut piece = redis::pipe();
        let (mut bytes, mut count, mut dead) = (0, 0, Vec::new());
        piece.atomic();
        for record in records {
            if count == PIECE_EVENTS || bytes >= PIECE_BYTES {
                break;
            }
            count += 1;
            match self.entry(record) {
                Ok((add, size)) => {
                    piece.add_command(add);
                    bytes += size;
                }
                Err(refused) => dead.push(refused),
            }
        }
        (piece, &records[count..], dead)
    }
}

#[async_trait]
impl EventPublisher for StreamPublisher {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        let (mut rest, mut all_dead) = (records, Vec::new());
        while !rest.is_empty() {
            let (piece, after, dead) = self.piece(rest);
            if !piece.is_empty()
                && let Err(error) = self.link.run(&piece).await
            {
                let out = &records[..records.len() - rest.len()];
                return Delivery {
                    dead: all_dead,
                    ..Delivery::until(out, setback(&self.events.stream, &error))
                };
            }
            all_dead.extend(dead);
            rest = after;
        }
        Delivery {
            dead: all_dead,
            ..Delivery::all(records)
        }
    }
}

/// What is in the way, with the key that it is about.
pub(crate) fn setback(key: &str, error: &RedisError) -> Setback {
    Setback::new(format!("Redis, {key}: {error}"))
}
