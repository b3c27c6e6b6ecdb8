//! Forgets jobs whose time is over. Their artifacts stay: how long results are kept is up to
//! the bucket's life cycle, or to whoever owns the folder.

use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{CommitError, StoreError};

use super::{Loop, Report};
use crate::Application;
use crate::causes::WithCauses;

const BATCH: usize = 100;
const LEASE: Duration = Duration::from_secs(60);

/// Removes what is due to be removed.
#[derive(Debug)]
pub struct Remove {
    application: Application,
}

impl Remove {
    pub(super) const fn new(application: Application) -> Self {
        Self { application }
    }

    async fn remove(&self, job: &Job) -> Result<(), StoreError> {
        if self.application.put_back_if_early(job).await? {
            return Ok(());
        }
        if let Some(backend) = self.application.0.ports.backends.get(&job.backend) {
            for attempt in &job.attempts {
                if let Err(error) = backend.forget(&attempt.backend_id).await {
                    let error = WithCauses(&error);
                    tracing::warn!(job = %job.id, %error, "could not free what is kept of a try");
                }
            }
        }
        match self.application.jobs().remove(&job.id, job.version).await {
            // Someone else removed it, or something happened to it: then it is due again.
            Ok(()) | Err(CommitError::Conflict | CommitError::NotFound) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

#[async_trait]
impl Loop for Remove {
    fn name(&self) -> String {
        Lane::Remove.to_string()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self) -> Report {
        let taken = self.application.take_due(&Lane::Remove, BATCH, LEASE).await;
        let jobs = match taken {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        let mut results = Vec::with_capacity(jobs.len());
        for job in &jobs {
            results.push(self.remove(job).await);
        }
        Report::of_batch(BATCH, results)
    }
}
