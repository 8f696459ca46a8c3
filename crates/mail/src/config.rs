//! Through which server mail goes, and from whom it is.

use std::path::PathBuf;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use landfall_service::notices::Address;
use serde::{Deserialize, Serialize};

use crate::server::Server;

/// Through which server mail goes, and from whom it is. It can be printed: passwords are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server: `smtp://HOST:PORT` or `smtps://USER:PASSWORD@HOST`. Absent: no mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Server>,
    /// Who the mail is from. Default: `allocations@example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// What Landfall calls itself towards the server (`EHLO`). Default: `[127.0.0.1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hello: Option<String>,
    /// How long the conversation about one message may take, at most 20 seconds. Default: 10 seconds.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// A file in PEM with authorities to trust beside those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: None,
            from: "allocations@example.com".parse().ok(),
            hello: None,
            timeout: Duration::from_secs(10),
            ca_file: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_to_be_said() {
        let config: Config = toml::from_str("").unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.from.unwrap().as_str(), "allocations@example.com");
        assert_eq!(config.url, None);
    }

    #[test]
    fn everything_can_be_said_and_the_password_is_not_printed() {
        let text = r#"
            url = "smtps://stock%40made.com:hunter%32@mail.made.com"
            from = "landfall@made.com"
            hello = "landfall.made.com"
            timeout = "20s"
            ca_file = "/etc/ca.pem"
        "#;
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!(config.timeout, Duration::from_secs(20));
        for shown in [format!("{config:?}"), toml::to_string(&config).unwrap()] {
            assert!(!shown.contains("hunter"), "{shown}");
            assert!(
                shown.contains("smtps://stock%40made.com:***@mail.made.com:465"),
                "{shown}"
            );
        }
        for wrong in [
            "from = \"nobody\"",
            "frm = \"a@b\"",
            "url = \"http://a\"",
            "timeout = 3",
        ] {
            toml::from_str::<Config>(wrong).unwrap_err();
        }
    }
}
