//! The write side: one connection, one transaction for each unit of work.
//!
//! `begin` locks the heads of the partitions that it touches and loads, in one round trip; `commit` writes, advances the
//! heads and commits, in one more. So contention waits and is not run again, and what was loaded is true until the end.
//! Partitions are locked in ascending order. One that is needed later and is below one already held is taken only if
//! it is free, or two writers could wait for each other.

mod clock;
mod commit;
mod from_memory;
mod growth;
mod ids;
mod resolve;
mod turn;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Head, Loaded, Store, StoreError};

use crate::codes::{Micros, small};
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::link::Link;
use crate::load::{self, Ask, Found, Wanted, sql};
use crate::trip::{Trip, param};
use crate::write;
use clock::DbClock;
use from_memory::Sent;
use growth::Growth;
pub use ids::CommitIds;
use turn::Others;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const BEGIN_READER: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
/// See [`Growth`].
const PLAN_ANEW: &str = "DISCARD PLANS";
/// The oldest answers of each partition are looked at, not all: there may be millions of younger ones. Their time is
/// asked for once more when they go, so that either index of the table finds them, whichever is taken.
const FORGET: &str = "WITH old AS MATERIALIZED ( \
         SELECT a.partition, a.id, a.time FROM unnest($1::smallint[]) AS k (partition) \
          CROSS JOIN LATERAL ( \
              SELECT a.partition, a.id, a.time FROM answers a WHERE a.partition = k.partition AND a.time < $2::timestamptz \
               ORDER BY a.time LIMIT 100) AS a), \
     gone AS ( \
         DELETE FROM answers a USING old \
          WHERE a.partition = old.partition AND a.id = old.id AND a.time = old.time RETURNING 1) \
     SELECT count(*) FROM gone";

/// The write side of a database, or, for dry runs, something that looks like it and never writes.
#[derive(Debug)]
pub struct PgStore {
    database: PgDatabase,
    role: Role,
    /// None before the first unit of work and after a failure: the next unit of work makes a new one.
    link: Option<Arc<Link>>,
    /// Units of work that were sent and are not settled, the oldest first.
    sent: VecDeque<Sent>,
    /// The partitions of the open unit of work, as they stood when they were locked.
    open: Option<Vec<Head>>,
    /// How much was written through the present connection.
    growth: Growth,
    /// Partitions that the last unit of work could not get: the next one takes them first, in order.
    missed: BTreeSet<u16>,
    others: Others,
    /// As the last commit through the present connection told it.
    clock: Option<DbClock>,
}

/// What a store is for.
#[derive(Debug)]
enum Role {
    Writer(CommitIds),
    Reader,
}

impl PgDatabase {
    /// A store that writes. It connects when it is used first, and again after a failure.
    pub fn store(&self, ids: CommitIds) -> PgStore {
        PgStore::new(self, Role::Writer(ids))
    }

    /// A store for dry runs: each unit of work sees one moment and locks nothing, and `commit` is refused.
    pub fn reader(&self) -> PgStore {
        PgStore::new(self, Role::Reader)
    }
}

impl PgStore {
    fn new(database: &PgDatabase, role: Role) -> Self {
        Self {
            database: database.clone(),
            role,
            link: None,
            sent: VecDeque::new(),
            open: None,
            growth: Growth::default(),
            missed: BTreeSet::new(),
            others: Others::default(),
            clock: None,
        }
    }

    fn partitions(&self) -> u16 {
        self.database.partitions()
    }

    /// How many round trips its connection has made.
    #[cfg(test)]
    pub(crate) fn trips(&self) -> u64 {
        self.link.as_ref().map_or(0, |link| link.trips())
    }

    /// Connects, where there is no connection that works. A writer's statements are prepared at once: then no unit of
    /// work waits for that.
    pub(crate) async fn connect(&mut self) -> Result<&Link, Fault> {
        let link = if let Some(link) = self.link.take().filter(|link| !link.is_closed()) {
            link
        } else {
            self.growth = Growth::default();
            self.clock = None;
            Arc::new(open(&self.database, &self.role).await?)
        };
        Ok(self.link.insert(link))
    }

