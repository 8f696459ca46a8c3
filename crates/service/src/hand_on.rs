//! Commands handed on to the one replica whose turn it is to write, so that groups are as large as if there were no other.
//!
//! A row of the database says whose turn it is ([`replica`], [`mod@turn`]). Whoever's it is not keeps a [`link`] to the one
//! whose it is: [`lines`] of commands go there, lines of answers come back. Who writes is only advice: the partition heads
//! keep writers apart, and a command that cannot be handed on is carried out here. One that was handed on is carried out
//! there, whoever's turn it is by then.

pub mod lines;
mod link;
mod replica;
mod stats;
mod trace;
mod turn;

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::access::Entropy;
use crate::answer::{DoneThere, Failure, Origin, Request};
use lines::HandedOn;
use link::Link;
pub use link::Outgoing;
pub use replica::{Token, TurnError, Turns, WritingReplica};
pub use stats::Stats;
pub use trace::Traces;
use turn::Turn;

/// How often the one that writes gives a sign of life, whatever else it says.
pub const SIGN_OF_LIFE: Duration = Duration::from_millis(500);

/// What becomes of a command that was handed on.
#[derive(Debug, PartialEq, Eq)]
pub enum Handed {
    /// It was carried out there.
    Done(DoneThere),
    /// It was not carried out there, or nobody knows whether it was, for this reason.
    Failed(Failure),
    /// It was not carried out there, because the API keys are no longer those by which its caller was let in.
    KeysChanged,
    /// It was not carried out there, and is to be carried out here.
    NotTaken,
}

/// Where the bus hands commands on.
pub trait HandOn: Send + Sync + 'static {
    /// Hands a command on. `json` is the command's object, where the caller has it. `None`: nobody takes it. Where what is
    /// returned ends without a word, the command was sent, and nobody knows what became of it.
    fn hand_on(
        &self,
        origin: Option<&Origin>,
        request: &Request,
        json: Option<&[u8]>,
    ) -> Option<oneshot::Receiver<Handed>>;
}

/// Reaches other replicas.
#[async_trait]
pub trait Dial: Send + Sync + 'static {
    /// Reaches this one and is let in with its token. `lines` are said to it, and what is returned is what it says. An
    /// error is for the log.
    async fn dial(
        &self,
        replica: &WritingReplica,
        lines: Outgoing,
    ) -> Result<Box<dyn Incoming>, String>;
}

/// What another replica says.
#[async_trait]
pub trait Incoming: Send {
    /// Adds the bytes that come next. `false`: it says no more.
    async fn hear(&mut self, bytes: &mut Vec<u8>) -> bool;
}

/// How a replica takes part.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of this start of this replica: no other has it, ever.
    pub holder: String,
    /// Where other replicas reach this one.
    pub url: String,
    /// How long a turn lasts that is not prolonged.
    pub lease: Duration,
    /// How often it is asked whose turn it is.
    pub look: Duration,
    /// How long another replica may take to let this one in, and how long it may be silent.
    pub silence: Duration,
    /// The pause after one that could not be reached.
    pub pause: Duration,
    /// Where requests are traced: how a trace goes along with a command.
    pub traces: Option<Traces>,
}

impl Options {
    /// What is good where nothing else is said, for a holder at a URL.
    pub fn new(holder: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            url: url.into(),
            lease: Duration::from_secs(4),
            look: Duration::from_secs(1),
            silence: Duration::from_secs(3),
            pause: Duration::from_secs(1),
            traces: None,
        }
    }
}

/// The replicas of a database, as one of them knows them.
pub struct Replicas {
    options: Options,
    /// What is counted.
    pub stats: Stats,
    turn: watch::Sender<Turn>,
    /// Of this replica's engine: what was handed on and answered is committed, too.
    committed: Weak<watch::Sender<()>>,
    /// Somebody wants to know anew whose turn it is.
    doubt: Notify,
    /// To the one that writes, while it is up.
    link: RwLock<Option<Arc<Link>>>,
}

