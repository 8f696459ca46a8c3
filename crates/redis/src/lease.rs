//! One reader at a time: a key of the server that says whose turn it is, until when.
//!
//! Commands are to be carried out in the order of their stream, and a message on a channel once and not once
//! for each replica. So one replica reads and the others wait. What protects the data is not this lease: two
//! readers at a time, after a pause or a failover, disturb the order and nothing else, because a command is
//! carried out once by its idempotency key.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::sleep;
use crate::config::BadConfig;

/// Takes the lease where it is free or already ours, and keeps it for some more milliseconds.
const HOLD: &str = "local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

/// Gives it back, unless another one has it.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";

/// A lease of one consumer.
pub(crate) struct Lease {
    pub(crate) key: String,
    pub(crate) holder: String,
    pub(crate) length: Duration,
}

/// Why it is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("another replica has taken over")]
    Taken,
    #[error("{0}")]
    Redis(#[from] RedisError),
}

impl Lease {
    /// The lease of this key, as this consumer takes it.
    pub(crate) fn new(key: String, holder: &str, length: Duration) -> Result<Self, BadConfig> {
        if holder.is_empty() || holder.chars().count() > 255 || holder.chars().any(char::is_control)
        {
            let message = "must have 1 to 255 characters, none of them a control character";
            return Err(BadConfig::new("replica", message));
        }
        Ok(Self {
            key,
            holder: holder.into(),
            length,
        })
    }

    /// Waits until it is ours; `false`: it is time to stop.
    pub(crate) async fn take(
        &self,
        connection: &mut MultiplexedConnection,
        stopping: &CancellationToken,
    ) -> Result<bool, RedisError> {
        while !self.hold(connection).await? {
            if !sleep(self.length / 5, stopping).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps it until it is lost.
    pub(crate) async fn keep(&self, connection: &mut MultiplexedConnection) -> Lost {
        let mut held = Instant::now();
        loop {
            tokio::time::sleep(self.length / 3).await;
            let begun = Instant::now();
            match self.hold(connection).await {
                Ok(true) => held = begun,
                Ok(false) => return Lost::Taken,
                Err(error) if held.elapsed() >= self.length => return error.into(),
                Err(_) => {}
            }
        }
    }

    /// Takes it, or keeps it for some more time; `false`: it is another one's.
    pub(crate) async fn hold(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<bool, RedisError> {
        let millis = u64::try_from(self.length.as_millis()).unwrap_or(u64::MAX);
        let mut question = cmd("EVAL");
        question
            .arg(HOLD)
            .arg(1)
            .arg(&self.key)
            .arg(&self.holder)
            .arg(millis);
        let held: u8 = question.query_async(connection).await?;
        Ok(held == 1)
    }

    /// Lets another one take over at once. Where that fails, it does so when the lease ends.
    pub(crate) async fn release(&self, connection: &mut MultiplexedConnection) {
        let mut release = cmd("EVAL");
        release.arg(RELEASE).arg(1).arg(&self.key).arg(&self.holder);
        if let Err(error) = release.query_async::<u8>(connection).await {
            tracing::debug!(%error, key = self.key, "the lease is not given back");
        }
    }
}
