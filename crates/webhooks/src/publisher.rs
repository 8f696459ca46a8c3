//! The sink of one endpoint: a record at a time, in the order of the log, and what to do when it is not taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::relay::{CloudEvent, Delivery, EventPublisher, Refused, Setback};
use landfall_service::{Clock, LogRecord};
use tokio::time::Instant;

use crate::client::{Client, Outcome};
use crate::endpoint::Endpoint;
use crate::{SetupError, tls};

/// After so long nothing more is begun, and the relay hears how far it is. With the longest timeout that an
/// endpoint may have it stays well within the relay's patience.
const TURN: Duration = Duration::from_secs(5);

/// Sends events to an endpoint. Within a partition one follows the other; partitions go side by side.
pub struct WebhookPublisher {
    endpoint: Endpoint,
    /// Which Landfall it is, a URI reference: the `source` of each `CloudEvent`.
    source: String,
    clock: Arc<dyn Clock>,
    client: Client,
    /// What is in the way, by partition. It is only in memory: after a restart the counts begin again.
    troubles: Mutex<HashMap<u16, Trouble>>,
}

/// What is in the way of a partition's next record.
#[derive(Debug, Clone, Default)]
struct Trouble {
    /// The record.
    offset: u64,
    /// How often it was sent.
    tries: u32,
    /// How often the endpoint refused it.
    refusals: u32,
    /// Since when the endpoint has taken and refused nothing.
    failing_since: Option<Timestamp>,
}

/// What became of a record.
enum Step {
    /// The next one may go.
    Out,
    /// It goes to the dead letters, and the next one may go.
    Dead(Refused),
    /// As before, and there is nobody to send the next one to either.
    DeadAlone(Refused, Setback),
    /// Later.
    Wait(Setback),
}

impl WebhookPublisher {
    /// A sink for this endpoint. `source` names this Landfall, as a URI reference.
    pub fn new(
        endpoint: Endpoint,
        source: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let name = || endpoint.name.as_str().to_owned();
        endpoint.check().map_err(|message| SetupError::Endpoint {
            name: name(),
            message,
        })?;
        let tls = tls::client(endpoint.ca_file.as_deref());
        let tls = tls.map_err(|source| SetupError::Certificates {
            name: name(),
            source,
        })?;
        Ok(Self {
            client: Client::new(&endpoint, tls),
            endpoint,
            source: source.into(),
            clock,
            troubles: Mutex::default(),
        })
    }

    fn trouble(&self, partition: u16) -> Trouble {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.get(&partition).cloned().unwrap_or_default()
    }

    fn remember(&self, partition: u16, trouble: Option<Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => troubles.insert(partition, trouble),
            None => troubles.remove(&partition),
        };
    }

    /// Sends one record, once.
    async fn send(&self, record: &LogRecord, trouble: &mut Trouble) -> Step {
        if trouble.offset != record.offset {
            *trouble = Trouble {
                offset: record.offset,
                failing_since: trouble.failing_since,
                ..Trouble::default()
            };
        }
        trouble.tries += 1;
        let now = self.clock.now();
        let outcome = match CloudEvent::new(&self.source, record).json() {
            Ok(body) => {
                self.client
                    .post(&self.endpoint, &record.id(), body, now)
                    .await
            }
            Err(error) => Outcome::Refused(format!("it cannot be written as JSON: {error}")),
        };
        let refused = |reason| Refused {
            offset: record.offset,
            reason,
            attempts: trouble.tries,
        };
        match outcome {
            Outcome::Taken => {
                trouble.failing_since = None;
                Step::Out
            }
            Outcome::Refused(reason) => {
                trouble.failing_since = None;
                trouble.refusals += 1;
                if trouble.refusals >= self.endpoint.attempts {
                    Step::Dead(refused(reason))
                } else {
                    Step::Wait(Setback::new(reason))
                }
            }
            Outcome::Busy { reason, pause } => {
                let since = *trouble.failing_since.get_or_insert(now);
                if self.given_up(since, record) {
                    Step::Dead(refused(failed(since, &reason)))
                } else {
                    Step::Wait(Setback { reason, pause })
                }
            }
            Outcome::Unreachable(reason) => {
                let since = *trouble.failing_since.get_or_insert(now);
                if self.given_up(since, record) {
                    Step::DeadAlone(refused(failed(since, &reason)), Setback::new(reason))
                } else {
                    Step::Wait(Setback::new(reason))
                }
            }
        }
    }

    /// Has this record waited so long, for an endpoint that has failed so long, that it goes to the dead
    /// letters? Records that are old because Landfall itself was away are tried first.
    fn given_up(&self, failing_since: Timestamp, record: &LogRecord) -> bool {
        let long_ago = |then: Timestamp| {
            self.clock.now().duration_since(then).unsigned_abs() >= self.endpoint.give_up
                && then <= self.clock.now()
        };
        long_ago(failing_since) && long_ago(record.time)
    }
}

fn failed(since: Timestamp, reason: &str) -> String {
    format!("the endpoint has failed since {since:.0}; last: {reason}")
}

#[async_trait]
impl EventPublisher for WebhookPublisher {
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery {
        let turn = Instant::now() + TURN;
        let mut trouble = self.trouble(partition);
        let mut delivery = Delivery::default();
        let mut unreachable = None;
        let wanted = |record: &LogRecord| self.endpoint.events.wants(record.event.kind());
        for record in records {
            if wanted(record) {
                let step = match &unreachable {
                    None if delivery.taken.is_some() && Instant::now() >= turn => break,
                    None => self.send(record, &mut trouble).await,
                    Some(setback) => self.left_behind(record, &trouble, setback),
                };
                match step {
                    Step::Out => {}
                    Step::Dead(refused) => delivery.dead.push(refused),
                    Step::DeadAlone(refused, setback) => {
                        delivery.dead.push(refused);
                        unreachable = Some(setback);
                    }
                    Step::Wait(setback) => {
                        delivery.setback = Some(setback);
                        break;
                    }
                }
            }
            delivery.taken = Some(record.offset);
        }
        delivery.through = delivery.taken;
        delivery.setback = delivery.setback.or(unreachable);
        let quiet = delivery.setback.is_none() && trouble.failing_since.is_none();
        self.remember(partition, (!quiet).then_some(trouble));
        delivery
    }

    async fn let_go(&self, partition: u16) {
        self.remember(partition, None);
    }
}

impl WebhookPublisher {
    /// What becomes of a record behind one that was given up because nobody could be reached. It shares its
    /// fate without being tried if it has waited as long: trying each would take longer than it takes new ones
    /// to come.
    fn left_behind(&self, record: &LogRecord, trouble: &Trouble, setback: &Setback) -> Step {
        match trouble.failing_since {
            Some(since) if self.given_up(since, record) => Step::Dead(Refused {
                offset: record.offset,
                reason: failed(since, &setback.reason),
                attempts: 0,
            }),
            _ => Step::Wait(setback.clone()),
        }
    }
}
