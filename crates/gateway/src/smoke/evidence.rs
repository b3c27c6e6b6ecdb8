//! What the gateway knows of a job that a step failed with: what one would look up next.

use std::time::Duration;

use batchway_client::Client;
use batchway_client::types::{Job, JobLogs, JobStatus};
use serde::Serialize;
use tokio::time::timeout;

/// A gateway that does not answer any more holds nobody up.
const PATIENCE: Duration = Duration::from_secs(15);

/// The last lines of a log: where a program says why it ended.
const LINES: u64 = 10;

/// A job, as far as it explains a failure. No links: they are signed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Evidence {
    job_id: String,
    /// `None` where the gateway did not say.
    status: Option<JobStatus>,
    /// Where its last attempt runs, such as AWS Batch's id of it.
    backend_id: Option<String>,
    error: Option<String>,
    waiting_reason: Option<String>,
    /// Its last lines; none where it has none, or needs none.
    log: Vec<String>,
}

impl Evidence {
    /// Asks the gateway.
    pub(super) async fn of(job_id: &str, client: Option<&Client>) -> Self {
        let nothing = Self {
            job_id: job_id.to_owned(),
            status: None,
            backend_id: None,
            error: None,
            waiting_reason: None,
            log: Vec::new(),
        };
        let Some(client) = client else {
            return nothing;
        };
        let job = client.get_job().job_id(job_id).send();
        match timeout(PATIENCE, job).await {
            Ok(Ok(job)) => Self {
                log: log_of(&job, client).await,
                ..Self::seen(&job)
            },
            _ => nothing,
        }
    }

    fn seen(job: &Job) -> Self {
        let attempt = job.attempts.last();
        Self {
            job_id: job.job_id.clone(),
            status: Some(job.status),
            backend_id: attempt.map(|attempt| format!("{} {}", job.backend, attempt.backend_id)),
            error: job.error.clone(),
            waiting_reason: job
                .waiting_reason
                .as_ref()
                .map(|reason| format!("{}: {}", reason.code, reason.message)),
            log: Vec::new(),
        }
    }

    /// A line for each thing that is known, with its name.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let status = self.status.map(|status| format!(" is {status}"));
        let at = self.backend_id.as_ref().map(|id| format!(", at {id}"));
        let job = format!(
            "{}{}{}",
            self.job_id,
            status.unwrap_or_default(),
            at.unwrap_or_default()
        );
        let mut lines = vec![("job", job)];
        lines.extend(self.error.clone().map(|error| ("error", error)));
        lines.extend(self.waiting_reason.clone().map(|reason| ("waits", reason)));
        let names = ["log"].into_iter().chain(std::iter::repeat(""));
        lines.extend(names.zip(self.log.iter().cloned()));
        lines
    }
}

/// A job that did what it should has nothing to explain.
async fn log_of(job: &Job, client: &Client) -> Vec<String> {
    if job.status == JobStatus::Completed || job.attempts.is_empty() {
        return Vec::new();
    }
    let request = client.read_logs().job_id(&job.job_id).tail(LINES).send();
    match timeout(PATIENCE, request).await {
        Ok(Ok(logs)) => lines_of(logs.into_inner()),
        _ => Vec::new(),
    }
}

fn lines_of(logs: JobLogs) -> Vec<String> {
    if logs.lines.is_empty() {
        return logs.reason.into_iter().collect();
    }
    logs.lines.into_iter().map(|line| line.text).collect()
}
