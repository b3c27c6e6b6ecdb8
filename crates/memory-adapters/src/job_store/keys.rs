//! The register of keys.

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{ApiKeys, KeyError, KeyRecord, ReadError};
use batchway_domain::security::KeyDigest;

use super::MemoryJobStore;
use super::contents::Contents;

impl Contents {
    /// Whose key it is, if it is registered and not revoked.
    pub(super) fn authenticate(&self, digest: &KeyDigest) -> Result<UserName, ReadError> {
        self.keys
            .iter()
            .find(|key| key.digest == *digest && key.revoked_at.is_none())
            .map(|key| key.user.clone())
            .ok_or(ReadError::Unauthorized)
    }
}

#[async_trait]
impl ApiKeys for MemoryJobStore {
    async fn register(&self, record: &KeyRecord) -> Result<(), KeyError> {
        let keys = &mut self.contents().keys;
        if keys.iter().any(|key| key.digest == record.digest) {
            return Err(KeyError::Exists);
        }
        keys.push(record.clone());
        Ok(())
    }

    async fn list(&self, user: Option<&UserName>) -> Result<Vec<KeyRecord>, KeyError> {
        let mut keys = self.contents().keys.clone();
        keys.retain(|key| user.is_none_or(|user| key.user == *user));
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    async fn revoke(&self, short: &str, at: Timestamp) -> Result<Vec<KeyRecord>, KeyError> {
        let mut contents = self.contents();
        let matching = contents
            .keys
            .iter_mut()
            .filter(|key| key.digest.short() == short);
        let revoked = matching.map(|key| {
            key.revoked_at.get_or_insert(at);
            key.clone()
        });
        Ok(revoked.collect())
    }
}
