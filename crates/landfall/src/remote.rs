//! A running service, as `--url` names it.

use std::str::FromStr;

use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::exchange::{self, Answer, Commands};
use crate::outcome::CliError;

/// The address of a running service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    host: String,
    port: u16,
}

impl FromStr for Service {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        const FORM: &str = "must be http://HOST:PORT";
        if url.starts_with("https:") {
            return Err(format!(
                "{FORM}: Landfall speaks plain HTTP; through a proxy that encrypts, use its inner side"
            ));
        }
        let rest = url.strip_prefix("http://").ok_or(FORM)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(FORM.into());
        }
        // A colon before a closing bracket belongs to an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| FORM)?),
            _ => (authority, 80),
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || (host.contains(':') && !bracketed) {
            return Err(FORM.into());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl Service {
    /// Begins to stream commands to the service.
    pub(crate) async fn commands(&self, dry_run: bool) -> Result<(Commands, Answer), CliError> {
        let failed = |error: &dyn std::fmt::Display| {
            CliError::failed(format!("cannot reach {self}: {error}"))
        };
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port))
            .await
            .map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        let (commands, body) = exchange::commands();
        let request = Request::post(exchange::path(dry_run))
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(CONTENT_TYPE, exchange::NDJSON)
            .body(body)
            .map_err(|error| failed(&error))?;
        // It is driven whether or not anybody reads the answer yet: the request must go on.
        tokio::spawn(connection);
        let response = async move { sender.send_request(request).await };
        Ok((commands, Answer::of(self.to_string(), response)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        for (url, shown) in [
            ("http://127.0.0.1:5005", "http://127.0.0.1:5005"),
            ("http://stock.example/", "http://stock.example:80"),
            ("http://[::1]:5005/", "http://[::1]:5005"),
            ("http://[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(url.parse::<Service>().unwrap().to_string(), shown);
        }
        for url in [
            "127.0.0.1:5005",
            "http://",
            "http://:80",
            "http://h:port",
            "http://h:99999",
            "http://h/v1",
            "http://u@h",
            "http://::1:80",
        ] {
            assert!(url.parse::<Service>().is_err(), "{url}");
        }
        let error = "https://h".parse::<Service>().unwrap_err();
        assert!(error.contains("plain HTTP"), "{error}");
    }
}
