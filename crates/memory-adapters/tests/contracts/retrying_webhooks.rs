//! The stores of webhooks, for a caller that tries again.

use async_trait::async_trait;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::ports::{
    CommitError, DeliveryRequest, StoreError, WebhookOutbox, WebhookSecrets,
};
use batchway_domain::webhooks::{Delivery, DeliveryId, SealedSecrets};
use batchway_memory_adapters::{FailingWebhookOutbox, FailingWebhookSecrets};

use crate::retrying::insist;

#[derive(Debug)]
pub(crate) struct RetryingWebhookOutbox(pub(crate) FailingWebhookOutbox);

#[async_trait]
impl WebhookOutbox for RetryingWebhookOutbox {
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError> {
        insist(|| self.0.take_due(request)).await
    }

    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        insist(|| self.0.record(delivery, expected_version)).await
    }

    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        insist(|| self.0.load(id)).await
    }

    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        insist(|| self.0.of_job(job, limit)).await
    }
}

#[derive(Debug)]
pub(crate) struct RetryingWebhookSecrets(pub(crate) FailingWebhookSecrets);

#[async_trait]
impl WebhookSecrets for RetryingWebhookSecrets {
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError> {
        insist(|| self.0.load(user)).await
    }

    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        insist(|| self.0.replace(user, expected, new)).await
    }
}
