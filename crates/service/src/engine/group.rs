//! One group of commands: load, run each, commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use landfall_domain::{Command, CommandId, Event, Rejection};
use tracing::Instrument as _;

use super::Stats;
use crate::answer::{Answer, Done, Failure, Request};
use crate::clock::Calendar;
use crate::handlers;
use crate::keys::Keys;
use crate::log::LogRecord;
use crate::store::{AnswerKey, Changes, Remembered, Store, StoreError};
use crate::uow::{Stop, UnitOfWork};
use crate::wire;

/// How often one command may ask for more. It asks for many things at once, and each further page of a range
/// is twice as long, so this is a stop for a loop.
const MAX_LOADS: usize = 1_000;

/// Loads what the group needs, runs its commands in order and commits them once. `Ok` holds durable answers.
/// After an error the unit of work must be reset.
pub(super) async fn run<S: Store>(
    store: &mut S,
    uow: &mut UnitOfWork,
    group: &[Request],
    calendar: &Calendar,
    stats: &Stats,
) -> Result<Vec<Answer>, StoreError> {
    let access_version = open(store, uow, group, calendar).await?;
    let mut answers = Vec::with_capacity(group.len());
    for request in group {
        if request.let_in_by.is_some() && request.let_in_by != access_version {
            answers.push(Err(Failure::KeysChanged(Box::new(request.clone()))));
            continue;
        }
        match run_one(store, uow, request).await {
            Ok(answer) => answers.push(answer),
            Err(error) => return Err(error),
        }
    }
    let changes = uow.take_changes();
    if changes.is_empty() {
        store.roll_back().await?;
    } else {
        let started = Instant::now();
        let events = changes.events.len();
        let span = tracing::trace_span!(target: "landfall::trace", "commit", events);
        store.commit(&changes).instrument(span).await?;
        stats.commit_micros.add_time(started.elapsed());
    }
    uow.close();
    count(stats, group, &answers, &changes.events);
    Ok(answers)
}

/// As [`run`], but nothing is read: what the commands concern is in memory as the last group left it, and the lines and
/// the idempotency keys that they name are taken for new. It is for the store to write only if all of that is so.
///
/// What comes out of it rests on partitions that the commit looks at, because the group changes them. A refusal changes
/// nothing, so a group with one is not for this.
pub(super) fn work_out(uow: &mut UnitOfWork, group: &[Request], calendar: &Calendar) -> FromMemory {
    let started = Instant::now();
    let (now, day) = calendar.read();
    let access_version = group.iter().find_map(|request| request.let_in_by);
    let fits = |request: &Request| {
        matches!(request.command, Command::Allocate(_))
            && (request.let_in_by.is_none() || request.let_in_by == access_version)
    };
    if !group.iter().all(fits) || !uow.open_from_memory(now, day, &keys_of(group)) {
        return FromMemory::Unfit;
    }
    let mut answers = Vec::with_capacity(group.len());
    for request in group {
        uow.start(request.id.as_ref(), request.actor.as_ref());
        let Ok(answer @ Ok(_)) = attempt(uow, request) else {
            uow.give_up();
            return FromMemory::InVain;
        };
        answers.push(answer);
    }
    let changes = uow.take_changes();
    uow.close();
    FromMemory::Done {
        answers,
        changes: Arc::new(changes),
        access_version,
        until: started + calendar.rest_of_day(now),
    }
}

/// What comes of a group for which nothing was read.
pub(super) enum FromMemory {
    /// These are the answers, once the changes are durable. The unit of work is as if they were.
    Done {
        answers: Vec<Answer>,
        changes: Arc<Changes>,
        /// The version of the API keys by which the commands were let in, where any was.
        access_version: Option<u64>,
        /// When the day is over that the promises were made on.
        until: Instant,
    },
    /// Something that it names is not in memory. The unit of work is as it was.
    Unfit,
    /// It needs what only the database has, or a command is refused. The products that it changed are forgotten.
    InVain,
}

/// What the commands of a group name.
fn keys_of(group: &[Request]) -> Keys {
    let mut keys = Keys::default();
    for request in group {
        keys.add(&request.command);
        keys.access_version |= request.let_in_by.is_some();
        let id = request.id.as_ref();
        keys.command_ids
            .extend(id.map(|id| AnswerKey::new(request.actor.as_deref(), id)));
    }
    keys
}

/// Opens a unit of work of the store with what the commands name, and tells the version of the API keys, where it is
/// known and any command needs it. The time is read when the store has it: on a store that many write to, others may
/// have been waited for, and what they wrote was before this.
pub(super) async fn open<S: Store>(
    store: &mut S,
    uow: &mut UnitOfWork,
    group: &[Request],
    calendar: &Calendar,
) -> Result<Option<u64>, StoreError> {
    let keys = uow.without_known(keys_of(group));
    let loaded = store.begin(&keys).await?;
    let access_version = loaded.access_version;
    let (now, day) = calendar.read();
    uow.open(now, day, &keys, loaded);
    Ok(access_version)
}

/// Runs one command to its end: accepted or without a trace.
pub(super) async fn run_one<S: Store>(
    store: &mut S,
    uow: &mut UnitOfWork,
    request: &Request,
) -> Result<Answer, StoreError> {
    for _ in 0..MAX_LOADS {
        uow.start(request.id.as_ref(), request.actor.as_ref());
        match attempt(uow, request) {
            Ok(answer) => return Ok(answer),
            Err(Gap::Keys(keys)) => {
                uow.roll_back();
                let loaded = store.load(&keys).await?;
                uow.absorb(&keys, loaded);
            }
            Err(Gap::Damage(what)) => {
                store.roll_back().await?;
                return Err(StoreError::Corrupt(what));
            }
        }
    }
    Ok(Err(Failure::Rejected(Rejection::TooMuchWork {
        limit: MAX_LOADS,
    })))
}

