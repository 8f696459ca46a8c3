//! Events out to a stream, as CloudEvents.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{CreateStreamErrorKind, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context, ErrorCode, stream};
use async_nats::{Client, ConnectOptions};
use async_trait::async_trait;
use landfall_domain::Event;
use landfall_service::LogRecord;
use landfall_service::relay::cloud_event::MEDIA_TYPE;
use landfall_service::relay::{CloudEvent, Delivery, EventPublisher, Refused, Setback};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::{BadConfig, Config};
use crate::subject::subject;
use crate::url::Login;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(10);
/// The most events of which any may be on their way at one time.
const PIECE: usize = 1_000;

/// Publishes every event to a stream of JetStream: as a CloudEvent in JSON, under the subject that
/// [`subject`] says, with the event's id as message id, so that the stream drops what comes again.
///
/// Many events are on their way at a time, but never two of one product: an event that got lost can then not
/// be overtaken by a later one.
pub struct JetStreamPublisher {
    config: Config,
    source: Arc<str>,
    connection: Mutex<Connection>,
}

/// What is there of the way to the stream.
#[derive(Default)]
struct Connection {
    /// The connection; once made, it makes itself again when it breaks.
    client: Option<Client>,
    /// Set once the stream was seen.
    context: Option<Context>,
}

/// What became of an event.
#[derive(Debug, Clone)]
enum Fate {
    Open,
    Out,
    Refused(String),
}

impl JetStreamPublisher {
    /// A publisher to the stream of this configuration. `source` is the CloudEvents' source. It connects,
    /// and makes the stream if it is missing, when there is something to publish.
    pub fn new(config: Config, source: impl Into<Arc<str>>) -> Result<Self, BadConfig> {
        config.check()?;
        let files = [
            ("credentials_file", &config.credentials_file),
            ("ca_file", &config.ca_file),
        ];
        for (key, file) in files {
            if let Some(Err(error)) = file.as_ref().map(std::fs::read) {
                let message = format!("cannot be read: {error}");
                return Err(BadConfig { key, message });
            }
        }
        Ok(Self {
            config,
            source: source.into(),
            connection: Mutex::default(),
        })
    }

    /// The way to the stream, which is there then.
    async fn context(&self) -> Result<Context, Setback> {
        let mut connection = self.connection.lock().await;
        let client = match &connection.client {
            Some(client) => client.clone(),
            None => connection.client.insert(self.connect().await?).clone(),
        };
        if client.connection_state() != State::Connected {
            // What is given to it now would wait in its queue, and come late.
            return Err(self.setback("the connection is lost; it is being made again"));
        }
        if let Some(context) = &connection.context {
            return Ok(context.clone());
        }
        let mut context = jetstream::new(client);
        context.set_timeout(ANSWER);
        self.ensure_stream(&context).await?;
        Ok(connection.context.insert(context).clone())
    }

    async fn connect(&self) -> Result<Client, Setback> {
        let mut options = ConnectOptions::new()
            .name("landfall")
            .connection_timeout(ANSWER)
            .request_timeout(Some(ANSWER))
            .ping_interval(PING)
            .require_tls(self.config.url.is_encrypted());
        match self.config.url.login().cloned() {
            Some(Login::Password { user, password }) => {
                options = options.user_and_password(user, password);
            }
            Some(Login::Token(token)) => options = options.token(token),
            None => {}
        }
        if let Some(file) = &self.config.ca_file {
            options = options.add_root_certificates(file.clone());
        }
        if let Some(file) = &self.config.credentials_file {
            let read = options.credentials_file(file).await;
            options = read.map_err(|error| self.setback(format!("{}: {error}", file.display())))?;
        }
        let connected = options.connect(self.config.url.servers()).await;
        connected.map_err(|error| self.setback(error))
    }

