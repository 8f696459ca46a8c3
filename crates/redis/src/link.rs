//! Connections to the server: how they are made, and one that is made again when it broke.

use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, TlsCertificates, Value,
};
use tokio::sync::Mutex;

use crate::config::{BadConfig, Config};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take; the library's own half a second is too short for a server that saves.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// A client of the server that the configuration names. It does not connect yet.
pub(crate) fn client(config: &Config) -> Result<Client, BadConfig> {
    config.check()?;
    let url = config.url.connection();
    let Some(file) = &config.ca_file else {
        return Client::open(url).map_err(|error| BadConfig::new("url", error.to_string()));
    };
    if !config.url.is_encrypted() {
        return Err(BadConfig::new(
            "ca_file",
            "needs a URL that begins with rediss://",
        ));
    }
    let bad = |error: String| BadConfig::new("ca_file", format!("{}: {error}", file.display()));
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(std::fs::read(file).map_err(|error| bad(error.to_string()))?),
    };
    Client::build_with_tls(url, certificates).map_err(|error| bad(error.to_string()))
}

/// A new connection whose answers may take so long.
pub(crate) async fn connect(
    client: &Client,
    answer: Duration,
) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(answer));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// A new connection for subscriptions.
pub(crate) async fn subscriber(client: &Client) -> Result<PubSub, RedisError> {
    let connecting = tokio::time::timeout(CONNECT, client.get_async_pubsub());
    connecting.await.unwrap_or_else(|_| Err(too_late()))
}

pub(crate) fn too_late() -> RedisError {
    (ErrorKind::Io, "the server does not answer").into()
}

pub(crate) fn broken() -> RedisError {
    (ErrorKind::Io, "the server has closed the connection").into()
}

/// A connection that callers share, and that is made anew after anything went wrong with it.
pub(crate) struct Link {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Link {
    pub(crate) fn new(config: &Config) -> Result<Self, BadConfig> {
        Ok(Self {
            client: client(config)?,
            connection: Mutex::new(None),
        })
    }

    /// Carries out all of these commands or, by what is known, none.
    pub(crate) async fn run(&self, commands: &Pipeline) -> Result<(), RedisError> {
        let mut connection = {
            let mut shared = self.connection.lock().await;
            match &mut *shared {
                Some(connection) => connection.clone(),
                none => none.insert(connect(&self.client, ANSWER).await?).clone(),
            }
        };
        let done = commands.query_async::<Value>(&mut connection).await;
        if done.is_err() {
            // Also where the server refuses: after a failover the name leads to another server.
            *self.connection.lock().await = None;
        }
        done.map(|_| ())
    }
}
