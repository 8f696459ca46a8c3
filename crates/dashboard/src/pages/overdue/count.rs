//! How much is overdue, for Today. To say so all batches are looked at whose goods may leave, so it is not done for
//! every look: while nothing has happened the last count holds. Where something has happened and the batches are many,
//! the last count is shown and the next one made beside it: Today does not wait for it, and says how old it is.

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
    /// Who makes one beside has it.
    beside: Arc<tokio::sync::Mutex<()>>,
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
    let (today, log) = (visit.today(), visit.log.clone());
    let last = context.overdue.last().clone();
    match last {
        Some(last) if last.today == today && last.log == log => Ok((last, false)),
        Some(last) if last.total.batches > FEW => {
            if last.finished.elapsed() >= last.took * REST {
                count_beside(context, visit.now, today, log);
            }
            Ok((last, true))
        }
        _ => Ok((count(context, visit.now, today, log).await?, false)),
    }
}

/// Counts once at the start, so that nobody's first look waits for it.
pub(crate) async fn begin(context: Shared) {
    let (now, day) = context.app.calendar.read();
    if let Ok(log) = context.app.views.end().await {
        count_beside(&context, now, day.today, log);
    }
}

async fn count(
    context: &Shared,
    at: Timestamp,
    today: Date,
    log: String,
) -> Result<Arc<Counted>, ViewError> {
    let begun = Instant::now();
    let total = context.app.views.overdue_total(FIRST, today).await?;
    let counted = Arc::new(Counted {
        today,
        log,
        at,
        finished: Instant::now(),
        took: begun.elapsed(),
        total,
    });
    *context.overdue.last() = Some(Arc::clone(&counted));
    Ok(counted)
}

fn count_beside(context: &Shared, at: Timestamp, today: Date, log: String) {
    let Ok(turn) = Arc::clone(&context.overdue.beside).try_lock_owned() else {
        return;
    };
    let context = Arc::clone(context);
    tokio::spawn(async move {
        // Who looks next tries again, and the other questions of their page fail as this one has.
        drop(count(&context, at, today, log).await);
        drop(turn);
    });
}
