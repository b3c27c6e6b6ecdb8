//! Which queues there are.
//!
//! Those that the job types lead to now, and those in which this replica has looked after jobs:
//! a type that was pointed at another queue leaves jobs behind in the old one. The store could
//! name such queues only by reading every job.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use batchway_domain::Timestamp;
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{Queue, SubmitError};

use super::Sweep;
use crate::calls::SWEEP_EVERY;
use crate::causes::WithCauses;

/// The queues that job types led to when that was last found out.
#[derive(Debug, Default)]
pub(super) struct KnownQueues(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    queues: BTreeSet<Queue>,
    resolved_at: Option<Timestamp>,
}

impl KnownQueues {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn are_fresh(&self, now: Timestamp) -> bool {
        let resolved_at = self.known().resolved_at;
        resolved_at.is_some_and(|at| at <= now && now.since(at) < SWEEP_EVERY)
    }
}

impl Sweep {
    /// Every queue that may hold jobs of ours. Where a type's can't be found out now, those that
    /// are known are swept all the same.
    pub(super) async fn queues(&self) -> BTreeSet<Queue> {
        let now = self.application.now();
        if !self.queues.are_fresh(now) {
            let mut is_complete = true;
            for (kind, queue) in self.resolve_all().await {
                match queue {
                    Ok(queue) => self.queues.known().queues.extend(queue),
                    Err(error) => {
                        is_complete = false;
                        let error = WithCauses(&error);
                        tracing::debug!(job_type = %kind.name, %error, "its queue is not known");
                    }
                }
            }
            self.queues.known().resolved_at = is_complete.then_some(now);
        }
        let mut queues = self.queues.known().queues.clone();
        queues.extend(self.calls.queues_in_use());
        queues
    }

    /// The queue of each job type of this backend, as it is now.
    pub(super) async fn resolve_all(
        &self,
    ) -> Vec<(Arc<JobType>, Result<Option<Queue>, SubmitError>)> {
        let types = self.application.0.job_types.iter();
        let mut resolved = Vec::new();
        for kind in types.filter(|kind| kind.backend == self.backend) {
            let target = self.calls.resolve_target(&kind.execution).await;
            let queue = target.map(|target| self.calls.queue_of(&target));
            resolved.push((kind.clone(), queue));
        }
        resolved
    }
}
