//! Whether a commit happened whose answer was lost.

use std::fmt;
use std::time::Duration;

use landfall_service::LogRecord;
use landfall_service::store::{Changes, Head, StoreError};
use tokio::time::{Instant, sleep};

use super::{COMMIT, PgStore};
use crate::codes::{Id, int, small};
use crate::error::Fault;
use crate::load::sql;
use crate::rows;
use crate::trip::{Trip, param};
use crate::write;

/// Between attempts to reach the database, the first time; then twice as long, up to a second.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the lost transaction held its partitions when its last burst was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// They are free when it is over.
    Locked,
    /// It takes them itself: that they are free may mean that it has not begun yet.
    Unlocked,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Committed,
    /// It did not happen, and never will: its transaction is over.
    Lost,
    /// Where it would be noted, a much later commit is.
    Overwritten,
}

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    /// The commit that is noted where this one would be.
    Noted,
    /// The version to which the partition was advanced.
    Fence,
}

/// The commands whose events are committed, as far as there is room for them.
struct CommandIds<'a>(&'a Changes);

impl fmt::Display for CommandIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 20;
        let mut last = None;
        let mut count = 0;
        // The events of a command stand together, each partition's.
        for LogRecord { command_id, .. } in &self.0.events {
            if last.replace(command_id) == Some(command_id) {
                continue;
            }
            count += 1;
            if count <= MOST {
                let comma = if count == 1 { "" } else { "," };
                write!(f, "{comma}{command_id}")?;
            }
        }
        match count.saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl PgStore {
    /// Asks the database, until it answers or the time is up, whether the commit with this id happened.
    pub(super) async fn resolve(
        &mut self,
        changes: &Changes,
        id: Id,
        held: Held,
        lost: &Fault,
    ) -> Result<(), StoreError> {
        let (commit, command_ids) = (id.to_string(), CommandIds(changes));
        tracing::warn!(
            ?lost, commit, %command_ids,
            "the answer to a commit is lost: the database is asked whether it happened"
        );
        let until = Instant::now() + self.database.options.resolve_timeout;
        let mut pause = PAUSE;
        loop {
            let fate = self.committed(changes, id, held).await;
            if let Ok(fate) = fate {
                tracing::info!(commit, ?fate, "the database tells what became of a commit");
            }
            let why = match fate {
                Ok(Fate::Committed) => {
                    self.others.left(&changes.heads);
                    return Ok(());
                }
                Ok(Fate::Lost) => return Err(StoreError::Conflict),
                Ok(Fate::Overwritten) => {
                    let why = "too many commits followed to tell whether this one happened";
                    return Err(StoreError::OutcomeUnknown(why.into()));
                }
                Err(fault) => {
                    self.link = None;
                    fault.into_store_error().to_string()
                }
            };
            if Instant::now() + pause > until {
                return Err(StoreError::OutcomeUnknown(why));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// What became of the commit. It waits until the lost connection's transaction is over, which holds the partition.
    ///
    /// One that takes it itself may still be on its way. So the partition is advanced where it is as it was: what rests on
    /// the version before is refused then, whenever it comes.
    async fn committed(&mut self, changes: &Changes, id: Id, held: Held) -> Result<Fate, Fault> {
        let Some((before, after)) = changes.heads.first() else {
            return self.remembered(changes).await;
        };
        let link = self.connect().await?;
        let partition = small(after.partition);
        let mut trip = Trip::new(link);
        trip.plain(Tells::Nothing, super::BEGIN);
        trip.ask(Tells::Nothing, write::SETTLE, vec![param(partition)]);
        let slot = write::slot(after.version);
        let noted = vec![param(partition), param(slot)];
        trip.ask(Tells::Noted, write::COMMITTED, noted);
        if held == Held::Unlocked {
            let fence = vec![param(partition), param(int(before.version))];
            trip.ask(Tells::Fence, write::FENCE, fence);
        }
        trip.plain(Tells::Nothing, COMMIT);
        let mut fate = Fate::Lost;
        let mut fence = None;
        for (tells, found) in trip.go().await {
            for row in found? {
                match tells {
                    Tells::Nothing => {}
                    Tells::Noted => {
                        let version = rows::count(&row, 0)?;
                        if version == after.version && rows::get::<Id>(&row, 1)? == id {
                            fate = Fate::Committed;
                        } else if version > after.version {
                            fate = Fate::Overwritten;
                        }
                    }
                    Tells::Fence => fence = Some(rows::count(&row, 0)?),
                }
            }
        }
        if let Some(version) = fence {
            self.others.left(&[(*before, Head { version, ..*before })]);
        }
        Ok(fate)
    }

    /// Changes without heads are nothing but answers: if these are remembered, they were written.
    async fn remembered(&mut self, changes: &Changes) -> Result<Fate, Fault> {
        let Some(answer) = changes.remembered.first() else {
            return Ok(Fate::Committed);
        };
        let partitions = self.partitions();
        let link = self.connect().await?;
        let partition = landfall_service::store::partition_of(answer.id.as_str(), partitions);
        let mut trip = Trip::new(link);
        let params = vec![
            param(vec![small(partition)]),
            param(vec![answer.id.as_str()]),
        ];
        trip.ask((), sql::ANSWERS, params);
        for ((), found) in trip.go().await {
            if let Some(row) = found?.first() {
                let same = rows::get::<&str>(row, 2)? == answer.answer;
                return Ok(if same { Fate::Committed } else { Fate::Lost });
            }
        }
        Ok(Fate::Lost)
    }
}
