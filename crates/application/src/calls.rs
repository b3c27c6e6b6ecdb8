//! Calls to one backend: no more often than all replicas together may make them, and none
//! without an end.

#[cfg(test)]
mod figures;
mod logs;

pub(crate) use logs::Reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::{BackendName, DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallBucket, CallBudget, CallGrant, CallLimit, CallLimits, Candidate, Capacity,
    ComputeBackend, Description, Queue, QueuePage, QueuePosition, RequestSize, StoreError,
    Submission, SubmitError,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::causes::WithCauses;

/// How many jobs one description tells of: as many as a DescribeJobs takes.
pub(crate) const IDS_PER_LOOK: usize = 100;

/// The longest that a backend is waited for. A submission has a limit of its own.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The part of all calls but submissions that is kept for stopping jobs, so that no number of
/// looks delays a stop.
const SHARE_OF_STOPS: f64 = 0.25;

/// How often callers have it looked for what keeps a job waiting. These calls are taken from those
/// of looks too, of which callers are to leave the loops nearly all.
const EXPLANATIONS: CallLimit = CallLimit {
    per_second: 1.0,
    burst: 5,
};

/// How often a target that takes nothing is tried, by all replicas together.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(30);

/// How often a queue is swept, and orphans are looked at, by all replicas together.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// How many queues are kept in mind; far more than any installation has.
const MAX_QUEUES: usize = 100;

/// One backend, called at the pace that its limits allow.
#[derive(Debug)]
pub(crate) struct Calls {
    backend: Arc<dyn ComputeBackend>,
    budget: Arc<dyn CallBudget>,
    /// `None` where calls cost nothing.
    buckets: Option<Buckets>,
    /// The queues of the jobs that were looked after since the start.
    queues_in_use: Mutex<BTreeSet<Queue>>,
}

#[derive(Debug)]
struct Buckets {
    submissions: Bucket,
    stops: Bucket,
    reads: Bucket,
    explanations: Bucket,
    logs: logs::LogBuckets,
}

#[derive(Debug)]
struct Bucket {
    name: CallBucket,
    limit: CallLimit,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It was not made: too many were made already.
    #[error("the calls that the backend takes are used up for the next {} ms", .next_in.as_millis())]
    UsedUp { next_in: Duration },
    /// It was not made, as nobody could say whether it may be.
    #[error(transparent)]
    Budget(#[from] StoreError),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl CallError {
    /// Whether there were too many calls, by our own count or the backend's. Nothing is wrong
    /// with it then.
    pub(crate) const fn was_turned_away(&self) -> bool {
        match self {
            Self::UsedUp { .. } => true,
            Self::Backend(error) => error.throttled,
            Self::Budget(_) => false,
        }
    }
}

impl Buckets {
    fn of(limits: &CallLimits) -> Self {
        let bucket = |call: &str, limit| Bucket {
            name: CallBucket::new(&limits.scope, call),
            limit,
        };
        let (stops, reads) = shared_out(limits.others);
        Self {
            submissions: bucket("submit", limits.submissions),
            stops: bucket("stop", stops),
            reads: bucket("read", reads),
            explanations: bucket("explain", EXPLANATIONS),
            logs: logs::LogBuckets::of(limits),
        }
    }
}

/// The limit of all calls but submissions, as those of stops and of everything else.
fn shared_out(others: CallLimit) -> (CallLimit, CallLimit) {
    let stops = CallLimit {
        per_second: others.per_second * SHARE_OF_STOPS,
        burst: (others.burst / 4).max(1),
    };
    let reads = CallLimit {
        per_second: others.per_second - stops.per_second,
        burst: others.burst.saturating_sub(stops.burst).max(1),
    };
    (stops, reads)
}

impl Calls {
    pub(crate) fn new(backend: Arc<dyn ComputeBackend>, budget: Arc<dyn CallBudget>) -> Self {
        let buckets = backend.call_limits().as_ref().map(Buckets::of);
        Self {
            backend,
            budget,
            buckets,
            queues_in_use: Mutex::default(),
        }
    }

    pub(crate) fn settlement(&self) -> Settlement {
        self.backend.settlement()
    }

    /// Whether calls are counted at all.
    pub(crate) const fn are_limited(&self) -> bool {
        self.buckets.is_some()
    }

    pub(crate) fn looks_after(&self, target: Option<&Target>) -> bool {
        target.is_none_or(|target| self.backend.looks_after(target))
    }

    pub(crate) fn queue_of(&self, target: &Target) -> Option<Queue> {
        self.backend.queue_of(target)
    }

    /// Jobs are looked after that were sent there: its queue is one to be swept.
    pub(crate) fn keep_in_use(&self, target: Option<&Target>) {
        let queue = target.and_then(|target| self.backend.queue_of(target));
        let mut in_use = self.in_use();
        if in_use.len() < MAX_QUEUES {
            in_use.extend(queue);
        }
    }

    pub(crate) fn queues_in_use(&self) -> BTreeSet<Queue> {
        self.in_use().clone()
    }

    fn in_use(&self) -> MutexGuard<'_, BTreeSet<Queue>> {
        let in_use = self.queues_in_use.lock();
        in_use.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn request_size(
        &self,
        execution: &Execution,
        environment: &BTreeMap<String, String>,
        params: &str,
    ) -> Option<RequestSize> {
        self.backend.request_size(execution, environment, params)
    }

    pub(crate) async fn capacity(&self) -> Capacity {
        let answer = timeout(TIMEOUT, self.backend.capacity()).await;
        answer.unwrap_or(Capacity::Slots(0))
    }

    /// How many of so many submissions may be made now.
    pub(crate) async fn grant_submissions(&self, wanted: usize) -> Result<CallGrant, StoreError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.submissions);
        self.take(bucket, wanted).await
    }

    /// For how many of so many ids the backend may be asked now, and when for more.
    pub(crate) async fn grant_looks(&self, ids: usize) -> Result<(usize, Duration), StoreError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        let grant = self.take(bucket, ids.div_ceil(IDS_PER_LOOK)).await?;
        Ok((grant.tokens as usize * IDS_PER_LOOK, grant.next_in))
    }

    /// Whether a target that took nothing may be tried again now, and otherwise when.
    pub(crate) async fn grant_probe(&self, target: &str) -> Result<CallGrant, StoreError> {
        self.grant_once_in(PROBE_EVERY, "probe", target).await
    }

    /// Whether a sweep of this queue may begin now, and otherwise when.
    pub(crate) async fn grant_sweep(&self, queue: &Queue) -> Result<CallGrant, StoreError> {
        // Its name may be longer than that of a bucket.
        let queue = HEXLOWER.encode(&Sha256::digest(&queue.0));
        self.grant_once_in(SWEEP_EVERY, "sweep", &queue).await
    }

    /// Whether the orphans of this backend may be looked at now, and otherwise when.
    pub(crate) async fn grant_review(&self, name: &BackendName) -> Result<CallGrant, StoreError> {
        self.grant_once_in(SWEEP_EVERY, "review", name.as_str())
            .await
    }

    /// Something that all replicas together do once in a while.
    async fn grant_once_in(
        &self,
        period: Duration,
        what: &str,
        of: &str,
    ) -> Result<CallGrant, StoreError> {
        let bucket = Bucket {
            name: CallBucket::new(of, what),
            limit: CallLimit {
                per_second: 1.0 / period.as_secs_f64(),
                burst: 1,
            },
        };
        self.take(Some(&bucket), 1).await
    }

    async fn take(&self, bucket: Option<&Bucket>, wanted: usize) -> Result<CallGrant, StoreError> {
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        match bucket {
            Some(Bucket { name, limit }) if wanted > 0 => {
                self.budget.take(name, *limit, wanted).await
            }
            _ => Ok(CallGrant {
                tokens: wanted,
                next_in: Duration::ZERO,
            }),
        }
    }

    async fn take_one(&self, bucket: Option<&Bucket>) -> Result<(), CallError> {
        let grant = self.take(bucket, 1).await?;
        if grant.tokens == 0 {
            let next_in = grant.next_in;
            return Err(CallError::UsedUp { next_in });
        }
        Ok(())
    }

    /// The service said that there were too many: fewer are made from now on, by all replicas.
    async fn slow_down(&self, bucket: Option<&Bucket>) {
        let Some(Bucket { name, limit }) = bucket else {
            return;
        };
        tracing::warn!(
            bucket = name.as_str(),
            "the backend takes fewer calls: slowing down"
        );
        if let Err(error) = self.budget.slow_down(name, *limit).await {
            let error = WithCauses(&error);
            tracing::warn!(%error, "could not slow the calls down");
        }
    }
}

