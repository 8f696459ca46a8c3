//! What came in by itself: the counters of a source of commands beside the API, such as a stream or a channel.
//!
//! Whoever reads the source counts here, and `/metrics` tells it, without either knowing the other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What one source has brought to this replica since it was started.
#[derive(Debug)]
pub struct IntakeStats {
    source: &'static str,
    /// Commands that were carried out.
    pub done: AtomicU64,
    /// Commands that the rules refused.
    pub rejected: AtomicU64,
    /// Messages of which nothing can be made: no commands, or commands that the database cannot carry out. Where
    /// the source has dead letters, each of them is one.
    pub unusable: AtomicU64,
    /// Messages that were heard and that nobody has any more: more waited than may, or the service stopped.
    pub lost: AtomicU64,
    /// Times that a command was tried again.
    pub retries: AtomicU64,
    reading: AtomicBool,
}

impl IntakeStats {
    /// Nothing yet. `source` names it in the metrics.
    pub fn new(source: &'static str) -> Self {
        Self {
            source,
            done: AtomicU64::default(),
            rejected: AtomicU64::default(),
            unusable: AtomicU64::default(),
            lost: AtomicU64::default(),
            retries: AtomicU64::default(),
            reading: AtomicBool::default(),
        }
    }

    /// What it is called.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether this replica reads it now. Of several replicas one does.
    pub fn is_read(&self) -> bool {
        self.reading.load(Ordering::Relaxed)
    }

    /// It is read until the guard is dropped.
    pub fn reading(&self) -> Reading<'_> {
        self.reading.store(true, Ordering::Relaxed);
        Reading(self)
    }

    /// Adds to one of the counters.
    pub fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// As long as it lives, the source is read. However it ends, also by an error, the metrics say so.
#[derive(Debug)]
#[must_use = "the source is read as long as this lives"]
pub struct Reading<'a>(&'a IntakeStats);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.reading.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_until_the_guard_is_gone() {
        let stats = IntakeStats::new("s");
        assert!(!stats.is_read());
        let reading = stats.reading();
        assert!(stats.is_read());
        drop(reading);
        assert!(!stats.is_read());
    }
}
