//! A running service in memory, and everything that can be seen of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};
use landfall_domain::{Batch, OrderLine, Sku};
use landfall_service::audit::Auditor;
use landfall_service::engine::Limits;
use landfall_service::views::{Inspect, Views};
use landfall_service::{Answer, LogRecord, Request};
use landfall_testkit::{Database, Harness, Memory, ShortPages};
use proptest::prelude::ProptestConfig;

use crate::universe::Step;

/// A database in memory that shows all lines of a range at once.
pub(crate) type AtOnce = Memory;

/// A database in memory that shows the lines of a range one by one.
pub(crate) type Singly = ShortPages<Memory, 1>;

/// A database in memory that shows two lines of a range at a time.
pub(crate) type ByTwos = ShortPages<Memory, 2>;

/// A service; `cached` products are kept between groups. No answer is forgotten: when that happens depends
/// on when a group ends.
pub(crate) fn world<D: Database>(cached: usize) -> Harness<D> {
    let remember = SignedDuration::from_hours(24 * 365);
    Harness::start_with(
        Limits {
            cached_products: cached,
            remember,
            ..Limits::default()
        },
        1,
    )
}

/// How histories are tried: failing ones are made short, which takes its time.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 50_000,
        ..ProptestConfig::default()
    }
}

/// Everything that a database holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub events: Vec<LogRecord>,
    pub products: Vec<(u64, Sku, u64, u64)>,
    pub batches: Vec<Batch>,
    pub lines: Vec<OrderLine>,
    sums: BTreeMap<u64, (u64, u64)>,
    heads: Vec<(u16, u64)>,
}

impl Inspect for State {
    fn event(&mut self, record: &LogRecord) {
        self.events.push(record.clone());
    }

    fn product(&mut self, number: u64, sku: &Sku, version: u64, backordered: u64) {
        self.products
            .push((number, sku.clone(), version, backordered));
    }

    fn batch(&mut self, batch: &Batch) {
        self.batches.push(batch.clone());
    }

    fn line(&mut self, line: &OrderLine) {
        self.lines.push(line.clone());
    }

    fn allocated(&mut self, batch_number: u64, units: u64, lines: u64) {
        self.sums.insert(batch_number, (units, lines));
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.heads.push((partition, next_offset));
    }
}

/// Everything that is there now. It must pass the audit.
pub(crate) async fn state(views: &dyn Views) -> State {
    let mut state = State::default();
    views.inspect(&mut state).await.unwrap();
    // A batch that served somebody once and one that never did are the same.
    state
        .sums
        .retain(|_, (units, lines)| (*units, *lines) != (0, 0));
    let mut auditor = Auditor::default();
    views.inspect(&mut auditor).await.unwrap();
    let report = auditor.finish();
    assert!(report.ok, "the audit finds {:#?}", report.findings);
    assert_eq!(
        report.allocated_lines + report.backordered_lines + report.cancelled_lines,
        report.lines,
        "nobody is forgotten"
    );
    state
}

/// Takes the steps one command at a time.
pub(crate) async fn one_by_one<D: Database>(world: &Harness<D>, steps: &[Step]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for step in steps {
        match step {
            Step::Ask(request) => answers.push(world.handle(request.clone()).await),
            Step::Wait(days) => wait(world, *days),
        }
    }
    answers
}

/// Takes the steps in groups of these sizes, one after the other, again from the first when they are used up.
pub(crate) async fn in_groups<D: Database>(
    world: &Harness<D>,
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
            answers.extend(world.bus.handle_all(std::mem::take(&mut group)).await);
            room = sizes.next().copied().unwrap_or(1);
        }
        if let Step::Wait(days) = step {
            wait(world, *days);
        }
    }
    answers.extend(world.bus.handle_all(group).await);
    answers
}

fn wait<D: Database>(world: &Harness<D>, days: i64) {
    world.clock.set_day(world.today() + days.days());
}
