//! The message bus: a cheap handle that entrypoints clone, and the queue behind it.
//!
//! A command goes into a bounded queue with a place for its answer. The answer comes after the commit. A
//! caller that goes away changes nothing: the engine answers into the void.
//!
//! Where there are several writers, a single command goes to the one whose share its product is in, as far as
//! its words tell; any writer can carry out any command, so a wrong guess costs a load and breaks nothing. A
//! stream stays with one writer, because its commands are to be carried out in their order.
//!
//! Where another replica writes for all, a single command is handed on to it first ([`crate::hand_on`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use landfall_domain::Command;
use tokio::sync::oneshot;

use crate::answer::{Answer, CarriedOut, Failure, Origin, Request};
use crate::hand_on::{HandOn, Handed};
use crate::log::LogRecord;
use crate::queue::{Refused, Sender};
use crate::quote::{Inquiry, QuoteResource};
use crate::store::partition_of;
use crate::uow::LineEffect;

/// What waits in the queue: commands of one caller, carried out in their order, and where the answers go.
#[derive(Debug)]
pub struct Job {
    pub(crate) work: Work,
    /// Of the caller: the group's links to it.
    pub(crate) span: tracing::Span,
    /// What the log calls the caller's request.
    pub(crate) origin: Option<Origin>,
}

/// What a job asks for, and where the answers go. A single command goes there and back without a list: what one
/// thread allocates and another frees costs more than the copy.
#[derive(Debug)]
pub(crate) enum Work {
    One(Request, oneshot::Sender<Answer>),
    Several(Vec<Request>, oneshot::Sender<Vec<Answer>>),
}

impl Job {
    /// How many commands it has.
    pub(crate) fn count(&self) -> usize {
        match &self.work {
            Work::One(..) => 1,
            Work::Several(requests, _) => requests.len(),
        }
    }
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
    /// Whether it was carried out or refused before under its idempotency key: then the answer is that of the first
    /// time, and nothing would be done.
    pub repeated: bool,
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
    /// One for each writer; at least one.
    queues: Arc<[Sender]>,
    partitions: u16,
    /// Whose turn it is to be given a stream.
    turn: Arc<AtomicUsize>,
    dry: Arc<dyn DryRun>,
    /// Where single commands go first.
    elsewhere: Option<Arc<dyn HandOn>>,
}

impl Bus {
    pub(crate) fn new(queues: Vec<Sender>, partitions: u16, dry: Arc<dyn DryRun>) -> Self {
        Self {
            queues: queues.into(),
            partitions,
            turn: Arc::default(),
            dry,
            elsewhere: None,
        }
    }

    /// A handle that hands single commands on.
    #[must_use]
    pub fn handing_on(self, elsewhere: Arc<dyn HandOn>) -> Self {
        Self {
            elsewhere: Some(elsewhere),
            ..self
        }
    }

    /// The queue of the writer in whose share the command's product most likely is.
    fn queue(&self, command: &Command) -> Option<&Sender> {
        match &*self.queues {
            [only] => Some(only),
            queues => {
                let partition = partition_of(product_name(command), self.partitions);
                queues.get(usize::from(partition) % queues.len().max(1))
            }
        }
    }

    /// Carries out one command. When the queue is full the answer is [`Failure::Busy`] at once.
    pub async fn handle(&self, request: impl Into<Request>) -> Answer {
        self.handle_from(None, request.into()).await
    }

    /// As [`Self::handle`], with the id of the request that the command came with.
    pub async fn handle_from(&self, origin: Option<Origin>, request: Request) -> Answer {
        self.carry_out(origin, request, None).await?.done()
    }

    /// As [`Self::handle_from`], for a caller who passes the resource on. `json` is the command's object, where it is at
    /// hand: its fields as [`crate::wire::command`] reads them.
    pub async fn carry_out(
        &self,
        origin: Option<Origin>,
        request: Request,
        json: Option<&[u8]>,
    ) -> Result<CarriedOut, Failure> {
        let elsewhere = self.elsewhere.as_ref();
        if let Some(handed) = elsewhere.and_then(|to| to.hand_on(origin.as_ref(), &request, json)) {
            match handed.await {
                Ok(Handed::Done(there)) => return Ok(CarriedOut::There(there)),
                Ok(Handed::Failed(failure)) => return Err(failure),
                Ok(Handed::KeysChanged) => {
                    return Err(Failure::KeysChanged(Box::new(request)));
                }
                Ok(Handed::NotTaken) => {}
                // Under its key it is done once, here or there: whoever comes second finds the first one's answer.
                Err(_) if request.id.is_some() => {}
                Err(_) => return Err(answer_lost()),
            }
        }
        self.handle_here(origin, request)
            .await
            .map(CarriedOut::Here)
    }

