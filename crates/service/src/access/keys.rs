//! API keys as they are kept, and the port to where that is.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::role::Role;
use super::secret::Digest;

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 64;

/// The name of a key: who does what is done with it. It stands in every event, and idempotency keys are counted
/// by it, so no two keys ever have the same, also when one is revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Arc<str>);

/// A text that is no name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name has 1 to 64 letters, digits or . _ - @, and begins with a letter or digit")]
pub struct BadName;

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as the actor of commands.
    pub fn actor(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        if begins && text.len() <= LONGEST_NAME && text.chars().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(BadName)
        }
    }
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a key. The key itself is known to its holder alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Whose it is.
    pub name: KeyName,
    /// What it may do.
    pub role: Role,
    /// The part of the key by which it is found; no secret.
    pub id: String,
    /// The rest of it, in a form from which nobody gets back to it.
    pub digest: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is good for nothing.
    pub revoked: Option<Timestamp>,
}

/// All keys as they were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Another one with each change.
    pub version: u64,
    /// The oldest first; also revoked ones.
    pub keys: Vec<AccessKey>,
}

/// Why the keys could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is, or was, a key of this name.
    #[error("there is a key named {0} already, or there was one; names are used once")]
    NameTaken(KeyName),
    /// There is no key of this name.
    #[error("there is no key named {0}")]
    Unknown(KeyName),
    /// The database cannot be asked at present.
    #[error("{0}")]
    Unavailable(String),
    /// What is in the database makes no sense.
    #[error("the keys in the database are damaged: {0}")]
    Corrupt(String),
}

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The key is good for nothing from now on.
    Done,
    /// It has been good for nothing since then.
    Already(Timestamp),
}

/// Where keys are kept: beside everything else, in the database.
///
/// A change is one short transaction of its own, and may be made by another process than the one that serves.
/// When it returns, whoever reads sees it.
#[async_trait]
pub trait AccessKeys: Send + Sync + 'static {
    /// The version of [`AccessKeys::keys`], as cheaply as it can be had, and never an old one: it is asked for
    /// before every request.
    async fn version(&self) -> Result<u64, AccessError>;

    /// Whether the store of the same database tells this version with what a group of commands loads
    /// ([`crate::store::Loaded::access_version`]): then commands need no look of their own.
    fn seen_by_engine(&self) -> bool {
        false
    }

    /// All keys, as of one moment.
    async fn keys(&self) -> Result<Keys, AccessError>;

    /// Keeps a new key.
    async fn create(&self, key: &AccessKey) -> Result<(), AccessError>;

    /// Makes a key good for nothing from `now` on.
    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in [
            "shop",
            "web-shop.2",
            "A",
            "9",
            "ann@example.com",
            &"n".repeat(64),
        ] {
            assert_eq!(name.parse::<KeyName>().unwrap().as_str(), name);
        }
        for name in [
            "",
            "-x",
            "a b",
            "a\u{1f}b",
            "a\n",
            "ü",
            "a/b",
            &"n".repeat(65),
        ] {
            assert_eq!(name.parse::<KeyName>(), Err(BadName), "{name:?}");
        }
    }
}
