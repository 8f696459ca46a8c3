//! Commands in from a stream, in its order, at least once, and with an effect exactly once.
//!
//! One replica reads at a time ([`Lease`]). It takes over what others took and did not finish, then reads what
//! is new, many messages at a time; each piece goes to the bus as one, and the next one is read meanwhile. A
//! message is acknowledged when its command is durable or refused for good. Whatever ends this before, a crash
//! or a lost connection, the message is read again, and its idempotency key sees to it that nothing is done
//! twice.

mod hopeless;
mod outcome;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use landfall_service::answer::Actor;
use landfall_service::intake::IntakeStats;
use landfall_service::{Bus, Failure, bus};
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, RedisError, Value, cmd};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::{BadConfig, Commands, Config};
use crate::entries::{self, Entry};
use crate::lease::{Lease, Lost};
use crate::link::{self, ANSWER};
use hopeless::Hopeless;
use outcome::{Asked, Outcome, judge, read};

pub(crate) use hopeless::TRIES;

/// How long one question for new messages waits for them.
const BLOCK_MILLIS: u64 = 2_000;
const BLOCK: Duration = Duration::from_millis(BLOCK_MILLIS);

/// What the stream is called in the metrics.
const SOURCE: &str = "redis-stream";

/// Takes commands from a stream.
pub struct CommandReader {
    client: Client,
    bus: bus::Stream,
    settings: Commands,
    actor: Actor,
    lease: Lease,
    stats: Arc<IntakeStats>,
}

impl CommandReader {
    /// A reader of the stream of this configuration. `replica` is this replica's name: no other has the
    /// same, and after a restart it is the same again, so that it goes on at once. It connects when it is
    /// [run](Self::run).
    pub fn new(config: &Config, replica: &str, bus: &Bus) -> Result<Self, BadConfig> {
        Ok(Self {
            client: link::client(config)?,
            bus: bus.stream(),
            settings: config.commands.clone(),
            actor: config.actor.as_str().into(),
            lease: Lease::new(
                format!("{}:reader", config.commands.stream),
                replica,
                config.lease(),
            )?,
            stats: Arc::new(IntakeStats::new(SOURCE)),
        })
    }

    /// What it does, for whoever watches.
    pub fn stats(&self) -> Arc<IntakeStats> {
        Arc::clone(&self.stats)
    }

    /// Reads until it is told to stop. Then it finishes the commands that the bus has, and acknowledges
    /// them; what it has read beyond them stays for the next one. Where the server cannot be reached it
    /// tries again, in pauses of at most five seconds.
    pub async fn run(self, stopping: CancellationToken) {
        let mut backoff = Backoff::new();
        while let Err(trouble) = self.session(&stopping, &mut backoff).await {
            tracing::warn!(stream = self.settings.stream, %trouble, "no commands are read from Redis");
            if !backoff.wait(&stopping).await {
                break;
            }
        }
    }

    /// Reads as long as the connection and the lease hold; `Ok`: it was told to stop.
    async fn session(
        &self,
        stopping: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), Lost> {
        if stopping.is_cancelled() {
            return Ok(());
        }
        let mut control = link::connect(&self.client, ANSWER).await?;
        if !self.lease.take(&mut control, stopping).await? {
            return Ok(());
        }
        let result = self.turn(&control, stopping, backoff).await;
        if result.is_ok() {
            self.lease.release(&mut control).await;
        }
        result
    }

    /// Reads as long as the lease is ours.
    async fn turn(
        &self,
        control: &MultiplexedConnection,
        stopping: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), Lost> {
        self.make_group(&mut control.clone()).await?;
        // Of its own: while it blocks, nothing else gets through.
        let mut reading = link::connect(&self.client, BLOCK + ANSWER).await?;
        backoff.reset();
        let _reading = self.stats.reading();
        tracing::info!(
            stream = self.settings.stream,
            "commands are read from Redis"
        );
        let (pieces, inbox) = mpsc::channel(1);
        let (mut settling, mut leasing) = (control.clone(), control.clone());
        let both = async {
            tokio::try_join!(
                self.read(&mut reading, pieces, stopping),
                self.work(&mut settling, inbox, stopping),
            )
        };
        tokio::select! {
            done = both => Ok(done.map(|_| ())?),
            lost = self.lease.keep(&mut leasing) => Err(lost),
        }
    }

