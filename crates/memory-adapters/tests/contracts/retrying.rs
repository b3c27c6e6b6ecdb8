//! Callers that try again whenever a call failed without an answer that counts. They know which
//! errors a test injects by nothing but what any caller could know.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::identity::{BackendName, DeploymentId, JobId, TryName, UserName};
use batchway_domain::job::{BackendId, Event, Job, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore,
    BackendError, ByteRange, ByteStream, CallBucket, CallBudget, CallGrant, CallLimit, Candidate,
    Capacity, CommitError, ComputeBackend, Created, Description, Disposition, DueRequest,
    JobCommit, JobPage, JobQuery, JobStore, Link, LogError, LogPage, LogPosition, Orphan, Queue,
    QueuePage, QueuePosition, ReadError, StoreError, Submission, SubmitError, SweepLedger,
};
use batchway_domain::security::KeyDigest;
use batchway_memory_adapters::{
    FailingArtifactStore, FailingCallBudget, FailingComputeBackend, FailingJobStore,
    FailingSweepLedger,
};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};

/// An error after which one tries again.
pub(crate) trait Passing {
    fn is_passing(&self) -> bool;
}

impl Passing for StoreError {
    fn is_passing(&self) -> bool {
        match self {
            Self::Full { reason, .. } => reason.starts_with("a test lets"),
            error => matches!(error, Self::Unavailable { .. }),
        }
    }
}

impl Passing for ReadError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }
}

impl Passing for AdmitError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }
}

impl Passing for CommitError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }
}

impl Passing for ArtifactError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }
}

impl Passing for SubmitError {
    fn is_passing(&self) -> bool {
        match self {
            Self::DidNotHappen { reason, .. } => reason.starts_with("a test lets"),
            error => matches!(error, Self::Unknown { .. }),
        }
    }
}

impl Passing for BackendError {
    fn is_passing(&self) -> bool {
        true
    }
}

impl Passing for LogError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Backend(error) if error.is_passing())
    }
}

/// Calls until there is an answer that counts.
pub(crate) async fn insist<T, E: Passing, F: Future<Output = Result<T, E>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, E> {
    loop {
        match call().await {
            Err(error) if error.is_passing() => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

#[derive(Debug)]
pub(crate) struct RetryingJobStore(pub(crate) FailingJobStore);

#[async_trait]
impl JobStore for RetryingJobStore {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        insist(|| self.0.authenticate(key)).await
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        insist(|| self.0.admit(key, admission.clone())).await
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        insist(|| self.0.find(key, id)).await
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        insist(|| self.0.list(key, query)).await
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        insist(|| self.0.load(id)).await
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        insist(|| self.0.params(id)).await
    }

    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError> {
        insist(|| self.0.commit(commit.clone())).await
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        insist(|| self.0.take_due(request)).await
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        insist(|| self.0.reschedule(times)).await
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        insist(|| self.0.events_of_user(user, after, limit)).await
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        insist(|| self.0.remove(id, expected_version)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        insist(|| self.0.check()).await
    }
}

#[derive(Debug)]
pub(crate) struct RetryingCallBudget(pub(crate) FailingCallBudget);

#[async_trait]
impl CallBudget for RetryingCallBudget {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        insist(|| self.0.take(bucket, limit, wanted)).await
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        insist(|| self.0.slow_down(bucket, limit)).await
    }
}

#[derive(Debug)]
pub(crate) struct RetryingSweepLedger(pub(crate) FailingSweepLedger);

#[async_trait]
impl SweepLedger for RetryingSweepLedger {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        insist(|| self.0.kept_since()).await
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        insist(|| self.0.swept_until(queue)).await
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        insist(|| self.0.record_sweep(queue, began_at)).await
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        insist(|| self.0.note_orphan(orphan)).await
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        insist(|| self.0.orphans()).await
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        insist(|| self.0.forget_orphan(backend, id)).await
    }
}

#[derive(Debug)]
pub(crate) struct RetryingArtifactStore(pub(crate) FailingArtifactStore);

#[async_trait]
impl ArtifactStore for RetryingArtifactStore {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let pieces: Vec<Bytes> = content
            .try_collect()
            .await
            .map_err(ArtifactError::BrokenInput)?;
        insist(|| {
            let again = stream::iter(pieces.clone().into_iter().map(Ok));
            self.0.put(key, Box::pin(again))
        })
        .await
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        insist(|| self.0.create(key, content.clone())).await
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        insist(|| self.0.metadata(key)).await
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        insist(|| self.0.read(key, range)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        insist(|| self.0.list(prefix)).await
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        insist(|| self.0.delete(key)).await
    }

    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        insist(|| self.0.link(key, valid_for, disposition)).await
    }

    async fn check(&self) -> Result<(), ArtifactError> {
        insist(|| self.0.check()).await
    }
}

#[derive(Debug)]
pub(crate) struct RetryingComputeBackend(pub(crate) FailingComputeBackend);

#[async_trait]
impl ComputeBackend for RetryingComputeBackend {
    fn settlement(&self) -> Settlement {
        self.0.settlement()
    }

    async fn capacity(&self) -> Capacity {
        self.0.capacity().await
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        insist(|| self.0.resolve_target(execution)).await
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        insist(|| self.0.submit(submission)).await
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        insist(|| self.0.describe(ids)).await
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        insist(|| self.0.find_by_name(name, target, hash)).await
    }

    fn queue_of(&self, target: &Target) -> Option<Queue> {
        self.0.queue_of(target)
    }

    async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        insist(|| self.0.list_queue(queue, deployment, from)).await
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        insist(|| self.0.is_marked(id, deployment)).await
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        insist(|| self.0.terminate(id, reason)).await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        insist(|| self.0.read_log(id, attempt, from.clone(), limit)).await
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        insist(|| self.0.forget(id)).await
    }
}
