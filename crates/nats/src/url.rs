//! The URLs of the servers, which may hold passwords that nobody is to see.

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, `tls://…` with TLS, several of one cluster separated by commas.
///
/// Every written form of it, also its JSON, has `***` in place of passwords and tokens.
#[derive(Clone)]
pub struct Urls(Vec<ServerAddr>);

impl Urls {
    /// All that is needed to connect, secrets included.
    pub(crate) fn servers(&self) -> &[ServerAddr] {
        &self.0
    }

    /// Whether what goes over the wire is encrypted, by what the URLs say.
    pub fn is_encrypted(&self) -> bool {
        self.0.iter().all(ServerAddr::tls_required)
    }
}

impl FromStr for Urls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |url: &str| {
            let server: ServerAddr = url.trim().parse().ok()?;
            let known = ["nats", "tls"].contains(&server.scheme());
            (known && !server.host().is_empty()).then_some(server)
        };
        // The library's own words may repeat parts of the text, and with it the password.
        let servers: Option<Vec<_>> = text.split(',').map(read).collect();
        servers.map(Self).ok_or_else(|| {
            "must be nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT] or tls://…, several separated by commas"
                .into()
        })
    }
}

impl fmt::Display for Urls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, server) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            write!(f, "{}://", server.scheme())?;
            match (server.username(), server.password()) {
                (Some(user), Some(_)) => write!(f, "{user}:***@")?,
                // A user without a password is a token.
                (Some(_), None) | (None, Some(_)) => f.write_str("***@")?,
                (None, None) => {}
            }
            match server.host() {
                v6 if v6.contains(':') => write!(f, "[{v6}]")?,
                host => f.write_str(host)?,
            }
            write!(f, ":{}", server.port())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Urls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Urls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Urls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_written_without_their_secrets() {
        for (urls, written) in [
            ("nats://127.0.0.1", "nats://127.0.0.1:4222"),
            (
                "tls://shop:secret@a:1, nats://b",
                "tls://shop:***@a:1,nats://b:4222",
            ),
            ("nats://secret@[::1]:4223", "nats://***@[::1]:4223"),
        ] {
            let urls: Urls = urls.parse().unwrap();
            assert_eq!(urls.to_string(), written);
            assert_eq!(format!("{urls:?}"), written);
            assert_eq!(serde_json::to_value(&urls).unwrap(), written);
        }
        assert!("tls://a,tls://b".parse::<Urls>().unwrap().is_encrypted());
        assert!(!"tls://a,nats://b".parse::<Urls>().unwrap().is_encrypted());
    }

    #[test]
    fn what_is_no_url_is_not_repeated() {
        for wrong in ["", "http://:secret@h", "nats://a,", "nats://u:secret@:x"] {
            let error = wrong.parse::<Urls>().unwrap_err();
            assert!(error.starts_with("must be nats://"), "{error}");
            assert!(!error.contains("secret"));
        }
    }
}
