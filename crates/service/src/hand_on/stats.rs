//! What is counted of commands that are handed on: `/metrics` shows it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since this replica was started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Commands that this replica sent to the one that writes.
    pub handed_on: AtomicU64,
    /// Commands that this replica took from others.
    pub taken: AtomicU64,
    /// Times that the one that writes could not be reached, or was lost.
    pub losses: AtomicU64,
}

impl Stats {
    /// One more.
    pub fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