    /// Locks and loads until everything that was found is locked.
    async fn begin_now(&mut self, keys: &Keys) -> Result<Loaded, Fault> {
        if let Some(held) = self.others.held.take() {
            self.others.found(&held);
            self.open = Some(held);
            return self.load_now(keys).await;
        }
        let partitions = self.partitions();
        let wanted = Wanted::of(keys, partitions);
        let mut heads = wanted.heads();
        heads.append(&mut self.missed);
        let reader = matches!(self.role, Role::Reader);
        let mut dirty = self.open.take().is_some();
        let mut plan_anew = self.growth.is_due();
        loop {
            let link = self.connect().await?;
            let mut found = Found::new(keys, partitions);
            let mut trip = Trip::new(link);
            if dirty {
                trip.plain(Ask::Bound, ROLLBACK);
            }
            if std::mem::take(&mut plan_anew) {
                trip.attempt(Ask::Bound, PLAN_ANEW);
            }
            if reader {
                trip.plain(Ask::Bound, BEGIN_READER);
                trip.ask(Ask::Heads, sql::HEADS, Vec::new());
            } else {
                trip.plain(Ask::Bound, BEGIN);
                if !heads.is_empty() {
                    trip.ask(Ask::Heads, sql::LOCK, vec![param(smalls(&heads))]);
                }
            }
            dirty = true;
            wanted.ask(&mut trip);
            let held = load::take(trip, &mut found).await?;
            // What lies in other partitions than the keys told is not locked: again, with these.
            let homes = found.homes();
            if !reader && !homes.is_subset(&heads) {
                heads.extend(homes);
                continue;
            }
            load::follow(link, &mut found).await?;
            let loaded = load::loaded(held.clone(), found, keys)?;
            self.others.found(&held);
            self.open = Some(held);
            return Ok(loaded);
        }
    }

    async fn load_now(&mut self, keys: &Keys) -> Result<Loaded, Fault> {
        let partitions = self.partitions();
        let (Some(link), Some(held)) = (&self.link, &mut self.open) else {
            return Err(none_open());
        };
        let wanted = Wanted::of(keys, partitions);
        let reader = matches!(self.role, Role::Reader);
        let mut heads = wanted.heads();
        loop {
            let mut found = Found::new(keys, partitions);
            let mut trip = Trip::new(link);
            let holds = |head: &u16| held.iter().any(|held| held.partition == *head);
            let more: BTreeSet<u16> = if reader {
                BTreeSet::new()
            } else {
                heads.iter().copied().filter(|head| !holds(head)).collect()
            };
            if !more.is_empty() {
                let highest = held.iter().map(|held| held.partition).max();
                let waits = more.first().copied() > highest;
                let lock = if waits { sql::LOCK } else { sql::LOCK_NOW };
                trip.ask(Ask::Heads, lock, vec![param(smalls(&more))]);
            }
            if keys.access_version {
                trip.ask(Ask::AccessVersion, sql::ACCESS_VERSION, Vec::new());
            }
            wanted.ask(&mut trip);
            let taken = load::take(trip, &mut found).await;
            let taken = taken.inspect_err(|_| {
                self.missed = held.iter().map(|held| held.partition).collect();
                self.missed.extend(&more);
            })?;
            held.extend(taken);
            held.sort_unstable_by_key(|head| head.partition);
            let homes = found.homes();
            if !reader
                && !homes
                    .iter()
                    .all(|home| held.iter().any(|held| held.partition == *home))
            {
                heads.extend(homes);
                continue;
            }
            load::follow(link, &mut found).await?;
            return load::loaded(held.clone(), found, keys);
        }
    }

    /// Ends the unit of work after an error, so that nothing of it is written.
    async fn fail(&mut self, fault: Fault) -> StoreError {
        let fault = match &self.link {
            Some(link) => link.why(fault),
            None => fault,
        };
        if fault.ends_link() {
            self.link = None;
        }
        self.end().await;
        let error = fault.into_store_error();
        tracing::warn!(%error, "a unit of work is rolled back");
        error
    }

