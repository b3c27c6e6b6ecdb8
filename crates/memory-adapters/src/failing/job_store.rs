//! A job store that fails on request.

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

use super::{Faults, store_error};

/// The calls of a [`JobStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum JobStoreCall {
    Authenticate,
    Admit,
    Find,
    List,
    Load,
    Params,
    Commit,
    TakeDue,
    Reschedule,
    EventsOfUser,
    Remove,
    Check,
}

impl JobStoreCall {
    /// Every call.
    pub const ALL: [Self; 12] = [
        Self::Authenticate,
        Self::Admit,
        Self::Find,
        Self::List,
        Self::Load,
        Self::Params,
        Self::Commit,
        Self::TakeDue,
        Self::Reschedule,
        Self::EventsOfUser,
        Self::Remove,
        Self::Check,
    ];
}

/// A job store before which calls fail as its [`Faults`] say: [`Fault::Declined`](super::Fault::Declined) as
/// [`StoreError::Full`], the others as [`StoreError::Unavailable`].
#[derive(Debug)]
pub struct FailingJobStore {
    inner: Arc<dyn JobStore>,
    faults: Faults<JobStoreCall>,
}

impl FailingJobStore {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn JobStore>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<JobStoreCall> {
        &self.faults
    }
}

#[async_trait]
impl JobStore for FailingJobStore {
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        let work = self.inner.authenticate(key);
        self.faults
            .around(JobStoreCall::Authenticate, work, store_error)
            .await
    }

    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError> {
        let work = self.inner.admit(key, admission);
        self.faults
            .around(JobStoreCall::Admit, work, store_error)
            .await
    }

    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError> {
        let work = self.inner.find(key, id);
        self.faults
            .around(JobStoreCall::Find, work, store_error)
            .await
    }

    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError> {
        let work = self.inner.list(key, query);
        self.faults
            .around(JobStoreCall::List, work, store_error)
            .await
    }

    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        let work = self.inner.load(id);
        self.faults
            .around(JobStoreCall::Load, work, store_error)
            .await
    }

    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError> {
        let work = self.inner.params(id);
        self.faults
            .around(JobStoreCall::Params, work, store_error)
            .await
    }

    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError> {
        let work = self.inner.commit(commit);
        self.faults
            .around(JobStoreCall::Commit, work, store_error)
            .await
    }

    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        let work = self.inner.take_due(request);
        self.faults
            .around(JobStoreCall::TakeDue, work, store_error)
            .await
    }

    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        let work = self.inner.reschedule(times);
        self.faults
            .around(JobStoreCall::Reschedule, work, store_error)
            .await
    }

    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let work = self.inner.events_of_user(user, after, limit);
        self.faults
            .around(JobStoreCall::EventsOfUser, work, store_error)
            .await
    }

    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError> {
        let work = self.inner.remove(id, expected_version);
        self.faults
            .around(JobStoreCall::Remove, work, store_error)
            .await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let work = self.inner.check();
        self.faults
            .around(JobStoreCall::Check, work, store_error)
            .await
    }
}
