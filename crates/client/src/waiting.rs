//! Waiting for a job's end.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;

use crate::generated::Client;
use crate::generated::types::{Job, JobStatus};
use crate::problems::Error;

/// How long the gateway is asked to keep one question open.
const LONG_POLL: &str = "30s";
/// So many failures in a row are borne before the last one is handed on: about half a minute.
const PATIENCE: u32 = 5;
/// The pause after the first of them; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

impl JobStatus {
    /// Whether nothing of the job runs any more and nothing of it will.
    pub fn has_ended(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Completed | Self::Failed | Self::Cancelled => true,
        }
    }
}

impl Client {
    /// The job once it has ended, however that was: look at its `status`.
    ///
    /// Keeps one question open at the gateway in place of asking again and again, and bears it when
    /// the gateway is away for half a minute. There is no limit to the wait; `tokio::time::timeout`
    /// sets one.
    ///
    /// # Errors
    /// [`Error`] if the gateway says no, or can't be reached for longer.
    pub async fn wait_until_ended(&self, job_id: &str) -> Result<Job, Error> {
        let mut failures = 0;
        loop {
            match self.get_job().job_id(job_id).wait(LONG_POLL).send().await {
                Ok(job) if job.status.has_ended() => return Ok(job.into_inner()),
                Ok(_) => failures = 0,
                Err(error) if error.is_retryable() && failures < PATIENCE => {
                    let pause = FIRST_PAUSE * 2_u32.pow(failures);
                    tokio::time::sleep(asked_for(&error).unwrap_or_default().max(pause)).await;
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The pause that the gateway asks for, bounded.
fn asked_for(error: &Error) -> Option<Duration> {
    let headers = match error {
        Error::ErrorResponse(answer) => answer.headers(),
        Error::UnexpectedResponse(answer) => answer.headers(),
        _ => return None,
    };
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(60)))
}
