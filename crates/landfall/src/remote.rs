//! A running service, as `--url` names it, and the key that is shown to it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::Settings;
use crate::exchange::{self, Answer, Commands};
use crate::outcome::CliError;

/// Whether to go through a running service, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoteArgs {
    /// Go through the service that runs there, http://HOST:PORT or https://HOST:PORT
    #[arg(long, value_name = "URL")]
    url: Option<Service>,
    #[arg(
        long,
        value_name = "KEY",
        requires = "url",
        help = "The API key to show to that service; as LANDFALL_KEY other users of this machine cannot see it \
                [env: LANDFALL_KEY]"
    )]
    key: Option<Secret>,
    #[arg(
        long,
        value_name = "FILE",
        requires = "url",
        help = "Certificates to trust beside the system's, in PEM [env: LANDFALL_CA]"
    )]
    ca: Option<PathBuf>,
}

impl RemoteArgs {
    /// The service to go through, if there is one.
    pub(crate) fn service(&self, settings: &Settings) -> Result<Option<Remote>, CliError> {
        let Some(service) = &self.url else {
            return Ok(None);
        };
        let key = settings.key(self.key.as_ref().map(|key| key.0.clone()));
        if key.is_some() && !service.tls && !service.is_near() {
            eprintln!(
                "warning: the key goes to {service} as it is; whoever is on the way can read it"
            );
        }
        Ok(Some(Remote {
            service: service.clone(),
            key: key.map(|key| header(&key)).transpose()?,
            ca: settings.ca(self.ca.clone()),
        }))
    }
}

/// A text that is never shown.
#[derive(Clone)]
struct Secret(String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

fn header(key: &str) -> Result<HeaderValue, CliError> {
    let bearer = HeaderValue::try_from(format!("Bearer {}", key.trim()));
    let mut bearer = bearer.map_err(|_| CliError::usage("the key holds what no key holds"))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

/// A service, and what it takes to be let in.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    service: Service,
    key: Option<HeaderValue>,
    ca: Option<PathBuf>,
}

/// The address of a running service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    tls: bool,
    host: String,
    port: u16,
}

impl FromStr for Service {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        const FORM: &str = "must be http://HOST:PORT or https://HOST:PORT";
        let (tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(FORM.into()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(FORM.into());
        }
        // A colon before a closing bracket belongs to an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| FORM)?),
            _ => (authority, if tls { 443 } else { 80 }),
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || (host.contains(':') && !bracketed) {
            return Err(FORM.into());
        }
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
        })
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Service {
    /// The host as the system and certificates name it.
    fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The header `Host` of requests to it.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// With this port where it has none that one could connect to.
    pub(crate) fn or_port(mut self, port: u16) -> Self {
        if self.port == 0 {
            self.port = port;
        }
        self
    }

    /// Whether it is reached over TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// Whether it is on this machine.
    pub(crate) fn is_near(&self) -> bool {
        let address = self.host().parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// A connection, encrypted or not.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Remote {
    /// A service that is trusted by the system's certificates and those of this file. No key is shown to it.
    pub(crate) fn trusting(service: Service, ca: Option<PathBuf>) -> Self {
        Self {
            service,
            key: None,
            ca,
        }
    }

    /// A service on this machine that asks for no key.
    pub(crate) fn near(address: std::net::SocketAddr) -> Self {
        Self {
            service: Service {
                tls: false,
                host: address.ip().to_string(),
                port: address.port(),
            },
            key: None,
            ca: None,
        }
    }

    /// Begins to stream commands to the service.
    pub(crate) async fn commands(&self, dry_run: bool) -> Result<(Commands, Answer), CliError> {
        let Self { service, key, .. } = self;
        let failed = |error: &dyn std::fmt::Display| {
            CliError::failed(format!("cannot reach {service}: {error}"))
        };
        let wire = self.connect().await.map_err(|error| failed(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(wire))
            .await
            .map_err(|error| failed(&error))?;
        let (commands, body) = exchange::commands();
        let mut request = Request::post(exchange::path(dry_run))
            .header(HOST, service.authority())
            .header(CONTENT_TYPE, exchange::NDJSON);
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, key);
        }
        let request = request.body(body).map_err(|error| failed(&error))?;
        // It is driven whether or not anybody reads the answer yet: the request must go on.
        tokio::spawn(connection);
        let response = async move { sender.send_request(request).await };
        Ok((commands, Answer::of(service.to_string(), response)))
    }

    /// Connects to it.
    pub(crate) async fn connect(&self) -> std::io::Result<Box<dyn Wire>> {
        let service = &self.service;
        let stream = TcpStream::connect((service.host(), service.port)).await?;
        stream.set_nodelay(true)?;
        if !service.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(service.host().to_owned()).map_err(invalid)?;
        let connector = TlsConnector::from(Arc::new(self.tls()?));
        Ok(Box::new(connector.connect(name, stream).await?))
    }

    /// What the system trusts, and what `--ca` names.
    fn tls(&self) -> std::io::Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        // Of a list as long as this some are of kinds that are not known here.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = &self.ca {
            for certificate in CertificateDer::pem_file_iter(file).map_err(invalid)? {
                let certificate = certificate.map_err(invalid)?;
                roots.add(certificate).map_err(invalid)?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(config)
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        for (url, shown) in [
            ("http://127.0.0.1:5005", "http://127.0.0.1:5005"),
            ("http://stock.example/", "http://stock.example:80"),
            ("https://stock.example/", "https://stock.example:443"),
            ("https://stock.example:5005", "https://stock.example:5005"),
            ("http://[::1]:5005/", "http://[::1]:5005"),
            ("http://[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(url.parse::<Service>().unwrap().to_string(), shown);
        }
        for url in [
            "127.0.0.1:5005",
            "http://",
            "https://",
            "ftp://h",
            "http://:80",
            "http://h:port",
            "http://h:99999",
            "http://h/v1",
            "http://u@h",
            "http://::1:80",
        ] {
            assert!(url.parse::<Service>().is_err(), "{url}");
        }
    }

    #[test]
    fn only_this_machine_is_near() {
        for (url, near) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://localhost.example", false),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(url.parse::<Service>().unwrap().is_near(), near, "{url}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let secret = "lf_0123_abc";
        let key: Secret = secret.parse().unwrap();
        let shown = format!("{key:?} {:?}", header(secret).unwrap());
        assert!(!shown.contains("abc"), "{shown}");
        let refused = header("a\nb").unwrap_err().to_string();
        assert!(!refused.contains('a') || !refused.contains("a\nb"));
    }
}
