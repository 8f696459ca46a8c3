//! A log to relay, a sink that does as a test says, and what has reached it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_domain::{Event, ShipmentRef};
use landfall_service::LogRecord;
use landfall_service::clock::Clock;
use landfall_service::keys::Keys;
use landfall_service::memory::MemoryStore;
use landfall_service::relay::{
    self, Begin, Delivery, EventPublisher, Jitter, Options, Refused, Relaying, Relays, Setback,
    Sink,
};
use landfall_service::store::{Changes, Store};
use landfall_service::views::Page;
use landfall_testkit::FixedClock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The name of the sink.
pub(crate) const SINK: &str = "outside";

/// A database whose log grows as a test wants it to.
pub(crate) struct Log {
    store: MemoryStore,
    committed: watch::Sender<()>,
    pub(crate) lengths: Vec<u64>,
}

impl Log {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            store: MemoryStore::with_partitions(partitions).0,
            committed: watch::Sender::new(()),
            lengths: vec![0; usize::from(partitions)],
        }
    }

    pub(crate) fn relays(&self) -> Arc<dyn Relays> {
        Arc::new(self.store.relays())
    }

    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// Writes so many events to a partition, and tells that something was committed.
    pub(crate) async fn write(&mut self, partition: u16, events: u64) {
        self.write_silently(partition, events).await;
        self.committed.send_replace(());
    }

    /// Writes so many events to a partition, as another replica would.
    pub(crate) async fn write_silently(&mut self, partition: u16, events: u64) {
        let keys = Keys {
            heads: vec![partition],
            ..Keys::default()
        };
        let loaded = self.store.begin(&keys).await.unwrap();
        let head = loaded.heads.iter().find(|head| head.partition == partition);
        let (before, mut after) = (*head.unwrap(), *head.unwrap());
        after.version += 1;
        after.next_offset += events;
        let record = |offset| LogRecord {
            partition,
            offset,
            sku: None,
            time: Timestamp::UNIX_EPOCH,
            command_id: "k".into(),
            actor: None,
            event: Event::ShipmentReleased {
                reference: ShipmentRef::new("s").unwrap(),
            },
        };
        let changes = Changes {
            heads: vec![(before, after)],
            events: (before.next_offset..after.next_offset)
                .map(record)
                .collect(),
            ..Changes::default()
        };
        self.store.commit(&changes).await.unwrap();
        self.lengths[usize::from(partition)] += events;
    }
}

/// What a sink does with one call.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Takes everything.
    Take,
    /// Takes so many, and then something is in the way.
    TakeSome(usize),
    /// Takes nothing, and asks to be left alone for so many milliseconds.
    Wish(u64),
    /// Takes so many, and is silent about why not more.
    TakeSilently(usize),
    /// Takes everything and then never answers.
    Hang,
    /// Answers after so many milliseconds.
    Slow(u64),
    /// Takes everything but this one, which it refuses for good.
    Refuse(usize),
    /// Takes everything, but only so many are out.
    HoldBack(usize),
    /// Takes so many and breaks down.
    Panic(usize),
}

/// The outside: what has reached it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outside(Arc<Mutex<Reached>>);

#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// Everything that came, with its repeats, by partition.
    pub(crate) came: BTreeMap<u16, Vec<u64>>,
    /// What was refused.
    pub(crate) refused: BTreeSet<(u16, u64)>,
    /// What the sink has taken and not brought out yet, by sink and partition.
    held_back: BTreeMap<u16, Vec<u64>>,
    turns: VecDeque<Turn>,
    /// What it is given is a choice of records, and not all of them.
    chosen: bool,
    pub(crate) let_go: usize,
    /// Calls that brought nothing.
    pub(crate) asked: usize,
}

impl Reached {
    fn come(&mut self, partition: u16, offsets: impl IntoIterator<Item = u64>) {
        self.came.entry(partition).or_default().extend(offsets);
    }