    /// Makes the stream and its group, unless they are there. A new group begins with the first message, so
    /// that what was sent before the first start is not lost.
    async fn make_group(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let mut create = cmd("XGROUP");
        create
            .arg("CREATE")
            .arg(&self.settings.stream)
            .arg(&self.settings.group);
        create.arg("0").arg("MKSTREAM");
        match create.query_async::<Value>(connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Reads: first what somebody took and never finished, then what is new.
    async fn read(
        &self,
        connection: &mut MultiplexedConnection,
        pieces: mpsc::Sender<Vec<Entry>>,
        stopping: &CancellationToken,
    ) -> Result<(), RedisError> {
        let mut from = Some("0-0".to_owned());
        loop {
            let question = match &from {
                Some(from) => self.claim(from),
                None => self.take_new(),
            };
            let answer = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ok(()),
                answer = question.query_async::<Value>(connection) => answer?,
            };
            let found = if from.is_some() {
                let (next, found) = entries::claimed(answer)?;
                from = Some(next).filter(|next| next != "0-0");
                found
            } else {
                entries::read(answer)?
            };
            if !found.is_empty() && pieces.send(found).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Takes over what anybody took, from this message on. Whoever had it has no lease any more, so it need
    /// not lie idle for a while.
    fn claim(&self, from: &str) -> Cmd {
        let mut claim = cmd("XAUTOCLAIM");
        claim.arg(&self.settings.stream).arg(&self.settings.group);
        claim.arg(&self.lease.holder).arg(0).arg(from);
        claim.arg("COUNT").arg(self.settings.batch);
        claim
    }

    /// Takes messages that nobody took, and waits a while for them.
    fn take_new(&self) -> Cmd {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(&self.settings.group)
            .arg(&self.lease.holder);
        read.arg("COUNT").arg(self.settings.batch);
        read.arg("BLOCK").arg(BLOCK_MILLIS);
        read.arg("STREAMS").arg(&self.settings.stream).arg(">");
        read
    }

    /// Carries out what is read, piece by piece.
    async fn work(
        &self,
        connection: &mut MultiplexedConnection,
        mut inbox: mpsc::Receiver<Vec<Entry>>,
        stopping: &CancellationToken,
    ) -> Result<(), RedisError> {
        let mut hopeless = Hopeless::default();
        while let Some(piece) = inbox.recv().await {
            let stop = stopping.is_cancelled();
            if stop
                || !self
                    .carry_out(connection, piece, &mut hopeless, stopping)
                    .await?
            {
                break;
            }
        }
        Ok(())
    }

    /// Carries out one piece and settles it. One command after the other: what the database cannot take now
    /// is tried again before anything that came later, except for what cannot be read however often it is tried.
    /// `false`: it is time to stop.
    async fn carry_out(
        &self,
        connection: &mut MultiplexedConnection,
        piece: Vec<Entry>,
        hopeless: &mut Hopeless,
        stopping: &CancellationToken,
    ) -> Result<bool, RedisError> {
        let mut backoff = Backoff::new();
        let (mut open, mut settled): (Vec<Asked>, Vec<Outcome>) = (Vec::new(), Vec::new());
        for entry in piece {
            match read(&self.settings.stream, &self.actor, entry) {
                Ok(asked) => open.push(asked),
                Err(dead) => settled.push(dead),
            }
        }
        loop {
            let requests: Vec<_> = open.iter().map(|asked| asked.request.clone()).collect();
            let mut answers = if requests.is_empty() {
                Vec::new()
            } else {
                self.bus.submit(requests).await.await
            }
            .into_iter();
            let mut again = Vec::new();
            let mut why = Failure::Stopping;
            for asked in open {
                // One answer for each request is the bus's promise.
                match judge(asked, answers.next().unwrap_or(Err(Failure::Stopping))) {
                    Ok(outcome) => settled.push(outcome),
                    Err(later) => {
                        let (asked, failure) = *later;
                        again.push(asked);
                        why = failure;
                    }
                }
            }
            hopeless.settled(&settled);
            settled.extend(hopeless.give_up(&mut again));
            self.settle(connection, &settled).await?;
            settled.clear();
            open = again;
            if open.is_empty() {
                return Ok(true);
            }
            let count = open.len() as u64;
            IntakeStats::add(&self.stats.retries, count);
            tracing::warn!(commands = count, %why, "commands from Redis are tried again");
            if !backoff.wait(stopping).await {
                return Ok(false);
            }
        }
    }
}
