//! The keys that are in force, and whom they let in.

use std::collections::HashMap;

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
    in_force: HashMap<String, AccessKey>,
    /// Whether there was ever a key: then the door without keys is closed for good, also when all of them
    /// are revoked.
    any: bool,
}

/// Somebody who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    actor: Option<Actor>,
    role: Role,
    /// The id of the key.
    key: Option<String>,
}

impl Caller {
    /// Somebody without a key who may do everything: there are no keys yet, or it is this process itself.
    pub const NOBODY: Caller = Caller {
        actor: None,
        role: Role::Admin,
        key: None,
    };

    /// The name of the key.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// What the key is there for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the key has this right.
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
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
            in_force: in_force.map(|key| (key.id.clone(), key)).collect(),
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

    /// Whose key this is.
    pub fn holder(&self, shown: &[u8]) -> Result<Caller, Refusal> {
        let id = id_in(shown).filter(|_| shown.len() <= LONGEST);
        let key = id.and_then(|id| self.in_force.get(id));
        let key = key.ok_or(Refusal::BadKey)?;
        // Constant time: how much of a guess was right cannot be measured.
        if key.digest == Digest::of(shown) {
            Ok(Caller {
                actor: Some(key.name.actor()),
                role: key.role,
                key: Some(key.id.clone()),
            })
        } else {
            Err(Refusal::BadKey)
        }
    }

    /// Whether somebody's key is in force still; without a key, whether there is none still.
    pub fn knows(&self, caller: &Caller) -> bool {
        match &caller.key {
            Some(id) => self.in_force.contains_key(id),
            None => !self.any,
        }
    }
}
