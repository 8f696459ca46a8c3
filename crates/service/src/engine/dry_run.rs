//! What is asked of the present state and changes nothing: dry runs of commands, and what would be promised.
//! Both read a snapshot, on a store that only reads.
//!
//! They run beside the engine and never hold it up.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{failure, group};
use crate::answer::{Failure, Request};
use crate::bus::{DryRun, DryRunStep};
use crate::clock::Calendar;
use crate::keys::Keys;
use crate::quote::{self, Inquiry, QuoteResource};
use crate::store::{Store, StoreError};
use crate::uow::{Stop, UnitOfWork};

/// How many dry runs may run side by side; others wait.
const DRY_RUNS: usize = 2;

/// How many promises may be looked up side by side; others wait, but never for a dry run. So many stores are
/// kept open for them.
const PROMISES: usize = 4;

/// Questions to stores that `open` opens.
pub(super) struct ReaderDryRun<S, R> {
    readers: Arc<Readers<S, R>>,
    calendar: Calendar,
    dry_runs: Semaphore,
    promises: Semaphore,
}

impl<S: Store, R: Fn() -> Result<S, StoreError>> ReaderDryRun<S, R> {
    pub(super) fn new(open: R, calendar: Calendar) -> Self {
        Self {
            readers: Arc::new(Readers {
                open,
                idle: Mutex::default(),
            }),
            calendar,
            dry_runs: Semaphore::new(DRY_RUNS),
            promises: Semaphore::new(PROMISES),
        }
    }
}

/// Stores that only read: those that are idle, and how another is opened.
struct Readers<S, R> {
    open: R,
    /// None of them has an open unit of work.
    idle: Mutex<Vec<S>>,
}

impl<S: Store, R: Fn() -> Result<S, StoreError>> Readers<S, R> {
    /// An idle one, which has its connection and its statements ready, or a new one.
    fn take(&self) -> Result<S, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| (self.open)(), Ok)
    }

    /// Ends its unit of work and keeps it for the next question. One that failed is dropped.
    async fn give_back(&self, mut store: S) -> Result<(), StoreError> {
        store.roll_back().await?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < PROMISES {
            idle.push(store);
        }
        Ok(())
    }
}

#[async_trait]
impl<S, R> DryRun for ReaderDryRun<S, R>
where
    S: Store,
    R: Fn() -> Result<S, StoreError> + Send + Sync + 'static,
{
    async fn dry_run(&self, requests: Vec<Request>) -> Result<Vec<DryRunStep>, Failure> {
        let (readers, calendar) = (Arc::clone(&self.readers), self.calendar.clone());
        aside(&self.dry_runs, async move {
            // Its memory is its own: what a large one needed is given back.
            let mut store = (readers.open)()?;
            let steps = run(&mut store, &calendar, &requests).await?;
            store.roll_back().await?;
            Ok(steps)
        })
        .await?
        .map_err(failure)
    }

    async fn promise(&self, inquiry: Inquiry) -> Result<QuoteResource, Failure> {
        let (readers, calendar) = (Arc::clone(&self.readers), self.calendar.clone());
        aside(&self.promises, async move {
            let mut store = readers.take()?;
            let quote = promise(&mut store, &calendar, &inquiry).await?;
            readers.give_back(store).await?;
            Ok(quote)
        })
        .await?
        .map_err(failure)?
    }
}

/// Runs this on a thread where it may block, when there is a permit.
async fn aside<T: Send + 'static>(
    permits: &Semaphore,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Failure> {
    // The semaphore is never closed.
    let _permit = permits.acquire().await.map_err(|_| Failure::Stopping)?;
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || handle.block_on(work))
        .await
        .map_err(|_| Failure::Stopping)
}

async fn run<S: Store>(
    store: &mut S,
    calendar: &Calendar,
    requests: &[Request],
) -> Result<Vec<DryRunStep>, StoreError> {
    let mut uow = UnitOfWork::new(store.partitions(), usize::MAX);
    uow.observe();
    group::open(store, &mut uow, requests, calendar).await?;
    let mut steps = Vec::with_capacity(requests.len());
    for request in requests {
        let answer = group::run_one(store, &mut uow, request).await?;
        steps.push(DryRunStep {
            answer,
            events: uow.events_of_command().to_vec(),
            effects: uow.take_effects(),
            repeated: request.id.as_ref().is_some_and(|id| uow.repeats(id)),
        });
    }
    Ok(steps)
}

/// Loads the product alone, and asks. `Ok(Err)`: there is no such product.
async fn promise<S: Store>(
    store: &mut S,
    calendar: &Calendar,
    inquiry: &Inquiry,
) -> Result<Result<QuoteResource, Failure>, StoreError> {
    let mut uow = UnitOfWork::new(store.partitions(), 1);
    let (now, day) = calendar.read();
    let keys = Keys {
        products: vec![inquiry.sku.clone()],
        ..Keys::default()
    };
    let loaded = store.begin(&keys).await?;
    uow.open(now, day, &keys, loaded);
    match quote::quote(inquiry, &mut uow) {
        Ok(quote) => Ok(Ok(quote)),
        Err(Stop::Rejected(rejection)) => Ok(Err(rejection.into())),
        Err(Stop::Damaged(what)) => Err(StoreError::Corrupt(what)),
        // The product was asked for, and is either there or known not to be.
        Err(Stop::Needs(_)) => Err(StoreError::Corrupt(
            "the store does not say whether there is the product".into(),
        )),
    }
}
