//! What can be set, and what holds where nothing is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::url::Urls;

/// One NATS cluster, and the stream that events go to.
///
/// It is written, also as JSON, without passwords and tokens. Each installation of Landfall needs a stream of
/// its own: ids of events are unique within one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the servers are, who we are there, and whether by TLS.
    pub url: Urls,
    /// A file with credentials (`.creds`), for servers that ask for them.
    #[serde(default)]
    pub credentials_file: Option<PathBuf>,
    /// A file of certificates (PEM) that are trusted instead of the system's, for `tls://`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The stream's name: letters, digits, `-` and `_`. Default `LANDFALL`.
    #[serde(default = "stream")]
    pub stream: String,
    /// What subjects begin with: words of letters, digits, `-` and `_`, joined by dots. Default
    /// `landfall.events`.
    #[serde(default = "subject")]
    pub subject: String,
    /// Seconds for which a stream that we make remembers ids of events, so as to drop what comes again, from
    /// 1 to 86,400. Default 120.
    #[serde(default = "duplicate_seconds")]
    pub duplicate_seconds: u64,
    /// Days after which a stream that we make drops events; 0: never. Default 0.
    #[serde(default)]
    pub max_age_days: u32,
    /// Bytes after which a stream that we make drops the oldest events; 0: never. Default 0.
    #[serde(default)]
    pub max_bytes: u64,
    /// Copies that a stream that we make has in a cluster, from 1 to 5. Default 1.
    #[serde(default = "replicas")]
    pub replicas: u8,
}

fn stream() -> String {
    "LANDFALL".into()
}

fn subject() -> String {
    "landfall.events".into()
}

fn duplicate_seconds() -> u64 {
    120
}

fn replicas() -> u8 {
    1
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {message}")]
pub struct BadConfig {
    /// The setting, within [`Config`]: `stream`.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// The longest prefix of subjects: with the longest SKU they still fit into a line of the protocol.
const LONGEST_SUBJECT: usize = 100;

impl Config {
    /// These servers, with the defaults.
    pub fn new(url: Urls) -> Self {
        Self {
            url,
            credentials_file: None,
            ca_file: None,
            stream: stream(),
            subject: subject(),
            duplicate_seconds: duplicate_seconds(),
            max_age_days: 0,
            max_bytes: 0,
            replicas: replicas(),
        }
    }

    /// Whether all of it can be used; the first thing that cannot.
    pub fn check(&self) -> Result<(), BadConfig> {
        let bad = |key, message: &str| {
            let message = message.to_owned();
            Err(BadConfig { key, message })
        };
        let is_word = |word: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !word.is_empty() && word.chars().all(plain)
        };
        if !is_word(&self.stream) || self.stream.len() > 255 {
            return bad("stream", "must be 1 to 255 letters, digits, - and _");
        }
        if !self.subject.split('.').all(is_word) || self.subject.len() > LONGEST_SUBJECT {
            let message =
                "must be words of letters, digits, - and _, joined by dots, 100 characters at most";
            return bad("subject", message);
        }
        if !(1..=86_400).contains(&self.duplicate_seconds) {
            return bad("duplicate_seconds", "must be from 1 to 86400");
        }
        if self.max_age_days > 36_500 {
            return bad("max_age_days", "must be at most 36500");
        }
        if i64::try_from(self.max_bytes).is_err() {
            return bad("max_bytes", "must be less than 2^63");
        }
        if !(1..=5).contains(&self.replicas) {
            return bad("replicas", "must be from 1 to 5");
        }
        if self.ca_file.is_some() && !self.url.is_encrypted() {
            return bad("ca_file", "needs URLs that begin with tls://");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_all_that_is_needed() {
        let config: Config = toml::from_str("url = 'nats://u:secret@127.0.0.1'").unwrap();
        assert_eq!(config.stream, "LANDFALL");
        assert_eq!(config.subject, "landfall.events");
        assert_eq!(config.check(), Ok(()));
        let same = Config::new(config.url.clone());
        assert_eq!(format!("{same:?}"), format!("{config:?}"));
        assert!(!format!("{config:?}").contains("secret"));
        assert!(!serde_json::to_string(&config).unwrap().contains("secret"));
    }

    #[test]
    fn what_is_not_known_or_cannot_be_is_refused() {
        assert!(toml::from_str::<Config>("").is_err());
        let error = toml::from_str::<Config>("url = 'nats://h'\nsteam = 'x'").unwrap_err();
        assert!(error.to_string().contains("steam"), "{error}");
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::new("nats://h".parse().unwrap());
            change(&mut config);
            config.check().unwrap_err().key
        };
        assert_eq!(wrong(|c| c.stream = "a.b".into()), "stream");
        assert_eq!(wrong(|c| c.subject = "a.*".into()), "subject");
        assert_eq!(wrong(|c| c.subject = "a..b".into()), "subject");
        assert_eq!(wrong(|c| c.duplicate_seconds = 0), "duplicate_seconds");
        assert_eq!(wrong(|c| c.replicas = 0), "replicas");
        assert_eq!(wrong(|c| c.ca_file = Some("ca.pem".into())), "ca_file");
        assert_eq!(wrong(|c| c.max_bytes = u64::MAX), "max_bytes");
    }
}
