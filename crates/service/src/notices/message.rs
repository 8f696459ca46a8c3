//! The port through which one message goes to a person.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hands messages over to people.
#[async_trait]
pub trait Notifications: Send + Sync + 'static {
    /// Sends one message to all whom it names. It is sent once or, where nobody can say whether it was, again.
    async fn send(&self, message: &Message) -> Result<(), NotSent>;
}

/// A message in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for the same message, and for no other: letters, digits, `-` and `.`. Who gets it twice can tell.
    pub id: String,
    /// To whom; at least one.
    pub to: Vec<Address>,
    /// On one line.
    pub subject: String,
    /// Lines that end with `\n`; the last one need not.
    pub body: String,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// This message is refused for good, and why.
    #[error("the message was refused: {0}")]
    Refused(String),
    /// Something is in the way for a while, and what; no secrets.
    #[error("{0}")]
    Unavailable(String),
}

/// A person's address, `stock@made.com`: what RFC 5321 lets be written without quotes, in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text.split_once('@').is_some_and(|(local, domain)| {
            let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
            let in_host = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
            let label = |text: &str| {
                (1..=63).contains(&text.len())
                    && text.bytes().all(in_host)
                    && !text.starts_with('-')
                    && !text.ends_with('-')
            };
            local.len() <= 64
                && domain.len() <= 255
                && local
                    .split('.')
                    .all(|part| !part.is_empty() && part.bytes().all(atom))
                && domain.split('.').all(label)
        });
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not an address such as stock@made.com"))
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain() {
        for right in ["stock@made.com", "a.b+c@x-y.example.com", "root@localhost"] {
            assert_eq!(right.parse::<Address>().unwrap().as_str(), right);
        }
        let long = format!("{}@a.com", "x".repeat(65));
        for wrong in [
            "",
            "stock",
            "@made.com",
            "stock@",
            "stock@made.com\r\nBcc: all@made.com",
            "Stock <stock@made.com>",
            "a@b@c",
            "a b@c",
            "a@b,c@d",
            ".a@b",
            "a..b@c",
            "a@b..c",
            "a@-b.c",
            "ä@b.c",
            "a@[127.0.0.1]",
            &long,
        ] {
            wrong.parse::<Address>().unwrap_err();
        }
    }
}