    /// Makes the stream, unless it is there; one that is there must take our subjects.
    async fn ensure_stream(&self, context: &Context) -> Result<(), Setback> {
        let ours = format!("{}.>", self.config.subject);
        let wanted = stream::Config {
            name: self.config.stream.clone(),
            subjects: vec![ours.clone()],
            description: Some("Events of Landfall, as CloudEvents".into()),
            duplicate_window: Duration::from_secs(self.config.duplicate_seconds),
            max_age: Duration::from_hours(24 * u64::from(self.config.max_age_days)),
            max_bytes: match i64::try_from(self.config.max_bytes) {
                Ok(0) | Err(_) => -1,
                Ok(bytes) => bytes,
            },
            num_replicas: usize::from(self.config.replicas),
            ..stream::Config::default()
        };
        let found = context.get_or_create_stream(wanted).await;
        let found = found.map_err(|error| match error.kind() {
            CreateStreamErrorKind::JetStreamUnavailable => self.setback(
                "JetStream is not there: is the server started with -js, and may this account use it?",
            ),
            CreateStreamErrorKind::JetStream(error) => self.setback(error),
            _ => self.setback(error),
        })?;
        let subjects = &found.cached_info().config.subjects;
        if subjects.iter().any(|theirs| covers(theirs, &ours)) {
            return Ok(());
        }
        let theirs = subjects.join(", ");
        Err(self.setback(format!(
            "the stream takes {theirs} and not {ours}: add that to it, or name another stream"
        )))
    }

    /// Sends these events, which are of different products, and waits until all are stored. What is in the
    /// way, if anything.
    async fn send(
        &self,
        context: &Context,
        records: &[LogRecord],
        wave: &[usize],
        fates: &mut [Fate],
    ) -> Option<Setback> {
        let mut trouble = None;
        let mut acks = Vec::with_capacity(wave.len());
        for &index in wave {
            let record = &records[index];
            let json = match CloudEvent::new(&self.source, record).json() {
                Ok(json) => json,
                Err(error) => {
                    fates[index] = Fate::Refused(format!("it has no JSON form: {error}"));
                    continue;
                }
            };
            let message = PublishMessage::build()
                .payload(json.into())
                .message_id(record.id())
                .header("Content-Type", MEDIA_TYPE);
            let subject = subject(&self.config.subject, record);
            match timeout(ANSWER, context.send_publish(subject, message)).await {
                Ok(Ok(ack)) => acks.push((index, ack)),
                Ok(Err(error)) if is_for_good(&error) => {
                    fates[index] = Fate::Refused(error.to_string());
                }
                Ok(Err(error)) => trouble = Some(self.setback(error)),
                Err(_) => trouble = Some(self.setback("the connection takes nothing")),
            }
            if trouble.is_some() {
                break;
            }
        }
        for (index, ack) in acks {
            match ack.await {
                Ok(_) => fates[index] = Fate::Out,
                Err(error) if is_for_good(&error) => {
                    fates[index] = Fate::Refused(error.to_string());
                }
                Err(error) => {
                    if error.kind() == PublishErrorKind::StreamNotFound {
                        // Somebody has deleted it: it is made again next time.
                        self.connection.lock().await.context = None;
                    }
                    return Some(self.setback(error));
                }
            }
        }
        trouble
    }

    fn setback(&self, reason: impl std::fmt::Display) -> Setback {
        Setback::new(format!("NATS, stream {}: {reason}", self.config.stream))
    }
}

#[async_trait]
impl EventPublisher for JetStreamPublisher {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        if records.is_empty() {
            return Delivery::default();
        }
        let context = match self.context().await {
            Ok(context) => context,
            Err(setback) => return Delivery::until(&[], setback),
        };
        let mut fates = vec![Fate::Open; records.len()];
        let mut setback = None;
        'pieces: for (piece, fates) in records.chunks(PIECE).zip(fates.chunks_mut(PIECE)) {
            for wave in waves(piece) {
                setback = self.send(&context, piece, &wave, fates).await;
                if setback.is_some() {
                    break 'pieces;
                }
            }
        }
        delivery(records, fates, setback)
    }
}

/// How far all are out, or refused, without a gap.
fn delivery(records: &[LogRecord], fates: Vec<Fate>, setback: Option<Setback>) -> Delivery {
    let settled = fates.iter().take_while(|fate| !matches!(fate, Fate::Open));
    let count = settled.count();
    let dead = records.iter().zip(fates).take(count);
    let dead = dead.filter_map(|(record, fate)| match fate {
        Fate::Refused(reason) => Some(Refused {
            offset: record.offset,
            reason,
            attempts: 1,
        }),
        Fate::Open | Fate::Out => None,
    });
    Delivery {
        dead: dead.collect(),
        setback,
        ..Delivery::all(&records[..count])
    }
}

