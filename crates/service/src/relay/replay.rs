//! Events that have gone out, or were refused, go out again: to one sink, when somebody asks for it. The sink's
//! cursor stays where it is.

use std::time::Duration;

use tokio::time::sleep;

use super::publisher::{Delivery, EventPublisher};
use super::relays::{DeadLetter, RelayError, Relays};
use crate::log::{LogCursor, LogRecord};
use crate::views::Page;

/// Records that are handed on at once.
const BATCH: usize = 500;
/// Dead letters that are read at once.
const PAGE: usize = 500;
/// How often a sink may be in the way of the same records before it is given up.
const ATTEMPTS: u32 = 6;
/// The pause after the first time; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that is made because a sink asks for it.
const LONGEST: Duration = Duration::from_mins(1);
/// How often a sink that holds something back is asked whether it is out.
const ASK: Duration = Duration::from_secs(1);

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Replayed {
    /// Events that the sink has taken.
    pub replayed: u64,
    /// Events that it has refused for good, each with the reason.
    pub refused: Vec<RefusedAgain>,
}

/// An event that a sink has refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RefusedAgain {
    /// The event's id.
    pub id: String,
    /// Why, for people.
    pub reason: String,
}

/// Why a replay did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log or the dead letters cannot be read.
    #[error(transparent)]
    Relays(#[from] RelayError),
    /// Something is in the sink's way, and stays there.
    #[error("the sink does not take event {id}: {reason}")]
    Stuck {
        /// The first event that was not taken.
        id: String,
        /// What is in the way.
        reason: String,
    },
    /// There is no such event.
    #[error("event {id} is not in the log")]
    Missing {
        /// Its id.
        id: String,
    },
}

/// Hands the dead letters of a sink on again, in their order, and takes out those that it has taken. `told` is
/// called after each with what was done so far.
pub async fn dead_letters(
    relays: &dyn Relays,
    publisher: &dyn EventPublisher,
    sink: &str,
    told: &mut (dyn FnMut(&Replayed) + Send),
) -> Result<Replayed, ReplayError> {
    let mut done = Replayed::default();
    let mut page = Page {
        after: None,
        limit: PAGE,
    };
    loop {
        let list = relays.dead_letters(Some(sink), &page).await?;
        // Together, as they were meant: a sink that puts several into one message does so again.
        for letters in list
            .items
            .chunk_by(|one, next| one.partition == next.partition)
        {
            let partition = letters[0].partition;
            let mut records = Vec::with_capacity(letters.len());
            for letter in letters {
                records.push(record_of(relays, letter).await?);
            }
            let (mut through, before) = (0, done.refused.len());
            let ended = hand_on(publisher, partition, &records, &mut through, &mut done).await;
            // What is out is no longer kept, also where something was in the way of the rest.
            let out = records.iter().filter(|record| record.offset <= through);
            let refused = &done.refused[before..];
            let out = out.filter(|record| !is_among(refused, record));
            let out: Vec<_> = out.map(|record| (partition, record.offset)).collect();
            if !out.is_empty() {
                relays.bury(sink, &out).await?;
            }
            ended?;
            told(&done);
        }
        match list.next {
            Some(next) => page.after = Some(next),
            None => return Ok(done),
        }
    }
}

/// Hands on what lies after one cursor and up to another, partition by partition, each in its order. `told` is
/// called now and then with what was done so far.
pub async fn range(
    relays: &dyn Relays,
    publisher: &dyn EventPublisher,
    after: &LogCursor,
    until: &LogCursor,
    told: &mut (dyn FnMut(&Replayed) + Send),
) -> Result<Replayed, ReplayError> {
    let mut done = Replayed::default();
    for partition in 0..relays.partitions() {
        let (mut at, end) = (after.offset(partition), until.offset(partition));
        while at < end {
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let records = relays.log(partition, at, BATCH.min(left)).await?;
            let Some(last) = records.last() else {
                break;
            };
            at = last.offset;
            hand_on(publisher, partition, &records, &mut 0, &mut done).await?;
            told(&done);
        }
    }
    Ok(done)
}

