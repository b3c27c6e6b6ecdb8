//! The job store as a replica reaches it: the one in memory, behind a network.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, JobId, UserName};
use batchway_domain::job::{BackendId, Event, Job};
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, CallBucket, CallBudget, CallGrant, CallLimit, CommitError,
    DueRequest, JobCommit, JobPage, JobQuery, JobStore, Orphan, Queue, ReadError, StoreError,
    SweepLedger,
};
use batchway_domain::security::KeyDigest;
use futures_util::FutureExt;

use crate::network::{NoAnswer, Service};
use crate::plants::Plant;
use crate::setting;
use crate::world::World;

/// How much a store that promises less than it says has not yet written to its disk.
pub(crate) const UNWRITTEN: Duration = Duration::from_secs(1);

/// A replica's connection to the store.
pub(crate) struct StoreLink(Arc<World>);

impl StoreLink {
    pub(crate) const fn new(world: Arc<World>) -> Self {
        Self(world)
    }

    /// One call: the store in memory does it in one step, when the request arrives.
    async fn call<T, E, F>(
        &self,
        step: impl FnOnce(Arc<World>) -> F + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let world = self.0.clone();
        let answer = self.0.call(Service::Store, move || {
            let is_down = world.weather.store_is_down();
            let step = (!is_down).then(|| step(world.clone()));
            let answer = step.and_then(FutureExt::now_or_never);
            world.store_changed.notify_waiters();
            answer
        });
        match answer.await {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(NoAnswer) => Err(E::from(StoreError::Unavailable {
                reason: "no answer".to_owned(),
                source: None,
            })),
        }
    }
}

impl std::fmt::Debug for StoreLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StoreLink")
    }
}

#[async_trait]
impl JobStore for StoreLink {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        let key = *key;
        self.call(async move |world: Arc<World>| world.jobs.authenticate(&key).await)
            .await
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        let (key, mut admission) = (*key, admission);
        if self.0.is_planted(Plant::KeyIgnored) {
            admission.idempotency = None;
        }
        let job = admission.job.clone();
        let answer = self
            .call(async move |world: Arc<World>| world.jobs.admit(&key, admission).await)
            .await;
        match answer {
            Err(AdmitError::Store(_)) if self.0.is_planted(Plant::AcceptedBeforeStored) => {
                Ok(Admitted {
                    job: job.admit(setting::user()).job,
                    replayed: false,
                })
            }
            answer => answer,
        }
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        let (key, id) = (*key, id.clone());
        self.call(async move |world: Arc<World>| world.jobs.find(&key, &id).await)
            .await
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        let (key, query) = (*key, query.clone());
        self.call(async move |world: Arc<World>| world.jobs.list(&key, &query).await)
            .await
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let id = id.clone();
        self.call(async move |world: Arc<World>| world.jobs.load(&id).await)
            .await
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        let id = id.clone();
        self.call(async move |world: Arc<World>| world.jobs.params(&id).await)
            .await
    }

    async fn commit(&self, mut commit: JobCommit) -> Result<(), CommitError> {
        let is_unchecked = self.0.is_planted(Plant::NoCompareAndSet);
        self.call(async move |world: Arc<World>| {
            if is_unchecked && let Some(present) = world.jobs.job(&commit.job.id) {
                commit.expected_version = present.version;
                commit.job.version = present.version + 1;
            }
            let id = commit.job.id.clone();
            let answer = world.jobs.commit(commit).await;
            if answer.is_ok()
                && let Some(job) = world.jobs.job(&id)
            {
                world.check_record(&job);
            }
            answer
        })
        .await
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        let request = request.clone();
        self.call(async move |world: Arc<World>| world.jobs.take_due(&request).await)
            .await
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        let times = times.to_vec();
        self.call(async move |world: Arc<World>| world.jobs.reschedule(&times).await)
            .await
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let user = user.clone();
        self.call(async move |world: Arc<World>| {
            world.jobs.events_of_user(&user, after, limit).await
        })
        .await
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        let id = id.clone();
        self.call(async move |world: Arc<World>| world.jobs.remove(&id, expected_version).await)
            .await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.call(async move |world: Arc<World>| world.jobs.check().await)
            .await
    }
}

#[async_trait]
impl CallBudget for StoreLink {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        let bucket = bucket.clone();
        self.call(async move |world: Arc<World>| world.jobs.take(&bucket, limit, wanted).await)
            .await
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        let bucket = bucket.clone();
        self.call(async move |world: Arc<World>| world.jobs.slow_down(&bucket, limit).await)
            .await
    }
}

#[async_trait]
impl SweepLedger for StoreLink {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        self.call(async move |world: Arc<World>| world.jobs.kept_since().await)
            .await
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        let queue = queue.clone();
        self.call(async move |world: Arc<World>| world.jobs.swept_until(&queue).await)
            .await
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        let queue = queue.clone();
        self.call(async move |world: Arc<World>| world.jobs.record_sweep(&queue, began_at).await)
            .await
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        let orphan = orphan.clone();
        self.call(async move |world: Arc<World>| world.jobs.note_orphan(&orphan).await)
            .await
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        self.call(async move |world: Arc<World>| world.jobs.orphans().await)
            .await
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        let (backend, id) = (backend.clone(), id.clone());
        self.call(async move |world: Arc<World>| world.jobs.forget_orphan(&backend, &id).await)
            .await
    }
}
