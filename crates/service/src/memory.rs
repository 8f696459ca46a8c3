//! A database in memory, for tests and for trying things out: what it holds is gone when the process ends.
//!
//! It keeps every promise of the ports in [`crate::store`], [`crate::views`], [`crate::relay`] and
//! [`crate::desk`], and passes the
//! contract suite that every store must pass. A unit of work reads a snapshot; a commit checks the heads that it has
//! seen and then writes everything or nothing. A snapshot is shared, not copied: only a commit that happens while
//! somebody still reads one pays for a copy.

mod access;
mod desk;
mod load;
mod pegged;
mod recent;
mod relays;
mod tables;
mod views;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

pub use self::access::MemoryKeys;
pub use self::desk::MemoryDesk;
pub use self::relays::MemoryRelays;
pub use self::views::MemoryViews;
use crate::keys::Keys;
use crate::store::{Changes, Head, Loaded, Store, StoreError};
use tables::Tables;

/// How many remembered answers one [`Store::forget`] forgets at the most.
const FORGET_AT_ONCE: usize = 10_000;

/// The database, shared by its stores and views.
#[derive(Debug, Clone)]
struct Shared {
    tables: Arc<Mutex<Arc<Tables>>>,
    sinks: relays::Sinks,
    desk: desk::Rows,
    keys: MemoryKeys,
}

impl Shared {
    /// An empty one, of so many partitions.
    fn new(partitions: u16) -> Self {
        Self {
            tables: Arc::new(Mutex::new(Arc::new(Tables::new(partitions)))),
            sinks: relays::Sinks::default(),
            desk: desk::Rows::default(),
            keys: MemoryKeys::of_store(),
        }
    }

    /// All tables as they are now.
    fn snapshot(&self) -> Arc<Tables> {
        self.read(Arc::clone)
    }

    /// Looks at the tables; nobody writes meanwhile.
    fn read<T>(&self, look: impl FnOnce(&Arc<Tables>) -> T) -> T {
        // Tables are checked before they are changed: a panic elsewhere leaves none half written.
        look(&self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the tables, if a look at them, in the same moment, does not speak against it.
    fn change<E, C: FnOnce(&mut Tables)>(
        &self,
        look: impl FnOnce(&Tables) -> Result<C, E>,
    ) -> Result<(), E> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let change = look(&tables)?;
        change(Arc::make_mut(&mut tables));
        Ok(())
    }

    /// Changes the tables.
    fn write<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        change(Arc::make_mut(
            &mut self.tables.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

/// The write side of a database in memory.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Shared,
    reads_only: bool,
    /// The open unit of work.
    open: Option<Open>,
}

/// A unit of work.
#[derive(Debug)]
struct Open {
    /// What it reads.
    tables: Arc<Tables>,
    /// The partitions that it has seen: nobody else may have written to them when it commits.
    seen: BTreeSet<u16>,
}

impl Open {
    fn load(&mut self, keys: &Keys) -> Loaded {
        let loaded = self.tables.load(keys);
        self.seen
            .extend(loaded.heads.iter().map(|head| head.partition));
        loaded
    }

    /// The heads that it has seen.
    fn heads(&self) -> Vec<Head> {
        let heads = self.tables.heads.iter();
        let seen = heads.filter(|head| self.seen.contains(&head.partition));
        seen.copied().collect()
    }
}

impl MemoryStore {
    /// A new, empty database of one partition: its write side and its read side.
    pub fn new() -> (MemoryStore, MemoryViews) {
        Self::with_partitions(1)
    }

    /// A new, empty database of so many partitions: its write side and its read side.
    pub fn with_partitions(partitions: u16) -> (MemoryStore, MemoryViews) {
        let shared = Shared::new(partitions);
        let views = MemoryViews::new(shared.clone());
        (
            MemoryStore {
                shared,
                reads_only: false,
                open: None,
            },
            views,
        )
    }

    /// A store on the same database that only reads, for dry runs: its commits are refused.
    #[must_use]
    pub fn reader(&self) -> MemoryStore {
        MemoryStore {
            shared: self.shared.clone(),
            reads_only: true,
            open: None,
        }
    }

    /// Another store on the same database that writes. Where both have seen a partition, whoever commits
    /// second gets [`StoreError::Conflict`].
    #[must_use]
    pub fn writer(&self) -> MemoryStore {
        MemoryStore {
            shared: self.shared.clone(),
            reads_only: false,
            open: None,
        }
    }

    /// Where relays of the same database keep their place.
    pub fn relays(&self) -> MemoryRelays {
        MemoryRelays::new(self.shared.clone())
    }

    /// The desk of the same database.
    pub fn desk(&self) -> MemoryDesk {
        MemoryDesk::new(self.shared.clone())
    }

    /// The API keys of the same database.
    pub fn keys(&self) -> MemoryKeys {
        self.shared.keys.clone()
    }

    /// The read side of the same database.
    pub fn views(&self) -> MemoryViews {
        MemoryViews::new(self.shared.clone())
    }
}

impl Store for MemoryStore {
    fn partitions(&self) -> u16 {
        self.shared.read(|tables| tables.partitions())
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let open = Open {
            tables: self.shared.snapshot(),
            seen: BTreeSet::new(),
        };
        let asked = keys.access_version;
        let access_version = asked.then(|| self.shared.keys.version_now());
        Ok(Loaded {
            access_version,
            ..self.open.insert(open).load(keys)
        })
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let open = self.open.as_mut().ok_or_else(not_open)?;
        Ok(open.load(keys))
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        // The snapshot goes first, or writing would have to copy it.
        let open = self.open.take().ok_or_else(not_open)?;
        let seen = open.heads();
        drop(open);
        if self.reads_only {
            return Err(StoreError::Refused("this store only reads".into()));
        }
        self.shared.change(|tables| {
            tables.check(&seen, changes)?;
            Ok(move |tables: &mut Tables| tables.apply(changes))
        })
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.open = None;
        Ok(())
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        Ok(self
            .shared
            .write(|tables| tables.forget(before, FORGET_AT_ONCE)))
    }
}

fn not_open() -> StoreError {
    StoreError::Corrupt("there is no open unit of work".into())
}
