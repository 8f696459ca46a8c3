//! One sink on one replica: it takes its fair share of the partitions, keeps their leases, and writes down
//! how far they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::ends::Ends;
use super::partition::{self, Hand};
use super::pause::Jitter;
use super::stats::SinkStats;
use super::{Advance, Begin, EventPublisher, Lease, Options, Refused, RelayError, Relays, Shares};
use crate::clock::Clock;

/// What a sink's tasks share.
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) begin: Begin,
    pub(super) publisher: Arc<dyn EventPublisher>,
    pub(super) relays: Arc<dyn Relays>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jitter: Jitter,
    pub(super) options: Arc<Options>,
    pub(super) ends: watch::Receiver<Ends>,
    pub(super) stats: Arc<SinkStats>,
    /// Until when the leases are surely the holder's, by its own clock.
    pub(super) valid: watch::Sender<Instant>,
}

/// A partition that is relayed here.
struct Held {
    fence: u64,
    hand: Arc<Hand>,
    task: AbortOnDropHandle<()>,
}

/// Relays a partition in a task of its own, which ends with its handle.
fn spawn(shared: &Arc<Shared>, hand: &Arc<Hand>) -> AbortOnDropHandle<()> {
    let task = partition::relay(Arc::clone(shared), Arc::clone(hand));
    AbortOnDropHandle::new(tokio::spawn(task))
}

/// Relays to the sink until the replica stops, and then hands over.
pub(super) async fn run(shared: Arc<Shared>, stopping: CancellationToken) {
    let mut sink = Sink {
        shared,
        held: BTreeMap::new(),
        failing: false,
    };
    if stopping.run_until_cancelled(sink.enroll()).await.is_none() {
        return;
    }
    let options = Arc::clone(&sink.shared.options);
    let mut renewed = interval(options.lease / 4);
    renewed.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut saved = interval(options.save);
    saved.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            _ = renewed.tick() => sink.renew().await,
            _ = saved.tick() => {
                sink.save().await;
                sink.let_go().await;
            }
        }
    }
    sink.hand_over().await;
}

/// Of what was refused several times, the last.
fn each_once(mut dead: Vec<Refused>) -> Vec<Refused> {
    dead.reverse();
    dead.sort_by_key(|refused| refused.offset);
    dead.dedup_by_key(|refused| refused.offset);
    dead
}

struct Sink {
    shared: Arc<Shared>,
    held: BTreeMap<u16, Held>,
    /// The database did not do what it was asked last.
    failing: bool,
}

impl Sink {
    async fn enroll(&self) {
        let Shared {
            name,
            begin,
            relays,
            ..
        } = &*self.shared;
        let mut failures = 0;
        while let Err(error) = relays.enroll(name, *begin).await {
            failures += 1;
            tracing::warn!(sink = &**name, %error, "a sink cannot begin");
            let pauses = &self.shared.options.pauses;
            sleep(pauses.after(failures, &self.shared.jitter)).await;
        }
    }

    /// Tells once that the database fails: it is asked again several times a second.
    fn failed(&mut self, what: &'static str, error: &RelayError) {
        let sink = &*self.shared.name;
        if self.failing {
            tracing::debug!(sink, %error, "{what}");
        } else {
            tracing::warn!(sink, %error, "{what}");
        }
        self.failing = true;
    }

    /// Keeps what is held, and goes towards a fair share.
    async fn renew(&mut self) {
        let shared = Arc::clone(&self.shared);
        let (name, options) = (&*shared.name, &*shared.options);
        let asked = Instant::now();
        let renewal = shared
            .relays
            .renew(name, &options.holder, options.lease)
            .await;
        let split = match renewal {
            Ok(split) => split,
            Err(error) => {
                self.failed("leases are not renewed", &error);
                return;
            }
        };
        self.failing = false;
        self.drop_lost(&split).await;
        // The database's own clock began to count later.
        self.shared.valid.send_replace(asked + options.lease);
        let partitions = usize::from(shared.relays.partitions());
        let fair = partitions.div_ceil(split.members.max(1));
        let staying = self
            .held
            .values()
            .filter(|held| !held.hand.leave.is_cancelled());
        let staying = staying.count();
        if staying > fair {
            let held = self.held.values().rev();
            let held = held.filter(|held| !held.hand.leave.is_cancelled());
            for held in held.take(staying - fair) {
                held.hand.leave.cancel();
            }
        } else if staying < fair && !split.free.is_empty() {
            self.take(split.free, fair - staying).await;
        }
    }

    /// Takes so many of those that are free.
    async fn take(&mut self, mut free: Vec<u16>, room: usize) {
        let shared = Arc::clone(&self.shared);
        let options = &*shared.options;
        // Replicas that come at the same time begin at different places.
        let first = (shared.jitter)(free.len() as u64);
        let first = usize::try_from(first).unwrap_or(0) % free.len().max(1);
        free.rotate_left(first);
        free.truncate(room);
        let taken = shared
            .relays
            .take(&shared.name, &options.holder, &free, options.lease)
            .await;
        match taken {
            Ok(taken) => taken.into_iter().for_each(|lease| self.begin(lease)),
            // If it was taken all the same, renewing says so.
            Err(error) => tracing::warn!(sink = &*shared.name, %error, "no leases are taken"),
        }
    }

