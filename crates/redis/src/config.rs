//! What can be set, and what holds where nothing is.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::url::Url;

/// One Redis server, and what it is used for.
///
/// It is written, also as JSON, without the password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server is, who we are there, and whether by TLS.
    pub url: Url,
    /// A file of certificates (PEM) that are trusted instead of the system's, for `rediss://`.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Who gives the commands that come from here: the `actor` of their events. Idempotency keys are each
    /// actor's own. Default `redis`.
    #[serde(default = "actor")]
    pub actor: String,
    /// Seconds after which another replica takes the place of one that no longer answers, from 1 to 3,600.
    /// Default 3.
    #[serde(default = "lease_seconds")]
    pub lease_seconds: u64,
    /// The channels of *Architecture Patterns with Python*.
    #[serde(default)]
    pub notices: Notices,
    /// Events out, to a stream.
    #[serde(default)]
    pub events: Events,
    /// Commands in, from a stream.
    #[serde(default)]
    pub commands: Commands,
}

/// The book's two channels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// Whether they are used. Default true.
    pub enabled: bool,
    /// The channel on which allocations are told. Default `line_allocated`.
    pub line_allocated: String,
    /// The channel on which changed quantities of batches are heard. Default `change_batch_quantity`.
    pub change_batch_quantity: String,
}

/// The stream of events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Whether there is one. Default true.
    pub enabled: bool,
    /// Its key. Default `landfall:events`.
    pub stream: String,
    /// Entries after which Redis drops the oldest, about (it drops whole nodes of its tree); 0: never.
    /// Default 1,000,000, which is 0.6 to 1 GB of Redis' memory.
    pub max_len: u64,
}

/// The stream of commands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Commands {
    /// Whether there is one. Default true.
    pub enabled: bool,
    /// Its key, at most 200 characters. Beside it there are `…:results`, `…:dead` and `…:reader`. Default
    /// `landfall:commands`.
    pub stream: String,
    /// The consumer group. Default `landfall`.
    pub group: String,
    /// Commands that are taken at a time, at most, from 1 to 10,000. Default 1,000.
    pub batch: usize,
    /// Whether a command is deleted from the stream once its result is written. Turn it off where others
    /// read the stream, too, and trim it yourself. Default true.
    pub delete: bool,
    /// About how many results are kept; 0: none are written. Default 100,000.
    pub results_max_len: u64,
    /// About how many dead letters are kept; 0: all. Default 100,000.
    pub dead_max_len: u64,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            enabled: true,
            line_allocated: "line_allocated".into(),
            change_batch_quantity: "change_batch_quantity".into(),
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            enabled: true,
            stream: "landfall:events".into(),
            max_len: 1_000_000,
        }
    }
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            enabled: true,
            stream: "landfall:commands".into(),
            group: "landfall".into(),
            batch: 1_000,
            delete: true,
            results_max_len: 100_000,
            dead_max_len: 100_000,
        }
    }
}

fn actor() -> String {
    "redis".into()
}

fn lease_seconds() -> u64 {
    3
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {message}")]
pub struct BadConfig {
    /// The setting, within [`Config`]: `commands.batch`.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl BadConfig {
    pub(crate) fn new(key: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { key, message }
    }
}

/// The longest key of a stream of commands: message ids go behind it in idempotency keys of at most 255
/// characters.
const LONGEST_STREAM: usize = 200;

impl Config {
    /// This server, with the defaults.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            ca_file: None,
            actor: actor(),
            lease_seconds: lease_seconds(),
            notices: Notices::default(),
            events: Events::default(),
            commands: Commands::default(),
        }
    }

    /// Whether all of it can be used; the first thing that cannot.
    pub fn check(&self) -> Result<(), BadConfig> {
        let names = [
            ("actor", &self.actor, 255),
            (
                "notices.line_allocated",
                &self.notices.line_allocated,
                1_000,
            ),
            (
                "notices.change_batch_quantity",
                &self.notices.change_batch_quantity,
                1_000,
            ),
            ("events.stream", &self.events.stream, 1_000),
            ("commands.stream", &self.commands.stream, LONGEST_STREAM),
            ("commands.group", &self.commands.group, 1_000),
        ];
        for (key, name, most) in names {
            if name.is_empty() || name.chars().count() > most || name.chars().any(char::is_control)
            {
                let message =
                    format!("must have 1 to {most} characters, none of them a control character");
                return Err(BadConfig::new(key, message));
            }
        }
        let numbers = [
            ("lease_seconds", self.lease_seconds, 3_600),
            ("commands.batch", self.commands.batch as u64, 10_000),
        ];
        for (key, number, most) in numbers {
            if !(1..=most).contains(&number) {
                return Err(BadConfig::new(key, format!("must be from 1 to {most}")));
            }
        }
        Ok(())
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_all_that_is_needed() {
        let config: Config = toml::from_str("url = 'redis://:secret@127.0.0.1:63791'").unwrap();
        assert_eq!(config.notices.line_allocated, "line_allocated");
        assert_eq!(config.events.stream, "landfall:events");
        assert_eq!(config.commands.group, "landfall");
        assert_eq!(config.check(), Ok(()));
        let same = Config::new(config.url.clone());
        assert_eq!(format!("{same:?}"), format!("{config:?}"));
        assert!(!format!("{config:?}").contains("secret"));
        assert!(!serde_json::to_string(&config).unwrap().contains("secret"));
    }

    #[test]
    fn what_is_not_known_or_cannot_be_is_refused() {
        assert!(toml::from_str::<Config>("").is_err());
        let unknown = "url = 'redis://h'\n[commands]\nsteam = 'x'";
        let error = toml::from_str::<Config>(unknown).unwrap_err().to_string();
        assert!(error.contains("steam"), "{error}");
        let wrong = |change: fn(&mut Config)| {
            let mut config = Config::new("redis://h".parse().unwrap());
            change(&mut config);
            config.check().unwrap_err().key
        };
        assert_eq!(wrong(|c| c.lease_seconds = 0), "lease_seconds");
        assert_eq!(wrong(|c| c.commands.batch = 0), "commands.batch");
        assert_eq!(wrong(|c| c.actor.clear()), "actor");
        assert_eq!(wrong(|c| c.events.stream = "a\nb".into()), "events.stream");
        let long = |c: &mut Config| c.commands.stream = "x".repeat(201);
        assert_eq!(wrong(long), "commands.stream");
    }
}
