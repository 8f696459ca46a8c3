//! Changed quantities of batches in from a channel, as *Architecture Patterns with Python* has it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::StreamExt;
use landfall_domain::commands::ChangeBatchQuantity;
use landfall_domain::values::Count;
use landfall_domain::{BatchRef, Command};
use landfall_service::answer::Actor;
use landfall_service::intake::IntakeStats;
use landfall_service::{Answer, Bus, Failure, Request, bus, wire};
use redis::{Client, Value};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::commands::TRIES;
use crate::config::{BadConfig, Config};
use crate::lease::{Lease, Lost};
use crate::link::{self, ANSWER};

/// How many messages may wait for the database; what comes beyond that is lost.
const WAITING: usize = 10_000;
/// The most commands in one piece.
const PIECE: usize = 500;
/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(10);

/// What the channel is called in the metrics.
const SOURCE: &str = "redis-channel";

/// Whether somebody hears what is told on the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ear {
    /// Nobody has tried yet.
    Trying,
    /// This replica does.
    Here,
    /// Another replica does, or did until a moment ago.
    Elsewhere,
    /// Redis cannot be reached, or is lost for the moment.
    Nowhere,
}

/// Listens for `{"batchref", "qty"}` on a channel: the batch has this quantity from now on.
///
/// One replica listens at a time: every one would hear every message, and a quantity that is set again by a
/// slow one takes stock away twice. What is told while nobody listens is lost, as it is with channels; the
/// stream of commands loses nothing.
pub struct QuantityListener {
    client: Client,
    bus: bus::Stream,
    channel: String,
    actor: Actor,
    /// None: there is no other replica.
    lease: Option<Lease>,
    stats: Arc<IntakeStats>,
    ear: watch::Sender<Ear>,
}

/// A command that was heard.
struct Heard {
    request: Request,
    /// How often it has met damaged data.
    damaged: u32,
}

/// The book's message (chapter 11).
#[derive(Deserialize)]
struct Message {
    batchref: BatchRef,
    qty: Count,
}

impl QuantityListener {
    /// A listener on the channel of this configuration. `replica` is this replica's name: no other has the
    /// same, and after a restart it is the same again. None: there can be no other replica (the database is a
    /// file), so nobody has to wait for anybody. It connects when it is [run](Self::run).
    pub fn new(config: &Config, replica: Option<&str>, bus: &Bus) -> Result<Self, BadConfig> {
        let channel = config.notices.change_batch_quantity.clone();
        let key = format!("landfall:{channel}:reader");
        let lease = replica.map(|name| Lease::new(key, name, config.lease()));
        Ok(Self {
            client: link::client(config)?,
            bus: bus.stream(),
            actor: config.actor.as_str().into(),
            lease: lease.transpose()?,
            channel,
            stats: Arc::new(IntakeStats::new(SOURCE)),
            ear: watch::Sender::new(Ear::Trying),
        })
    }

    /// What it does, for whoever watches.
    pub fn stats(&self) -> Arc<IntakeStats> {
        Arc::clone(&self.stats)
    }

    /// Who hears what is told on the channel, as far as this replica knows.
    pub fn ear(&self) -> watch::Receiver<Ear> {
        self.ear.subscribe()
    }

    /// Listens until it is told to stop; what it has heard by then is carried out.
    pub async fn run(self, stopping: CancellationToken) {
        let (heard, inbox) = mpsc::channel(WAITING);
        tokio::join!(self.listen(heard, &stopping), self.work(inbox, &stopping));
    }

    async fn listen(&self, heard: mpsc::Sender<Heard>, stopping: &CancellationToken) {
        let mut backoff = Backoff::new();
        while let Err(trouble) = self.session(&heard, stopping, &mut backoff).await {
            tracing::warn!(channel = self.channel, %trouble, "nothing is heard from Redis");
            self.ear.send_replace(Ear::Nowhere);
            if !backoff.wait(stopping).await {
                break;
            }
        }
    }

