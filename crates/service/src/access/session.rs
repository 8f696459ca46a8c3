//! Sessions: what a browser shows after somebody has signed in with a key, so that the key itself stays out of it.
//!
//! `lfs_<id>_<until>_<mac>`: the key's id, the second until which it lasts, and an HMAC-SHA-256 of both under the
//! digest of the key. No replica has to remember anything: whoever can read the keys can tell a good session, it
//! ends by itself, and with its key. Who can read the digests in the database could make one, as who can write
//! there could make a key.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::keys::AccessKey;
use super::ring::{Caller, KeyRing, Refusal};

/// How long somebody stays signed in: a working day.
pub const LASTS: SignedDuration = SignedDuration::from_hours(12);

/// How far a replica's clock may be ahead of another's.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

const PREFIX: &str = "lfs_";
/// What is signed begins so: a signature of anything else is none of a session.
const PURPOSE: &[u8] = b"landfall session 1\n";
/// A session's text is not longer than this.
const LONGEST: usize = 128;

/// Opens a session for somebody who has shown a key; none for who was let in without.
pub fn open(caller: &Caller, now: Timestamp) -> Option<String> {
    let key = caller.key()?;
    let until = (now + LASTS).as_second();
    let head = format!("{}_{until}", key.id);
    let mac = URL_SAFE_NO_PAD.encode(signed(key, &head)?.finalize().into_bytes());
    Some(format!("{PREFIX}{head}_{mac}"))
}

/// A session that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub caller: Caller,
    /// When it ends.
    pub until: Timestamp,
}

/// The session that a text is.
pub fn holder(ring: &KeyRing, text: &str, now: Timestamp) -> Result<Session, Refusal> {
    read(ring, text, now).ok_or(Refusal::BadKey)
}

fn read(ring: &KeyRing, text: &str, now: Timestamp) -> Option<Session> {
    if text.len() > LONGEST {
        return None;
    }
    let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let (until, mac) = rest.split_once('_')?;
    let key = ring.key(id)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    // Constant time, and before what it says is looked at.
    signed(key, &format!("{id}_{until}"))?
        .verify_slice(&mac)
        .ok()?;
    let until = Timestamp::from_second(until.parse().ok()?).ok()?;
    // None is given for longer; a clock that is a little ahead may have given it.
    let given = now < until && until <= now + LASTS + AHEAD;
    given.then(|| Session {
        caller: Caller::of(Arc::clone(key)),
        until,
    })
}

fn signed(key: &AccessKey, head: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.digest.bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(head.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::super::role::Role;
    use super::super::secret::Digest;
    use super::*;

    fn key(id: &str, text: &[u8], revoked: bool) -> AccessKey {
        AccessKey {
            name: id.parse().unwrap(),
            role: Role::Supply,
            id: id.into(),
            digest: Digest::of(text),
            created: Timestamp::UNIX_EPOCH,
            revoked: revoked.then_some(Timestamp::UNIX_EPOCH),
        }
    }

    fn ring(keys: Vec<AccessKey>) -> KeyRing {
        KeyRing::from(Keys { version: 1, keys })
    }

    fn session(ring: &KeyRing, id: &str) -> String {
        let caller = Caller::of(Arc::clone(ring.key(id).unwrap()));
        open(&caller, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_session_is_its_keys_until_it_ends() {
        let ring = ring(vec![key("a1", b"one", false)]);
        let text = session(&ring, "a1");
        let Session { caller, until } = holder(&ring, &text, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(caller.actor().as_deref(), Some("a1"));
        assert_eq!(caller.role(), Role::Supply);
        let last = Timestamp::UNIX_EPOCH + LASTS - SignedDuration::from_secs(1);
        assert!(holder(&ring, &text, last).is_ok());
        let over = Timestamp::UNIX_EPOCH + LASTS;
        assert_eq!(until, over);
        assert_eq!(holder(&ring, &text, over), Err(Refusal::BadKey));
    }

    #[test]
    fn none_lasts_longer_than_it_may() {
        let ring = ring(vec![key("a1", b"one", false)]);
        let text = session(&ring, "a1");
        let before = |duration| holder(&ring, &text, Timestamp::UNIX_EPOCH - duration);
        assert!(before(AHEAD).is_ok());
        let longer = AHEAD + SignedDuration::from_secs(1);
        assert_eq!(before(longer), Err(Refusal::BadKey));
    }

    #[test]
    fn it_ends_with_its_key() {
        let text = session(&ring(vec![key("a1", b"one", false)]), "a1");
        let now = Timestamp::UNIX_EPOCH;
        for after in [
            vec![key("a1", b"one", true)],
            vec![key("b2", b"one", false)],
            vec![key("a1", b"another", false)],
            vec![],
        ] {
            assert_eq!(holder(&ring(after), &text, now), Err(Refusal::BadKey));
        }
    }

    #[test]
    fn nobody_makes_one_or_prolongs_one() {
        let ring = ring(vec![key("a1", b"one", false), key("b2", b"two", false)]);
        let now = Timestamp::UNIX_EPOCH;
        let text = session(&ring, "a1");
        let mac = text.rsplit_once('_').unwrap().1;
        for forged in [
            String::new(),
            "lfs_".into(),
            "lfs_a1".into(),
            "lfs_a1_99999999999_".into(),
            format!("lfs_a1_99999999999_{mac}"),
            text.replace("a1", "b2"),
            text.replace("lfs_", "lf_"),
            format!("{text}A"),
            text[..text.len() - 1].into(),
            format!("{text}{}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(
                holder(&ring, &forged, now),
                Err(Refusal::BadKey),
                "{forged}"
            );
        }
    }

    #[test]
    fn who_came_without_a_key_has_no_session() {
        assert_eq!(open(&Caller::NOBODY, Timestamp::UNIX_EPOCH), None);
    }
}
