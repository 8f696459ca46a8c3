//! Events out: from the log, by cursor, to whoever wants them, at least once and in order per product.
//!
//! A sink is an [`EventPublisher`] with a name. Each has a cursor in each partition of the log, so that one
//! that is down delays only itself. Each partition is relayed to a sink by one replica at a time, which has a
//! lease on it ([`relays`]); the replicas share the partitions out among themselves ([`mod@sink`]). Whoever
//! has a lease reads, hands on, and reads on meanwhile ([`mod@partition`]); how far it has come is written down a
//! few times a second. After a crash, what went out since then goes out again.

pub mod cloud_event;
mod ends;
mod partition;
mod pause;
mod progress;
pub mod publisher;
pub mod relays;
pub mod replay;
mod sink;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use cloud_event::CloudEvent;
pub use pause::{Jitter, Pauses};
pub use publisher::{Delivery, EventPublisher, Refused, Setback};
pub use relays::{
    Advance, Begin, DeadLetter, Lease, PartitionStanding, RelayError, Relays, Shares, Standing,
};
pub use stats::{SinkReading, SinkStats};

use crate::clock::Clock;
use ends::Ends;

/// How a replica relays.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this start of this replica: no other has it, ever.
    pub holder: String,
    /// Events that are handed on at once, at the most.
    pub batch: usize,
    /// How often it is looked whether other replicas have written something.
    pub poll: Duration,
    /// What is committed within this time is looked at together.
    pub gather: Duration,
    /// How long a lease lasts that is not renewed. It is renewed four times as often.
    pub lease: Duration,
    /// How often it is written down how far a sink is, at the most.
    pub save: Duration,
    /// So many events of a partition may be out and not written down to be.
    pub unsaved: u64,
    /// How long a sink may take over one batch.
    pub patience: Duration,
    /// The pauses after setbacks.
    pub pauses: Pauses,
    /// The longest pause that a sink's own wish is granted.
    pub longest_wish: Duration,
    /// How often a sink that holds something back is asked whether it is out.
    pub ask: Duration,
    /// How long a batch under way may take when its partition is to be let go of.
    pub drain: Duration,
}

impl Options {
    /// What is good where nothing else is said, for a holder.
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            batch: 500,
            poll: Duration::from_millis(250),
            gather: Duration::from_millis(25),
            lease: Duration::from_secs(10),
            save: Duration::from_millis(250),
            unsaved: 100_000,
            patience: Duration::from_secs(30),
            pauses: Pauses::default(),
            longest_wish: Duration::from_hours(1),
            ask: Duration::from_secs(1),
            drain: Duration::from_secs(3),
        }
    }
}

/// Where events go.
#[derive(Clone)]
pub struct Sink {
    /// Its name, in the configuration and in the database: under another one it begins anew.
    pub name: String,
    /// What takes the events.
    pub publisher: Arc<dyn EventPublisher>,
    /// Where it begins when its name is new.
    pub begin: Begin,
}

/// Relays that run.
pub struct Relaying {
    tasks: JoinSet<()>,
    /// Of each sink, in the order in which they were given.
    pub stats: Vec<Arc<SinkStats>>,
}

impl Relaying {
    /// Waits until everything is handed over: call it when the token is cancelled.
    pub async fn join(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Makes new sinks known, and where they begin. A service does so before it takes its first command: a sink that
/// begins with what is written from now on misses nothing of it then. ([`start`] does so as well, in its own time:
/// too late for such a sink, if commands are taken already.)
pub async fn enroll(relays: &dyn Relays, sinks: &[Sink]) -> Result<(), RelayError> {
    for sink in sinks {
        relays.enroll(&sink.name, sink.begin).await?;
    }
    Ok(())
}

/// Starts to relay to these sinks, on the runtime that it is called on, until the token is cancelled.
/// `commits` changes when this replica has committed something.
pub fn start(
    relays: &Arc<dyn Relays>,
    sinks: Vec<Sink>,
    commits: watch::Receiver<()>,
    clock: &Arc<dyn Clock>,
    jitter: &Jitter,
    options: Options,
    stopping: &CancellationToken,
) -> Relaying {
    let mut tasks = JoinSet::new();
    let options = Arc::new(options);
    let (found, ends) = watch::channel(Ends::from([]));
    if !sinks.is_empty() {
        let options = Arc::clone(&options);
        let looking = ends::look(
            Arc::clone(relays),
            commits,
            found,
            options,
            stopping.clone(),
        );
        tasks.spawn(looking);
    }
    let mut all = Vec::new();
    for sink in sinks {
        let name: Arc<str> = sink.name.into();
        let stats = Arc::new(SinkStats::new(Arc::clone(&name), ends.clone()));
        all.push(Arc::clone(&stats));
        let shared = sink::Shared {
            name,
            begin: sink.begin,
            publisher: sink.publisher,
            relays: Arc::clone(relays),
            clock: Arc::clone(clock),
            jitter: Arc::clone(jitter),
            options: Arc::clone(&options),
            ends: ends.clone(),
            stats,
            valid: watch::Sender::new(Instant::now()),
        };
        tasks.spawn(sink::run(Arc::new(shared), stopping.clone()));
    }
    Relaying { tasks, stats: all }
}
