//! Jobs that others can see and we can't: those of another host, where several share a store, or
//! of another account than we have access to now.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, Rules, Settlement};
use batchway_domain::ports::{CommitError, StoreError};

use crate::Application;

/// When a job of another host is due again: soon, so that its host finds it, and not at once, so
/// that the others don't keep taking it.
const ELSEWHERE_AGAIN: Duration = Duration::from_millis(500);

impl Application {
    /// Leaves a job to those who can see it. A job of a host that has stayed away for too long
    /// counts as lost with it. What was sent across a network goes on without any of us, so that
    /// is never called lost.
    pub(super) async fn leave_to_others(&self, job: &Job) -> Result<(), StoreError> {
        let now = self.now();
        let rules = self.rules_of(job);
        let rest = match rules.settlement {
            Settlement::Authoritative if now.since(heard_at(job)) >= Rules::HOST_GONE_AFTER => {
                return self.lose_with_its_host(job).await;
            }
            Settlement::Authoritative => ELSEWHERE_AGAIN,
            Settlement::After { .. } => rules.pace.longest,
        };
        let at = now.plus(rest);
        self.jobs().reschedule(&[(job.id.clone(), at)]).await
    }

    async fn lose_with_its_host(&self, job: &Job) -> Result<(), StoreError> {
        tracing::warn!(job = %job.id, "the host of a job has stayed away for too long");
        match self.try_apply(job, &Observation::HostGone).await {
            // In the version that was read and no other: its host may be back this very moment.
            Ok(_) | Err(CommitError::Conflict | CommitError::NotFound) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// When the job's host was heard of last. It says so at least every ten seconds, by looking.
fn heard_at(job: &Job) -> Timestamp {
    let checked_at = job.last_checked_at.unwrap_or(job.state_since);
    checked_at.max(job.state_since)
}
