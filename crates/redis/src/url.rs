//! The URL of a server, which may hold a password that nobody is to see.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` with TLS, or `unix:///PATH`.
///
/// Every written form of it, also its JSON, has `***` in place of the password.
#[derive(Clone)]
pub struct Url(ConnectionInfo);

impl Url {
    /// All that is needed to connect, the password included.
    pub(crate) fn connection(&self) -> ConnectionInfo {
        self.0.clone()
    }

    /// Whether what goes over the wire is encrypted.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.0.addr(), ConnectionAddr::TcpTls { .. })
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The library's own words may repeat parts of the text, and with it the password.
        text.into_connection_info().map(Self).map_err(|_| {
            "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss://… or unix:///PATH"
                .into()
        })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.redis_settings();
        f.write_str(match self.0.addr() {
            ConnectionAddr::TcpTls { .. } => "rediss://",
            ConnectionAddr::Unix(_) => "unix://",
            _ => "redis://",
        })?;
        let user = settings.username().unwrap_or_default();
        match settings.password() {
            Some(_) => write!(f, "{user}:***@")?,
            None if !user.is_empty() => write!(f, "{user}@")?,
            None => {}
        }
        write!(f, "{}", self.0.addr())?;
        match (settings.db(), self.0.addr()) {
            (0, _) => Ok(()),
            (db, ConnectionAddr::Unix(_)) => write!(f, "?db={db}"),
            (db, _) => write!(f, "/{db}"),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_written_without_its_password() {
        for (url, written) in [
            ("redis://127.0.0.1:63791", "redis://127.0.0.1:63791"),
            ("redis://host", "redis://host:6379"),
            ("redis://:secret@host:7000/2", "redis://:***@host:7000/2"),
            ("redis://shop:secret@host", "redis://shop:***@host:6379"),
            ("rediss://shop:p%40ss@host/0", "rediss://shop:***@host:6379"),
            (
                "unix:///run/redis.sock?db=1&pass=secret",
                "unix://:***@/run/redis.sock?db=1",
            ),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(url.to_string(), written);
            assert_eq!(format!("{url:?}"), written);
            assert_eq!(serde_json::to_value(&url).unwrap(), written);
        }
        assert!("rediss://host".parse::<Url>().unwrap().is_encrypted());
    }

    #[test]
    fn what_is_no_url_is_not_repeated() {
        for wrong in ["http://user:secret@host", "secret", "redis://:secret@h/x"] {
            let error = wrong.parse::<Url>().unwrap_err();
            assert!(error.starts_with("must be redis://"), "{error}");
            assert!(!error.contains("secret"));
        }
    }
}