/// Why a command has no answer yet.
enum Gap {
    /// This must be loaded first.
    Keys(Box<Keys>),
    /// This should be in the database, and is not.
    Damage(String),
}

/// `Err`: something is not there.
fn attempt(uow: &mut UnitOfWork, request: &Request) -> Result<Answer, Gap> {
    if let Some(id) = &request.id {
        match uow.answered(id) {
            Ok(Some(remembered)) => {
                return Ok(answer_again(id, &request.command, remembered));
            }
            Ok(None) => {}
            Err(Stop::Needs(keys)) => return Err(Gap::Keys(keys)),
            Err(Stop::Damaged(what)) => return Err(Gap::Damage(what)),
            Err(Stop::Rejected(rejection)) => return Ok(Err(rejection.into())),
        }
    }
    let answer = match handlers::handle(&request.command, uow) {
        Ok(done) => {
            uow.accept();
            Ok(done)
        }
        Err(Stop::Rejected(rejection)) => {
            uow.roll_back();
            Err(rejection)
        }
        Err(Stop::Needs(keys)) => return Err(Gap::Keys(keys)),
        Err(Stop::Damaged(what)) => return Err(Gap::Damage(what)),
    };
    if let Some(id) = &request.id
        && answer.as_ref().err().is_none_or(worth_remembering)
        && let Ok(json) = serde_json::to_string(&answer)
    {
        uow.remember(id, wire::canonical(&request.command), json);
    }
    Ok(answer.map_err(Failure::Rejected))
}

/// The answer that was given to this command before, if it is the same. It is compared as a command, not as
/// text: a later version may write a command with more fields.
fn answer_again(id: &CommandId, command: &Command, remembered: &Remembered) -> Answer {
    if !serde_json::from_str::<Command>(&remembered.command).is_ok_and(|before| before == *command)
    {
        return Err(Rejection::IdReused { id: id.clone() }.into());
    }
    let before: Result<Result<Done, Rejection>, _> = serde_json::from_str(&remembered.answer);
    before
        .map_err(|error| Failure::Damaged {
            reason: format!("the remembered answer to {id} cannot be read: {error}"),
        })?
        .map_err(Failure::Rejected)
}

/// Conflicts and senseless commands are remembered under their idempotency key; what was ill-formed or not
/// there may be right the next time.
fn worth_remembering(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::Conflict { .. }
        | Rejection::OutOfStock { .. }
        | Rejection::NotAmendable { .. }
        | Rejection::BelowDispatched { .. }
        | Rejection::UnknownSku { .. }
        | Rejection::UnknownShipment { field: Some(_), .. }
        | Rejection::Senseless { .. }
        | Rejection::NotInWarehouse { .. }
        | Rejection::BeyondAllocated { .. }
        | Rejection::TooMuchWork { .. } => true,
        Rejection::Invalid { .. }
        | Rejection::UnknownBatch { .. }
        | Rejection::UnknownShipment { field: None, .. }
        | Rejection::UnknownOrder { .. }
        | Rejection::UnknownLine { .. }
        | Rejection::IdReused { .. } => false,
    }
}

/// How many order lines a command asks to be accepted.
fn lines_in(command: &Command) -> u64 {
    match command {
        Command::Allocate(_) => 1,
        Command::PlaceOrder(order) => order.lines.len() as u64,
        _ => 0,
    }
}

/// Counts a group that was committed, or had nothing to write.
pub(super) fn count(stats: &Stats, group: &[Request], answers: &[Answer], events: &[LogRecord]) {
    let (mut rejected, mut lines_rejected) = (0, 0);
    for (request, answer) in group.iter().zip(answers) {
        // One that was not looked at comes again, or its caller is sent away: nothing was asked of the engine.
        let looked_at = !matches!(answer, Err(Failure::KeysChanged(_)));
        if answer.is_err() && looked_at {
            rejected += 1;
            lines_rejected += lines_in(&request.command);
        }
    }
    stats.rejected.fetch_add(rejected, Ordering::Relaxed);
    let refused = &stats.lines_rejected;
    refused.fetch_add(lines_rejected, Ordering::Relaxed);
    let (mut allocated, mut backordered) = (0, 0);
    let (mut dispatched, mut held, mut promises_changed) = (0, 0, 0);
    for record in events {
        match &record.event {
            Event::Allocated {
                accepted: Some(_), ..
            } => allocated += 1,
            Event::Backordered {
                accepted: Some(_), ..
            } => backordered += 1,
            Event::Dispatched { .. } => dispatched += 1,
            // A shipment's hold is one, on however many batches.
            Event::BatchHeld { shipment: None, .. } | Event::ShipmentHeld { .. } => held += 1,
            Event::PromiseChanged { .. } => promises_changed += 1,
            _ => {}
        }
    }
    stats.allocated.fetch_add(allocated, Ordering::Relaxed);
    stats.backordered.fetch_add(backordered, Ordering::Relaxed);
    stats.dispatched.fetch_add(dispatched, Ordering::Relaxed);
    stats.held.fetch_add(held, Ordering::Relaxed);
    let changed = &stats.promises_changed;
    changed.fetch_add(promises_changed, Ordering::Relaxed);
}
