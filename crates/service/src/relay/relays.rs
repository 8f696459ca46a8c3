//! The port through which a relay keeps its place: the log by partition, which replica relays which of them,
//! how far each sink is, and what sinks refused.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::publisher::Refused;
use crate::log::LogRecord;
use crate::views::{List, Page};

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The caller's cursor is none of ours.
    #[error("the cursor is not one that this list gave")]
    BadCursor,
    /// The database cannot be used at present. Whether something was written is not known.
    #[error("{0}")]
    Unavailable(String),
    /// What is in the database makes no sense.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

/// Where a sink begins that was never heard of before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begin {
    /// With what is written from now on.
    #[default]
    Now,
    /// With the first event there is.
    Beginning,
}

/// The right of one holder to relay one partition to one sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The partition.
    pub partition: u16,
    /// How far the sink is: up to this offset everything is out.
    pub cursor: u64,
    /// Goes up each time that the lease changes hands. Whoever comes with an old one has lost it.
    pub fence: u64,
}

/// How a sink's partitions are shared out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    /// Replicas that relay to this sink, or would: those that have renewed in time.
    pub members: usize,
    /// What the holder has, by partition.
    pub held: Vec<Lease>,
    /// What nobody has, or has let expire, by partition.
    pub free: Vec<u16>,
}

/// How far a holder has come in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// The partition.
    pub partition: u16,
    /// Of the lease.
    pub fence: u64,
    /// Up to this offset everything is out. A cursor never goes back: a smaller one leaves it where it is.
    pub cursor: u64,
    /// What the sink refused since the last time. It may come twice.
    pub dead: Vec<Refused>,
}

/// A record that a sink refused for good, kept until somebody replays it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// The sink.
    pub sink: String,
    /// The partition.
    pub partition: u16,
    /// The offset.
    pub offset: u64,
    /// Why, for people.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When the sink gave up.
    pub time: Timestamp,
}

impl DeadLetter {
    /// Its place in the list of dead letters, which is a cursor of it.
    pub fn place(&self) -> String {
        format!("{}\n{}\n{}", self.sink, self.partition, self.offset)
    }
}

/// Where a page of dead letters begins: after this sink, partition and offset.
pub fn letter_place(page: &Page) -> Result<Option<(String, u16, u64)>, RelayError> {
    let parse = |text: &str| {
        let mut parts = text.split('\n');
        let sink = parts.next()?.to_owned();
        let place = (
            sink,
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
        );
        parts.next().is_none().then_some(place)
    };
    let place = page.after.as_deref().map(parse);
    place
        .map(|place| place.ok_or(RelayError::BadCursor))
        .transpose()
}

/// Where a sink stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The sink.
    pub sink: String,
    /// Each of its partitions.
    pub partitions: Vec<PartitionStanding>,
    /// How many dead letters it has.
    pub dead_letters: u64,
}

impl Standing {
    /// How many events are still to go out.
    pub fn lag(&self) -> u64 {
        self.partitions.iter().map(PartitionStanding::lag).sum()
    }

    /// When the oldest event was written that is still to go out; `None`: there is none.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.partitions.iter().filter_map(|at| at.oldest).min()
    }
}

/// Where a sink stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartitionStanding {
    /// The partition.
    pub partition: u16,
    /// Up to this offset everything is out.
    pub cursor: u64,
    /// The last offset of the log.
    pub end: u64,
    /// When the first event after the cursor was written; `None`: there is none.
    pub oldest: Option<Timestamp>,
    /// Who relays it; `None`: nobody at present.
    pub holder: Option<String>,
}

impl PartitionStanding {
    /// How many events are still to go out.
    pub fn lag(&self) -> u64 {
        self.end.saturating_sub(self.cursor)
    }
}

/// Where relays keep their place. Many use it at once, in this process and in others; what the time is, the
/// database says.
///
/// A holder is one start of one replica: no two have the same name, ever. Sinks are named by the configuration.
#[async_trait]
pub trait Relays: Send + Sync + 'static {
    /// How many partitions the database has.
    fn partitions(&self) -> u16;

    /// The last offset of each partition, by partition; 0: it is empty.
    async fn ends(&self) -> Result<Vec<u64>, RelayError>;

    /// The records of a partition after an offset, in order, at most so many.
    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, RelayError>;

    /// Makes a sink known that is not yet, and where it begins.
    async fn enroll(&self, sink: &str, begin: Begin) -> Result<(), RelayError>;

    /// Tells that the holder is there, prolongs all that it still has of the sink, and says how the
    /// partitions are shared out. What expired and nobody else has taken is still its own.
    async fn renew(&self, sink: &str, holder: &str, lease: Duration) -> Result<Shares, RelayError>;

    /// Takes those of these partitions that are free, and says which.
    async fn take(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
        lease: Duration,
    ) -> Result<Vec<Lease>, RelayError>;

    /// Writes down how far the holder has come and which records are dead letters since `now`, in one
    /// transaction. Of a partition that is no longer the holder's nothing is written: those are given back.
    async fn advance(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        advances: &[Advance],
    ) -> Result<Vec<u16>, RelayError>;

    /// Lets go of those of these partitions that are the holder's.
    async fn release(&self, sink: &str, holder: &str, partitions: &[u16])
    -> Result<(), RelayError>;

    /// Lets go of everything: the holder is gone.
    async fn leave(&self, sink: &str, holder: &str) -> Result<(), RelayError>;

    /// Dead letters, of one sink or of all, by sink, partition and offset.
    async fn dead_letters(
        &self,
        sink: Option<&str>,
        page: &Page,
    ) -> Result<List<DeadLetter>, RelayError>;

    /// Takes dead letters out, by partition and offset: they have gone out after all, or nobody wants them. Says
    /// how many there were.
    async fn bury(&self, sink: &str, letters: &[(u16, u64)]) -> Result<u64, RelayError>;

    /// Forgets a sink: where it is, who relays to it, and its dead letters. Nobody may relay to it any more; one
    /// that was never enrolled is forgotten already.
    async fn dismiss(&self, sink: &str) -> Result<(), RelayError>;

    /// Every sink that was enrolled and not dismissed, by name.
    async fn standing(&self) -> Result<Vec<Standing>, RelayError>;
}