impl Replicas {
    /// Lets in who shows the token of this replica's turn; until that is over.
    pub fn admit(&self, shown: &[u8]) -> Option<Admission> {
        let mut turn = self.turn.subscribe();
        let token = match &*turn.borrow_and_update() {
            Turn::Ours(token) if token.is(shown) => token.clone(),
            _ => return None,
        };
        Some(Admission { token, turn })
    }

    /// The span in which a command is carried out that was handed on to this replica: in its caller's trace, where it has
    /// one.
    pub fn span(&self, handed_on: &HandedOn) -> Span {
        let (Some(traces), Some(said)) = (self.options.traces, &handed_on.trace) else {
            return Span::none();
        };
        (traces.follow)(handed_on.request.command.kind(), said)
    }

    /// Whether it is this replica's turn.
    pub fn is_ours(&self) -> bool {
        matches!(&*self.turn.borrow(), Turn::Ours(_))
    }

    /// The log may have grown: whoever reads it here is woken.
    fn answered(&self) {
        if let Some(committed) = self.committed.upgrade() {
            committed.send_replace(());
        }
    }

    fn set_link(&self, link: Option<Arc<Link>>) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }
}

impl HandOn for Replicas {
    fn hand_on(
        &self,
        origin: Option<&Origin>,
        request: &Request,
        json: Option<&[u8]>,
    ) -> Option<oneshot::Receiver<Handed>> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        let link = link.as_ref().map(Arc::clone)?;
        let trace = self.options.traces.and_then(|traces| (traces.present)());
        let handed = link.ask(origin, request, json, trace.as_deref())?;
        Stats::add(&self.stats.handed_on);
        Some(handed)
    }
}

/// Another replica that was let in.
#[derive(Debug)]
pub struct Admission {
    token: Token,
    turn: watch::Receiver<Turn>,
}

impl Admission {
    /// Waits until the turn that it was let in for is over. It may be given up.
    pub async fn is_over(&mut self) {
        let token = &self.token;
        let ours = |turn: &Turn| matches!(turn, Turn::Ours(present) if present == token);
        // An error: there are no turns any more.
        let _ = self.turn.wait_for(|turn| !ours(turn)).await;
    }
}

/// A replica that takes part.
pub struct TakingPart {
    /// The replicas as this one knows them.
    pub replicas: Arc<Replicas>,
    tasks: JoinSet<()>,
    over: CancellationToken,
}

impl TakingPart {
    /// Ends it. Call it when `stopping` is cancelled and nobody hands anything on any more.
    pub async fn join(mut self) {
        self.over.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Takes part, on the runtime that it is called on. When `stopping` is cancelled this replica gives up its turn, and
/// takes no other; it hands on until [`TakingPart::join`]. `committed` is of this replica's engine ([`Running::committed`]).
///
/// [`Running::committed`]: crate::engine::Running::committed
pub fn start(
    options: Options,
    turns: Arc<dyn Turns>,
    dial: Arc<dyn Dial>,
    entropy: Arc<dyn Entropy + Send + Sync>,
    committed: Weak<watch::Sender<()>>,
    stopping: &CancellationToken,
) -> TakingPart {
    let replicas = Arc::new(Replicas {
        options,
        stats: Stats::default(),
        turn: watch::Sender::new(Turn::Nobodys),
        committed,
        doubt: Notify::new(),
        link: RwLock::default(),
    });
    let over = CancellationToken::new();
    let mut tasks = JoinSet::new();
    let looking = turn::look(Arc::clone(&replicas), turns, entropy, stopping.clone());
    tasks.spawn(looking);
    let (follower, until) = (Arc::clone(&replicas), over.clone());
    tasks.spawn(async move {
        until
            .run_until_cancelled(link::follow(&follower, &*dial))
            .await;
    });
    TakingPart {
        replicas,
        tasks,
        over,
    }
}
