//! A store that is alone, on the database in memory, and decides when it is told to; and an engine on it.

use std::collections::VecDeque;
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
use landfall_testkit::commands::{batch, line};
use landfall_testkit::{Database, FixedClock, Memory};
use tokio::task::JoinHandle;

use super::until;

/// What a test lets happen, and what it sees.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Nothing is decided.
    pub(super) holds: AtomicBool,
    /// The next one that is settled is a conflict.
    pub(super) fails: AtomicBool,
    /// What became of the next one that is settled is not known.
    pub(super) loses: AtomicBool,
    /// How many of those that were sent were let out, by a task beside the engine.
    pub(super) out: AtomicUsize,
    sent: AtomicUsize,
    begun: AtomicUsize,
    /// Until when the last one that was sent may be written.
    pub(super) until: Mutex<Option<Instant>>,
}

impl Plan {
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

/// A store that is alone, and takes whole units of work.
pub(super) struct Alone {
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
        let plan = Arc::clone(&self.plan);
        tokio::spawn(async move { plan.out.fetch_add(1, Ordering::SeqCst) });
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
        if self.plan.loses.swap(false, Ordering::SeqCst) {
            return Err(StoreError::OutcomeUnknown("it hangs".into()));
        }
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
pub(super) struct World {
    pub(super) bus: Bus,
    pub(super) plan: Arc<Plan>,
    pub(super) views: Arc<dyn Views>,
    pub(super) running: Running,
}

impl World {
    pub(super) async fn start() -> Self {
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

    pub(super) fn ask(&self, request: impl Into<Request>) -> JoinHandle<Answer> {
        let (bus, request) = (self.bus.clone(), request.into());
        tokio::spawn(async move { bus.handle(request).await })
    }

    /// Nothing is decided from now on, and so many groups of a line each are under way.
    pub(super) async fn hold(&self, groups: usize) -> Vec<JoinHandle<Answer>> {
        self.plan.holds.store(true, Ordering::SeqCst);
        let mut asked = Vec::new();
        let before = self.plan.sent();
        for group in 0..groups {
            asked.push(self.ask(line(&format!("held-{group}"), "SOFA", 1)));
            until(|| self.plan.sent() == before + group + 1).await;
        }
        asked
    }

    pub(super) fn go_on(&self) {
        self.plan.holds.store(false, Ordering::SeqCst);
    }

    pub(super) async fn allocated(&self) -> u64 {
        let report = audit(&*self.views).await.expect("read");
        assert!(report.ok, "{:#?}", report.findings);
        report.allocated_lines
    }
}

pub(super) async fn all(asked: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for task in asked {
        answers.push(task.await.expect("an answer"));
    }
    answers
}
