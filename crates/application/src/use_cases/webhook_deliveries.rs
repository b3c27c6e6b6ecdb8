//! What became of a job's webhooks, and sending one again.

use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::CommitError;
use batchway_domain::security::KeyDigest;
use batchway_domain::webhooks::{Delivery, DeliveryId};

use crate::{Application, RequestError};

/// The most deliveries that are listed; a job with more is one that was started very often, and
/// the last ones tell how it stands.
pub const MAX_DELIVERIES_LISTED: usize = 100;

/// How often a delivery that changed meanwhile is read again: an attempt may end at that moment.
const MAX_CONFLICTS: usize = 8;

/// The deliveries of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryList {
    /// The job.
    pub job_id: JobId,
    /// In the order of its events; the last [`MAX_DELIVERIES_LISTED`].
    pub deliveries: Vec<Delivery>,
}

impl Application {
    /// The deliveries of one of the caller's jobs.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`] for unknown jobs and those of others alike.
    pub async fn list_webhook_deliveries(
        &self,
        key: &KeyDigest,
        id: &str,
    ) -> Result<DeliveryList, RequestError> {
        let job = self.find_own(key, id).await?;
        let outbox = &self.0.ports.webhooks.outbox;
        let deliveries = outbox.of_job(&job.id, MAX_DELIVERIES_LISTED).await?;
        Ok(DeliveryList {
            job_id: job.id,
            deliveries,
        })
    }

    /// Has a delivery sent once more, whatever became of it, with all its attempts before it.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`]; [`RequestError::DeliveryNotFound`] where the job has no such
    /// delivery.
    pub async fn replay_webhook_delivery(
        &self,
        key: &KeyDigest,
        id: &str,
        delivery: &str,
    ) -> Result<Delivery, RequestError> {
        let job = self.find_own(key, id).await?;
        for _ in 0..MAX_CONFLICTS {
            let present = self.find_delivery(&job, delivery).await?;
            let replayed = present.replayed(self.now());
            let outbox = &self.0.ports.webhooks.outbox;
            match outbox.record(&replayed, present.version).await {
                Ok(()) => {
                    self.0.nudges.ring_for_deliveries();
                    return Ok(replayed);
                }
                Err(CommitError::Conflict) => {}
                Err(CommitError::NotFound) => return Err(not_found(delivery)),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(RequestError::JobStoreUnavailable(
            batchway_domain::ports::StoreError::Unavailable {
                reason: format!("delivery {delivery} kept changing"),
                source: None,
            },
        ))
    }

    async fn find_delivery(&self, job: &Job, text: &str) -> Result<Delivery, RequestError> {
        let id = text.parse::<DeliveryId>().ok();
        let id = id.filter(|id| *id.job() == job.id);
        let Some(id) = id else {
            return Err(not_found(text));
        };
        let delivery = self.0.ports.webhooks.outbox.load(&id).await?;
        delivery.ok_or_else(|| not_found(text))
    }
}

fn not_found(delivery: &str) -> RequestError {
    RequestError::DeliveryNotFound {
        delivery: delivery.to_owned(),
    }
}
