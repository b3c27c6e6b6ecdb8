//! Jobs that one host alone can see, where several share a store.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, Rules};
use batchway_domain::ports::{CommitError, StoreError};

use crate::Application;

/// When a job of another host is due again: soon, so that its host finds it, and not at once, so
/// that the others don't keep taking it.
pub(super) const ELSEWHERE_AGAIN: Duration = Duration::from_millis(500);

impl Application {
    /// Leaves a job to the host that has it, unless that has stayed away for so long that what
    /// it had counts as lost.
    pub(super) async fn leave_to_its_host(&self, job: &Job) -> Result<(), StoreError> {
        let now = self.now();
        if now.since(heard_at(job)) < Rules::HOST_GONE_AFTER {
            let at = now.plus(ELSEWHERE_AGAIN);
            return self.jobs().reschedule(&[(job.id.clone(), at)]).await;
        }
        tracing::warn!(job = %job.id, "its host has stayed away too long");
        match self.try_apply(job, &Observation::HostGone).await {
            // In the version that was read and no other: its host may be back this very moment.
            Ok(_) | Err(CommitError::Conflict | CommitError::NotFound) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// When the job's host was heard of last. It says so at least every ten seconds, by looking.
fn heard_at(job: &Job) -> Timestamp {
    job.last_checked_at
        .unwrap_or(job.state_since)
        .max(job.state_since)
}
