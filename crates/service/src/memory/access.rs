//! API keys in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::access::{AccessError, AccessKey, AccessKeys, KeyName, Keys, Revocation};

/// Keys that are gone when the process ends. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryKeys {
    kept: Arc<Mutex<Keys>>,
    /// Whether they are those of a store.
    of_store: bool,
}

impl MemoryKeys {
    /// The keys of a store: it tells their version.
    pub(super) fn of_store() -> Self {
        Self {
            of_store: true,
            ..Self::default()
        }
    }

    /// Another one with each change.
    pub(super) fn version_now(&self) -> u64 {
        self.lock().version
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        // Each change is one step.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AccessKeys for MemoryKeys {
    async fn version(&self) -> Result<u64, AccessError> {
        Ok(self.version_now())
    }

    fn seen_by_engine(&self) -> bool {
        self.of_store
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        Ok(self.lock().clone())
    }

    async fn create(&self, key: &AccessKey) -> Result<(), AccessError> {
        let mut kept = self.lock();
        if kept.keys.iter().any(|other| other.name == key.name) {
            return Err(AccessError::NameTaken(key.name.clone()));
        }
        kept.keys.push(key.clone());
        kept.version += 1;
        Ok(())
    }

    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        let mut kept = self.lock();
        let found = kept.keys.iter_mut().find(|key| key.name == *name);
        let key = found.ok_or_else(|| AccessError::Unknown(name.clone()))?;
        if let Some(since) = key.revoked {
            return Ok(Revocation::Already(since));
        }
        key.revoked = Some(now);
        kept.version += 1;
        Ok(Revocation::Done)
    }
}