    fn begin(&mut self, lease: Lease) {
        let hand = Arc::new(Hand::new(lease.partition, lease.cursor));
        self.shared.stats.took(&hand);
        let held = Held {
            fence: lease.fence,
            task: spawn(&self.shared, &hand),
            hand,
        };
        self.held.insert(lease.partition, held);
    }

    /// Ends the relay of what is somebody else's by now. What was taken and is not known here, because the
    /// answer was lost, begins.
    async fn drop_lost(&mut self, shares: &Shares) {
        let still = |partition: u16, held: &Held| {
            let mut leases = shares.held.iter();
            leases.any(|lease| lease.partition == partition && lease.fence == held.fence)
        };
        let held = self.held.iter();
        let lost = held.filter(|(partition, held)| !still(**partition, held));
        let lost: Vec<u16> = lost.map(|(partition, _)| *partition).collect();
        for partition in lost {
            self.lose(partition).await;
        }
        for lease in &shares.held {
            if !self.held.contains_key(&lease.partition) {
                self.begin(*lease);
            }
        }
    }

    /// Another one has it.
    async fn lose(&mut self, partition: u16) {
        let Some(held) = self.held.remove(&partition) else {
            return;
        };
        held.task.abort();
        // Its end is that it was aborted, or its own.
        drop(held.task.await);
        let sink = &*self.shared.name;
        tracing::info!(sink, partition, "another replica relays this partition");
        self.shared.stats.gave(partition);
        self.shared.publisher.let_go(partition).await;
    }

    /// Writes down how far everything is.
    async fn save(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut advances = Vec::new();
        for (partition, held) in &self.held {
            let mut progress = held.hand.progress();
            if progress.is_unsaved() {
                advances.push(Advance {
                    partition: *partition,
                    fence: held.fence,
                    cursor: progress.through,
                    dead: each_once(std::mem::take(&mut progress.dead)),
                });
            }
        }
        if advances.is_empty() {
            return;
        }
        let (name, holder) = (&*shared.name, &*shared.options.holder);
        let now = shared.clock.now();
        match shared.relays.advance(name, holder, now, &advances).await {
            Ok(lost) => {
                self.failing = false;
                for advance in advances {
                    if lost.contains(&advance.partition) {
                        self.lose(advance.partition).await;
                    } else if let Some(held) = self.held.get(&advance.partition) {
                        held.hand.progress().saved = advance.cursor;
                        held.hand.saved.notify_one();
                    }
                }
            }
            Err(error) => {
                self.failed("the cursors are not written down", &error);
                for advance in advances {
                    if let Some(held) = self.held.get(&advance.partition) {
                        let mut progress = held.hand.progress();
                        // New ones may have come meanwhile.
                        progress.dead.splice(0..0, advance.dead);
                    }
                }
            }
        }
    }

    /// Lets go of what is to be let go of and has come to its end. A task that ended otherwise has panicked;
    /// it begins again.
    async fn let_go(&mut self) {
        let shared = Arc::clone(&self.shared);
        let ended = self.held.values().filter(|held| held.task.is_finished());
        let ended: Vec<Arc<Hand>> = ended.map(|held| Arc::clone(&held.hand)).collect();
        let mut released = Vec::new();
        for hand in ended {
            let partition = hand.partition;
            if !hand.leave.is_cancelled() {
                tracing::error!(
                    sink = &*shared.name,
                    partition,
                    "a relay broke down; it begins again"
                );
                if let Some(held) = self.held.get_mut(&partition) {
                    shared.stats.set_back();
                    // From what is written down: what the sink was given last is not known.
                    let through = {
                        let mut progress = hand.progress();
                        progress.taken = progress.through;
                        progress.through
                    };
                    tracing::debug!(partition, through, "from here");
                    held.task = spawn(&shared, &hand);
                }
            } else if !hand.progress().is_unsaved() {
                released.push(partition);
            }
        }
        if released.is_empty() {
            return;
        }
        let (name, holder) = (&*shared.name, &*shared.options.holder);
        if let Err(error) = shared.relays.release(name, holder, &released).await {
            tracing::warn!(sink = name, %error, "leases are not let go of");
            return;
        }
        for partition in released {
            self.held.remove(&partition);
            shared.stats.gave(partition);
            shared.publisher.let_go(partition).await;
        }
    }

    /// The replica stops: what is under way comes to its end, and others go on from there.
    async fn hand_over(mut self) {
        let shared = Arc::clone(&self.shared);
        let until = Instant::now() + shared.options.drain + shared.options.save;
        for held in self.held.values() {
            held.hand.leave.cancel();
        }
        for held in self.held.values_mut() {
            // It ends by itself in time; a panic was reported.
            drop(timeout_at(until, &mut held.task).await);
        }
        self.save().await;
        let (name, holder) = (&*shared.name, &*shared.options.holder);
        if let Err(error) = shared.relays.leave(name, holder).await {
            tracing::warn!(sink = name, %error, "leases are not handed over; they expire");
        }
        for partition in self.held.keys() {
            shared.stats.gave(*partition);
        }
    }
}
