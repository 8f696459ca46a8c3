//! The port through which events go out: one sink, which takes the log's records partition by partition.

use std::time::Duration;

use async_trait::async_trait;

use crate::log::LogRecord;

/// A place where events are handed on to: a Redis stream, a webhook, the mail.
///
/// It is called for one partition at a time by whoever holds that partition's lease, and perhaps for several
/// partitions side by side. What it is given is in the order of the log, at least once: after a crash or a
/// change of hands the records after the cursor come again.
#[async_trait]
pub trait EventPublisher: Send + Sync + 'static {
    /// Takes records of one partition, in order. None: there are no new ones; a sink that holds something
    /// back is asked so now and then, and may say that it is out.
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery;

    /// Another replica relays this partition from now on: what is held back of it is forgotten, because the
    /// other one is given it again.
    async fn let_go(&self, partition: u16) {
        let _ = partition;
    }
}

/// How far a sink has come in a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Up to this offset the sink has taken the records: it is given those after it next. `None`: it has taken
    /// none of those that it was given now.
    pub taken: Option<u64>,
    /// Up to this offset everything is out for good: the cursor may go there. At most what was ever taken.
    /// `None`: nothing more is out than before.
    pub through: Option<u64>,
    /// Records that this sink refuses for good. They count as out, and are kept as dead letters.
    pub dead: Vec<Refused>,
    /// Why it has not taken all of them. It is asked again after a pause.
    pub setback: Option<Setback>,
}

impl Delivery {
    /// All of these are out.
    pub fn all(records: &[LogRecord]) -> Self {
        let last = records.last().map(|record| record.offset);
        Self {
            taken: last,
            through: last,
            ..Self::default()
        }
    }

    /// These are out, and then something was in the way.
    pub fn until(records: &[LogRecord], setback: Setback) -> Self {
        Self {
            setback: Some(setback),
            ..Self::all(records)
        }
    }
}

/// A record that a sink refuses for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its offset.
    pub offset: u64,
    /// Why, for people.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// What is in a sink's way for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// Why, for people; no secrets.
    pub reason: String,
    /// How long the sink asks to be left alone. `None`: the relay's own pauses, which grow.
    pub pause: Option<Duration>,
}

impl Setback {
    /// One without a wish for a pause.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            pause: None,
        }
    }
}