async fn record_of(relays: &dyn Relays, letter: &DeadLetter) -> Result<LogRecord, ReplayError> {
    let before = letter.offset.saturating_sub(1);
    let mut records = relays.log(letter.partition, before, 1).await?;
    let found = records
        .pop()
        .filter(|record| record.offset == letter.offset);
    found.ok_or_else(|| ReplayError::Missing {
        id: format!("{}-{}", letter.partition, letter.offset),
    })
}

fn is_among(refused: &[RefusedAgain], record: &LogRecord) -> bool {
    let id = record.id();
    refused.iter().any(|refused| refused.id == id)
}

/// Hands records on until all of them are out or refused. Up to `through` they are, also where it does not come to its end.
async fn hand_on(
    publisher: &dyn EventPublisher,
    partition: u16,
    records: &[LogRecord],
    through: &mut u64,
    done: &mut Replayed,
) -> Result<(), ReplayError> {
    let (mut left, mut failures, before) = (records, 0, done.refused.len());
    while let Some(first) = left.first() {
        let delivery = publisher.publish(partition, left).await;
        let setback = delivery.setback.clone();
        *through = delivery.through.unwrap_or(0).max(*through);
        let taken = settle(left, delivery, done);
        if taken > 0 {
            failures = 0;
            left = &left[taken..];
            continue;
        }
        failures += 1;
        let (reason, wish) = match setback {
            Some(setback) => (setback.reason, setback.pause),
            None => ("it took nothing and did not say why".to_owned(), None),
        };
        if failures == ATTEMPTS {
            let id = first.id();
            return Err(ReplayError::Stuck { id, reason });
        }
        let own = PAUSE * 2_u32.pow(failures - 1);
        sleep(wish.unwrap_or(own).min(LONGEST)).await;
    }
    // A sink that holds something back is waited for: what it is given here nobody gives it again.
    let refused = &done.refused[before..];
    let last = records
        .iter()
        .rev()
        .find(|record| !is_among(refused, record));
    let last = last.map_or(0, |record| record.offset);
    wait_for(publisher, partition, last, through, done).await
}

/// Waits until what a sink holds back is out as well, up to its last record, or refused after all.
async fn wait_for(
    publisher: &dyn EventPublisher,
    partition: u16,
    last: u64,
    through: &mut u64,
    done: &mut Replayed,
) -> Result<(), ReplayError> {
    let mut failures = 0;
    while *through < last {
        sleep(ASK * 2_u32.pow(failures)).await;
        let delivery = publisher.publish(partition, &[]).await;
        *through = delivery.through.unwrap_or(0).max(*through);
        for refused in delivery.dead {
            // It was taken, and counted as if it were out.
            done.replayed = done.replayed.saturating_sub(1);
            done.refused.push(RefusedAgain {
                id: format!("{partition}-{}", refused.offset),
                reason: refused.reason,
            });
        }
        failures = match delivery.setback {
            Some(setback) if failures + 1 == ATTEMPTS => {
                let id = format!("{partition}-{last}");
                let reason = setback.reason;
                return Err(ReplayError::Stuck { id, reason });
            }
            Some(_) => failures + 1,
            None => 0,
        };
    }
    Ok(())
}

/// Notes what became of records, and says how many of them are done with.
fn settle(records: &[LogRecord], delivery: Delivery, done: &mut Replayed) -> usize {
    let mut dead = delivery.dead;
    dead.sort_by_key(|refused| refused.offset);
    let taken = delivery.taken.unwrap_or(0);
    let mut count = 0;
    for record in records {
        let refused = dead.binary_search_by_key(&record.offset, |refused| refused.offset);
        match refused {
            Ok(at) => done.refused.push(RefusedAgain {
                id: record.id(),
                reason: std::mem::take(&mut dead[at].reason),
            }),
            Err(_) if record.offset <= taken => done.replayed += 1,
            Err(_) => break,
        }
        count += 1;
    }
    count
}