    /// Listens as long as the connection and the lease hold; `Ok`: it was told to stop.
    async fn session(
        &self,
        heard: &mpsc::Sender<Heard>,
        stopping: &CancellationToken,
        backoff: &mut Backoff,
    ) -> Result<(), Lost> {
        if stopping.is_cancelled() {
            return Ok(());
        }
        let mut control = link::connect(&self.client, ANSWER).await?;
        if let Some(lease) = &self.lease
            && !lease.hold(&mut control).await?
        {
            self.ear.send_replace(Ear::Elsewhere);
            if !lease.take(&mut control, stopping).await? {
                return Ok(());
            }
        }
        let mut connection = link::subscriber(&self.client).await?;
        in_time(connection.subscribe(&self.channel)).await?;
        backoff.reset();
        let _reading = self.stats.reading();
        self.ear.send_replace(Ear::Here);
        tracing::info!(channel = self.channel, "listening on Redis");
        let (mut sink, mut messages) = connection.split();
        let mut ping = tokio::time::interval(PING);
        let mut leasing = control.clone();
        let keep = async {
            match &self.lease {
                Some(lease) => lease.keep(&mut leasing).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(keep);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                lost = &mut keep => return Err(lost),
                message = messages.next() => match message {
                    Some(message) => self.hear(message.get_payload_bytes(), heard),
                    None => return Err(Lost::Redis(link::broken())),
                },
                _ = ping.tick() => { in_time(sink.ping::<Value>()).await?; }
            }
        }
        if let Some(lease) = &self.lease {
            lease.release(&mut control).await;
        }
        Ok(())
    }

    fn hear(&self, payload: &[u8], heard: &mpsc::Sender<Heard>) {
        let Message { batchref, qty } = match wire::read(payload) {
            Ok(message) => message,
            Err(errors) => {
                tracing::warn!(
                    channel = self.channel,
                    ?errors,
                    "a message is not understood"
                );
                IntakeStats::add(&self.stats.unusable, 1);
                return;
            }
        };
        let command = Command::ChangeBatchQuantity(ChangeBatchQuantity {
            reference: batchref,
            quantity: qty,
            reason: None,
        });
        let request = Request {
            id: None,
            actor: Some(self.actor.clone()),
            let_in_by: None,
            command,
        };
        if let Err(error) = heard.try_send(Heard {
            request,
            damaged: 0,
        }) {
            IntakeStats::add(&self.stats.lost, 1);
            tracing::error!(channel = self.channel, %error, "a message is lost: too many wait for the database");
        }
    }

    /// Carries out what is heard, in order. What the database cannot take now is tried again before anything
    /// that came later: nobody will say it again. What cannot be read after some tries is in the log then.
    async fn work(&self, mut inbox: mpsc::Receiver<Heard>, stopping: &CancellationToken) {
        let mut open = Vec::new();
        while inbox.recv_many(&mut open, PIECE).await > 0 {
            let mut backoff = Backoff::new();
            loop {
                let requests = open.iter().map(|heard: &Heard| heard.request.clone());
                let answers = self.bus.submit(requests.collect()).await.await;
                let mut answers = answers.into_iter();
                // A quantity is set, not added to: if it was set after all, setting it again changes nothing.
                open.retain_mut(|heard| match answers.next() {
                    Some(answer) => self.is_tried_again(heard, answer),
                    None => true,
                });
                if open.is_empty() {
                    break;
                }
                IntakeStats::add(&self.stats.retries, open.len() as u64);
                tracing::warn!(
                    commands = open.len(),
                    "changed quantities from Redis are tried again"
                );
                if !backoff.wait(stopping).await {
                    let lost = open.len() + inbox.len();
                    IntakeStats::add(&self.stats.lost, lost as u64);
                    tracing::error!(
                        lost,
                        "changed quantities from Redis are lost: the service stops"
                    );
                    return;
                }
            }
        }
    }
}

impl QuantityListener {
    /// Has this command to be carried out again? Otherwise it has come to its end, and is counted.
    fn is_tried_again(&self, heard: &mut Heard, answer: Answer) -> bool {
        let (counter, failure): (&AtomicU64, Failure) = match answer {
            Ok(_) => {
                IntakeStats::add(&self.stats.done, 1);
                return false;
            }
            Err(
                Failure::Busy
                | Failure::Stopping
                | Failure::KeysChanged(_)
                | Failure::Unavailable { .. },
            ) => return true,
            Err(failure @ Failure::Rejected(_)) => (&self.stats.rejected, failure),
            Err(failure @ Failure::Unstorable { .. }) => (&self.stats.unusable, failure),
            Err(failure @ Failure::Damaged { .. }) => {
                heard.damaged += 1;
                if heard.damaged < TRIES {
                    return true;
                }
                (&self.stats.unusable, failure)
            }
        };
        let command = &heard.request.command;
        tracing::warn!(channel = self.channel, ?command, %failure, "refused");
        IntakeStats::add(counter, 1);
        false
    }
}

async fn in_time<T>(asked: impl Future<Output = redis::RedisResult<T>>) -> redis::RedisResult<T> {
    let answered = tokio::time::timeout(ANSWER, asked).await;
    answered.unwrap_or_else(|_| Err(link::too_late()))
}
