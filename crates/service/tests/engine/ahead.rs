//! Groups that are sent while the one before is under way: on the database in memory, behind a store that decides when it is
//! told to.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use landfall_service::audit::audit;
use landfall_service::engine::{self, Limits, Running};
use landfall_service::keys::Keys;
use landfall_service::memory::MemoryStore;
use landfall_service::store::{Changes, Loaded, Store, StoreError};
use landfall_service::views::Views;
use landfall_service::{Answer, Bus, Request};
use landfall_testkit::commands::{batch, line, name, set_quantity, with_id};
use landfall_testkit::{Database, FixedClock, Memory, run};
use tokio::task::JoinHandle;

use super::{until, words};

/// What a test lets happen, and what it sees.
#[derive(Debug, Default)]
struct Plan {
    /// Nothing is decided.
    holds: AtomicBool,
    /// The next one that is settled is a conflict.
    fails: AtomicBool,
    sent: AtomicUsize,
    begun: AtomicUsize,
    /// Until when the last one that was sent may be written.
    until: Mutex<Option<Instant>>,
}

impl Plan {
    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

/// A store that is alone, and takes whole units of work.
struct Alone {
    inner: MemoryStore,
    plan: Arc<Plan>,
    sent: VecDeque<Arc<Changes>>,
    /// One of those that were sent failed, and so do all behind it.
    broken: bool,
}

impl Alone {
    fn new(inner: MemoryStore, plan: &Arc<Plan>) -> Self {
        Self {
            inner,
            plan: Arc::clone(plan),
            sent: VecDeque::new(),
            broken: false,
        }
    }

    /// Writes what was sent, if it rests on what is there.
    async fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let lines = changes.products.iter().flat_map(|product| &product.lines);
        let keys = Keys {
            heads: changes
                .heads
                .iter()
                .map(|(head, _)| head.partition)
                .collect(),
            lines: lines.map(|line| line.after.key.clone()).collect(),
            ..Keys::default()
        };
        let loaded = self.inner.begin(&keys).await?;
        let mut heads = changes.heads.iter();
        let holds = heads.all(|(before, _)| loaded.heads.contains(before));
        if self.broken || !holds || !loaded.lines.is_empty() {
            self.inner.roll_back().await?;
            return Err(StoreError::Conflict);
        }
        self.inner.commit(changes).await
    }
}

impl Store for Alone {
    fn is_alone(&self) -> bool {
        true
    }

    fn send(&mut self, changes: Arc<Changes>, _: Option<u64>, until: Instant) {
        *self.plan.until.lock().expect("no panic") = Some(until);
        self.plan.sent.fetch_add(1, Ordering::SeqCst);
        self.sent.push_back(changes);
    }

    async fn decided(&mut self) {
        while self.plan.holds.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        self.decided().await;
        let Some(changes) = self.sent.pop_front() else {
            return Err(StoreError::Conflict);
        };
        self.broken |= self.plan.fails.swap(false, Ordering::SeqCst);
        let written = self.write(&changes).await;
        self.broken &= !self.sent.is_empty();
        written
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        assert!(self.sent.is_empty(), "what was sent is settled first");
        self.plan.begun.fetch_add(1, Ordering::SeqCst);
        self.inner.begin(keys).await
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        self.inner.load(keys).await
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.inner.commit(changes).await
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.inner.roll_back().await
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        assert!(self.sent.is_empty(), "what was sent is settled first");
        self.inner.forget(before).await
    }
}

/// An engine on such a store, with a product in its memory.
struct World {
    bus: Bus,
    plan: Arc<Plan>,
    views: Arc<dyn Views>,
    running: Running,
}

impl World {
    async fn start() -> Self {
        let mut database = Memory::create();
        let plan = Arc::new(Plan::default());
        let store = Alone::new(database.store(), &plan);
        let open = database.reader();
        let reader = move || open().map(|store| Alone::new(store, &Arc::default()));
        let calendar = FixedClock::new().calendar(0);
        let started = engine::start(store, reader, calendar, Limits::default());
        let (bus, running) = started.expect("an engine");
        let made = bus.handle(batch("b", "SOFA", 1_000)).await;
        made.expect("a batch");
        Self {
            bus,
            plan,
            views: database.views(),
            running,
        }
    }

    fn ask(&self, request: impl Into<Request>) -> JoinHandle<Answer> {
        let (bus, request) = (self.bus.clone(), request.into());
        tokio::spawn(async move { bus.handle(request).await })
    }

    /// Nothing is decided from now on, and so many groups of a line each are under way.
    async fn hold(&self, groups: usize) -> Vec<JoinHandle<Answer>> {
        self.plan.holds.store(true, Ordering::SeqCst);
        let mut asked = Vec::new();
        let before = self.plan.sent();
        for group in 0..groups {
            asked.push(self.ask(line(&format!("held-{group}"), "SOFA", 1)));
            until(|| self.plan.sent() == before + group + 1).await;
        }
        asked
    }

    fn go_on(&self) {
        self.plan.holds.store(false, Ordering::SeqCst);
    }

    async fn allocated(&self) -> u64 {
        let report = audit(&*self.views).await.expect("read");
        assert!(report.ok, "{:#?}", report.findings);
        report.allocated_lines
    }
}

async fn all(asked: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for task in asked {
        answers.push(task.await.expect("an answer"));
    }
    answers
}

