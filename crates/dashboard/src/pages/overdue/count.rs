//! How much is overdue, for Today. To say so all batches are looked at whose goods may leave, so it is not done for
//! every look: while nothing has happened the last count holds. Where something has happened and the batches are many,
//! the last count is shown and the next one made beside it: Today does not wait for it, and says how old it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_service::views::{OverdueTotal, ViewError};

use crate::Shared;
use crate::visit::Visit;

/// Lines that Today shows.
const FIRST: usize = 10;
/// Batches with lines that a look waits for: some milliseconds' work.
const FEW: u64 = 500;
/// For how many times as long as a count has taken no other is begun beside.
const REST: u32 = 4;

/// What was counted, and of when it is.
pub(crate) struct Counted {
    today: Date,
    /// Where the log ended before.
    log: String,
    /// When somebody asked for it.
    pub(crate) at: Timestamp,
    finished: Instant,
    took: Duration,
    /// It.
    pub(crate) total: OverdueTotal,
}

/// The last count.
#[derive(Default)]
pub(crate) struct Count {
    last: Mutex<Option<Arc<Counted>>>,
    /// Whether one is being made beside.
    beside: AtomicBool,
}

impl Count {
    fn last(&self) -> MutexGuard<'_, Option<Arc<Counted>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much is overdue, and whether something has happened since it was counted.
pub(crate) async fn read(
    context: &Shared,
    visit: &Visit,
) -> Result<(Arc<Counted>, bool), ViewError> {
    let last = context.overdue.last().clone();
    let last = last.filter(|last| last.today == visit.today());
    match last {
        Some(last) if last.log == visit.log => Ok((last, false)),
        Some(last) if last.total.batches > FEW => {
            if last.finished.elapsed() >= last.took * REST {
                count_beside(context, visit);
            }
            Ok((last, true))
        }
        _ => Ok((count(context, visit).await?, false)),
    }
}

async fn count(context: &Shared, visit: &Visit) -> Result<Arc<Counted>, ViewError> {
    let (today, begun) = (visit.today(), Instant::now());
    let total = context.app.views.overdue_total(FIRST, today).await?;
    let counted = Arc::new(Counted {
        today,
        log: visit.log.clone(),
        at: visit.now,
        finished: Instant::now(),
        took: begun.elapsed(),
        total,
    });
    *context.overdue.last() = Some(Arc::clone(&counted));
    Ok(counted)
}

fn count_beside(context: &Shared, visit: &Visit) {
    if context.overdue.beside.swap(true, Ordering::AcqRel) {
        return;
    }
    let (context, visit) = (Arc::clone(context), visit.clone());
    tokio::spawn(async move {
        // Who looks next tries again, and the other questions of their page fail as this one has.
        drop(count(&context, &visit).await);
        context.overdue.beside.store(false, Ordering::Release);
    });
}
