//! The engine: takes all that waits, runs it in one unit of work, commits once, and answers.
//!
//! There is no timer: while one group is being committed the next one gathers in the queue, so a small load
//! makes small groups and a large load large ones. It has a thread of its own, so that a database that
//! blocks, blocks nobody else.
//!
//! A database of several partitions can have several writers: each is all of this, a queue, a thread, a unit
//! of work and a store of its own, for its share of the products ([`Bus`] says which command goes where).
//! What one of them finds changed by another, it loads again.
//!
//! A group for which nothing has to be read is sent, and the next one is worked out and sent behind it while the database
//! is at work ([`ahead`]).

mod about;
mod ahead;
mod dry_run;
mod group;
mod luck;
mod stats;

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::answer::{Answer, Failure, Origin, Request};
use crate::bus::{Bus, Job};
use crate::clock::Calendar;
use crate::queue::{self, Receiver};
use crate::store::{Store, StoreError};
use crate::uow::UnitOfWork;
use about::About;
use ahead::{First, Group, UnderWay};
use dry_run::ReaderDryRun;
use luck::Luck;
pub use stats::{FAILURES, Histogram, Stats};

/// The engine's bounds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Jobs (a single command, or a piece of a stream) that may wait before callers are told that the
    /// service is busy.
    pub queue: usize,
    /// Commands after which a group takes no further job.
    pub group: usize,
    /// Products that are kept in memory between groups.
    pub cached_products: usize,
    /// How long answers to commands with an idempotency key are remembered.
    pub remember: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 8_192,
            group: 1_024,
            cached_products: 100_000,
            remember: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// A running engine.
pub struct Running {
    threads: Vec<std::thread::JoinHandle<()>>,
    /// What it has done.
    pub stats: Arc<Stats>,
    /// Changes when something was committed: it wakes those who read the log.
    pub commits: watch::Receiver<()>,
    committed: Weak<watch::Sender<()>>,
}

impl Running {
    /// For those who know that another process has committed something. It is gone when the engine has ended.
    pub fn committed(&self) -> Weak<watch::Sender<()>> {
        Weak::clone(&self.committed)
    }

    /// Waits until every accepted command is answered: call it when all clones of the [`Bus`] are gone.
    pub fn join(self) {
        for thread in self.threads {
            // A panic of the engine has been reported by the panic hook; there is nothing to add.
            drop(thread.join());
        }
    }
}

/// Starts an engine with one writer. `reader` opens a store that only reads, for dry runs.
pub fn start<S, R>(
    store: S,
    reader: R,
    calendar: Calendar,
    limits: Limits,
) -> std::io::Result<(Bus, Running)>
where
    S: Store,
    R: Fn() -> Result<S, StoreError> + Send + Sync + 'static,
{
    start_writers(vec![store], reader, calendar, limits)
}

/// Starts an engine with a writer, on a thread of its own, for each of these stores of one database. `reader`
/// opens a store that only reads, for dry runs.
pub fn start_writers<S, R>(
    stores: Vec<S>,
    reader: R,
    calendar: Calendar,
    limits: Limits,
) -> std::io::Result<(Bus, Running)>
where
    S: Store,
    R: Fn() -> Result<S, StoreError> + Send + Sync + 'static,
{
    let stats = Arc::new(Stats::default());
    let (committed, commits) = watch::channel(());
    let committed = Arc::new(committed);
    let partitions = stores.first().map_or(1, Store::partitions);
    let limits = Arc::new(limits);
    let (mut queues, mut threads) = (Vec::new(), Vec::new());
    for (number, store) in stores.into_iter().enumerate() {
        let (sender, receiver) = queue::queue(limits.queue);
        let engine = Engine {
            store,
            uow: UnitOfWork::new(partitions, limits.cached_products),
            calendar: calendar.clone(),
            limits: Arc::clone(&limits),
            stats: Arc::clone(&stats),
            committed: Arc::clone(&committed),
            luck: Luck::default(),
            forgets: number == 0,
            forgotten: None,
        };
        // Without an I/O driver a wake is a futex instead of a write to an event descriptor: one less system
        // call for each command.
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        if S::NEEDS_IO {
            runtime.enable_io();
        }
        let runtime = runtime.enable_time().build()?;
        let thread = std::thread::Builder::new()
            .name(format!("engine-{number}"))
            .spawn(move || runtime.block_on(engine.run(receiver)))?;
        queues.push(sender);
        threads.push(thread);
    }
    let running = Running {
        threads,
        stats,
        commits,
        committed: Arc::downgrade(&committed),
    };
    let dry_run = Arc::new(ReaderDryRun::new(reader, calendar));
    Ok((Bus::new(queues, partitions, dry_run), running))
}