/// The calls themselves.
impl Calls {
    /// Takes no token: those of a batch are taken together, by [`Calls::grant_submissions`].
    pub(crate) async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let answer = self.backend.submit(submission).await;
        if matches!(answer, Err(SubmitError::Throttled { .. })) {
            let bucket = self.buckets.as_ref().map(|buckets| &buckets.submissions);
            self.slow_down(bucket).await;
        }
        answer
    }

    pub(crate) async fn resolve_target(
        &self,
        execution: &Execution,
    ) -> Result<Target, SubmitError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        let not_now = |reason: String, retry_after| SubmitError::DidNotHappen {
            reason,
            retry_after,
            source: None,
        };
        if let Err(error) = self.take_one(bucket).await {
            let retry_after = match &error {
                CallError::UsedUp { next_in } => Some(*next_in),
                _ => None,
            };
            return Err(not_now(WithCauses(&error).to_string(), retry_after));
        }
        let answer = timeout(TIMEOUT, self.backend.resolve_target(execution)).await;
        let answer = answer.unwrap_or_else(|_| Err(not_now(no_answer(), None)));
        if matches!(answer, Err(SubmitError::Throttled { .. })) {
            self.slow_down(bucket).await;
        }
        answer
    }

    /// Takes no token: that is [`Calls::grant_looks`]'.
    pub(crate) async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, CallError> {
        let call = self.backend.describe(ids);
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        self.answered(bucket, call).await
    }

    pub(crate) async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, CallError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        self.take_one(bucket).await?;
        let call = self.backend.find_by_name(name, target, hash);
        self.answered(bucket, call).await
    }

    pub(crate) async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, CallError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        self.take_one(bucket).await?;
        let call = self.backend.list_queue(queue, deployment, from);
        self.answered(bucket, call).await
    }

    /// As [`Calls::describe`], of at most [`IDS_PER_LOOK`], with the token taken.
    pub(crate) async fn look_at(&self, ids: &[BackendId]) -> Result<Vec<Description>, CallError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        self.take_one(bucket).await?;
        self.describe(ids).await
    }

    pub(crate) async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, CallError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.reads);
        self.take_one(bucket).await?;
        self.answered(bucket, self.backend.is_marked(id, deployment))
            .await
    }

    pub(crate) async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), CallError> {
        let bucket = self.buckets.as_ref().map(|buckets| &buckets.stops);
        self.take_one(bucket).await?;
        self.answered(bucket, self.backend.terminate(id, reason))
            .await
    }

    /// What stands in the way of what was sent to this target.
    pub(crate) async fn obstacles(
        &self,
        target: &Target,
        execution: Option<&Execution>,
    ) -> Result<Obstacles, CallError> {
        let buckets = self.buckets.as_ref();
        self.take_one(buckets.map(|buckets| &buckets.explanations))
            .await?;
        let bucket = buckets.map(|buckets| &buckets.reads);
        let grant = self.take(bucket, Obstacles::CALLS).await?;
        if (grant.tokens as usize) < Obstacles::CALLS {
            let next_in = grant.next_in;
            return Err(CallError::UsedUp { next_in });
        }
        self.answered(bucket, self.backend.obstacles(target, execution))
            .await
    }

    async fn answered<T>(
        &self,
        bucket: Option<&Bucket>,
        call: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, CallError> {
        let answer = timeout(TIMEOUT, call).await.unwrap_or_else(|_| {
            Err(BackendError {
                reason: no_answer(),
                throttled: false,
                source: None,
            })
        });
        if matches!(&answer, Err(error) if error.throttled) {
            self.slow_down(bucket).await;
        }
        Ok(answer?)
    }
}

fn no_answer() -> String {
    format!("no answer within {} seconds", TIMEOUT.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_and_reads_share_the_limit_and_neither_is_left_without() {
        let others = CallLimit {
            per_second: 40.0,
            burst: 40,
        };
        let (stops, reads) = shared_out(others);
        assert_eq!((stops.burst, reads.burst), (10, 30));
        let both = stops.per_second + reads.per_second;
        assert!((both - others.per_second).abs() < f64::EPSILON);
        let (stops, reads) = shared_out(CallLimit { burst: 1, ..others });
        assert_eq!((stops.burst, reads.burst), (1, 1));
    }
}
