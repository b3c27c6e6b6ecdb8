//! One job, once something has happened to it.

use std::time::Duration;

use batchway_domain::job::Job;
use batchway_domain::security::KeyDigest;
use tokio::time::{Instant, sleep_until};

use super::JobView;
use crate::{Application, RequestError};

/// How often one who waits looks for changes made by other processes.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Application {
    /// One of the caller's jobs, as soon as its status, progress or message differs from what it
    /// was when the request came, or it has ended; at the latest after `at_most`, as it then is.
    ///
    /// # Errors
    /// As [`Application::get_job`].
    pub async fn wait_for_job(
        &self,
        key: &KeyDigest,
        id: &str,
        at_most: Duration,
    ) -> Result<JobView, RequestError> {
        let first = self.find_own(key, id).await?;
        if !first.status().is_terminal() {
            self.look_soon(&first).await;
        }
        let job = self
            .wait_until(key, first.clone(), at_most, |job| shows_news(&first, job))
            .await?;
        self.view(&job).await
    }

    /// The job once it is as wished or has ended, or at the latest after `at_most`.
    pub(crate) async fn wait_until(
        &self,
        key: &KeyDigest,
        mut job: Job,
        at_most: Duration,
        is_as_wished: impl Fn(&Job) -> bool,
    ) -> Result<Job, RequestError> {
        let deadline = Instant::now() + at_most;
        let changes = self.0.changes.of(&job.id);
        loop {
            // Asked for before reading, so that no change falls between the two.
            let changed = changes.notified();
            job = self.find_own(key, job.id.as_str()).await?;
            let over = Instant::now() >= deadline || self.0.draining.is_cancelled();
            if over || job.status().is_terminal() || is_as_wished(&job) {
                return Ok(job);
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = sleep_until(deadline.min(Instant::now() + LOOK_EVERY)) => {}
                () = self.0.draining.cancelled() => {}
            }
        }
    }
}

fn shows_news(before: &Job, now: &Job) -> bool {
    (
        before.status(),
        before.progress.percent,
        &before.progress.message,
    ) != (now.status(), now.progress.percent, &now.progress.message)
}
