//! What keeps the desk up to date: reads the log of each partition from where the desk stands, and takes it in.
//!
//! Every replica has one. There are no leases: who takes a step says from where, and is refused where somebody else
//! was first. So that they do not all do the same work, a partition belongs to whoever moved it last: the others
//! leave it alone until it has stood still for a while although there is something to take in.
//!
//! It gives way to commands. After each step it rests for several times as long as the step took: while commands are
//! committed here for so long that it has a fortieth of a core, and otherwise half of one. A fortieth is enough for some
//! thousand events a second; under a lasting load beyond that the desk falls behind, says so, and catches up later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::fold;
use super::tables::{DeskTables, Place};
use crate::relay::{Jitter, Pauses};
use crate::views::ViewError;

/// How a replica keeps the desk.
#[derive(Debug, Clone)]
pub struct Options {
    /// Events that one step takes in, at the most.
    pub step: usize,
    /// How often it is looked whether other replicas have written something.
    pub poll: Duration,
    /// What is committed within this time is taken in together.
    pub gather: Duration,
    /// For how long a partition that another replica has moved is left to it.
    pub patience: Duration,
    /// How many times as long as a step the rest after it is, while commands are committed here.
    pub rest_under_load: u32,
    /// The shortest rest then.
    pub least_rest: Duration,
    /// The same while none are.
    pub rest: u32,
    /// The pauses after failures of the database.
    pub pauses: Pauses,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            step: 2_000,
            poll: Duration::from_secs(1),
            gather: Duration::from_millis(200),
            patience: Duration::from_secs(5),
            rest_under_load: 39,
            least_rest: Duration::from_millis(100),
            rest: 1,
            pauses: Pauses::default(),
        }
    }
}

/// What a replica has done for the desk since it was started, and how far that is behind: for metrics.
#[derive(Debug, Default)]
pub struct Stats {
    lag: AtomicU64,
    taken_in: AtomicU64,
    conflicts: AtomicU64,
    failures: AtomicU64,
}

impl Stats {
    /// Events that the desk has not taken in, when it was last looked.
    pub fn lag(&self) -> u64 {
        self.lag.load(Ordering::Relaxed)
    }

    /// Events that this replica has taken in.
    pub fn taken_in(&self) -> u64 {
        self.taken_in.load(Ordering::Relaxed)
    }

    /// Steps in which another replica was first.
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Relaxed)
    }

    /// Times that the database did not do what it was asked.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// A projector that runs.
pub struct Projecting {
    task: JoinHandle<()>,
    /// What it has done.
    pub stats: Arc<Stats>,
}

impl Projecting {
    /// Waits until it has ended: call it when the token is cancelled.
    pub async fn join(self) {
        // A panic was reported.
        drop(self.task.await);
    }
}

/// Starts to keep the desk, on the runtime that it is called on, until the token is cancelled. `zone` is that of its
/// days where it is begun now; `commits` changes when this replica has committed something.
pub fn start(
    tables: Arc<dyn DeskTables>,
    zone: TimeZone,
    commits: watch::Receiver<()>,
    jitter: Jitter,
    options: Options,
    stopping: CancellationToken,
) -> Projecting {
    let stats = Arc::new(Stats::default());
    let counted = Arc::clone(&stats);
    let task = async move {
        loop {
            let projector = Projector {
                tables: Arc::clone(&tables),
                zone: zone.clone(),
                stats: Arc::clone(&counted),
                jitter: Arc::clone(&jitter),
                options: options.clone(),
                seen: Vec::new(),
                told_zone: false,
            };
            // A step that is under way is written whole or not at all.
            let running = AbortOnDropHandle::new(tokio::spawn(projector.run(commits.clone())));
            if stopping.run_until_cancelled(running).await.is_none() {
                return;
            }
            // It ends by itself in no other way than by a panic, which was reported.
            tracing::error!("what keeps the desk broke down; it begins again");
            counted.failures.fetch_add(1, Ordering::Relaxed);
            let pause = sleep(options.pauses.longest);
            if stopping.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    };
    Projecting {
        task: tokio::spawn(task),
        stats,
    }
}

/// Takes in everything that the log has, at once: what a command does that has the database for itself. How many
/// events it took in.
pub async fn catch_up(tables: &dyn DeskTables, step: usize) -> Result<u64, ViewError> {
    let mut events = 0;
    loop {
        let mut moved = false;
        for place in tables.places().await? {
            if place.through < place.end {
                let zone = zone_named(&place.zone)?;
                events += advance(tables, &place, &zone, step).await?.unwrap_or(0);
                moved = true;
            }
        }
        if !moved {
            return Ok(events);
        }
    }
}

/// Takes in the next events of a partition, and says how many; `None`: somebody else was first.
async fn advance(
    tables: &dyn DeskTables,
    place: &Place,
    zone: &TimeZone,
    limit: usize,
) -> Result<Option<u64>, ViewError> {
    let Some(step) = fold::step(tables, place, zone, limit).await? else {
        let (partition, end) = (place.partition, place.end);
        return Err(ViewError::Corrupt(format!(
            "the log of partition {partition} ends before its end, event {end}"
        )));
    };
    let moved = tables.advance(&step).await?;
    Ok(moved.then(|| step.through - step.after))
}

/// The name under which a zone is kept: what [`zone_named`] reads.
pub fn zone_name(zone: &TimeZone) -> String {
    let printed = DateTimePrinter::new().time_zone_to_string(zone);
    // Only a zone that nobody can name has no name, and the configuration takes none.
    printed.unwrap_or_else(|_| "UTC".to_owned())
}

/// The zone of this name.
pub fn zone_named(name: &str) -> Result<TimeZone, ViewError> {
    let unknown = |error| ViewError::Unavailable(format!("the desk's zone {name}: {error}"));
    DateTimeParser::new().parse_time_zone(name).map_err(unknown)
}

/// Where a partition was seen, and until when it is left to the one who moved it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    through: u64,
    leave_until: Option<Instant>,
}

