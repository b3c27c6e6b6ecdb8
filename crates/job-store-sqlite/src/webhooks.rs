//! The ports of webhooks, each call handed to the writer or to a reader.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::ports::{
    CommitError, DeliveryRequest, StoreError, WebhookOutbox, WebhookSecrets,
};
use batchway_domain::webhooks::{Delivery, DeliveryId, SealedSecrets};

use crate::store_error::store_error;
use crate::{SqliteJobStore, deliveries, receivers, webhook_secrets};

#[async_trait]
impl WebhookOutbox for SqliteJobStore {
    /// One that can't be read must not keep the others from being sent: it is reported, and left
    /// alone until its lease is over.
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError> {
        let request = request.clone();
        let clock = Arc::clone(&self.clock);
        let last_served = self.last_served.clone();
        let records = self
            .writer
            .write(move |connection| {
                let now = clock.now();
                receivers::next(connection, &request, &last_served, now)
                    .and_then(|numbers| {
                        deliveries::lease(connection, &numbers, now.plus(request.lease))
                    })
                    .map_err(store_error)
            })
            .await?;
        let readable = records.iter().filter_map(|record| {
            deliveries::decode(record)
                .inspect_err(|error| tracing::error!(%error, "a due delivery is passed over"))
                .ok()
        });
        Ok(readable.collect())
    }

    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        let delivery = delivery.clone();
        self.writer
            .write(move |connection| deliveries::record(connection, &delivery, expected_version))
            .await
    }

    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let id = id.clone();
        self.readers
            .read(move |connection| deliveries::load(connection, &id))
            .await
    }

    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let job = job.clone();
        self.readers
            .read(move |connection| deliveries::of_job(connection, &job, limit))
            .await
    }
}

#[async_trait]
impl WebhookSecrets for SqliteJobStore {
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError> {
        let user = user.clone();
        self.readers
            .read(move |connection| webhook_secrets::load(connection, &user))
            .await
    }

    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        let (user, expected, new) = (user.clone(), expected.cloned(), new.clone());
        self.writer
            .write(move |connection| {
                webhook_secrets::replace(connection, &user, expected.as_ref(), &new)
            })
            .await
    }
}
