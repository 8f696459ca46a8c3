//! Whose turn it is to write: asked again and again, taken where nobody has it, given up at the end.

use std::sync::Arc;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Replicas, Token, Turns, WritingReplica};
use crate::access::Entropy;

/// Whose turn it is, as far as this replica knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nobody's that is known.
    Nobodys,
    /// This replica's. The others show this token.
    Ours(Token),
    /// Another one's.
    Anothers(WritingReplica),
}

/// Keeps asking until `stopping` is cancelled.
pub(super) async fn look(
    replicas: Arc<Replicas>,
    turns: Arc<dyn Turns>,
    entropy: Arc<dyn Entropy + Send + Sync>,
    stopping: CancellationToken,
) {
    let options = &replicas.options;
    let mut held: Option<(WritingReplica, Instant)> = None;
    let looking = async {
        loop {
            let begun = Instant::now();
            let ends = held.as_ref().map(|(_, ends)| *ends);
            let us = match held.take() {
                Some((us, _)) => us,
                None => match Token::make(&*entropy) {
                    Ok(token) => WritingReplica {
                        holder: options.holder.clone(),
                        url: options.url.clone(),
                        token,
                    },
                    Err(error) => {
                        tracing::error!(%error, "this replica hands nothing on");
                        return;
                    }
                },
            };
            let ends = ends.unwrap_or(begun + options.lease);
            match timeout_at(ends, turns.turn(&us, options.lease)).await {
                Ok(Ok(Some(found))) if found.holder == us.holder => {
                    replicas.set_turn(Turn::Ours(us.token.clone()));
                    held = Some((us, begun + options.lease));
                }
                Ok(Ok(Some(found))) => replicas.set_turn(Turn::Anothers(found)),
                Ok(Ok(None)) => replicas.set_turn(Turn::Nobodys),
                failed => {
                    tracing::debug!(?failed, "it cannot be asked whose turn it is to write");
                    if Instant::now() < ends && replicas.is_ours() {
                        held = Some((us, ends));
                    } else {
                        replicas.set_turn(Turn::Nobodys);
                    }
                }
            }
            tokio::select! {
                () = sleep(options.look) => {}
                () = replicas.doubt.notified() => {}
            }
        }
    };
    stopping.run_until_cancelled(looking).await;
    let was_ours = replicas.is_ours();
    // Whoever was let in is told that it is over.
    replicas.set_turn(Turn::Nobodys);
    if was_ours {
        let ends = Instant::now() + options.lease;
        if !matches!(
            timeout_at(ends, turns.leave(&options.holder)).await,
            Ok(Ok(()))
        ) {
            tracing::warn!("the turn to write is not given up; it ends by itself");
        }
    }
}

impl Replicas {
    fn set_turn(&self, turn: Turn) {
        self.turn.send_if_modified(|present| {
            if *present == turn {
                return false;
            }
            match &turn {
                Turn::Ours(_) => tracing::info!("this replica writes, for others too"),
                Turn::Anothers(WritingReplica { holder, url, .. }) => {
                    tracing::info!(holder, url, "another replica writes");
                }
                Turn::Nobodys => tracing::info!("no replica writes for others"),
            }
            *present = turn;
            true
        });
    }
}
