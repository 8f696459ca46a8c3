//! Takes the steps of a history, one by one or in groups.

use std::sync::Arc;

use jiff::{SignedDuration, ToSpan};
use landfall_service::engine::Limits;
use landfall_service::{Answer, Request};

use crate::clock::FixedClock;
use crate::database::Database;
use crate::harness::Harness;
use crate::history::Step;

/// A service on a new database, for a history; `cached` products are kept between groups.
pub fn start<D: Database>(cached: usize) -> Harness<D> {
    start_on(D::create(), FixedClock::new(), cached)
}

/// A service on this database, for a history. It has one handling day, and forgets no answer: when that
/// happens depends on when a group ends.
pub fn start_on<D: Database>(database: D, clock: Arc<FixedClock>, cached: usize) -> Harness<D> {
    let remember = SignedDuration::from_hours(24 * 365);
    let limits = Limits {
        cached_products: cached,
        remember,
        ..Limits::default()
    };
    Harness::start_on(database, clock, limits, 1)
}

/// Takes the steps one command at a time.
pub async fn one_by_one<D: Database>(harness: &Harness<D>, steps: &[Step]) -> Vec<Answer> {
    in_groups(harness, steps, &[1]).await
}

/// Takes the steps in groups of these sizes, one after the other, again from the first when they are used
/// up. When days pass, a group ends.
pub async fn in_groups<D: Database>(
    harness: &Harness<D>,
    steps: &[Step],
    sizes: &[usize],
) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut sizes = sizes.iter().cycle();
    let mut group: Vec<Request> = Vec::new();
    let mut room = sizes.next().copied().unwrap_or(1);
    for step in steps {
        match step {
            Step::Ask(request) => group.push(request.clone()),
            Step::Wait(_) => room = 0,
        }
        if group.len() >= room {
            answers.extend(harness.bus.handle_all(std::mem::take(&mut group)).await);
            room = sizes.next().copied().unwrap_or(1);
        }
        if let Step::Wait(days) = step {
            harness.clock.set_day(harness.today() + days.days());
        }
    }
    answers.extend(harness.bus.handle_all(group).await);
    answers
}
