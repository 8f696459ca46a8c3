//! The keys that are in force, and whom they let in.

use std::collections::HashMap;
use std::sync::Arc;

use super::keys::{AccessKey, Keys};
use super::role::{Right, Role};
use super::secret::{Digest, id_in};
use crate::answer::Actor;

/// A key's text is not longer than this.
const LONGEST: usize = 128;

/// The keys as of one version.
#[derive(Debug, Default)]
pub struct KeyRing {
    version: u64,
    in_force: HashMap<String, Arc<AccessKey>>,
    /// Whether there was ever a key: then the door without keys is closed for good, also when all of them
    /// are revoked.
    any: bool,
}

/// Somebody who was let in, by a key or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(Option<Arc<AccessKey>>);

impl Caller {
    /// Somebody without a key who may do everything: there are no keys yet, or it is this process itself.
    pub const NOBODY: Caller = Caller(None);

    /// The holder of a key that was shown.
    pub(super) fn of(key: Arc<AccessKey>) -> Self {
        Self(Some(key))
    }

    /// The key.
    pub(super) fn key(&self) -> Option<&AccessKey> {
        self.0.as_deref()
    }

    /// The name of the key.
    pub fn actor(&self) -> Option<Actor> {
        self.0.as_ref().map(|key| key.name.actor())
    }

    /// What the key is there for.
    pub fn role(&self) -> Role {
        self.0.as_ref().map_or(Role::Admin, |key| key.role)
    }

    /// Whether the key has this right.
    pub fn may(&self, right: Right) -> bool {
        self.role().may(right)
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key was shown, and one is needed.
    #[error("no key was shown")]
    NoKey,
    /// There is no such key, or it is revoked: which of the two is nobody's business.
    #[error("there is no such key, or it is revoked")]
    BadKey,
}

impl From<Keys> for KeyRing {
    fn from(Keys { version, keys }: Keys) -> Self {
        let any = !keys.is_empty();
        let in_force = keys.into_iter().filter(|key| key.revoked.is_none());
        Self {
            version,
            in_force: in_force
                .map(|key| (key.id.clone(), Arc::new(key)))
                .collect(),
            any,
        }
    }
}

impl KeyRing {
    /// The version of the keys.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether there is, or ever was, a key.
    pub fn has_any(&self) -> bool {
        self.any
    }

    /// How many keys are in force.
    pub fn in_force(&self) -> usize {
        self.in_force.len()
    }

    /// The key with this id, where it is in force.
    pub(super) fn key(&self, id: &str) -> Option<&Arc<AccessKey>> {
        self.in_force.get(id)
    }

    /// Whose key this is.
    pub fn holder(&self, shown: &[u8]) -> Result<Caller, Refusal> {
        let id = id_in(shown).filter(|_| shown.len() <= LONGEST);
        let key = id.and_then(|id| self.in_force.get(id));
        let key = key.ok_or(Refusal::BadKey)?;
        // Constant time: how much of a guess was right cannot be measured.
        if key.digest == Digest::of(shown) {
            Ok(Caller(Some(Arc::clone(key))))
        } else {
            Err(Refusal::BadKey)
        }
    }

    /// Whether somebody's key is in force still; without a key, whether there is none still.
    pub fn knows(&self, caller: &Caller) -> bool {
        match &caller.0 {
            Some(key) => self.in_force.contains_key(&key.id),
            None => !self.any,
        }
    }
}
