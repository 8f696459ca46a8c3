//! A store that fails when a test wants it to, and tells what it loaded and committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use landfall_domain::{BatchRef, LineKey};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Loaded, ProductChange, Store, StoreError};
use tokio::sync::Notify;

/// A store around another one.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
    /// What was sent and is not settled.
    sent: VecDeque<Arc<Changes>>,
}

/// What is to go wrong, and what went well. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
    opened: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Plan {
    commits: usize,
    failing: BTreeMap<usize, (StoreError, bool)>,
    bad_lines: BTreeSet<LineKey>,
    bad_batches: BTreeSet<BatchRef>,
    damaged_batches: BTreeSet<BatchRef>,
    closed: bool,
    waiting: usize,
    committed: Vec<Changes>,
    lines_loaded: usize,
}

impl Faults {
    /// The commit after the next `after` ones fails so, and writes nothing.
    pub fn fail_commit(&self, after: usize, error: StoreError) {
        let mut plan = self.plan();
        let at = plan.commits + after;
        plan.failing.insert(at, (error, false));
    }

    /// The commit after the next `after` ones is written, and fails so all the same: its answer is lost.
    pub fn lose_commit(&self, after: usize, error: StoreError) {
        let mut plan = self.plan();
        let at = plan.commits + after;
        plan.failing.insert(at, (error, true));
    }

    /// Every commit that contains this line is refused.
    pub fn refuse_line(&self, key: LineKey) {
        self.plan().bad_lines.insert(key);
    }

    /// Every commit that contains this batch is refused.
    pub fn refuse_batch(&self, reference: BatchRef) {
        self.plan().bad_batches.insert(reference);
    }

    /// Every commit that contains this batch meets a row of it that cannot be read.
    pub fn damage_batch(&self, reference: BatchRef) {
        self.plan().damaged_batches.insert(reference);
    }

    /// What was damaged can be read again.
    pub fn mend_batches(&self) {
        self.plan().damaged_batches.clear();
    }

    /// From now on commits wait until [`Faults::open_gate`].
    pub fn close_gate(&self) {
        self.plan().closed = true;
    }

    /// Lets waiting and later commits go on.
    pub fn open_gate(&self) {
        self.plan().closed = false;
        self.opened.notify_waiters();
    }

    /// How many commits wait at the gate.
    pub fn waiting(&self) -> usize {
        self.plan().waiting
    }

    /// How many commits were tried.
    pub fn commits(&self) -> usize {
        self.plan().commits
    }

    /// What was committed, in order.
    pub fn committed(&self) -> Vec<Changes> {
        self.plan().committed.clone()
    }

    /// How many lines were loaded, those that were loaded again included: what the work on a queue costs.
    pub fn lines_loaded(&self) -> usize {
        self.plan().lines_loaded
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass_gate(&self) {
        self.plan().waiting += 1;
        loop {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            // It must listen before it looks, or an opening in between is missed.
            opened.as_mut().enable();
            if !self.plan().closed {
                break;
            }
            opened.await;
        }
        self.plan().waiting -= 1;
    }

    /// What goes wrong with this commit, and whether it is written all the same.
    fn of_commit(&self, changes: &Changes) -> Option<(StoreError, bool)> {
        let mut plan = self.plan();
        let this = plan.commits;
        plan.commits += 1;
        let products = || changes.products.iter();
        let line = products()
            .flat_map(|p| &p.lines)
            .find(|l| plan.bad_lines.contains(&l.after.key));
        if let Some(line) = line {
            return Some((
                StoreError::Refused(format!("line {}", line.after.key)),
                false,
            ));
        }
        let mut batches = products().flat_map(ProductChange::batches);
        if let Some(batch) = batches.find(|b| plan.bad_batches.contains(&b.reference)) {
            return Some((
                StoreError::Refused(format!("batch {}", batch.reference)),
                false,
            ));
        }
        let mut batches = products().flat_map(ProductChange::batches);
        if let Some(batch) = batches.find(|b| plan.damaged_batches.contains(&b.reference)) {
            let what = format!("the row of batch {}", batch.reference);
            return Some((StoreError::Corrupt(what), false));
        }
        plan.failing.remove(&this)
    }
}

impl<S> Faulty<S> {
    /// The store with these faults.
    pub fn new(inner: S, faults: &Faults) -> Self {
        Self {
            inner,
            faults: faults.clone(),
            sent: VecDeque::new(),
        }
    }
}

impl<S: Store> Store for Faulty<S> {
    const NEEDS_IO: bool = S::NEEDS_IO;

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    async fn take_turn(&mut self) {
        self.inner.take_turn().await;
    }

    /// What is to go wrong goes wrong in a commit.
    fn is_alone(&self) -> bool {
        let plan = self.faults.plan();
        let goes_well = !plan.closed
            && plan.failing.is_empty()
            && plan.bad_lines.is_empty()
            && plan.bad_batches.is_empty()
            && plan.damaged_batches.is_empty();
        goes_well && self.inner.is_alone()
    }

    fn send(&mut self, changes: Arc<Changes>, access_version: Option<u64>, until: Instant) {
        self.faults.plan().commits += 1;
        self.sent.push_back(Arc::clone(&changes));
        self.inner.send(changes, access_version, until);
    }

    async fn decided(&mut self) {
        self.inner.decided().await;
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        let sent = self.sent.pop_front();
        self.inner.settle().await?;
        let mut plan = self.faults.plan();
        plan.committed
            .extend(sent.map(|sent| Changes::clone(&sent)));
        Ok(())
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.inner.begin(keys).await?;
        self.faults.plan().lines_loaded += loaded.lines.len();
        Ok(loaded)
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.inner.load(keys).await?;
        self.faults.plan().lines_loaded += loaded.lines.len();
        Ok(loaded)
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.faults.pass_gate().await;
        match self.faults.of_commit(changes) {
            None => {
                self.inner.commit(changes).await?;
                self.faults.plan().committed.push(changes.clone());
                Ok(())
            }
            Some((error, true)) => {
                self.inner.commit(changes).await?;
                self.faults.plan().committed.push(changes.clone());
                Err(error)
            }
            Some((error, false)) => {
                self.inner.roll_back().await?;
                Err(error)
            }
        }
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.inner.roll_back().await
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.inner.forget(before).await
    }
}
