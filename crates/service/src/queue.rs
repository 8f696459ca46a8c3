//! The queue of a writer: bounded, and its end can wait until so many jobs are in it.
//!
//! Who works on a group and looks for the next one would be woken by each job that comes, which costs more than the job.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

use crate::bus::Job;

/// A queue for so many jobs.
pub(crate) fn queue(limit: usize) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(limit.max(1));
    let wanted = Arc::new(Wanted {
        jobs: AtomicUsize::new(usize::MAX),
        there: Notify::new(),
    });
    let sender = Sender {
        jobs: sender,
        wanted: Arc::clone(&wanted),
    };
    let receiver = Receiver {
        jobs: receiver,
        wanted,
    };
    (sender, receiver)
}

/// How many jobs are waited for; `usize::MAX`: nobody waits.
#[derive(Debug)]
struct Wanted {
    jobs: AtomicUsize,
    there: Notify,
}

/// Why a job is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no room.
    Full,
    /// Nobody takes jobs any longer.
    Closed,
}

/// The way in.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    jobs: mpsc::Sender<Job>,
    wanted: Arc<Wanted>,
}

impl Sender {
    /// Hands a job in, if there is room.
    pub(crate) fn try_send(&self, job: Job) -> Result<(), Refused> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Closed(_) => Refused::Closed,
        })?;
        self.tell();
        Ok(())
    }

    /// Hands a job in when there is room. `false`: nobody takes jobs any longer.
    pub(crate) async fn send(&self, job: Job) -> bool {
        let sent = self.jobs.send(job).await.is_ok();
        self.tell();
        sent
    }

    fn tell(&self) {
        let wanted = self.wanted.jobs.load(Ordering::SeqCst);
        if wanted <= self.len() {
            self.wanted.jobs.store(usize::MAX, Ordering::SeqCst);
            self.wanted.there.notify_one();
        }
    }

    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.limit() - self.jobs.capacity()
    }

    /// How many may wait.
    pub(crate) fn limit(&self) -> usize {
        self.jobs.max_capacity()
    }

    /// Whether nobody takes jobs any longer.
    pub(crate) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }
}

/// The way out.
#[derive(Debug)]
pub(crate) struct Receiver {
    jobs: mpsc::Receiver<Job>,
    wanted: Arc<Wanted>,
}

impl Receiver {
    /// The next job; `None`: there will never be one.
    pub(crate) async fn recv(&mut self) -> Option<Job> {
        self.jobs.recv().await
    }

    /// The next job, if one waits.
    pub(crate) fn try_recv(&mut self) -> Option<Job> {
        self.jobs.try_recv().ok()
    }

    /// Waits until so many jobs wait. It may be given up. Where no more can come, it never ends.
    pub(crate) async fn reaches(&self, jobs: usize) {
        loop {
            self.wanted.jobs.store(jobs, Ordering::SeqCst);
            if self.jobs.len() >= jobs {
                self.wanted.jobs.store(usize::MAX, Ordering::SeqCst);
                return;
            }
            self.wanted.there.notified().await;
        }
    }
}
