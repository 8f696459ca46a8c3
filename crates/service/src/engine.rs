//! The engine: takes all that waits, runs it in one unit of work, commits once, and answers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::SignedDuration;

use crate::bus::Bus;
use crate::clock::Calendar;
use crate::store::{Store, StoreError};

/// The engine's bounds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Commands that may wait before callers are told that the service is busy.
    pub queue: usize,
    /// Commands that one commit takes at the most.
    pub group: usize,
    /// Products that are kept in memory between groups.
    pub cached_products: usize,
    /// How long answers to commands with an idempotency key are remembered.
    pub remember: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 8_192,
            group: 1_024,
            cached_products: 100_000,
            remember: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// What the engine has done since it was started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Groups that were committed or had nothing to write.
    pub groups: AtomicU64,
    /// Commands in those groups.
    pub commands: AtomicU64,
    /// Commands that were refused.
    pub rejected: AtomicU64,
    /// Order lines that were allocated when they were accepted.
    pub allocated: AtomicU64,
    /// Order lines that were accepted and wait.
    pub backordered: AtomicU64,
    /// Microseconds spent in commits.
    pub commit_micros: AtomicU64,
    /// Commits that failed.
    pub failed_commits: AtomicU64,
}

/// A running engine.
pub struct Running {
    thread: std::thread::JoinHandle<()>,
    /// What it has done.
    pub stats: Arc<Stats>,
}

impl Running {
    /// Waits until every accepted command is answered: call it when all clones of the [`Bus`] are gone.
    pub fn join(self) {
        // A panic of the engine has been reported by the panic hook; there is nothing to add.
        drop(self.thread.join());
    }
}

/// Starts an engine on a thread of its own. `reader` opens a store that only reads, for dry runs.
pub fn start<S, R>(
    store: S,
    reader: R,
    calendar: Calendar,
    limits: Limits,
) -> std::io::Result<(Bus, Running)>
where
    S: Store,
    R: Fn() -> Result<S, StoreError> + Send + Sync + 'static,
{
    let _ = (store, reader, calendar, limits);
    unimplemented!("follows in the next commit")
}
