//! The ports, each call handed to the writer or to a reader.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, JobTypeName, UserName};
use batchway_domain::job::{Event, Job};
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, ApiKeys, CommitError, DueRequest, FinishedRun, JobCommit,
    JobPage, JobQuery, JobStore, KeyError, KeyRecord, ReadError, RunHistory, StoreError,
};
use batchway_domain::security::KeyDigest;

use crate::due::Taken;
use crate::{
    SqliteJobStore, admission, due, events, key_register, listing, records, runs, tenants,
};

#[async_trait]
impl JobStore for SqliteJobStore {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        let key = *key;
        self.readers
            .read(move |connection| Ok(tenants::of_key(connection, &key)?.name))
            .await
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        let key = *key;
        let clock = Arc::clone(&self.clock);
        let is_mirrored = self.keeps_mirror_backlog;
        self.writer
            .write(move |connection| {
                let now = clock.now();
                let behind_since = is_mirrored.then_some(now);
                admission::admit(connection, &key, &admission, now, behind_since)
            })
            .await
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        let (key, id) = (*key, id.clone());
        self.readers
            .read(move |connection| {
                let tenant = tenants::of_key(connection, &key)?;
                Ok(records::find(connection, &tenant, &id)?)
            })
            .await
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        let (key, query) = (*key, query.clone());
        self.readers
            .read(move |connection| {
                let tenant = tenants::of_key(connection, &key)?;
                Ok(listing::page(connection, &tenant, &query)?)
            })
            .await
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let id = id.clone();
        self.readers
            .read(move |connection| records::load(connection, &id))
            .await
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        let id = id.clone();
        self.readers
            .read(move |connection| records::params_of(connection, &id))
            .await
    }

    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError> {
        let clock = Arc::clone(&self.clock);
        let is_mirrored = self.keeps_mirror_backlog;
        self.writer
            .write(move |connection| {
                let behind_since = is_mirrored.then(|| clock.now());
                records::commit(connection, &commit, behind_since)
            })
            .await
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        let request = request.clone();
        let clock = Arc::clone(&self.clock);
        let taken = self
            .writer
            .write(move |connection| due::take(connection, &request, clock.now()))
            .await?;
        Ok(taken.iter().filter_map(Taken::read).collect())
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        let times = times.to_vec();
        self.writer
            .write(move |connection| due::reschedule(connection, &times))
            .await
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let user = user.clone();
        self.readers
            .read(move |connection| events::after(connection, &user, after, limit))
            .await
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        let id = id.clone();
        self.writer
            .write(move |connection| records::remove(connection, &id, expected_version))
            .await
    }

    /// Goes through the writer and a reader once, without changing anything.
    async fn check(&self) -> Result<(), StoreError> {
        self.writer.write(|_| Ok::<_, StoreError>(())).await?;
        self.deployment().await.map(drop)
    }
}

#[async_trait]
impl ApiKeys for SqliteJobStore {
    async fn register(&self, record: &KeyRecord) -> Result<(), KeyError> {
        let record = record.clone();
        self.writer
            .write(move |connection| key_register::register(connection, &record))
            .await
    }

    async fn list(&self, user: Option<&UserName>) -> Result<Vec<KeyRecord>, KeyError> {
        let user = user.cloned();
        self.readers
            .read(move |connection| Ok(key_register::list(connection, user.as_ref())?))
            .await
    }

    async fn revoke(&self, short: &str, at: Timestamp) -> Result<Vec<KeyRecord>, KeyError> {
        let short = short.to_owned();
        self.writer
            .write(move |connection| Ok(key_register::revoke(connection, &short, at)?))
            .await
    }
}

#[async_trait]
impl RunHistory for SqliteJobStore {
    async fn recent_runs(
        &self,
        job_type: &JobTypeName,
        limit: usize,
    ) -> Result<Vec<FinishedRun>, StoreError> {
        let job_type = job_type.clone();
        self.readers
            .read(move |connection| runs::recent(connection, &job_type, limit))
            .await
    }
}
