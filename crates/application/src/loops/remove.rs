//! Does what is left to do for jobs that have ended: archives their logs, and forgets them when
//! their time is over. Their artifacts stay: how long results are kept is up to the bucket's life
//! cycle, or to whoever owns the folder.

use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{CommitError, StoreError};
use futures_util::{StreamExt, stream};

use super::{Loop, Report};
use crate::Application;
use crate::causes::WithCauses;

const BATCH: usize = 32;

/// How many jobs are seen to at a time. Each may hold the end of a log in memory.
const AT_ONCE: usize = 4;

/// Long logs take their time, and nobody waits for them.
const LEASE: Duration = Duration::from_secs(300);

/// Archives the logs of jobs that have ended, and removes what is due to be removed.
#[derive(Debug)]
pub struct Remove {
    application: Application,
}

impl Remove {
    pub(super) const fn new(application: Application) -> Self {
        Self { application }
    }

    async fn see_to(&self, job: Job) -> Result<(), StoreError> {
        let application = &self.application;
        if application.is_draining() {
            return application.hand_back(std::slice::from_ref(&job)).await;
        }
        if application.put_back_if_early(&job).await? {
            return Ok(());
        }
        if job.archive_logs_at.is_some() {
            return application.archive_logs(&job).await;
        }
        self.remove(&job).await
    }

    async fn remove(&self, job: &Job) -> Result<(), StoreError> {
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
        Duration::from_secs(10)
    }

    async fn run_once(&self) -> Report {
        let taken = self.application.take_due(&Lane::Remove, BATCH, LEASE).await;
        let jobs = match taken {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        let seen_to = stream::iter(jobs).map(|job| self.see_to(job));
        let results = seen_to.buffer_unordered(AT_ONCE).collect().await;
        Report::of_batch(BATCH, results)
    }
}