/// The records in waves: in each one, at most one of a product (an order, a shipment); and of each, the
/// earlier ones in earlier waves.
fn waves(records: &[LogRecord]) -> Vec<Vec<usize>> {
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<(u8, &str), usize> = HashMap::new();
    for (index, record) in records.iter().enumerate() {
        let number = seen.entry(thing(record)).or_default();
        match waves.get_mut(*number) {
            Some(wave) => wave.push(index),
            None => waves.push(vec![index]),
        }
        *number += 1;
    }
    waves
}

/// What the event is about, of which the order is kept.
fn thing(record: &LogRecord) -> (u8, &str) {
    match (&record.sku, record.event.shipment(), &record.event) {
        (Some(sku), _, _) => (0, sku.as_str()),
        (None, Some(shipment), _) => (1, shipment.as_str()),
        (None, None, Event::OrderPlaced { order_id, .. }) => (2, order_id.as_str()),
        (None, None, _) => (3, ""),
    }
}

/// Whether no other attempt will do better: the event is larger than the server or the stream allows.
fn is_for_good(error: &PublishError) -> bool {
    let code = error
        .source()
        .and_then(|source| source.downcast_ref::<jetstream::Error>())
        .map(jetstream::Error::error_code);
    error.kind() == PublishErrorKind::MaxPayloadExceeded
        || code == Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM)
}

/// Whether every subject that the second pattern means is one of the first's. The second has no wildcard but
/// `>` at its end.
fn covers(theirs: &str, ours: &str) -> bool {
    let mut theirs = theirs.split('.');
    for word in ours.split('.') {
        match theirs.next() {
            Some(">") => return true,
            Some("*") if word != ">" => {}
            Some(same) if same == word => {}
            _ => return false,
        }
    }
    theirs.next().is_none()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use landfall_domain::{Sku, events::Event};

    use super::*;

    fn record(offset: u64, sku: Option<&str>) -> LogRecord {
        let event = match sku {
            Some(_) => Event::BatchReleased {
                reference: "b".parse().unwrap(),
                shipment: None,
            },
            None => Event::ShipmentReleased {
                reference: "s".parse().unwrap(),
            },
        };
        LogRecord {
            partition: 0,
            offset,
            sku: sku.map(|sku| Sku::new(sku).unwrap()),
            time: Timestamp::UNIX_EPOCH,
            command_id: "k".into(),
            actor: None,
            event,
        }
    }

    #[test]
    fn a_wave_has_no_two_events_of_one_thing() {
        let skus = [
            Some("A"),
            Some("B"),
            Some("A"),
            None,
            Some("A"),
            None,
            Some("s"),
        ];
        let records: Vec<_> = (1..).zip(skus).map(|(n, sku)| record(n, sku)).collect();
        assert_eq!(waves(&records), [vec![0, 1, 3, 6], vec![2, 5], vec![4]]);
    }

    #[test]
    fn what_is_out_behind_a_gap_is_not_out() {
        let records: Vec<_> = (5..9).map(|n| record(n, Some("A"))).collect();
        let refused = || Fate::Refused("large".into());
        let fates = vec![Fate::Out, refused(), Fate::Open, refused()];
        let delivery = delivery(&records, fates, Some(Setback::new("gone")));
        assert_eq!((delivery.taken, delivery.through), (Some(6), Some(6)));
        let dead: Vec<_> = delivery.dead.iter().map(|dead| dead.offset).collect();
        assert_eq!(dead, [6]);
        assert!(delivery.setback.is_some());
    }

    #[test]
    fn a_stream_takes_our_subjects_or_not() {
        let ours = "landfall.events.>";
        for theirs in [ours, ">", "landfall.>", "*.events.>", "landfall.*.>"] {
            assert!(covers(theirs, ours), "{theirs}");
        }
        for theirs in [
            "landfall.events",
            "landfall.events.*",
            "other.>",
            "landfall.events.x.>",
        ] {
            assert!(!covers(theirs, ours), "{theirs}");
        }
    }
}