    /// Up to where everything of a partition is out or refused.
    pub(crate) fn whole(&self, partition: u16) -> u64 {
        let out: BTreeSet<u64> = self
            .came
            .get(&partition)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let is_out =
            |offset: &u64| out.contains(offset) || self.refused.contains(&(partition, *offset));
        (1..).take_while(is_out).last().unwrap_or(0)
    }
}

impl Outside {
    pub(crate) fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        let outside = Self::default();
        outside.lock().turns.extend(turns);
        outside
    }

    /// One that is given records which were chosen for it.
    pub(crate) fn again(turns: impl IntoIterator<Item = Turn>) -> Self {
        let outside = Self::new(turns);
        outside.lock().chosen = true;
        outside
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything of this log is out or refused.
    pub(crate) async fn until_all(&self, lengths: &[u64]) {
        let patience = Duration::from_hours(3);
        let all = async {
            while !(0..)
                .zip(lengths)
                .all(|(p, length)| self.lock().whole(p) == *length)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            panic!("not everything went out: {:?} of {lengths:?}", self.lock());
        }
    }

    /// Panics if something came before what stands before it in the log.
    pub(crate) fn in_order(&self) {
        let reached = self.lock();
        for (partition, came) in &reached.came {
            let mut next = 1;
            for offset in came {
                while reached.refused.contains(&(*partition, next)) {
                    next += 1;
                }
                assert!(
                    *offset <= next,
                    "{partition}-{offset} came before {partition}-{next}"
                );
                if *offset == next {
                    next += 1;
                }
            }
        }
    }
}

#[async_trait]
impl EventPublisher for Outside {
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery {
        let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
        assert!(offsets.is_sorted_by(|one, next| one < next), "{offsets:?}");
        let first = offsets.first().copied();
        let gap =
            first.is_some_and(|first| offsets.iter().copied().ne((first..).take(offsets.len())));
        assert!(!gap || self.lock().chosen, "{offsets:?}");
        let turn = {
            let mut reached = self.lock();
            if records.is_empty() {
                reached.asked += 1;
                // What was held back is out now.
                let held = reached.held_back.remove(&partition).unwrap_or_default();
                let through = held.last().copied();
                reached.come(partition, held);
                return Delivery {
                    through,
                    ..Delivery::default()
                };
            }
            reached.turns.pop_front().unwrap_or(Turn::Take)
        };
        let slow = match turn {
            Turn::Slow(millis) => Duration::from_millis(millis),
            _ => Duration::from_millis(1),
        };
        tokio::time::sleep(slow).await;
        match self.take(partition, records, &turn) {
            Some(delivery) => delivery,
            None => std::future::pending().await,
        }
    }

    async fn let_go(&self, partition: u16) {
        let mut reached = self.lock();
        reached.held_back.remove(&partition);
        reached.let_go += 1;
    }
}

impl Outside {
    /// Takes records as it is to; `None`: and never answers.
    fn take(&self, partition: u16, records: &[LogRecord], turn: &Turn) -> Option<Delivery> {
        let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
        let some = |count: usize| &records[..count.min(records.len())];
        let mut reached = self.lock();
        // Order is kept: what was held back goes out before anything else does.
        let held = reached.held_back.remove(&partition).unwrap_or_default();
        reached.come(partition, held);
        Some(match *turn {
            Turn::Take | Turn::Slow(_) => {
                reached.come(partition, offsets);
                Delivery::all(records)
            }
            Turn::TakeSome(count) => {
                reached.come(partition, offsets.iter().take(count).copied());
                Delivery::until(some(count), Setback::new("in the way"))
            }
            Turn::Wish(millis) => {
                let pause = Some(Duration::from_millis(millis));
                let reason = "busy".into();
                Delivery::until(&[], Setback { reason, pause })
            }
            Turn::TakeSilently(count) => {
                reached.come(partition, offsets.iter().take(count).copied());
                Delivery::all(some(count))
            }
            Turn::Hang => {
                reached.come(partition, offsets);
                return None;
            }
            Turn::Refuse(which) => {
                let bad = offsets[which % offsets.len()];
                let good = offsets.iter().copied().filter(|offset| *offset != bad);
                reached.refused.insert((partition, bad));
                reached.come(partition, good);
                let dead = Refused {
                    offset: bad,
                    reason: "no".into(),
                    attempts: 3,
                };
                Delivery {
                    dead: vec![dead],
                    ..Delivery::all(records)
                }
            }
            Turn::HoldBack(count) => {
                let (out, held) = offsets.split_at(count.min(offsets.len()));
                reached.come(partition, out.iter().copied());
                reached.held_back.insert(partition, held.to_vec());
                Delivery {
                    taken: offsets.last().copied(),
                    through: out.last().copied(),
                    ..Delivery::default()
                }
            }
            Turn::Panic(count) => {
                reached.come(partition, offsets.iter().take(count).copied());
                drop(reached);
                panic!("the sink breaks down, as the test wants it to");
            }
        })
    }
}