    /// As [`Self::handle_from`], by an engine of this replica, whoever writes.
    pub async fn handle_here(&self, origin: Option<Origin>, request: Request) -> Answer {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue(&request.command);
        let queue = queue.ok_or(Failure::Stopping)?;
        let job = Job {
            work: Work::One(request, reply),
            span: tracing::Span::current(),
            origin,
        };
        queue.try_send(job).map_err(|refused| match refused {
            Refused::Full => Failure::Busy,
            Refused::Closed => Failure::Stopping,
        })?;
        answer.await.unwrap_or_else(|_| Err(engine_ended()))
    }

    /// Carries out the commands of a stream's piece in their order, one answer each. When the queue is
    /// full it waits for room: whoever streams is slowed down instead of refused. The commands of one call
    /// are neighbours in the queue, but each succeeds or fails alone.
    pub async fn handle_all(&self, requests: Vec<Request>) -> Vec<Answer> {
        self.stream().submit(requests).await.await
    }

    /// A way in for commands that are to be carried out in the order in which they are handed in.
    pub fn stream(&self) -> Stream {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let queues = self.queues.len().max(1);
        Stream {
            queue: self.queues.get(turn % queues).cloned(),
            origin: None,
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

    /// Whether commands are still taken: `false` once a writer has ended.
    pub fn is_open(&self) -> bool {
        !self.queues.iter().any(Sender::is_closed)
    }

    /// How many jobs wait, and how many may.
    pub fn waiting(&self) -> (usize, usize) {
        let queues = self.queues.iter();
        let queues = queues.map(|queue| (queue.len(), queue.limit()));
        queues.fold((0, 0), |(waiting, most), (w, m)| (waiting + w, most + m))
    }
}

/// The way in of one stream, to one writer.
#[derive(Debug, Clone)]
pub struct Stream {
    queue: Option<Sender>,
    origin: Option<Origin>,
}

impl Stream {
    /// With the id of the request that the stream is the body of.
    #[must_use]
    pub fn with_origin(self, origin: Option<Origin>) -> Self {
        Self { origin, ..self }
    }

    /// As [`Bus::handle_all`], in two steps: when the first is over the commands stand in the queue, and the
    /// second waits for their answers. So a stream can have several pieces under way and still be sure of
    /// their order.
    pub async fn submit(
        &self,
        requests: Vec<Request>,
    ) -> impl Future<Output = Vec<Answer>> + Send + use<> {
        let count = requests.len();
        let (reply, answers) = oneshot::channel();
        let job = Job {
            work: Work::Several(requests, reply),
            span: tracing::Span::current(),
            origin: self.origin.clone(),
        };
        let queued = match &self.queue {
            Some(queue) => queue.send(job).await,
            None => false,
        };
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
}

/// The SKU that a command names, or the name that tells most of it: a line's id is its SKU where nobody gave
/// another.
fn product_name(command: &Command) -> &str {
    match command {
        Command::CreateBatch(c) => c.sku.as_str(),
        Command::ChangeBatchQuantity(c) => c.reference.as_str(),
        Command::ChangeBatchEta(c) => c.reference.as_str(),
        Command::HoldBatch(c) => c.reference.as_str(),
        Command::ReleaseBatch(c) => c.reference.as_str(),
        Command::ReceiveBatch(c) => c.reference.as_str(),
        Command::CancelBatch(c) => c.reference.as_str(),
        Command::CreateShipment(c) => c.reference.as_str(),
        Command::ChangeShipmentEta(c) => c.reference.as_str(),
        Command::HoldShipment(c) => c.reference.as_str(),
        Command::ReleaseShipment(c) => c.reference.as_str(),
        Command::ReceiveShipment(c) => c.reference.as_str(),
        Command::Allocate(c) => c.sku.as_str(),
        Command::PlaceOrder(c) => c.lines.first().map_or("", |line| line.sku.as_str()),
        Command::ChangeLineQuantity(c) => c.line_id.as_str(),
        Command::CancelLine(c) => c.line_id.as_str(),
        Command::CancelOrder(c) => c.order_id.as_str(),
        Command::Dispatch(c) => match &c.line_id {
            Some(line_id) => line_id.as_str(),
            None => c.order_id.as_str(),
        },
    }
}

/// Another replica was sent the command, and did not answer.
fn answer_lost() -> Failure {
    Failure::Unavailable {
        reason: "the replica that writes was lost before it answered".into(),
        outcome_unknown: true,
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
