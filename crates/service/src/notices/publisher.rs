//! The sink `mail`: the first message of a kind goes at once, what follows goes into a digest.
//!
//! Nothing is lost when this process dies: the cursor stays before what is held back, so that it is read again.
//! It may then be told twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::config::Config;
use super::digest::{Desk, Held};
use super::message::{Message, NotSent, Notifications};
use super::notice::{Kind, Notice};
use super::text;
use crate::clock::Clock;
use crate::log::LogRecord;
use crate::relay::{Delivery, EventPublisher, Refused, Setback};

/// The name of the sink.
pub const SINK: &str = "mail";

/// How long nobody asks a mail server again that did not answer. The partitions take turns at it: without this,
/// each of them would wait for it in vain, one after the other.
const QUIET: Duration = Duration::from_secs(5);

/// Tells people what the events say.
pub struct MailPublisher {
    notifications: Arc<dyn Notifications>,
    config: Config,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    desk: Desk,
    /// Since when something is in the way, and what.
    down: Option<(Timestamp, String)>,
}

impl MailPublisher {
    /// A sink that sends through these.
    pub fn new(
        notifications: Arc<dyn Notifications>,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            notifications,
            config,
            clock,
            state: Mutex::default(),
        }
    }

    /// Sends a message, unless something was in the way a moment ago.
    async fn send(&self, state: &mut State, message: &Message) -> Result<(), NotSent> {
        let now = self.clock.now();
        if let Some((since, reason)) = &state.down
            && now.duration_since(*since).unsigned_abs() < QUIET
        {
            return Err(NotSent::Unavailable(reason.clone()));
        }
        let sent = self.notifications.send(message).await;
        state.down = match &sent {
            Err(NotSent::Unavailable(reason)) => Some((self.clock.now(), reason.clone())),
            Ok(()) | Err(NotSent::Refused(_)) => None,
        };
        sent
    }

    /// Sends what is held back of a kind.
    async fn send_digest(&self, state: &mut State, kind: Kind) -> Result<(), Setback> {
        let held = state.desk.seal(kind);
        let (Some(first), Some(last)) = (held.first(), held.last()) else {
            return Ok(());
        };
        let (subject, body) = text::digest(held, self.config.rows);
        let message = Message {
            id: format!(
                "{}.{}.{}-{}",
                id("digest", kind, first),
                held.len(),
                last.partition,
                last.offset
            ),
            to: self.config.recipients(kind).to_vec(),
            subject,
            body,
        };
        match self.send(state, &message).await {
            Ok(()) => state.desk.sent(kind, self.clock.now(), self.config.window),
            Err(NotSent::Refused(reason)) => state.desk.refused(kind, &reason),
            Err(NotSent::Unavailable(reason)) => return Err(Setback::new(reason)),
        }
        Ok(())
    }

    /// Takes one notice: it goes now, or is held back.
    async fn take(&self, state: &mut State, held: Held) -> Result<Option<Refused>, Setback> {
        let kind = held.notice.kind();
        if state.desk.waits(kind, self.clock.now()) {
            if state.desk.is_full(kind) {
                self.send_digest(state, kind).await?;
            }
            state.desk.hold(held);
            return Ok(None);
        }
        let (subject, body) = text::single(&held.notice);
        let message = Message {
            id: id("notice", kind, &held),
            to: self.config.recipients(kind).to_vec(),
            subject,
            body,
        };
        match self.send(state, &message).await {
            Ok(()) => {
                state.desk.sent(kind, self.clock.now(), self.config.window);
                Ok(None)
            }
            Err(NotSent::Refused(reason)) => Ok(Some(Refused {
                offset: held.offset,
                reason,
                attempts: 1,
            })),
            Err(NotSent::Unavailable(reason)) => Err(Setback::new(reason)),
        }
    }
}

/// The same for the same message after a crash, and for no other, whatever database it was in.
fn id(form: &str, kind: Kind, first: &Held) -> String {
    let (partition, offset) = (first.partition, first.offset);
    let time = first.time.as_nanosecond();
    format!("{form}.{}.{partition}-{offset}.{time}", kind.name())
}

#[async_trait]
impl EventPublisher for MailPublisher {
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        let mut delivery = Delivery::default();
        for kind in Kind::ALL {
            if state.desk.is_due(kind, self.clock.now())
                && let Err(setback) = self.send_digest(state, kind).await
            {
                delivery.setback = Some(setback);
                break;
            }
        }
        for record in records {
            let told = |notice: &Notice| !self.config.recipients(notice.kind()).is_empty();
            if let Some(notice) = Notice::of(record).filter(told) {
                let held = Held {
                    partition,
                    offset: record.offset,
                    time: record.time,
                    notice,
                };
                match self.take(state, held).await {
                    Ok(refused) => delivery.dead.extend(refused),
                    Err(setback) => {
                        delivery.setback = Some(setback);
                        break;
                    }
                }
            }
            state.desk.taken(partition, record.offset);
            delivery.taken = Some(record.offset);
        }
        delivery.dead.extend(state.desk.dead(partition));
        delivery.through = state.desk.through(partition);
        delivery
    }

    async fn let_go(&self, partition: u16) {
        self.state.lock().await.desk.forget(partition);
    }
}

#[cfg(test)]
#[path = "publisher_tests.rs"]
mod tests;
