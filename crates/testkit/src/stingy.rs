//! A store that answers ranges with few lines at a time, so that small tests turn many pages.
//!
//! A range asks for at most so many lines, and the answer says whether there are more: fewer are allowed.

use jiff::Timestamp;
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Loaded, Store, StoreError};

use crate::database::{Database, OpenReader};

/// A database that shows at most `LINES` lines of a range at a time.
#[derive(Debug)]
pub struct ShortPages<D, const LINES: usize>(D);

/// Its write side.
#[derive(Debug)]
pub struct Stingy<S, const LINES: usize>(S);

impl<S: Store, const LINES: usize> Stingy<S, LINES> {
    /// The keys with smaller ranges.
    fn fewer(keys: &Keys) -> Keys {
        let mut fewer = keys.clone();
        for range in &mut fewer.allocated {
            range.limit = range.limit.min(LINES);
        }
        for range in &mut fewer.waiting {
            range.limit = range.limit.min(LINES);
        }
        for range in &mut fewer.late {
            range.limit = range.limit.min(LINES);
        }
        fewer
    }

    /// The answer as if it were one to these keys.
    fn answer(keys: &Keys, mut loaded: Loaded) -> Loaded {
        for (asked, found) in keys.allocated.iter().zip(&mut loaded.allocated) {
            found.range = asked.clone();
        }
        for (asked, found) in keys.waiting.iter().zip(&mut loaded.waiting) {
            found.range = asked.clone();
        }
        for (asked, found) in keys.late.iter().zip(&mut loaded.late) {
            found.range = asked.clone();
        }
        loaded
    }
}

impl<S: Store, const LINES: usize> Store for Stingy<S, LINES> {
    const NEEDS_IO: bool = S::NEEDS_IO;

    fn partitions(&self) -> u16 {
        self.0.partitions()
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.0.begin(&Self::fewer(keys)).await?;
        Ok(Self::answer(keys, loaded))
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.0.load(&Self::fewer(keys)).await?;
        Ok(Self::answer(keys, loaded))
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.0.commit(changes).await
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.0.roll_back().await
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.0.forget(before).await
    }
}

impl<D: Database, const LINES: usize> Database for ShortPages<D, LINES> {
    type Store = Stingy<D::Store, LINES>;

    fn create() -> Self {
        Self(D::create())
    }

    fn store(&mut self) -> Self::Store {
        Stingy(self.0.store())
    }

    fn reader(&self) -> OpenReader<Self::Store> {
        let open = self.0.reader();
        Box::new(move || open().map(Stingy))
    }

    fn views(&self) -> std::sync::Arc<dyn landfall_service::views::Views> {
        self.0.views()
    }
}
