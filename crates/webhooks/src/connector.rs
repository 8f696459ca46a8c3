//! Connections to an endpoint: the name is looked up here, the addresses are checked, and one that was checked
//! is connected to. A name that leads elsewhere a moment later leads nobody astray.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::addresses::{Reach, reach};

/// How many of a name's addresses are tried.
const ADDRESSES: usize = 4;

/// What a connection may lead to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) allow_private: bool,
    pub(crate) allow_http: bool,
}

impl Rules {
    /// Why this address may not be connected to, if it may not.
    pub(crate) fn why_not(self, address: std::net::IpAddr, tls: bool) -> Option<String> {
        let plain = !tls && !self.allow_http;
        match reach(address) {
            Reach::Nobody(what) => Some(format!("{address} is {what}")),
            Reach::Private(what) if !self.allow_private => {
                Some(format!("{address} is {what}, and allow_private is not set"))
            }
            Reach::Public if plain => {
                Some(format!("{address} is public, and allow_http is not set"))
            }
            Reach::Private(_) | Reach::Public => None,
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) rules: Rules,
    pub(crate) tls: Arc<ClientConfig>,
    /// For a connection, from looking up the name to the end of the handshake. Whoever waits for it gives up by
    /// itself; but a connection that is made for nobody in the end is made to its end, and must have one.
    pub(crate) timeout: Duration,
}

impl Connector {
    async fn in_time(self, uri: Uri) -> io::Result<TokioIo<Stream>> {
        let timeout = self.timeout;
        let connected = tokio::time::timeout(timeout, self.connect(uri)).await;
        let late = |_| {
            Err(io::Error::other(format!(
                "no connection within {timeout:?}"
            )))
        };
        connected.unwrap_or_else(late)
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<Stream>> {
        let tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        // `[::1]` is how a URL writes an address of IPv6, and nobody else.
        let host = host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let stream = self.dial(host, port, tls).await?;
        if !tls {
            return Ok(TokioIo::new(Stream::Plain(stream)));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(self.tls).connect(name, stream).await?;
        Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
    }

    /// Looks the name up and connects to the first of its addresses that may be connected to and answers.
    async fn dial(&self, host: &str, port: u16, tls: bool) -> io::Result<TcpStream> {
        let mut allowed: Vec<SocketAddr> = Vec::new();
        let mut error = io::Error::other(format!("{host} has no address"));
        for address in tokio::net::lookup_host((host, port)).await? {
            match self.rules.why_not(address.ip(), tls) {
                None => allowed.push(address),
                Some(why) => error = io::Error::other(format!("{host} is not sent to: {why}")),
            }
        }
        allowed.truncate(ADDRESSES);
        // One that does not answer leaves time for the others.
        let share = self.timeout / u32::try_from(allowed.len().max(1)).unwrap_or(1);
        for address in allowed {
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(why)) => error = why,
                Err(_) => error = io::Error::other(format!("{address} does not answer")),
            }
        }
        Err(error)
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().in_time(uri))
    }
}

/// A connection, with TLS or without.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use tower_service::Service;

    use super::*;

    #[tokio::test]
    async fn who_accepts_and_then_says_nothing_is_left() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("https://{}/", listener.local_addr().unwrap());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let mut connector = Connector {
            rules: Rules {
                allow_private: true,
                allow_http: false,
            },
            tls: Arc::new(tls),
            timeout: Duration::from_millis(50),
        };
        let connecting = connector.call(uri.parse().unwrap());
        let ended = tokio::time::timeout(Duration::from_mins(1), connecting).await;
        let error = ended.expect("it has an end").err().unwrap();
        assert_eq!(error.to_string(), "no connection within 50ms");
    }
}
