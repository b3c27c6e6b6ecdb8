//! The port: each call is one step under one lock.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::{Event, Job};
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, CommitError, DueRequest, JobCommit, JobPage, JobQuery,
    JobStore, ReadError, StoreError,
};
use batchway_domain::security::KeyDigest;

use super::MemoryJobStore;

#[async_trait]
impl JobStore for MemoryJobStore {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        self.contents().authenticate(key)
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        let now = self.clock.now();
        self.contents().admit(key, admission, now)
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        let contents = self.contents();
        let user = contents.authenticate(key)?;
        let job = contents.job(id).filter(|job| job.user == user);
        Ok(job.cloned())
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        let contents = self.contents();
        let user = contents.authenticate(key)?;
        Ok(contents.page(&user, query))
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.job(id))
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        let contents = self.contents();
        Ok(contents.jobs.get(id).map(|kept| Arc::clone(&kept.params)))
    }

    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError> {
        let now = self.clock.now();
        self.contents().commit(commit, now)
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        let now = self.clock.now();
        Ok(self.contents().take_due(request, now))
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        let mut contents = self.contents();
        for (id, at) in times {
            if let Some(kept) = contents.jobs.get_mut(id) {
                kept.due_at = *at;
            }
        }
        Ok(())
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let contents = self.contents();
        let events = contents.tenants.get(user).map(|tenant| &tenant.events);
        Ok(events
            .into_iter()
            .flatten()
            .filter(|(number, _)| **number > after)
            .take(limit)
            .map(|(number, event)| (*number, event.clone()))
            .collect())
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        self.contents().remove(id, expected_version)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
