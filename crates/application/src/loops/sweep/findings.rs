//! What a job that was found in a queue is to us.

use batchway_domain::identity::TryName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{BackendId, Job};
use batchway_domain::ports::{MAX_ORPHANS, Orphan, Queue, QueuedJob, StoreError};

use super::Sweep;
use crate::causes::WithCauses;
use crate::loops::is_followed;

impl Sweep {
    /// Makes a job that was found known to its record. Without a record, it is an orphan.
    pub(super) async fn look_into(
        &self,
        queue: &Queue,
        found: &QueuedJob,
    ) -> Result<(), StoreError> {
        let jobs = self.application.jobs();
        match jobs.load(&found.name.job).await {
            Ok(Some(job)) => self.make_known(job, &found.name, &found.id).await,
            Ok(None) => self.note(queue, found).await,
            Err(error @ StoreError::Unreadable { .. }) => {
                // There is a record. That nobody can read it is no reason to see no other job.
                let error = WithCauses(&error);
                tracing::error!(name = %found.name, backend_id = %found.id, %error, "a sweep found a job whose record can't be read");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What the record does not know is a candidate, or must not go on. What must not go on is
    /// asked to stop whenever it is found.
    pub(super) async fn make_known(
        &self,
        mut job: Job,
        name: &TryName,
        copy: &BackendId,
    ) -> Result<(), StoreError> {
        if job.backend != self.backend {
            tracing::warn!(job = %job.id, backend_id = %copy, "a job's name is borne by a job at another backend");
            return Ok(());
        }
        if !is_followed(&job, copy) {
            let before = job.version;
            let seen = Observation::CopySeen {
                try_number: name.number,
                backend_id: copy.clone(),
            };
            job = match self.application.apply(job, &seen).await? {
                Some(job) => job,
                // Its record was removed this moment: the next sweep finds an orphan.
                None => return Ok(()),
            };
            if job.version > before && is_followed(&job, copy) {
                tracing::warn!(%name, backend_id = %copy, "a sweep found a copy that its job did not know");
            }
        }
        if job.surplus.contains(copy) {
            self.application.stop_what_must(&self.calls, &job).await;
        }
        Ok(())
    }

    async fn note(&self, queue: &Queue, found: &QueuedJob) -> Result<(), StoreError> {
        let orphan = Orphan {
            backend: self.backend.clone(),
            id: found.id.clone(),
            name: found.name.clone(),
            queue: queue.clone(),
            created_at: found.created_at,
            noted_at: self.application.now(),
        };
        match self.ledger().note_orphan(&orphan).await {
            Ok(kept) if kept == orphan => self.warn_of(&orphan).await,
            Ok(_) => Ok(()),
            Err(StoreError::Full { .. }) if self.is_ledger_full().await? => {
                tracing::error!(
                    queue = queue.0,
                    "more than {MAX_ORPHANS} jobs have no record: the job store was lost, or is not the one that they were sent from"
                );
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn is_ledger_full(&self) -> Result<bool, StoreError> {
        Ok(self.ledger().orphans().await?.len() >= MAX_ORPHANS)
    }

    async fn warn_of(&self, orphan: &Orphan) -> Result<(), StoreError> {
        let verdict = self.verdict_on(orphan).await?;
        tracing::warn!(
            backend_id = %orphan.id,
            name = %orphan.name,
            queue = orphan.queue.0,
            created_at = %orphan.created_at,
            "a job bears our name and marks, and there is no record of it: {verdict}. `batchway sweep` lists such jobs, and `batchway sweep --apply` ends them now"
        );
        Ok(())
    }
}
