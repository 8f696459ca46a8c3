//! One partition to one sink: read, hand on, remember how far. It ends when its lease is let go of or lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ends::Ends;
use super::progress::Progress;
use super::publisher::{Delivery, Setback};
use super::sink::Shared;
use crate::log::LogRecord;

/// What a lease's task and its sink's both see.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) partition: u16,
    progress: Mutex<Progress>,
    /// The progress was written down.
    pub(super) saved: Notify,
    /// The partition is to be let go of.
    pub(super) leave: CancellationToken,
}

impl Hand {
    pub(super) fn new(partition: u16, cursor: u64) -> Self {
        Self {
            partition,
            progress: Mutex::new(Progress::at(cursor)),
            saved: Notify::new(),
            leave: CancellationToken::new(),
        }
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        // Nothing that is done while it is locked can fail half-way.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Relays the partition until it is to be let go of.
pub(super) async fn relay(sink: Arc<Shared>, hand: Arc<Hand>) {
    let mut relay = Relay {
        ends: sink.ends.clone(),
        valid: sink.valid.subscribe(),
        read: Vec::new(),
        asked: Instant::now(),
        sink,
        hand,
    };
    let (leave, drain) = (relay.hand.leave.clone(), relay.sink.options.drain);
    while !leave.is_cancelled() {
        let Some(step) = leave.run_until_cancelled(relay.wait()).await else {
            return;
        };
        match step {
            Step::Publish(records) => {
                // What is under way is not broken off at once: the answer saves the next one work.
                let broken_off = async {
                    leave.cancelled().await;
                    sleep(drain).await;
                };
                let pause = tokio::select! {
                    biased;
                    pause = relay.publish(records) => pause,
                    () = broken_off => return,
                };
                if let Some(pause) = pause {
                    leave.run_until_cancelled(sleep(pause)).await;
                }
            }
            Step::Pause(pause) => {
                leave.run_until_cancelled(sleep(pause)).await;
            }
        }
    }
}

/// What a sink answers, if it does so while it is waited for and the lease is surely the holder's: with a lease
/// that ran out another replica perhaps goes on already.
async fn in_time(
    publish: impl Future<Output = Delivery>,
    patience: Duration,
    mut valid: watch::Receiver<Instant>,
) -> Delivery {
    let ran_out = async {
        loop {
            let until = *valid.borrow_and_update();
            if Instant::now() >= until {
                return;
            }
            sleep_until(until).await;
        }
    };
    let reason = tokio::select! {
        biased;
        delivery = publish => return delivery,
        () = sleep(patience) => format!("no answer within {} s", patience.as_secs()),
        () = ran_out => "the lease ran out before there was an answer".to_owned(),
    };
    Delivery::until(&[], Setback::new(reason))
}

enum Step {
    /// Hand these on; none: ask a sink that holds something back.
    Publish(Vec<LogRecord>),
    /// The log cannot be read.
    Pause(Duration),
}

struct Relay {
    sink: Arc<Shared>,
    hand: Arc<Hand>,
    ends: watch::Receiver<Ends>,
    /// Until when the lease is surely the holder's.
    valid: watch::Receiver<Instant>,
    /// What was read ahead.
    read: Vec<LogRecord>,
    /// When the sink was last given something, or asked.
    asked: Instant,
}

impl Relay {
    /// Waits until there is something to do.
    async fn wait(&mut self) -> Step {
        loop {
            self.wait_for_lease().await;
            let (taken, through, saved) = {
                let progress = self.hand.progress();
                (progress.taken, progress.through, progress.saved)
            };
            if through - saved >= self.sink.options.unsaved {
                // Otherwise too much would come again after a crash.
                self.hand.saved.notified().await;
                continue;
            }
            let end = self.end();
            if end > taken {
                let ahead = std::mem::take(&mut self.read);
                if ahead
                    .first()
                    .is_some_and(|record| record.offset == taken + 1)
                {
                    return Step::Publish(ahead);
                }
                return match self.log(taken).await {
                    Ok(records) if !records.is_empty() => Step::Publish(records),
                    Ok(_) => Step::Pause(self.sink.options.poll),
                    Err(pause) => Step::Pause(pause),
                };
            }
            let partition = usize::from(self.hand.partition);
            let (ends, leave) = (&mut self.ends, &self.hand.leave);
            let news = async {
                let longer = |ends: &Ends| ends.get(partition).is_some_and(|end| *end > taken);
                if ends.wait_for(longer).await.map(drop).is_err() {
                    // Nobody looks any more: the replica stops.
                    leave.cancelled().await;
                }
            };
            if taken == through {
                news.await;
                continue;
            }
            tokio::select! {
                () = news => {}
                () = sleep_until(self.asked + self.sink.options.ask) => return Step::Publish(Vec::new()),
            }
        }
    }

    /// Whoever was stopped for a while has perhaps lost the lease, and learns it before anything goes out.
    async fn wait_for_lease(&mut self) {
        let valid = self.valid.wait_for(|until| Instant::now() < *until);
        let ended = valid.await.map(drop).is_err();
        if ended {
            self.hand.leave.cancelled().await;
        }
    }

    fn end(&self) -> u64 {
        let ends = self.ends.borrow();
        let end = ends.get(usize::from(self.hand.partition));
        end.copied().unwrap_or(0)
    }

    /// The next records, or how long to wait because the log cannot be read.
    async fn log(&self, after: u64) -> Result<Vec<LogRecord>, Duration> {
        let (sink, partition) = (&self.sink, self.hand.partition);
        let read = sink.relays.log(partition, after, sink.options.batch).await;
        read.map_err(|error| {
            self.set_back(Setback::new(format!("the log cannot be read: {error}")))
        })
    }

    /// Hands records on, reads the next ones meanwhile, and says how long to wait after it.
    async fn publish(&mut self, records: Vec<LogRecord>) -> Option<Duration> {
        self.hand.progress().begin(&records);
        let options = &self.sink.options;
        let partition = self.hand.partition;
        let publish = self.sink.publisher.publish(partition, &records);
        let publish = in_time(publish, options.patience, self.valid.clone());
        let last = records.last().map(|record| record.offset);
        let more = last.filter(|last| records.len() >= options.batch && self.end() > *last);
        let ahead = async {
            match more {
                // Where it fails it is tried again when it is its turn.
                Some(last) => self.log(last).await.unwrap_or_default(),
                None => Vec::new(),
            }
        };
        let (mut delivery, ahead) = tokio::join!(publish, ahead);
        self.asked = Instant::now();
        let setback = delivery.setback.take();
        let moved = {
            let mut progress = self.hand.progress();
            let moved = progress.settle(&records, delivery);
            if moved.at_all {
                progress.setbacks = 0;
            }
            if setback.is_none() && Some(progress.taken) == last {
                progress.begin(&ahead);
                self.read = ahead;
            }
            moved
        };
        self.sink.stats.count(moved);
        match setback {
            Some(setback) => Some(self.set_back(setback)),
            None if !moved.at_all && !records.is_empty() => {
                let reason = "the sink took nothing and did not say why";
                Some(self.set_back(Setback::new(reason)))
            }
            None => {
                let mut progress = self.hand.progress();
                progress.setbacks = 0;
                if progress.in_the_way.take().is_some() {
                    let (sink, partition) = (&*self.sink.name, partition);
                    tracing::info!(sink, partition, "the sink takes events again");
                }
                None
            }
        }
    }

    /// Notes it, and says how long to wait.
    fn set_back(&self, setback: Setback) -> Duration {
        let mut progress = self.hand.progress();
        progress.setbacks = progress.setbacks.saturating_add(1);
        let options = &self.sink.options;
        let own = options.pauses.after(progress.setbacks, &self.sink.jitter);
        // A sink may ask for more peace, never for less: `Retry-After: 0` would have us ask without a pause.
        let pause = setback
            .pause
            .map_or(own, |wish| wish.min(options.longest_wish).max(own));
        self.sink.stats.set_back();
        let (sink, partition, reason) = (&*self.sink.name, self.hand.partition, &*setback.reason);
        if progress.in_the_way.is_none() {
            tracing::warn!(sink, partition, reason, "a sink does not take events");
        } else {
            tracing::debug!(sink, partition, reason, "a sink does not take events");
        }
        progress.in_the_way = Some(setback.reason);
        pause
    }
}
