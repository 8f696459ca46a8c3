//! The URL of a mail server: who, where, and how safely.
//!
//! `smtps://` is TLS from the first byte (port 465). `smtp://` is without, or with STARTTLS as `?tls=` says:
//! `none`, `opportunistic` (if the server has it) or `required` (port 587; 25 without). With a password the
//! default is `required`, so that none is sent in the clear unless somebody says so.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// How safe the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// In the clear.
    Clear,
    /// STARTTLS if the server has it.
    Opportunistic,
    /// STARTTLS, or nothing.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) safety: Safety,
    /// User and password.
    pub(crate) login: Option<(String, String)>,
}

impl FromStr for Server {
    type Err = String;

    /// The URL itself is in none of the errors: it may have a password.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be smtp://HOST:PORT or smtps://USER:PASSWORD@HOST";
        let url = Url::parse(text).map_err(|_| WRONG)?;
        let host = match url.host().ok_or(WRONG)? {
            Host::Domain(name) if !name.is_empty() => name.to_owned(),
            Host::Domain(_) => return Err(WRONG.into()),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("a mail server's url has nothing after the host but ?tls=".into());
        }
        let decode = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| WRONG)?;
            Ok::<_, String>(text.into_owned())
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decode(user)?, decode(password)?)),
            _ => {
                return Err(
                    "a mail server's url has both a user and a password, or neither".into(),
                );
            }
        };
        let mut wish = None;
        for (key, value) in url.query_pairs() {
            if key != "tls" {
                return Err("a mail server's url has no option but ?tls=".into());
            }
            wish = Some(match &*value {
                "none" => Safety::Clear,
                "opportunistic" => Safety::Opportunistic,
                "required" => Safety::StartTls,
                _ => return Err("?tls= must be none, opportunistic or required".into()),
            });
        }
        let safety = match (url.scheme(), wish) {
            ("smtps", None) => Safety::Tls,
            ("smtps", Some(_)) => {
                return Err("?tls= is for smtp://; smtps:// has TLS anyway".into());
            }
            ("smtp", Some(wish)) => wish,
            ("smtp", None) if login.is_some() => Safety::StartTls,
            ("smtp", None) => Safety::Clear,
            _ => return Err(WRONG.into()),
        };
        let usual = match safety {
            Safety::Tls => 465,
            Safety::StartTls | Safety::Opportunistic => 587,
            Safety::Clear => 25,
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(usual),
            safety,
            login,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, tls) = match self.safety {
            Safety::Tls => ("smtps", ""),
            Safety::StartTls => ("smtp", "?tls=required"),
            Safety::Opportunistic => ("smtp", "?tls=opportunistic"),
            Safety::Clear => ("smtp", "?tls=none"),
        };
        write!(f, "{scheme}://")?;
        if let Some((user, _)) = &self.login {
            write!(f, "{}:***@", utf8_percent_encode(user, &USER))?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]:{}{tls}", self.host, self.port)
        } else {
            write!(f, "{}:{}{tls}", self.host, self.port)
        }
    }
}

/// What a user's name is written with in a URL.
const USER: percent_encoding::AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Server {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Server {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how_safely() {
        for (text, shown, safety) in [
            (
                "smtp://localhost:11025",
                "smtp://localhost:11025?tls=none",
                Safety::Clear,
            ),
            (
                "smtp://127.0.0.1",
                "smtp://127.0.0.1:25?tls=none",
                Safety::Clear,
            ),
            (
                "smtp://[::1]:2525/",
                "smtp://[::1]:2525?tls=none",
                Safety::Clear,
            ),
            (
                "smtps://mail.made.com",
                "smtps://mail.made.com:465",
                Safety::Tls,
            ),
            (
                "smtp://m?tls=required",
                "smtp://m:587?tls=required",
                Safety::StartTls,
            ),
            (
                "smtp://m?tls=opportunistic",
                "smtp://m:587?tls=opportunistic",
                Safety::Opportunistic,
            ),
            (
                "smtp://u:p@m",
                "smtp://u:***@m:587?tls=required",
                Safety::StartTls,
            ),
            (
                "smtp://u:p@m?tls=none",
                "smtp://u:***@m:25?tls=none",
                Safety::Clear,
            ),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!(
                (server.to_string().as_str(), server.safety),
                (shown, safety)
            );
            assert_eq!(format!("{server:?}"), shown);
        }
        let server: Server = "smtps://a%40b:p%3A%2F@m".parse().unwrap();
        assert_eq!(server.login, Some(("a@b".into(), "p:/".into())));
    }

    #[test]
    fn what_is_no_mail_server_is_refused_without_repeating_it() {
        for wrong in [
            "",
            "localhost:25",
            "http://hunter2.com",
            "smtp://",
            "smtp://user@hunter2",
            "smtp://:hunter2@m",
            "smtp://u:hunter2@m/path",
            "smtp://u:hunter2@m?tls=maybe",
            "smtp://u:hunter2@m?timeout=3",
            "smtps://u:hunter2@m?tls=none",
            "smtp://u:%ffhunter2@m",
        ] {
            let error = wrong.parse::<Server>().unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