/// Where in a group the commands of one request of an entrypoint stand, and that request's id.
type Place = (std::ops::Range<usize>, Origin);

struct Engine<S> {
    store: S,
    uow: UnitOfWork,
    calendar: Calendar,
    limits: Arc<Limits>,
    stats: Arc<Stats>,
    committed: Arc<watch::Sender<()>>,
    /// With groups for which nothing was read.
    luck: Luck,
    /// Whether it is the one that forgets old answers.
    forgets: bool,
    /// When there were no old answers to forget any more.
    forgotten: Option<Timestamp>,
}

impl<S: Store> Engine<S> {
    /// Runs until every handle of the bus is gone and the queue is empty.
    async fn run(mut self, mut queue: Receiver) {
        let mut under_way = UnderWay::default();
        loop {
            if under_way.is_empty() {
                if self.forgets_now() {
                    self.forget_answers().await;
                }
                let Some(first) = queue.recv().await else {
                    return;
                };
                self.store.take_turn().await;
                let group = self.gather(first, &mut queue);
                self.start(group, &mut under_way).await;
            } else if self.comes_first(&under_way, &queue).await == First::Jobs {
                if let Some(first) = queue.try_recv() {
                    let group = self.gather(first, &mut queue);
                    self.start(group, &mut under_way).await;
                }
            } else if let Some((group, answers)) = self.settle(&mut under_way).await {
                // The answers can wait until the database has something to do, but for no other group's commit.
                let mut unsent = None;
                if under_way.is_empty()
                    && !self.forgets_now()
                    && let Some(first) = queue.try_recv()
                {
                    let next = self.gather(first, &mut queue);
                    unsent = self.send(next, &mut under_way).err();
                    if unsent.is_none() {
                        // A task on this thread puts it on the wire: that is to come before the callers, of whom there
                        // may be many.
                        tokio::task::yield_now().await;
                    }
                }
                group.answer(answers);
                if let Some(next) = unsent {
                    self.commit(next).await;
                }
            }
        }
    }

    /// Takes what waits in the queue, as far as one group may go.
    fn gather(&self, first: Job, queue: &mut Receiver) -> Group {
        let mut count = first.count();
        let mut jobs = vec![first];
        while count < self.limits.group
            && let Some(job) = queue.try_recv()
        {
            count += job.count();
            jobs.push(job);
        }
        Group::of(jobs, count)
    }

    /// Commits a group and answers; or sends it, where nothing has to be read for it.
    async fn start(&mut self, group: Group, under_way: &mut UnderWay) {
        let Err(group) = self.send(group, under_way) else {
            return;
        };
        // It reads what those before it wrote.
        while !under_way.is_empty() {
            if let Some((before, answers)) = self.settle(under_way).await {
                before.answer(answers);
            }
        }
        self.commit(group).await;
    }

    /// Commits a group and answers.
    async fn commit(&mut self, group: Group) {
        let span = group.span.clone();
        let answers = self.commit_all(&group.requests, &group.origins);
        let answers = answers.instrument(span).await;
        group.answer(answers);
    }

