//! A backlog of a mirror that fails on request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{MirrorBacklog, StoreError};

use super::{Faults, store_error};

/// The calls of a [`MirrorBacklog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum MirrorBacklogCall {
    TakeChanged,
    Mirrored,
    PutOff,
}

impl MirrorBacklogCall {
    /// Every call.
    pub const ALL: [Self; 3] = [Self::TakeChanged, Self::Mirrored, Self::PutOff];
}

/// A backlog of a mirror before which calls fail as its [`Faults`] say, with the errors of
/// [`FailingJobStore`](super::FailingJobStore).
#[derive(Debug)]
pub struct FailingMirrorBacklog {
    inner: Arc<dyn MirrorBacklog>,
    faults: Faults<MirrorBacklogCall>,
}

impl FailingMirrorBacklog {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn MirrorBacklog>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<MirrorBacklogCall> {
        &self.faults
    }
}

#[async_trait]
impl MirrorBacklog for FailingMirrorBacklog {
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError> {
        let work = self.inner.take_changed(limit, lease);
        self.faults
            .around(MirrorBacklogCall::TakeChanged, work, store_error)
            .await
    }

    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        let work = self.inner.mirrored(versions);
        self.faults
            .around(MirrorBacklogCall::Mirrored, work, store_error)
            .await
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        let work = self.inner.put_off(jobs, until);
        self.faults
            .around(MirrorBacklogCall::PutOff, work, store_error)
            .await
    }
}
