//! Units of work for which nothing was read: each is one statement, and several may be under way.
//!
//! Nothing is locked before. The statement advances the heads of its partitions where they are as they were left, and so
//! takes them; a line or an answer that is there already breaks a key. Whatever is not as it was taken for lets all of it
//! fail, and the group is begun, loaded and run again: so nobody has to find out here what it was.
//!
//! What is sent while something else is under way also looks whether the commit before it is noted.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use landfall_service::store::{Changes, StoreError};

use super::clock::DbClock;
use super::resolve::Held;
use super::{PLAN_ANEW, PgStore, Role};
use crate::codes::Id;
use crate::error::Fault;
use crate::link::Link;
use crate::trip::Trip;
use crate::write::{self, Basis, Noted, Write};

/// A unit of work that was sent and is not settled.
pub(super) struct Sent {
    id: Id,
    changes: Arc<Changes>,
    /// Where its commit is noted.
    noted: Option<Noted>,
    outcome: Outcome,
}

/// Written, and what the database's clock said.
type Written = Result<Option<DbClock>, Fault>;

enum Outcome {
    Awaited(Pin<Box<dyn Future<Output = Written> + Send>>),
    Known(Written),
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl PgStore {
    pub(super) fn send_now(
        &mut self,
        changes: Arc<Changes>,
        access_version: Option<u64>,
        until: Instant,
    ) {
        let partitions = self.partitions();
        let plan_anew = self.growth.is_due();
        let Role::Writer(ids) = &mut self.role else {
            return;
        };
        let id = ids.next();
        let basis = Basis {
            access_version,
            after: self.sent.iter().rev().find_map(|before| before.noted),
            until: self.clock.map(|clock| clock.at(until)),
        };
        let noted = Noted::of(&changes.heads, id);
        let outcome = match &self.link {
            Some(link) if basis.until.is_some() => {
                let (link, changes) = (Arc::clone(link), Arc::clone(&changes));
                let carried_out = async move {
                    carry_out(&link, &changes, partitions, id, basis, plan_anew).await
                };
                let mut carried_out: Pin<Box<dyn Future<Output = _> + Send>> =
                    Box::pin(carried_out);
                // It is sent when it is first asked for; whoever waits for the answer asks again.
                let first = carried_out.as_mut();
                match first.poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(result) => Outcome::Known(result),
                    Poll::Pending => Outcome::Awaited(carried_out),
                }
            }
            _ => Outcome::Known(Err(Fault::Conflict)),
        };
        self.sent.push_back(Sent {
            id,
            changes,
            noted,
            outcome,
        });
    }

    pub(super) async fn decided_now(&mut self) {
        if let Some(Sent { outcome, .. }) = self.sent.front_mut()
            && let Outcome::Awaited(carried_out) = outcome
        {
            let result = poll_fn(|context| carried_out.as_mut().poll(context)).await;
            *outcome = Outcome::Known(result);
        }
    }

    pub(super) async fn settle_now(&mut self) -> Result<(), StoreError> {
        self.decided_now().await;
        let Some(Sent {
            id,
            changes,
            outcome: Outcome::Known(result),
            ..
        }) = self.sent.pop_front()
        else {
            return Err(StoreError::Conflict);
        };
        match result {
            Ok(clock) => {
                self.clock = clock;
                self.others.left(&changes.heads);
                self.growth.rows += changes.events.len();
                Ok(())
            }
            Err(fault) if fault.ends_link() => {
                // The database may have received all of it, and may be at work on it still, or not yet.
                self.link = None;
                self.resolve(&changes, id, Held::Unlocked, &fault).await
            }
            Err(fault) => {
                tracing::debug!(?fault, "a group is not committed from memory");
                Err(StoreError::Conflict)
            }
        }
    }
}

/// One statement, which is a transaction by itself. Of several that are sent at once, the database would carry out the rest
/// where it refuses the BEGIN alone; so what needs more is left to a unit of work that is begun.
async fn carry_out(
    link: &Link,
    changes: &Changes,
    partitions: u16,
    id: Id,
    basis: Basis,
    plan_anew: bool,
) -> Written {
    write::check_events(changes)?;
    let mut writes = Trip::new(link);
    write::ask(&mut writes, changes, partitions, id, basis)?;
    if writes.len() != 1 {
        return Err(Fault::Conflict);
    }
    let mut trip = Trip::new(link);
    if plan_anew {
        trip.attempt(Write::Commit, PLAN_ANEW);
    }
    trip.append(writes);
    let mut clock = None;
    for (write, rows) in trip.go().await {
        let rows = rows.map_err(|fault| link.why(fault))?;
        if write == Write::Group {
            // It is written, whatever the clock says.
            clock = DbClock::read(&rows).unwrap_or_default();
        }
    }
    Ok(clock)
}
