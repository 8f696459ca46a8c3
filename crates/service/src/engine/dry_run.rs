//! Dry runs: commands against a snapshot of the present state, on a store that only reads.
//!
//! They run beside the engine and never hold it up.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{failure, group};
use crate::answer::{Failure, Request};
use crate::bus::{DryRun, DryRunStep};
use crate::clock::Calendar;
use crate::store::{Store, StoreError};
use crate::uow::UnitOfWork;

/// How many dry runs may run side by side; others wait.
const SIDE_BY_SIDE: usize = 2;

/// Dry runs on stores that `reader` opens.
pub(super) struct ReaderDryRun<R> {
    reader: Arc<R>,
    calendar: Calendar,
    permits: Semaphore,
}

impl<R> ReaderDryRun<R> {
    pub(super) fn new(reader: R, calendar: Calendar) -> Self {
        Self {
            reader: Arc::new(reader),
            calendar,
            permits: Semaphore::new(SIDE_BY_SIDE),
        }
    }
}

#[async_trait]
impl<S, R> DryRun for ReaderDryRun<R>
where
    S: Store,
    R: Fn() -> Result<S, StoreError> + Send + Sync + 'static,
{
    async fn dry_run(&self, requests: Vec<Request>) -> Result<Vec<DryRunStep>, Failure> {
        // The semaphore is never closed.
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| Failure::Stopping)?;
        let reader = Arc::clone(&self.reader);
        let calendar = self.calendar.clone();
        let handle = Handle::current();
        let run = move || handle.block_on(run(&*reader, &calendar, &requests));
        let steps = tokio::task::spawn_blocking(run)
            .await
            .map_err(|_| Failure::Stopping)?;
        steps.map_err(failure)
    }
}

async fn run<S: Store>(
    reader: &(impl Fn() -> Result<S, StoreError> + Sync),
    calendar: &Calendar,
    requests: &[Request],
) -> Result<Vec<DryRunStep>, StoreError> {
    let mut store = reader()?;
    let mut uow = UnitOfWork::new(store.partitions(), usize::MAX);
    uow.observe();
    let (now, day) = calendar.read();
    group::open(&mut store, &mut uow, requests, now, day).await?;
    let mut steps = Vec::with_capacity(requests.len());
    for request in requests {
        let answer = group::run_one(&mut store, &mut uow, request).await?;
        steps.push(DryRunStep {
            answer,
            events: uow.events_of_command().to_vec(),
            effects: uow.take_effects(),
        });
    }
    store.roll_back().await?;
    Ok(steps)
}
