//! Stopping a job, honestly.

use std::time::Duration;

use batchway_domain::job::machine::Observation;
use batchway_domain::security::KeyDigest;

use super::JobView;
use crate::{Application, RequestError};

/// How long the answer waits for the stop to be seen.
const WAIT_FOR_STOP: Duration = Duration::from_secs(5);

/// What became of a request to cancel.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    /// The job as it is now.
    pub job: JobView,
    /// Whether it has ended: by this request, before it, or by itself meanwhile. Where it has
    /// not, the stop is on its way and is asked for until it is seen.
    pub confirmed: bool,
}

impl Application {
    /// Stops a job, whatever state it is in. Twice is the same as once; after the end nothing
    /// changes. The request is recorded before anything else, and the job is `cancelled` only
    /// once nothing of it runs.
    ///
    /// # Errors
    /// As [`Application::get_job`].
    pub async fn cancel_job(
        &self,
        key: &KeyDigest,
        id: &str,
    ) -> Result<Cancellation, RequestError> {
        let mut job = self.find_own(key, id).await?;
        if !job.status().is_terminal() {
            job = self
                .apply(job, &Observation::CancelRequested)
                .await?
                .ok_or_else(|| RequestError::JobNotFound { job: id.to_owned() })?;
        }
        if !job.status().is_terminal() {
            self.look_first(&job).await;
            job = self.wait_until(key, job, WAIT_FOR_STOP, |_| false).await?;
        }
        if !job.status().is_terminal() {
            // One who read the job before the request may have put the look off again.
            self.look_first(&job).await;
        }
        let confirmed = job.status().is_terminal();
        Ok(Cancellation {
            job: self.view(&job).await?,
            confirmed,
        })
    }
}
