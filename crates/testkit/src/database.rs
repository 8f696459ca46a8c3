//! What the contract suite and the harness ask of a database under test.

use std::sync::Arc;

use landfall_service::desk::Desk;
use landfall_service::desk::tables::DeskTables;
use landfall_service::memory::{MemoryKeys, MemoryStore};
use landfall_service::relay::Relays;
use landfall_service::store::{Store, StoreError};
use landfall_service::views::Views;

use crate::contract::desk::DeskDatabase;
use crate::contract::relays::RelayDatabase;
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

/// The database in memory, of one partition.
pub type Memory = MemoryOf<1>;

/// The database in memory, of so many partitions.
#[derive(Debug)]
pub struct MemoryOf<const PARTITIONS: u16> {
    store: MemoryStore,
}

impl<const PARTITIONS: u16> MemoryOf<PARTITIONS> {
    /// One of so many partitions after all: for those who learn late how many they need.
    pub fn of(partitions: u16) -> Self {
        Self {
            store: MemoryStore::with_partitions(partitions).0,
        }
    }
}

impl<const PARTITIONS: u16> MemoryOf<PARTITIONS> {
    /// Its API keys.
    pub fn keys(&self) -> MemoryKeys {
        self.store.keys()
    }
}

impl<const PARTITIONS: u16> Database for MemoryOf<PARTITIONS> {
    type Store = MemoryStore;

    fn create() -> Self {
        Self::of(PARTITIONS)
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

impl<const PARTITIONS: u16> RelayDatabase for MemoryOf<PARTITIONS> {
    fn relays(&self) -> Arc<dyn Relays> {
        Arc::new(self.store.relays())
    }
}

impl<const PARTITIONS: u16> DeskDatabase for MemoryOf<PARTITIONS> {
    fn desk(&self) -> (Arc<dyn Desk>, Arc<dyn DeskTables>) {
        (Arc::new(self.store.desk()), Arc::new(self.store.desk()))
    }
}
