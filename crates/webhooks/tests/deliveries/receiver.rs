//! A receiver of webhooks: an HTTP server that keeps what it is sent and answers what it is told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Is it signed with this secret? As a receiver would find out.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        let (id, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{id}.{time}.{}", self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let mut signatures = self.header("webhook-signature").split(' ');
        signatures.any(|signature| signature == expected)
    }
}

/// What it answers to the next message.
#[derive(Debug, Clone, Default)]
pub(crate) enum Answer {
    #[default]
    Fine,
    Status(u16, Vec<(&'static str, String)>),
    /// With a body of so many bytes.
    Long(u16, usize),
    /// After so long, as far as the clock of timeouts knows.
    After(Duration),
    /// Nothing, ever.
    Hang,
}

pub(crate) fn status(code: u16) -> Answer {
    Answer::Status(code, Vec::new())
}

/// The server. It ends with the test's runtime.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    address: Option<SocketAddr>,
    tls: bool,
    messages: Arc<Mutex<Vec<Message>>>,
    /// By how often it was asked; the last one goes on.
    answers: Arc<Mutex<Vec<Answer>>>,
    connections: Arc<AtomicUsize>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    pub(crate) async fn with_tls(config: Arc<rustls::ServerConfig>) -> Self {
        Self::listen(Some(config.into())).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().ok(),
            tls: tls.is_some(),
            ..Self::default()
        };
        let server = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, Ordering::SeqCst);
                let (server, tls) = (server.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => server.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                server.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        receiver
    }

    async fn serve<S>(&self, stream: S)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| async { Ok::<_, Infallible>(self.take(request).await) });
        let connection = hyper::server::conn::http1::Builder::new();
        // A client that goes away is its own business.
        let _ = connection
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn take(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.messages.lock().unwrap().push(Message {
            path: head.uri.to_string(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 {
                answers.remove(0)
            } else {
                answers.first().cloned().unwrap_or_default()
            }
        };
        let mut response = Response::builder();
        let body = match answer {
            Answer::Fine => Bytes::from_static(b"thanks"),
            Answer::Status(code, headers) => {
                response = response.status(code);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Bytes::from_static(b"no\r\nway")
            }
            Answer::Long(code, length) => {
                response = response.status(code);
                vec![b'x'; length].into()
            }
            Answer::After(time) => {
                tokio::time::pause();
                tokio::time::advance(time).await;
                tokio::time::resume();
                Bytes::new()
            }
            Answer::Hang => std::future::pending().await,
        };
        response.body(Full::new(body)).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.url_at("127.0.0.1")
    }

    /// Its URL by another name.
    pub(crate) fn url_at(&self, host: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!(
            "{scheme}://{host}:{}/in?token=t0ps3cret",
            self.address.unwrap().port()
        )
    }

    /// From now on it answers so, one after the other, and the last one to all that follow.
    pub(crate) fn answers<const N: usize>(&self, answers: &[Answer; N]) {
        *self.answers.lock().unwrap() = answers.to_vec();
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// The ids of what came.
    pub(crate) fn ids(&self) -> Vec<String> {
        let messages = self.messages();
        messages
            .iter()
            .map(|m| m.header("webhook-id").to_owned())
            .collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