#[test]
fn a_group_is_sent_behind_the_one_that_is_under_way() {
    run(async {
        let world = World::start().await;
        let begun = world.plan.begun();
        let mut asked = world.hold(2).await;
        assert!(asked.iter().all(|task| !task.is_finished()));
        // No third one; what comes gathers.
        for n in 0..5 {
            asked.push(world.ask(line(&format!("o-{n}"), "SOFA", 1)));
        }
        until(|| world.bus.waiting().0 == 5).await;
        let sent = world.plan.sent();
        world.go_on();
        assert_eq!(words(&all(asked).await), ["done"; 7]);
        assert!(world.plan.sent() > sent);
        assert_eq!(world.plan.begun(), begun, "nothing was read");
        assert_eq!(world.allocated().await, 7);
    });
}

#[test]
fn where_one_fails_all_behind_it_are_run_again_in_their_order() {
    run(async {
        for fails in [false, true] {
            let world = World::start().await;
            world.plan.holds.store(true, Ordering::SeqCst);
            let first = world.ask(line("o-1", "SOFA", 1));
            until(|| world.plan.sent() == 1).await;
            // While the first is not decided, this one is taken for new.
            let second = world.ask(line("o-1", "SOFA", 1));
            until(|| world.plan.sent() == 2).await;
            let begun = world.plan.begun();
            world.plan.fails.store(fails, Ordering::SeqCst);
            world.go_on();
            let answers = all(vec![first, second]).await;
            assert_eq!(words(&answers), ["done", "done"]);
            let made: Vec<bool> = answers.iter().flatten().map(|done| done.created).collect();
            assert_eq!(made, [true, false]);
            let again = if fails { 2 } else { 1 };
            assert_eq!(world.plan.begun() - begun, again);
            assert_eq!(world.allocated().await, 1);
        }
    });
}

#[test]
fn a_line_that_is_there_is_found_by_reading() {
    run(async {
        let world = World::start().await;
        let once = with_id("k", line("o-1", "SOFA", 1));
        assert_eq!(words(&[world.bus.handle(once.clone()).await]), ["done"]);
        let again = world.bus.handle(once).await.unwrap();
        assert!(again.created, "the answer that was given is given again");
        let known = world.bus.handle(line("o-1", "SOFA", 1)).await.unwrap();
        assert!(!known.created);
        assert_eq!(world.allocated().await, 1);
    });
}

#[test]
fn what_has_to_be_read_waits_for_what_is_under_way() {
    run(async {
        let world = World::start().await;
        let mut asked = world.hold(1).await;
        let begun = world.plan.begun();
        asked.push(world.ask(set_quantity("b", 1)));
        until(|| world.bus.waiting().0 == 0).await;
        assert_eq!(world.plan.begun(), begun);
        world.go_on();
        assert_eq!(words(&all(asked).await), ["done"; 2]);
        let batch = name("b");
        let left = world.views.batch(&batch, jiff::civil::date(2026, 1, 1));
        let left = left.await.unwrap().expect("it is there");
        assert_eq!((left.purchased, left.allocated), (1, 1));
    });
}

#[test]
fn what_is_sent_is_good_for_its_day() {
    run(async {
        let world = World::start().await;
        let before = Instant::now();
        let answer = world.bus.handle(line("o-1", "SOFA", 1)).await;
        assert_eq!(words(&[answer]), ["done"]);
        let until = world.plan.until.lock().unwrap().expect("it was sent");
        // It is noon.
        let half = Duration::from_hours(12);
        assert!((before + half..=Instant::now() + half).contains(&until));
    });
}

#[test]
fn a_refusal_is_looked_up() {
    run(async {
        let world = World::start().await;
        let begun = world.plan.begun();
        let huge = world
            .bus
            .handle(line("huge", "SOFA", 2_000).or_reject())
            .await;
        assert_eq!(words(&[huge]), ["rejected"]);
        assert!(world.plan.begun() > begun);
        assert_eq!(world.allocated().await, 0);
    });
}

#[test]
fn a_group_with_a_refusal_leaves_nothing_in_memory() {
    run(async {
        let world = World::start().await;
        let lamps = world.bus.handle(batch("lamps", "LAMP", 10)).await;
        lamps.expect("a batch");
        let mut asked = world.hold(2).await;
        // These are one group, of which the first line is worked out before the second is refused.
        asked.push(world.ask(line("o-1", "SOFA", 400)));
        until(|| world.bus.waiting().0 == 1).await;
        asked.push(world.ask(line("huge", "SOFA", 2_000).or_reject()));
        asked.push(world.ask(line("o-2", "SOFA", 400)));
        until(|| world.bus.waiting().0 == 3).await;
        let begun = world.plan.begun();
        world.go_on();
        let answers = words(&all(asked).await).join(" ");
        assert_eq!(answers, "done done done rejected done");
        assert_eq!(world.plan.begun(), begun + 1);
        // 198 are left, and no more.
        let last = world.bus.handle(line("last", "SOFA", 199).or_reject());
        assert_eq!(words(&[last.await]), ["rejected"]);
        let last = world.bus.handle(line("last", "SOFA", 198)).await;
        assert_eq!(words(&[last]), ["done"]);
        let lamp = world.bus.handle(line("lamp", "LAMP", 1)).await;
        assert_eq!(words(&[lamp]), ["done"]);
        assert_eq!(world.allocated().await, 6);
    });
}

#[test]
fn all_that_is_under_way_is_answered_before_the_engine_ends() {
    run(async {
        let world = World::start().await;
        let asked = world.hold(2).await;
        let World {
            bus, plan, running, ..
        } = world;
        drop(bus);
        let ended = tokio::task::spawn_blocking(move || running.join());
        assert!(!ended.is_finished());
        plan.holds.store(false, Ordering::SeqCst);
        ended.await.unwrap();
        let answers = all(asked).await;
        assert_eq!(words(&answers), ["done"; 2]);
        let ids: HashSet<String> = answers.iter().map(|answer| format!("{answer:?}")).collect();
        assert_eq!(ids.len(), 2, "each has its own");
    });
}