    /// Rolls back; where that fails, gives the connection up, which does the same.
    async fn end(&mut self) {
        self.open = None;
        self.others.held = None;
        if let Some(link) = &self.link
            && link.run(ROLLBACK).await.is_err()
        {
            self.link = None;
        }
    }

    async fn forget_now(&mut self, before: Timestamp) -> Result<usize, Fault> {
        let partitions: Vec<i16> = (0..self.partitions()).map(small).collect();
        let link = self.connect().await?;
        let mut trip = Trip::new(link);
        trip.ask(
            (),
            FORGET,
            vec![param(partitions), param(Micros::of(before))],
        );
        let mut forgotten = 0;
        for ((), rows) in trip.go().await {
            for row in rows? {
                forgotten += crate::rows::count(&row, 0)?;
            }
        }
        Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
    }
}

/// Connects and prepares what the role needs.
async fn open(database: &PgDatabase, role: &Role) -> Result<Link, Fault> {
    let (session, statements) = match role {
        Role::Reader => (database.options.reader(), load::sql::statements()),
        Role::Writer(_) => (database.options.writer(), statements()),
    };
    // Each statement names its tables in the order in which they are to be gone through.
    let settings = "-c join_collapse_limit=1 -c from_collapse_limit=1 \
                    -c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off";
    let mut link = Link::open(&database.target, &session, settings).await?;
    link.prepare(&statements).await?;
    Ok(link)
}

/// All statements of a writer.
pub(crate) fn statements() -> Vec<&'static str> {
    let mut statements = load::sql::statements();
    statements.extend(write::statements());
    statements.push(FORGET);
    statements
}

fn smalls(partitions: &BTreeSet<u16>) -> Vec<i16> {
    partitions.iter().copied().map(small).collect()
}

fn only_reads() -> StoreError {
    StoreError::Unavailable("this connection only reads".into())
}

fn none_open() -> Fault {
    Fault::Unavailable("there is no open unit of work".into())
}

impl Store for PgStore {
    const NEEDS_IO: bool = true;

    fn partitions(&self) -> u16 {
        self.database.partitions()
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let reused = self.link.is_some();
        match self.begin_now(keys).await {
            Ok(loaded) => Ok(loaded),
            // The database may have been started anew while nothing was asked. Nothing is written yet, so that it can be
            // tried again.
            Err(fault) if reused && fault.ends_link() => {
                self.link = None;
                self.open = None;
                self.others.held = None;
                match self.begin_now(keys).await {
                    Ok(loaded) => Ok(loaded),
                    Err(fault) => Err(self.fail(fault).await),
                }
            }
            Err(fault) => Err(self.fail(fault).await),
        }
    }

    async fn take_turn(&mut self) {
        self.take_turn_now().await;
    }

    fn is_alone(&self) -> bool {
        let usable = self.link.as_ref().is_some_and(|link| !link.is_closed());
        matches!(self.role, Role::Writer(_))
            && usable
            && self.open.is_none()
            && self.others.are_absent()
            && self.clock.is_some_and(|clock| clock.is_good())
    }

    fn send(&mut self, changes: Arc<Changes>, access_version: Option<u64>, until: Instant) {
        self.send_now(changes, access_version, until);
    }

    async fn decided(&mut self) {
        self.decided_now().await;
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        self.settle_now().await
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        match self.load_now(keys).await {
            Ok(loaded) => Ok(loaded),
            Err(fault) => Err(self.fail(fault).await),
        }
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.commit_now(changes).await
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        if self.open.is_some() {
            self.end().await;
        }
        Ok(())
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        if matches!(self.role, Role::Reader) {
            return Err(only_reads());
        }
        if self.open.is_some() {
            self.end().await;
        }
        match self.forget_now(before).await {
            Ok(forgotten) => Ok(forgotten),
            Err(fault) => Err(self.fail(fault).await),
        }
    }
}