struct Projector {
    tables: Arc<dyn DeskTables>,
    zone: TimeZone,
    stats: Arc<Stats>,
    jitter: Jitter,
    options: Options,
    /// By partition.
    seen: Vec<Option<Seen>>,
    told_zone: bool,
}

/// What a round has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// There may be more to do.
    Moved,
    /// There is nothing to do here at present.
    Idle,
}

impl Projector {
    async fn run(mut self, mut commits: watch::Receiver<()>) {
        let mut failures = 0;
        let mut engine = true;
        let mut enrolled = false;
        loop {
            commits.mark_unchanged();
            let done = async {
                if !enrolled {
                    self.tables.enroll(&zone_name(&self.zone)).await?;
                    enrolled = true;
                }
                self.round(&commits).await
            };
            match done.await {
                Ok(Round::Moved) => failures = 0,
                Ok(Round::Idle) => {
                    failures = 0;
                    tokio::select! {
                        committed = commits.changed(), if engine => engine = committed.is_ok(),
                        () = sleep(self.options.poll) => {}
                    }
                    // What is committed in quick succession is taken in together.
                    sleep(self.options.gather).await;
                }
                Err(error) => {
                    failures += 1;
                    self.stats.failures.fetch_add(1, Ordering::Relaxed);
                    if failures == 1 {
                        tracing::warn!(%error, "the desk is not kept up to date");
                    } else {
                        tracing::debug!(%error, "the desk is not kept up to date");
                    }
                    sleep(self.options.pauses.after(failures, &self.jitter)).await;
                }
            }
        }
    }

    /// A step in each partition that has something to take in and is nobody else's.
    async fn round(&mut self, commits: &watch::Receiver<()>) -> Result<Round, ViewError> {
        let mut places = self.tables.places().await?;
        self.look_at(&places);
        let zone = self.zone(&places)?;
        // Replicas that begin at the same time begin at different places.
        let first = usize::try_from((self.jitter)(places.len() as u64)).unwrap_or(0);
        let first = first % places.len().max(1);
        places.rotate_left(first);
        let mut round = Round::Idle;
        for place in places {
            if place.through >= place.end || self.is_left(place.partition) {
                continue;
            }
            let begun = Instant::now();
            let taken_in = advance(&*self.tables, &place, &zone, self.options.step).await?;
            if let Some(events) = taken_in {
                self.stats.taken_in.fetch_add(events, Ordering::Relaxed);
                self.saw(place.partition, place.through + events, None);
            } else {
                self.stats.conflicts.fetch_add(1, Ordering::Relaxed);
                let until = Instant::now() + self.patience();
                self.saw(place.partition, place.through, Some(until));
            }
            let loaded = commits.has_changed().unwrap_or(false);
            let took = begun.elapsed();
            let rest = if loaded {
                (took * self.options.rest_under_load).max(self.options.least_rest)
            } else {
                took * self.options.rest
            };
            sleep(rest).await;
            round = Round::Moved;
        }
        Ok(round)
    }

    /// Notes what others have moved, and how far behind the desk is.
    fn look_at(&mut self, places: &[Place]) {
        let behind = |place: &Place| place.end.saturating_sub(place.through);
        let lag = places.iter().map(behind).sum();
        self.stats.lag.store(lag, Ordering::Relaxed);
        let partitions = places.iter().map(|place| usize::from(place.partition) + 1);
        self.seen.resize(partitions.max().unwrap_or(0), None);
        for place in places {
            let seen = self.seen[usize::from(place.partition)];
            let moved = seen.is_some_and(|seen| seen.through != place.through);
            if moved {
                let until = Instant::now() + self.patience();
                self.saw(place.partition, place.through, Some(until));
            } else if seen.is_none() {
                self.saw(place.partition, place.through, None);
            }
        }
    }

    fn saw(&mut self, partition: u16, through: u64, leave_until: Option<Instant>) {
        if let Some(seen) = self.seen.get_mut(usize::from(partition)) {
            *seen = Some(Seen {
                through,
                leave_until,
            });
        }
    }

    /// Whether a partition is left to somebody else.
    fn is_left(&self, partition: u16) -> bool {
        let seen = self.seen.get(usize::from(partition)).copied().flatten();
        let until = seen.and_then(|seen| seen.leave_until);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// How long a partition is left to somebody else: not by all equally long.
    fn patience(&self) -> Duration {
        let millis = u64::try_from(self.options.patience.as_millis()).unwrap_or(u64::MAX);
        self.options.patience + Duration::from_millis((self.jitter)(millis / 2))
    }

    /// The zone of the desk's days: the one with which it was begun.
    fn zone(&mut self, places: &[Place]) -> Result<TimeZone, ViewError> {
        let own = zone_name(&self.zone);
        match places.first() {
            Some(place) if place.zone != own => {
                if !self.told_zone {
                    let kept = &*place.zone;
                    tracing::warn!(
                        kept,
                        configured = own,
                        "the figures of days are kept in another zone than is configured; landfall views rebuild \
                         makes them anew"
                    );
                    self.told_zone = true;
                }
                zone_named(&place.zone)
            }
            _ => Ok(self.zone.clone()),
        }
    }
}
