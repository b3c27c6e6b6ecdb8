//! Each user's webhook secrets.

use async_trait::async_trait;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{StoreError, WebhookSecrets};
use batchway_domain::webhooks::SealedSecrets;

use super::MemoryJobStore;

#[async_trait]
impl WebhookSecrets for MemoryJobStore {
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError> {
        Ok(self.contents().webhook_secrets.get(user).cloned())
    }

    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        let secrets = &mut self.contents().webhook_secrets;
        let present = secrets.get(user);
        if present == Some(new) {
            return Ok(true);
        }
        if present != expected {
            return Ok(false);
        }
        secrets.insert(user.clone(), new.clone());
        Ok(true)
    }
}
