//! A database in memory, for tests and for trying things out: what it holds is gone when the process ends.
//!
//! It keeps every promise of the ports in [`crate::store`] and [`crate::views`], and passes the contract
//! suite that every store must pass. A unit of work reads a snapshot; a commit checks the head and then
//! writes everything or nothing. A snapshot is shared, not copied: only a commit that happens while
//! somebody still reads one pays for a copy.

mod access;
mod load;
mod tables;
mod views;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

pub use self::access::MemoryKeys;
pub use self::views::MemoryViews;
use crate::keys::Keys;
use crate::store::{Changes, Loaded, Store, StoreError};
use tables::Tables;

/// How many remembered answers one [`Store::forget`] forgets at the most.
const FORGET_AT_ONCE: usize = 10_000;

/// The database, shared by its stores and views.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Arc<Tables>>>);

impl Shared {
    /// All tables as they are now.
    fn snapshot(&self) -> Arc<Tables> {
        self.read(Arc::clone)
    }

    /// Looks at the tables; nobody writes meanwhile.
    fn read<T>(&self, look: impl FnOnce(&Arc<Tables>) -> T) -> T {
        // Tables are checked before they are changed: a panic elsewhere leaves none half written.
        look(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the tables.
    fn write<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        change(Arc::make_mut(
            &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

/// The write side of a database in memory.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Shared,
    reads_only: bool,
    /// The open unit of work: what it reads.
    open: Option<Arc<Tables>>,
}

impl MemoryStore {
    /// A new, empty database: its write side and its read side.
    pub fn new() -> (MemoryStore, MemoryViews) {
        let shared = Shared::default();
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

    /// Another store on the same database that writes. The two are in each other's way: whoever commits
    /// second what both began on the same state gets [`StoreError::Conflict`].
    #[must_use]
    pub fn writer(&self) -> MemoryStore {
        MemoryStore {
            shared: self.shared.clone(),
            reads_only: false,
            open: None,
        }
    }

    /// The read side of the same database.
    pub fn views(&self) -> MemoryViews {
        MemoryViews::new(self.shared.clone())
    }
}

impl Store for MemoryStore {
    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let tables = self.open.insert(self.shared.snapshot());
        Ok(tables.load(keys))
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let tables = self.open.as_ref().ok_or_else(not_open)?;
        Ok(tables.load(keys))
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        // The snapshot goes first, or writing would have to copy it.
        let open = self.open.take();
        if open.is_none() {
            return Err(not_open());
        }
        drop(open);
        if self.reads_only {
            return Err(StoreError::Refused("this store only reads".into()));
        }
        self.shared.read(|tables| tables.check(changes))?;
        // One writer at a time is the caller's business; two are told apart by the head, checked again.
        self.shared.write(|tables| {
            tables.check_heads(changes)?;
            tables.apply(changes);
            Ok(())
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
