//! A key's text: made, read, and kept as a digest.
//!
//! `lf_<id>_<secret>`: the id (64 random bits in hex) says which key it is, and the secret (256 random bits in
//! base64url) proves it. What is kept is the SHA-256 of the whole. A slow, salted hash is for passwords, which
//! people choose and others can guess. Of 256 random bits nobody guesses any, however fast the hash is; and a
//! slow one would be paid by every request.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::keys::{AccessKey, KeyName};
use super::role::Role;

/// What every key begins with, so that one that was left somewhere is recognised.
const PREFIX: &str = "lf_";
/// What stands in the place of one in a log.
const MASKED: &str = "lf_***";
/// Random bytes of an id.
const ID_BYTES: usize = 8;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Characters of an id.
const ID_LENGTH: usize = 2 * ID_BYTES;

/// A text without the keys in it: for each, all but what says that it is one.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let mut without = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(at) = key_in(&without[from..]) {
        let begin = from + at;
        let length =
            without[begin..].find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'));
        let end = length.map_or(without.len(), |length| begin + length);
        without.to_mut().replace_range(begin..end, MASKED);
        from = begin + MASKED.len();
    }
    without
}

/// Whether there is a key in it.
pub fn holds_a_key(text: &str) -> bool {
    key_in(text).is_some()
}

/// Where the first key begins: what looks like one, whether it is or not.
fn key_in(text: &str) -> Option<usize> {
    let mut begins = text.match_indices(PREFIX);
    let key = begins.find(|(at, _)| {
        let id = text.as_bytes()[at + PREFIX.len()..].split_at_checked(ID_LENGTH);
        id.is_some_and(|(id, rest)| {
            id.iter().all(u8::is_ascii_hexdigit) && rest.first() == Some(&b'_')
        })
    });
    key.map(|(at, _)| at)
}

/// Where random bytes come from: the operating system, through the binary.
pub trait Entropy {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// There are no random bytes to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes: {0}")]
pub struct NoEntropy(pub String);

/// The SHA-256 of a key. Two are compared in a time that does not depend on where they differ.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of a key's whole text.
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// As it is kept.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A key that was made just now: what is kept of it, and its text, which is shown once.
pub struct Issued {
    /// What is kept.
    pub key: AccessKey,
    text: String,
}

impl Issued {
    /// The key itself.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Makes a key. It is in force when [`super::AccessKeys::create`] has kept it.
pub fn issue(
    name: KeyName,
    role: Role,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Issued, NoEntropy> {
    let mut id = [0; ID_BYTES];
    let mut secret = [0; SECRET_BYTES];
    entropy.fill(&mut id)?;
    entropy.fill(&mut secret)?;
    let id = format!("{:0width$x}", u64::from_be_bytes(id), width = ID_LENGTH);
    let text = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(secret));
    let digest = Digest::of(text.as_bytes());
    let key = AccessKey {
        name,
        role,
        id,
        digest,
        created: now,
        revoked: None,
    };
    Ok(Issued { key, text })
}

/// The id that a key's text names; none where it is no key's text.
pub fn id_in(text: &[u8]) -> Option<&str> {
    let (id, rest) = text
        .strip_prefix(PREFIX.as_bytes())?
        .split_at_checked(ID_LENGTH)?;
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if rest.first() == Some(&b'_') && id.iter().all(hex) {
        std::str::from_utf8(id).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts, which is the opposite of random.
    struct Counting(std::cell::Cell<u8>);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            for byte in bytes {
                *byte = self.0.replace(self.0.get().wrapping_add(1));
            }
            Ok(())
        }
    }

    struct Dry;

    impl Entropy for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
            Err(NoEntropy("none left".into()))
        }
    }

    fn issued(entropy: &dyn Entropy) -> Result<Issued, NoEntropy> {
        let name = "shop".parse().unwrap();
        issue(name, Role::Orders, Timestamp::UNIX_EPOCH, entropy)
    }

    #[test]
    fn a_key_is_taken_out_of_a_text_wherever_it_stands() {
        let key = issued(&Counting(0.into())).unwrap();
        let key = key.text();
        for (text, without) in [
            (format!("/{key}"), "/lf_***"),
            (format!("é{key}/{key}?lf_"), "élf_***/lf_***?lf_"),
            ("lf_0123456789abcdef_".into(), "lf_***"),
            (
                "/v1/orders/lf_0123456789abcde".into(),
                "/v1/orders/lf_0123456789abcde",
            ),
            ("lf_lf_0123456789abcdef_x".into(), "lf_lf_***"),
        ] {
            assert_eq!(without_keys(&text), without);
            assert_eq!(holds_a_key(&text), text != without);
        }
    }

    #[test]
    fn a_key_says_who_it_is_and_holds_all_random_bits() {
        let issued = issued(&Counting(0.into())).unwrap();
        let text = issued.text();
        assert_eq!(
            text,
            "lf_0001020304050607_CAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJic"
        );
        assert_eq!(id_in(text.as_bytes()), Some("0001020304050607"));
        assert_eq!(issued.key.id, "0001020304050607");
        assert_eq!(issued.key.digest, Digest::of(text.as_bytes()));
    }

    #[test]
    fn nothing_that_is_kept_or_logged_holds_the_secret() {
        let issued = issued(&Counting(0.into())).unwrap();
        let secret = issued.text().splitn(3, '_').last().unwrap();
        let shown = format!("{issued:?} {:?}", issued.key);
        assert!(!shown.contains(secret), "{shown}");
        assert!(shown.contains("shop"), "{shown}");
        assert_ne!(issued.key.digest.bytes().as_slice(), secret.as_bytes());
    }

    #[test]
    fn without_random_bytes_there_is_no_key() {
        assert_eq!(issued(&Dry).unwrap_err(), NoEntropy("none left".into()));
    }

    #[test]
    fn what_is_no_key_names_none() {
        for text in [
            "",
            "lf_",
            "lf_0001020304050607",
            "lf_0001020304050607x",
            "lf_000102030405060_x",
            "lf_000102030405060G_x",
            "LF_0001020304050607_x",
            "lf_000102030405060é_x",
        ] {
            assert_eq!(id_in(text.as_bytes()), None, "{text}");
        }
    }
}