    /// Commits the requests in as few groups as possible, in their order. One whose data breaks the commit
    /// is found by halving, and fails alone.
    async fn commit_all(&mut self, requests: &[Request], origins: &[Place]) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::with_capacity(requests.len());
        // What is still to be done, the next on top. A group is bounded, whatever one caller sends.
        let mut todo: Vec<&[Request]> = requests
            .chunks(2 * self.limits.group.max(1))
            .rev()
            .collect();
        while let Some(group) = todo.pop() {
            let first = answers.len();
            match self
                .commit_group(
                    group,
                    About {
                        group,
                        first,
                        origins,
                    },
                )
                .await
            {
                Ok(of_group) => answers.extend(of_group),
                // A row that cannot be read is as much one command's fault as one that cannot be written.
                Err(StoreError::Refused(_) | StoreError::Corrupt(_)) if group.len() > 1 => {
                    let (first, second) = group.split_at(group.len() / 2);
                    todo.extend([second, first]);
                }
                Err(error) => {
                    let failure = failure(error);
                    answers.extend(group.iter().map(|_| Err(failure.clone())));
                }
            }
        }
        answers
    }

    /// Runs and commits a group; a conflict with another writer is tried again.
    async fn commit_group(
        &mut self,
        group: &[Request],
        about: About<'_>,
    ) -> Result<Vec<Answer>, StoreError> {
        const ATTEMPTS: u32 = 10;
        let mut attempt = 0;
        loop {
            let started = std::time::Instant::now();
            let result = group::run(
                &mut self.store,
                &mut self.uow,
                group,
                &self.calendar,
                &self.stats,
            )
            .await;
            match result {
                Ok(answers) => {
                    self.stats.group_micros.add_time(started.elapsed());
                    self.stats.group_size.add(group.len() as u64);
                    self.committed.send_replace(());
                    return Ok(answers);
                }
                Err(error) => {
                    self.uow.reset();
                    self.stats.fail(&error);
                    attempt += 1;
                    let again = matches!(error, StoreError::Conflict) && attempt < ATTEMPTS;
                    about.not_committed(&error, attempt, again);
                    if !again {
                        return Err(error);
                    }
                    tokio::time::sleep(pause(attempt, self.calendar.clock.now())).await;
                }
            }
        }
    }

    /// Whether it is time to look for old answers.
    fn forgets_now(&self) -> bool {
        let now = self.calendar.clock.now();
        let hour = SignedDuration::from_hours(1);
        self.forgets && self.forgotten.is_none_or(|last| now >= last + hour)
    }

    /// Forgets some old answers. It is called after each group while there are any; when there are none, it looks again
    /// in an hour.
    async fn forget_answers(&mut self) {
        let now = self.calendar.clock.now();
        let Ok(before) = now.checked_sub(self.limits.remember) else {
            self.forgotten = Some(now);
            return;
        };
        match self.store.forget(before).await {
            Ok(0) => self.forgotten = Some(now),
            Ok(_) => {}
            Err(error) => {
                self.forgotten = Some(now);
                tracing::warn!(%error, "old answers are not forgotten; it is tried again in an hour");
            }
        }
    }
}

/// A pause that doubles, with a jitter taken from the clock so that replicas do not march in step.
fn pause(attempt: u32, now: Timestamp) -> Duration {
    let most = 1_000_u64 << attempt.min(6);
    let jitter = u64::from(now.subsec_nanosecond().unsigned_abs()) / 1_000 % most;
    Duration::from_micros(most / 2 + jitter)
}

fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Refused(reason) => Failure::Unstorable { reason },
        StoreError::Corrupt(reason) => Failure::Damaged { reason },
        StoreError::OutcomeUnknown(reason) => Failure::Unavailable {
            reason,
            outcome_unknown: true,
        },
        other => Failure::Unavailable {
            reason: other.to_string(),
            outcome_unknown: false,
        },
    }
}
