//! The backlog of a mirror, for a caller that tries again.

use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{MirrorBacklog, StoreError};
use batchway_memory_adapters::FailingMirrorBacklog;

use crate::retrying::insist;

#[derive(Debug)]
pub(crate) struct RetryingMirrorBacklog(pub(crate) FailingMirrorBacklog);

#[async_trait]
impl MirrorBacklog for RetryingMirrorBacklog {
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError> {
        insist(|| self.0.take_changed(limit, lease)).await
    }

    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        insist(|| self.0.mirrored(versions)).await
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        insist(|| self.0.put_off(jobs, until)).await
    }
}
