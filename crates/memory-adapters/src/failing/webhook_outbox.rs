//! An outbox of webhooks that fails on request.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{CommitError, DeliveryRequest, StoreError, WebhookOutbox};
use batchway_domain::webhooks::{Delivery, DeliveryId};

use super::{Faults, store_error};

/// The calls of a [`WebhookOutbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum WebhookOutboxCall {
    TakeDue,
    Record,
    Load,
    OfJob,
}

impl WebhookOutboxCall {
    /// Every call.
    pub const ALL: [Self; 4] = [Self::TakeDue, Self::Record, Self::Load, Self::OfJob];
}

/// An outbox of webhooks before which calls fail as its [`Faults`] say, with the errors of
/// [`FailingJobStore`](super::FailingJobStore).
#[derive(Debug)]
pub struct FailingWebhookOutbox {
    inner: Arc<dyn WebhookOutbox>,
    faults: Faults<WebhookOutboxCall>,
}

impl FailingWebhookOutbox {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn WebhookOutbox>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<WebhookOutboxCall> {
        &self.faults
    }
}

#[async_trait]
impl WebhookOutbox for FailingWebhookOutbox {
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError> {
        let work = self.inner.take_due(request);
        self.faults
            .around(WebhookOutboxCall::TakeDue, work, store_error)
            .await
    }

    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        let work = self.inner.record(delivery, expected_version);
        self.faults
            .around(WebhookOutboxCall::Record, work, store_error)
            .await
    }

    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let work = self.inner.load(id);
        self.faults
            .around(WebhookOutboxCall::Load, work, store_error)
            .await
    }

    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let work = self.inner.of_job(job, limit);
        self.faults
            .around(WebhookOutboxCall::OfJob, work, store_error)
            .await
    }
}
