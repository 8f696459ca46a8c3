//! The link to the replica that writes: commands that are to be sent, and those that wait for their answer.
//!
//! Whatever waits goes with the next write. The network is the [`Dial`]'s; here is only what is said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use memchr::{memchr_iter, memrchr};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::lines::{self, LONGEST_ANSWER, OVER};
use super::turn::Turn;
use super::{Dial, Handed, Incoming, Replicas, Stats, WritingReplica};
use crate::answer::{Failure, Origin, Request};

/// Commands that may wait for their answer; beyond that callers are told that the service is busy, as where a queue is
/// full.
const MOST: usize = 8_192;

/// Commands under way to one replica.
#[derive(Default)]
pub(super) struct Link {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Lines that are to be sent.
    lines: Vec<u8>,
    /// Who sends them, while there are none.
    sender: Option<Waker>,
    /// Who waits for which answer.
    waiting: HashMap<u64, oneshot::Sender<Handed>>,
    /// Whoever sends the lines has waited for others to be put beside them.
    gathered: bool,
    /// The number of the next line.
    next: u64,
    /// The number of the first line that nobody has begun to send.
    unsent: u64,
    /// Nothing is sent or heard any more.
    closed: bool,
}

impl Link {
    /// Sends a command. `None`: it cannot be sent.
    pub(super) fn ask(
        &self,
        origin: Option<&Origin>,
        request: &Request,
        json: Option<&[u8]>,
        trace: Option<&str>,
    ) -> Option<oneshot::Receiver<Handed>> {
        let command = lines::command(origin, request, json, trace)?;
        let (answer, handed) = oneshot::channel();
        let mut state = self.state();
        if state.closed {
            return None;
        }
        if state.waiting.len() >= MOST {
            drop(state);
            // It is waited for by whom we return to.
            let _ = answer.send(Handed::Failed(Failure::Busy));
            return Some(handed);
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number, answer);
        lines::push(&mut state.lines, number, &command);
        let sender = state.sender.take();
        drop(state);
        if let Some(sender) = sender {
            sender.wake();
        }
        Some(handed)
    }

    /// Takes a line in.
    fn hear(&self, line: &[u8]) -> Result<Heard, String> {
        if line.is_empty() {
            return Ok(Heard::Sign);
        }
        if line == OVER {
            self.close(0);
            return Ok(Heard::Over);
        }
        let (number, handed) = lines::read_answer(line).ok_or("it says what is no answer")?;
        let caller = self.state().waiting.remove(&number);
        if let Some(caller) = caller {
            // A caller that has gone wants to know nothing.
            let _ = caller.send(handed);
        }
        Ok(Heard::Answer)
    }

    /// Nothing is sent or heard any more, and from this number on nothing was taken. Of what was sent before, nobody
    /// knows: whoever waits for that is told nothing.
    fn close(&self, not_taken: u64) {
        let mut state = self.state();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        let sender = state.sender.take();
        drop(state);
        for (number, caller) in waiting {
            if number >= not_taken {
                let _ = caller.send(Handed::NotTaken);
            }
        }
        if let Some(sender) = sender {
            sender.wake();
        }
    }

    /// The number of the first line that nobody has begun to send.
    fn unsent(&self) -> u64 {
        self.state().unsent
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// A sign of life.
    Sign,
    /// An answer.
    Answer,
    /// The last one.
    Over,
}

/// What is said to a replica.
pub struct Outgoing(Arc<Link>);

impl Outgoing {
    /// All lines that are to be sent now. `None`: there will be no more.
    pub fn poll_lines(&self, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let mut state = self.0.state();
        if state.closed {
            return Poll::Ready(None);
        }
        if state.lines.is_empty() {
            state.sender = Some(context.waker().clone());
            return Poll::Pending;
        }
        // Those who are ready to run go first, and put theirs beside it; else each would be a write of its own.
        state.gathered = !state.gathered;
        if state.gathered {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.unsent = state.next;
        Poll::Ready(Some(std::mem::take(&mut state.lines)))
    }
}

/// Keeps a link to whoever's turn it is. It ends never.
pub(super) async fn follow(replicas: &Replicas, dial: &dyn Dial) {
    let mut turn = replicas.turn.subscribe();
    loop {
        let writer = match &*turn.borrow_and_update() {
            Turn::Anothers(writer) => Some(writer.clone()),
            Turn::Ours(_) | Turn::Nobodys => None,
        };
        let Some(writer) = writer else {
            // It cannot end: the sender is with us.
            let _ = turn.changed().await;
            continue;
        };
        if let Err(reason) = keep(replicas, dial, &writer).await {
            let WritingReplica { holder, url, .. } = &writer;
            tracing::warn!(holder, url, reason, "commands are not handed on");
            Stats::add(&replicas.stats.losses);
        }
        // Perhaps it is another one's by now.
        replicas.doubt.notify_one();
        tokio::select! {
            () = sleep(replicas.options.pause) => {}
            _ = turn.changed() => {}
        }
    }
}

/// Hands on to this replica for as long as it listens. `Ok`: its turn is over. An error says why it is given up.
async fn keep(replicas: &Replicas, dial: &dyn Dial, writer: &WritingReplica) -> Result<(), String> {
    let link = Arc::new(Link::default());
    let _up = Up {
        replicas,
        link: &link,
    };
    let dialled = timeout(
        replicas.options.silence,
        dial.dial(writer, Outgoing(Arc::clone(&link))),
    )
    .await;
    let mut incoming = dialled.map_err(|_| "it does not answer".to_owned())??;
    let WritingReplica { holder, url, .. } = writer;
    tracing::info!(holder, url, "commands are handed on");
    replicas.set_link(Some(Arc::clone(&link)));
    listen(replicas, &link, &mut *incoming).await
}

/// Ends a link, however it ends.
struct Up<'a> {
    replicas: &'a Replicas,
    link: &'a Link,
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.replicas.set_link(None);
        self.link.close(self.link.unsent());
    }
}

async fn listen(
    replicas: &Replicas,
    link: &Link,
    incoming: &mut dyn Incoming,
) -> Result<(), String> {
    let silence = replicas.options.silence;
    let mut bytes = Vec::new();
    loop {
        let searched = bytes.len();
        match timeout(silence, incoming.hear(&mut bytes)).await {
            Ok(true) => {}
            Ok(false) => return Err("it has broken off".into()),
            Err(_) => return Err("it is silent".into()),
        }
        let Some(end) = memrchr(b'\n', &bytes[searched..]) else {
            if bytes.len() > LONGEST_ANSWER {
                return Err("its answer is too long".into());
            }
            continue;
        };
        let end = searched + end;
        let (mut answered, mut begin) = (false, 0);
        for line_end in memchr_iter(b'\n', &bytes[..=end]) {
            match link.hear(&bytes[begin..line_end])? {
                Heard::Sign => {}
                Heard::Answer => answered = true,
                Heard::Over => return Ok(()),
            }
            begin = line_end + 1;
        }
        if answered {
            replicas.answered();
        }
        bytes.drain(..=end);
    }
}
