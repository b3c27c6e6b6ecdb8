//! Which jobs have changed since they were mirrored.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{MirrorBacklog, StoreError};

use super::MemoryJobStore;

/// The jobs that are behind, if the store keeps them in mind.
#[derive(Clone, Default)]
pub(super) struct Behind {
    is_kept: bool,
    /// When each is taken: since when it is behind, or until when it is put off.
    due_at: BTreeMap<JobId, Timestamp>,
}

impl Behind {
    pub(super) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// One that is there already keeps its place.
    pub(super) fn enter(&mut self, job: &JobId, now: Timestamp) {
        if self.is_kept {
            self.due_at.entry(job.clone()).or_insert(now);
        }
    }

    pub(super) fn forget(&mut self, job: &JobId) {
        self.due_at.remove(job);
    }

    fn take(&mut self, limit: usize, lease: Duration, now: Timestamp) -> Vec<JobId> {
        let mut due: Vec<_> = self.due_at.iter().filter(|(_, at)| **at <= now).collect();
        due.sort_by_key(|(id, at)| (**at, *id));
        let taken: Vec<JobId> = due
            .into_iter()
            .take(limit)
            .map(|(id, _)| id.clone())
            .collect();
        self.move_to(&taken, now.plus(lease));
        taken
    }

    fn move_to(&mut self, jobs: &[JobId], at: Timestamp) {
        for job in jobs {
            if let Some(due_at) = self.due_at.get_mut(job) {
                *due_at = at;
            }
        }
    }
}

#[async_trait]
impl MirrorBacklog for MemoryJobStore {
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError> {
        let mut contents = self.contents();
        let now = self.clock.now();
        let taken = contents.behind.take(limit, lease, now);
        let jobs = taken.iter().filter_map(|id| contents.job(id).cloned());
        Ok(jobs.collect())
    }

    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        let mut contents = self.contents();
        let now = self.clock.now();
        for (id, version) in versions {
            if contents.job(id).is_some_and(|job| job.version != *version) {
                contents.behind.move_to(std::slice::from_ref(id), now);
            } else {
                contents.behind.forget(id);
            }
        }
        Ok(())
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        self.contents().behind.move_to(jobs, until);
        Ok(())
    }
}
