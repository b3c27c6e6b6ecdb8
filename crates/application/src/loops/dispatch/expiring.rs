//! Jobs that waited too long, or whose type is gone.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::Job;
use batchway_domain::ports::{DueRequest, StoreError};
use futures_util::future::try_join_all;

use super::{BATCH, Dispatch};

/// How often jobs that waited too long are looked for while there is no room: each look reads
/// many.
const EXPIRE_EVERY: Duration = Duration::from_secs(30);

/// How many of those that have waited longest one look at all of them reads.
const MOST_LOOKED_AT: usize = 10_000;

impl Dispatch {
    /// Ends jobs that waited too long while there is no room to start any. Where there is room,
    /// each is judged when its turn comes.
    pub(super) async fn expire(&self) -> Result<(), StoreError> {
        let job_types = self.application.0.job_types.iter();
        let Some(shortest) = job_types.filter_map(|kind| kind.max_queue_time).min() else {
            return Ok(());
        };
        let now = self.application.now();
        if !self.expiry_is_due(now) {
            return Ok(());
        }
        let jobs = self.all_created_before(now.minus(shortest)).await?;
        let as_they_were: Vec<_> = jobs
            .iter()
            .map(|job| (job.id.clone(), job.due().at))
            .collect();
        self.application.jobs().reschedule(&as_they_were).await?;
        let expired: Vec<(Job, String)> = jobs
            .into_iter()
            .filter_map(|job| self.unstartable(&job).map(|message| (job, message)))
            .collect();
        for batch in expired.chunks(BATCH) {
            try_join_all(
                batch
                    .iter()
                    .cloned()
                    .map(|(job, message)| self.application.give_up(job, message)),
            )
            .await?;
        }
        *self.expired_at() = Some(now);
        Ok(())
    }

    /// Jobs that wait to be sent, those that have waited longest first, whether they are due or
    /// not. They are due at once by this: the caller has to see to when they are to be.
    pub(super) async fn all_created_before(&self, at: Timestamp) -> Result<Vec<Job>, StoreError> {
        let request = DueRequest {
            lane: self.lane.clone(),
            limit: MOST_LOOKED_AT,
            // They are only looked at: nobody is to be kept from sending them.
            lease: Duration::ZERO,
            created_before: Some(at),
        };
        self.application.jobs().take_due(&request).await
    }

    fn expiry_is_due(&self, now: Timestamp) -> bool {
        self.expired_at()
            .is_none_or(|last| now < last || now.since(last) >= EXPIRE_EVERY)
    }

    fn expired_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.expired_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a job will not be started any more, if so.
    pub(super) fn unstartable(&self, job: &Job) -> Option<String> {
        let Some(kind) = self.application.0.job_types.get(&job.job_type) else {
            return Some(format!(
                "The job type {} is no longer configured.",
                job.job_type
            ));
        };
        let limit = kind.max_queue_time?;
        let waited = self.application.now().since(job.waits_since());
        (waited >= limit).then(|| {
            format!(
                "The job could not be started within {} seconds.",
                limit.as_secs()
            )
        })
    }
}
