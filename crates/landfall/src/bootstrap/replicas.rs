//! Taking part in one replica writing for all: where this one is reached, and how it reaches the others.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming as Body};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use landfall_http::replicas::{PATH, VERSION};
use landfall_service::hand_on::{
    self, Dial, Incoming, Options, Outgoing, TakingPart, WritingReplica,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::outside::replica_name;
use super::{Engine, SystemEntropy, random};
use crate::config::{Database, Settings};
use crate::outcome::CliError;
use crate::remote::{Remote, Service};
use crate::traces;

/// What the configuration says of it.
#[derive(Debug)]
pub(crate) struct Advertised {
    url: Service,
    replica: Option<String>,
    ca: Option<PathBuf>,
}

impl Advertised {
    /// Reads and checks the configuration. `None`: this replica keeps its commands to itself.
    pub(crate) fn read(settings: &Settings, given: Option<&str>) -> Result<Option<Self>, CliError> {
        let Some(url) = settings.advertise(given) else {
            return Ok(None);
        };
        let url = url
            .parse()
            .map_err(|why| CliError::usage(format!("--advertise {url}: {why}")))?;
        Ok(Some(Self {
            url,
            replica: settings.replica(),
            ca: settings.ca(None),
        }))
    }

    /// Refuses what [`Advertised::start`] would refuse before anybody is reached.
    pub(crate) fn check(&self, database: &Database) -> Result<(), CliError> {
        if !matches!(database, Database::Postgres(_)) {
            return Err(one_only());
        }
        if let Some(ca) = &self.ca {
            let read = std::fs::read(ca);
            read.map_err(|error| CliError::usage(format!("ca {}: {error}", ca.display())))?;
        }
        Ok(())
    }

    /// Takes part, on the runtime that it is called on: from here on the engine's bus hands commands on. `address` is what
    /// is listened on.
    pub(crate) fn start(
        &self,
        engine: &mut Engine,
        address: std::net::SocketAddr,
        stopping: &CancellationToken,
    ) -> Result<TakingPart, CliError> {
        let turns = engine.turns.clone().ok_or_else(one_only)?;
        let url = self.url.clone().or_port(address.port());
        if !url.is_encrypted() && !url.is_near() {
            tracing::warn!(%url, "other replicas' commands come as they are; whoever is on the way can read them");
        }
        let holder = replica_name(self.replica.as_deref(), &address.to_string());
        let options = Options {
            traces: traces::handed_on(),
            ..Options::new(format!("{holder}/{:016x}", random()?), url.to_string())
        };
        let dial = Arc::new(Http {
            ca: self.ca.clone(),
        });
        let (entropy, committed) = (Arc::new(SystemEntropy), engine.committed());
        let part = hand_on::start(options, turns, dial, entropy, committed, stopping);
        engine.bus = engine.bus.clone().handing_on(part.replicas.clone());
        Ok(part)
    }
}

fn one_only() -> CliError {
    CliError::usage("--advertise is for several replicas on PostgreSQL; this database has one")
}

/// Reaches other replicas over HTTP.
struct Http {
    ca: Option<PathBuf>,
}

#[async_trait]
impl Dial for Http {
    async fn dial(
        &self,
        replica: &WritingReplica,
        lines: Outgoing,
    ) -> Result<Box<dyn Incoming>, String> {
        let service: Service = replica.url.parse()?;
        let remote = Remote::trusting(service.clone(), self.ca.clone());
        let wire = remote.connect().await.map_err(|error| error.to_string())?;
        let shaken = http1::handshake(TokioIo::new(wire)).await;
        let (mut sender, connection) = shaken.map_err(|error| error.to_string())?;
        let lines = stream::poll_fn(move |context| {
            let lines = lines.poll_lines(context);
            lines.map(|lines| {
                lines.map(|lines| Ok::<_, Infallible>(Frame::data(Bytes::from(lines))))
            })
        });
        let token = HeaderValue::try_from(format!("Bearer {}", replica.token.text()));
        let mut token = token.map_err(|_| "its token is none".to_owned())?;
        token.set_sensitive(true);
        let request = Request::post(PATH)
            .header(HOST, service.authority())
            .header(AUTHORIZATION, token)
            .header(VERSION, env!("CARGO_PKG_VERSION"))
            .body(StreamBody::new(lines))
            .map_err(|error| error.to_string())?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // How it ended, whoever reads the answer finds out.
            let _ = connection.await;
        }));
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| error.to_string())?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answers {}", response.status()));
        }
        Ok(Box::new(Said {
            body: response.into_body(),
            _connection: connection,
        }))
    }
}

/// What the other replica says.
struct Said {
    body: Body,
    _connection: AbortOnDropHandle<()>,
}

#[async_trait]
impl Incoming for Said {
    async fn hear(&mut self, bytes: &mut Vec<u8>) -> bool {
        let Some(Ok(frame)) = self.body.frame().await else {
            return false;
        };
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        true
    }
}