/// Options for a replica.
pub(crate) fn options(holder: &str) -> Options {
    Options {
        batch: 7,
        ..Options::new(holder)
    }
}

/// A replica that relays to the outside.
pub(crate) struct Replica {
    pub(crate) relaying: Relaying,
    pub(crate) stopping: CancellationToken,
}

impl Replica {
    pub(crate) fn start(
        log: &Log,
        relays: Arc<dyn Relays>,
        to: &Outside,
        options: Options,
    ) -> Self {
        Self::start_to(log, &relays, Arc::new(to.clone()), options)
    }

    pub(crate) fn start_to(
        log: &Log,
        relays: &Arc<dyn Relays>,
        publisher: Arc<dyn EventPublisher>,
        options: Options,
    ) -> Self {
        let sink = Sink {
            name: SINK.into(),
            publisher,
            begin: Begin::Beginning,
        };
        let stopping = CancellationToken::new();
        let clock: Arc<dyn Clock> = FixedClock::new();
        let jitter: Jitter = Arc::new(|below| below / 2);
        let sinks = vec![sink];
        let commits = log.commits();
        let relaying = relay::start(relays, sinks, commits, &clock, &jitter, options, &stopping);
        Self { relaying, stopping }
    }

    /// Ends it as a service ends.
    pub(crate) async fn stop(self) {
        self.stopping.cancel();
        self.relaying.join().await;
    }

    /// Ends it as a crash does: nothing is written down or handed over.
    pub(crate) fn crash(self) {
        drop(self.relaying);
    }
}

/// The cursors of the sink, by partition.
pub(crate) async fn cursors(relays: &dyn Relays) -> Vec<u64> {
    let standing = relays.standing().await.unwrap();
    let of_sink = standing.into_iter().find(|standing| standing.sink == SINK);
    let partitions = of_sink
        .map(|standing| standing.partitions)
        .unwrap_or_default();
    partitions.iter().map(|at| at.cursor).collect()
}

/// Waits until it is written down that everything of this log is out. A sink that hangs, refuses to go on or
/// holds something back makes pauses that add up.
pub(crate) async fn until_written_down(relays: &dyn Relays, lengths: &[u64]) {
    let patience = Duration::from_hours(3);
    let written = async {
        while cursors(relays).await != lengths {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    if tokio::time::timeout(patience, written).await.is_err() {
        panic!("{:?} instead of {lengths:?}", cursors(relays).await);
    }
}

/// The dead letters of the sink.
pub(crate) async fn dead_letters(relays: &dyn Relays) -> BTreeSet<(u16, u64)> {
    let page = Page {
        after: None,
        limit: 100_000,
    };
    let letters = relays.dead_letters(Some(SINK), &page).await.unwrap().items;
    letters
        .iter()
        .map(|letter| (letter.partition, letter.offset))
        .collect()
}

/// Runs on a runtime whose time passes when nothing else happens.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test)
}
