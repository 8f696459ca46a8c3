//! What a sink has done since the service was started, and where it stands: for metrics and for people.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::ends::Ends;
use super::partition::Hand;
use super::progress::Moved;

/// Of one sink, on this replica.
#[derive(Debug)]
pub struct SinkStats {
    name: Arc<str>,
    delivered: AtomicU64,
    dead_letters: AtomicU64,
    setbacks: AtomicU64,
    /// The partitions that this replica relays.
    hands: Mutex<BTreeMap<u16, Arc<Hand>>>,
    ends: watch::Receiver<Ends>,
}

/// A look at a sink, on this replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkReading {
    /// Its name.
    pub sink: Arc<str>,
    /// Events that it has taken.
    pub delivered: u64,
    /// Events that it has refused for good.
    pub dead_letters: u64,
    /// Times that something was in the way; each time it was tried again.
    pub setbacks: u64,
    /// Partitions that this replica relays to it.
    pub partitions: usize,
    /// Events of these partitions that are still to go out.
    pub lag: u64,
    /// When the oldest of them was written, as far as it has been read.
    pub oldest: Option<Timestamp>,
    /// What is in the way at present.
    pub in_the_way: Option<String>,
}

impl SinkStats {
    pub(super) fn new(name: Arc<str>, ends: watch::Receiver<Ends>) -> Self {
        Self {
            name,
            delivered: AtomicU64::new(0),
            dead_letters: AtomicU64::new(0),
            setbacks: AtomicU64::new(0),
            hands: Mutex::default(),
            ends,
        }
    }

    /// How it stands now.
    pub fn read(&self) -> SinkReading {
        let ends = Arc::clone(&self.ends.borrow());
        let mut reading = SinkReading {
            sink: Arc::clone(&self.name),
            delivered: self.delivered.load(Ordering::Relaxed),
            dead_letters: self.dead_letters.load(Ordering::Relaxed),
            setbacks: self.setbacks.load(Ordering::Relaxed),
            partitions: 0,
            lag: 0,
            oldest: None,
            in_the_way: None,
        };
        for (partition, hand) in &*self.hands.lock().unwrap_or_else(PoisonError::into_inner) {
            let progress = hand.progress();
            let end = ends.get(usize::from(*partition)).copied().unwrap_or(0);
            reading.partitions += 1;
            reading.lag += end.saturating_sub(progress.through);
            let oldest = reading.oldest.into_iter().chain(progress.oldest);
            reading.oldest = oldest.min();
            if reading.in_the_way.is_none() {
                reading.in_the_way.clone_from(&progress.in_the_way);
            }
        }
        reading
    }

    pub(super) fn count(&self, moved: Moved) {
        self.delivered.fetch_add(moved.delivered, Ordering::Relaxed);
        self.dead_letters.fetch_add(moved.dead, Ordering::Relaxed);
    }

    pub(super) fn set_back(&self) {
        self.setbacks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self, hand: &Arc<Hand>) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.insert(hand.partition, Arc::clone(hand));
    }

    pub(super) fn gave(&self, partition: u16) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.remove(&partition);
    }
}
