//! The message bus: a cheap handle that entrypoints clone, and the queue behind it.
//!
//! A command goes into a bounded queue with a place for its answer. The answer comes after the commit. A
//! caller that goes away changes nothing: the engine answers into the void.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::answer::{Answer, Failure, Request};
use crate::log::LogRecord;
use crate::quote::{Inquiry, QuoteResource};
use crate::uow::LineEffect;

/// What waits in the queue: commands of one caller, carried out in their order, and where the answers go.
#[derive(Debug)]
pub struct Job {
    pub(crate) requests: Vec<Request>,
    pub(crate) reply: oneshot::Sender<Vec<Answer>>,
}

/// What a dry run tells of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRunStep {
    /// The answer that the command would get.
    pub answer: Answer,
    /// The events that it would write. Their offsets are those that they would have now.
    pub events: Vec<LogRecord>,
    /// What it would do to lines.
    pub effects: Vec<LineEffect>,
}

/// Works on the present state and commits nothing.
#[async_trait]
pub trait DryRun: Send + Sync + 'static {
    /// One step for each command, in order; each command sees what those before it did.
    async fn dry_run(&self, requests: Vec<Request>) -> Result<Vec<DryRunStep>, Failure>;

    /// What would be promised now.
    async fn promise(&self, inquiry: Inquiry) -> Result<QuoteResource, Failure>;
}

/// Where commands are handed in.
#[derive(Clone)]
pub struct Bus {
    queue: mpsc::Sender<Job>,
    dry: Arc<dyn DryRun>,
}

impl Bus {
    pub(crate) fn new(queue: mpsc::Sender<Job>, dry: Arc<dyn DryRun>) -> Self {
        Self { queue, dry }
    }

    /// Carries out one command. When the queue is full the answer is [`Failure::Busy`] at once.
    pub async fn handle(&self, request: impl Into<Request>) -> Answer {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            requests: vec![request.into()],
            reply,
        };
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => Failure::Stopping,
        })?;
        let mut answers = answer.await.map_err(|_| engine_ended())?;
        answers.pop().unwrap_or_else(|| Err(engine_ended()))
    }

    /// Carries out the commands of a stream's piece in their order, one answer each. When the queue is
    /// full it waits for room: whoever streams is slowed down instead of refused. The commands of one call
    /// are neighbours in the queue, but each succeeds or fails alone.
    pub async fn handle_all(&self, requests: Vec<Request>) -> Vec<Answer> {
        self.submit(requests).await.await
    }

    /// As [`Self::handle_all`], in two steps: when the first is over the commands stand in the queue, and
    /// the second waits for their answers. So a stream can have several pieces under way and still be
    /// sure of their order.
    pub async fn submit(
        &self,
        requests: Vec<Request>,
    ) -> impl Future<Output = Vec<Answer>> + Send + use<> {
        let count = requests.len();
        let (reply, answers) = oneshot::channel();
        let queued = self.queue.send(Job { requests, reply }).await.is_ok();
        async move {
            answers.await.unwrap_or_else(|_| {
                let failure = if queued {
                    engine_ended()
                } else {
                    Failure::Stopping
                };
                vec![Err(failure); count]
            })
        }
    }

    /// Runs commands against the present state and commits nothing.
    pub async fn dry_run(&self, requests: Vec<Request>) -> Result<Vec<DryRunStep>, Failure> {
        self.dry.dry_run(requests).await
    }

    /// What would be promised now. It reserves nothing, and waits for no writer and no dry run.
    pub async fn promise(&self, inquiry: Inquiry) -> Result<QuoteResource, Failure> {
        self.dry.promise(inquiry).await
    }

    /// Whether commands are still taken: `false` once the engine has ended.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// How many jobs wait, and how many may.
    pub fn waiting(&self) -> (usize, usize) {
        let max = self.queue.max_capacity();
        (max - self.queue.capacity(), max)
    }
}

/// The queue took the command, and nobody answers: the engine has ended in the midst, for it answers all that is
/// queued before it ends in order. The commit may have happened.
fn engine_ended() -> Failure {
    Failure::Unavailable {
        reason: "the engine has ended".into(),
        outcome_unknown: true,
    }
}
