//! The ports, each call handed to what does it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, JobId, JobTypeName, UserName};
use batchway_domain::job::{BackendId, Event, Job};
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, ApiKeys, CallBucket, CallBudget, CallGrant, CallLimit,
    CommitError, DeliveryRequest, DueRequest, FinishedRun, JobCommit, JobPage, JobQuery, JobStore,
    KeyError, KeyRecord, MirrorBacklog, Orphan, Queue, ReadError, RunHistory, StoreError,
    SweepLedger, WebhookOutbox, WebhookSecrets,
};
use batchway_domain::security::KeyDigest;
use batchway_domain::webhooks::{Delivery, DeliveryId, SealedSecrets};

use crate::RedisJobStore;
use crate::budget::Request;

#[async_trait]
impl JobStore for RedisJobStore {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        self.core().authenticate(key).await
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        self.admissions.admit(key, admission).await
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        self.core().find(key, id).await
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        self.core().list(key, query).await
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        self.core().load(id).await
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        self.core().params(id).await
    }

    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError> {
        self.core().commit(&commit).await
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        self.core().take_due(request).await
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        self.core().reschedule(times).await
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        self.core().events_of_user(user, after, limit).await
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        self.core().remove(id, expected_version).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.core().check().await
    }
}

#[async_trait]
impl ApiKeys for RedisJobStore {
    async fn register(&self, record: &KeyRecord) -> Result<(), KeyError> {
        self.core().register(record).await
    }

    async fn list(&self, user: Option<&UserName>) -> Result<Vec<KeyRecord>, KeyError> {
        Ok(self.core().keys(user).await?)
    }

    async fn revoke(&self, short: &str, at: Timestamp) -> Result<Vec<KeyRecord>, KeyError> {
        Ok(self.core().revoke(short, at).await?)
    }
}

#[async_trait]
impl RunHistory for RedisJobStore {
    async fn recent_runs(
        &self,
        job_type: &JobTypeName,
        limit: usize,
    ) -> Result<Vec<FinishedRun>, StoreError> {
        self.core().recent_runs(job_type, limit).await
    }
}

#[async_trait]
impl CallBudget for RedisJobStore {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        let request = Request::Take { wanted };
        self.core().call_budget(bucket, limit, request).await
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        self.core()
            .call_budget(bucket, limit, Request::SlowDown)
            .await
            .map(drop)
    }
}

#[async_trait]
impl SweepLedger for RedisJobStore {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        self.core().kept_since().await
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        self.core().swept_until(queue).await
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        self.core().record_sweep(queue, began_at).await
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        self.core().note_orphan(orphan).await
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        self.core().orphans().await
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        self.core().forget_orphan(backend, id).await
    }
}

#[async_trait]
impl WebhookOutbox for RedisJobStore {
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError> {
        self.core().take_deliveries(request).await
    }

    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        self.core()
            .record_delivery(delivery, expected_version)
            .await
    }

    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.core().delivery(id).await
    }

    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.core().deliveries_of_job(job, limit).await
    }
}

#[async_trait]
impl WebhookSecrets for RedisJobStore {
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError> {
        self.core().webhook_secrets(user).await
    }

    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        self.core()
            .replace_webhook_secrets(user, expected, new)
            .await
    }
}

#[async_trait]
impl MirrorBacklog for RedisJobStore {
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError> {
        self.core().take_changed(limit, lease).await
    }

    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        self.core().mirrored(versions).await
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        self.core().put_off(jobs, until).await
    }
}
