//! Whose turn it is to write: a double for replicas of one process, and what every place that keeps it must promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use landfall_service::access::{Entropy, NoEntropy};
use landfall_service::hand_on::{Token, TurnError, Turns, WritingReplica};
use tokio::sync::Mutex;

/// Bytes that are the same throughout, and others each time: no secret.
#[derive(Debug, Default)]
pub struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

/// Whose turn it is, in memory. A turn lasts until it is given up. Clones share it.
#[derive(Clone, Default)]
pub struct SharedTurn(Arc<Mutex<Option<WritingReplica>>>);

impl SharedTurn {
    /// It is the turn of a replica of this name.
    pub fn of(holder: &str) -> Self {
        Self(Arc::new(Mutex::new(Some(replica(holder, "token")))))
    }

    /// Whose it is.
    pub async fn now(&self) -> Option<WritingReplica> {
        self.0.lock().await.clone()
    }
}

#[async_trait]
impl Turns for SharedTurn {
    async fn turn(
        &self,
        us: &WritingReplica,
        _: Duration,
    ) -> Result<Option<WritingReplica>, TurnError> {
        let mut turn = self.0.lock().await;
        if turn.as_ref().is_none_or(|held| held.holder == us.holder) {
            *turn = Some(us.clone());
        }
        Ok(turn.clone())
    }

    async fn leave(&self, holder: &str) -> Result<(), TurnError> {
        let mut turn = self.0.lock().await;
        turn.take_if(|held| held.holder == holder);
        Ok(())
    }
}

/// A replica of this name, which asks others for this token.
pub fn replica(holder: &str, token: &str) -> WritingReplica {
    WritingReplica {
        holder: holder.into(),
        url: format!("http://{holder}"),
        token: Token::from(token.to_owned()),
    }
}

/// A turn is one replica's until it gives it up or its time is over. The two are on the same database, in which nobody has
/// had a turn yet.
pub async fn a_turn_is_one_replicas(first: &dyn Turns, second: &dyn Turns) {
    const LONG: Duration = Duration::from_hours(1);
    let (ann, ben) = (replica("ann", "a"), replica("ben", "b"));
    let whose = async |turns: &dyn Turns, us: &WritingReplica, lease| {
        turns.turn(us, lease).await.expect("an answer")
    };
    assert_eq!(whose(first, &ann, LONG).await, Some(ann.clone()));
    assert_eq!(whose(second, &ben, LONG).await, Some(ann.clone()));
    assert_eq!(whose(first, &ann, LONG).await, Some(ann.clone()), "again");

    second.leave("ben").await.expect("nothing to give up");
    assert_eq!(whose(second, &ben, LONG).await, Some(ann.clone()));
    first.leave("ann").await.expect("given up");
    assert_eq!(whose(second, &ben, LONG).await, Some(ben.clone()));
    assert_eq!(whose(first, &ann, LONG).await, Some(ben.clone()));

    let ben = replica("ben", "another");
    assert_eq!(
        whose(second, &ben, Duration::ZERO).await,
        Some(ben.clone()),
        "prolonged, and over at once"
    );
    let ann = replica("ann", "another");
    assert_eq!(whose(first, &ann, LONG).await, Some(ann.clone()));
    assert_eq!(whose(second, &ben, LONG).await, Some(ann));
}
