//! The engine's promises when a database fails, hesitates, or has more to do than it can: on the database in
//! memory, with faults.

mod ahead;
mod alone;
mod answers;
mod faults;
mod logs;
mod queue;

use std::time::Duration;

use landfall_service::engine::Limits;
use landfall_service::{Answer, Failure, Request};
use landfall_testkit::commands::{batch, line, name};
use landfall_testkit::{Harness, Memory};

type World = Harness<Memory>;

/// Waits until this is so.
async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // Not a measure of time: a test that would hang fails instead.
    tokio::time::timeout(Duration::from_mins(1), wait)
        .await
        .expect("it never came to be");
}

/// A service with some stock.
async fn world(limits: Limits) -> World {
    let world = World::start_with(limits, 0);
    world.done(batch("b", "SOFA", 1_000)).await;
    world
}

fn orders(range: std::ops::Range<u32>) -> Vec<Request> {
    range
        .map(|n| line(&format!("o-{n}"), "SOFA", 1).into())
        .collect()
}

/// Starts commands that nobody waits for yet.
fn ask(world: &World, requests: Vec<Request>) -> Vec<tokio::task::JoinHandle<Answer>> {
    let start = |request: Request| {
        let bus = world.bus.clone();
        tokio::spawn(async move { bus.handle(request).await })
    };
    requests.into_iter().map(start).collect()
}

/// Holds the engine in the commit of one command, so that what is asked for now must wait.
async fn hold(world: &World) -> tokio::task::JoinHandle<Answer> {
    world.faults.close_gate();
    let held = ask(world, vec![line("held", "SOFA", 1).into()]).remove(0);
    until(|| world.faults.waiting() == 1).await;
    held
}

/// Waits until so many jobs wait in the queue.
async fn queued(world: &World, count: usize) {
    until(|| world.bus.waiting().0 == count).await;
}

async fn there(world: &World, order: &str) -> bool {
    world
        .views
        .order(&name(order), world.today())
        .await
        .expect("read")
        .is_some()
}

/// What was answered, in one word each.
fn words(answers: &[Answer]) -> Vec<&'static str> {
    let word = |answer: &Answer| match answer {
        Ok(_) => "done",
        Err(Failure::Rejected(_)) => "rejected",
        Err(Failure::Busy) => "busy",
        Err(Failure::Stopping) => "stopping",
        Err(Failure::Unavailable {
            outcome_unknown: false,
            ..
        }) => "unavailable",
        Err(Failure::Unavailable {
            outcome_unknown: true,
            ..
        }) => "unknown",
        Err(Failure::Unstorable { .. }) => "unstorable",
        Err(Failure::Damaged { .. }) => "damaged",
        Err(Failure::KeysChanged(_)) => "keys changed",
    };
    answers.iter().map(word).collect()
}
