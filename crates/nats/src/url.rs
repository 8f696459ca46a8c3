//! The URLs of the servers, which may hold passwords that nobody is to see.

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, `tls://…` with TLS, several of one cluster separated by commas.
/// They share one user: it may stand in one of them or in each.
///
/// Every written form of it, also its JSON, has `***` in place of passwords and tokens.
#[derive(Clone)]
pub struct Urls {
    /// Without users: the library takes none from a URL.
    servers: Vec<ServerAddr>,
    login: Option<Login>,
}

/// Who we are to the servers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Password { user: String, password: String },
    Token(String),
}

impl Urls {
    /// Where the servers are.
    pub(crate) fn servers(&self) -> &[ServerAddr] {
        &self.servers
    }

    /// Who we are there.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Whether what goes over the wire is encrypted, by what the URLs say.
    pub fn is_encrypted(&self) -> bool {
        self.servers.iter().all(ServerAddr::tls_required)
    }
}

/// A server, and who we are to it by its URL. `None`: it is no URL of a server.
fn server(url: &str) -> Option<(ServerAddr, Option<Login>)> {
    let server: ServerAddr = url.trim().parse().ok()?;
    if !["nats", "tls"].contains(&server.scheme()) || server.host().is_empty() {
        return None;
    }
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?;
        Some(text.into_owned())
    };
    let login = match (server.username(), server.password()) {
        (Some(user), Some(password)) => Some(Login::Password {
            user: decode(user)?,
            password: decode(password)?,
        }),
        // A user without a password is a token.
        (Some(token), None) => Some(Login::Token(decode(token)?)),
        (None, Some(_)) => return None,
        (None, None) => None,
    };
    let mut url = server.into_inner();
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some((ServerAddr::from_url(url).ok()?, login))
}

impl FromStr for Urls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The library's own words may repeat parts of the text, and with it the password.
        const WRONG: &str = "must be nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT] or tls://…, several \
                             separated by commas";
        let servers: Option<Vec<_>> = text.split(',').map(server).collect();
        let (servers, logins): (Vec<_>, Vec<_>) = servers.ok_or(WRONG)?.into_iter().unzip();
        let mut logins = logins.into_iter().flatten();
        let login = logins.next();
        if logins.any(|other| Some(&other) != login.as_ref()) {
            return Err("the servers of a cluster have one user, or one token".into());
        }
        Ok(Self { servers, login })
    }
}

impl fmt::Display for Urls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, server) in self.servers.iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            write!(f, "{}://", server.scheme())?;
            match &self.login {
                Some(Login::Password { user, .. }) => {
                    let user = utf8_percent_encode(user, NON_ALPHANUMERIC);
                    write!(f, "{user}:***@")?;
                }
                Some(Login::Token(_)) => f.write_str("***@")?,
                None => {}
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
                "tls://shop:***@a:1,nats://shop:***@b:4222",
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
    fn who_we_are_is_taken_from_any_of_them_as_it_was_before_it_was_written_as_a_url() {
        let login = |urls: &str| urls.parse::<Urls>().unwrap().login;
        let shop = |password: &str| {
            let (user, password) = ("a@b".into(), password.into());
            Some(Login::Password { user, password })
        };
        assert!(login("nats://a,nats://a%40b:p%3A%2F@b") == shop("p:/"));
        assert!(login("nats://a%40b:x@a,nats://a%40b:x@b") == shop("x"));
        assert!(login("nats://t%2B@a") == Some(Login::Token("t+".into())));
        assert!(login("nats://a").is_none());
    }

    #[test]
    fn what_is_no_url_is_not_repeated() {
        for (wrong, why) in [
            ("", "must be nats://"),
            ("http://:secret@h", "must be nats://"),
            ("nats://:secret@h", "must be nats://"),
            ("nats://a,", "must be nats://"),
            ("nats://u:secret@:x", "must be nats://"),
            ("nats://u:secret@a,nats://u:other@b", "have one user"),
        ] {
            let error = wrong.parse::<Urls>().unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("secret"));
        }
    }
}
