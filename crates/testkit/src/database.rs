//! What the contract suite and the harness ask of a database under test.

use std::sync::Arc;

use landfall_service::memory::MemoryStore;
use landfall_service::store::{Store, StoreError};
use landfall_service::views::Views;

use crate::servers::{Skip, needed};

/// Opens stores that only read.
pub type OpenReader<S> = Box<dyn Fn() -> Result<S, StoreError> + Send + Sync>;

/// A database that a test has for itself. It is gone when it is dropped.
pub trait Database: Sized + 'static {
    /// Its write side.
    type Store: Store;

    /// Why there can be none here: a server that is not installed.
    fn missing() -> Option<Skip> {
        None
    }

    /// A new, empty one.
    fn create() -> Self;

    /// Opens the write side. A test drops the former one before it opens another: what was committed is
    /// there again.
    fn store(&mut self) -> Self::Store;

    /// Opens stores that only read, for dry runs, beside the write side.
    fn reader(&self) -> OpenReader<Self::Store>;

    /// The read side, beside the write side.
    fn views(&self) -> Arc<dyn Views>;
}

/// Whether there can be no such database here: then it says why, and where `CI=true` it fails.
#[track_caller]
pub fn is_missing<D: Database>() -> bool {
    needed(D::missing().map_or(Ok(()), Err)).is_none()
}

/// The database in memory.
#[derive(Debug)]
pub struct Memory {
    store: MemoryStore,
}

impl Database for Memory {
    type Store = MemoryStore;

    fn create() -> Self {
        Self {
            store: MemoryStore::new().0,
        }
    }

    fn store(&mut self) -> MemoryStore {
        self.store.writer()
    }

    fn reader(&self) -> OpenReader<MemoryStore> {
        let store = self.store.reader();
        Box::new(move || Ok(store.reader()))
    }

    fn views(&self) -> Arc<dyn Views> {
        Arc::new(self.store.views())
    }
}
