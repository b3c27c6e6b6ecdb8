//! A job as JSON. The names of the fields are fixed: clients have them.

use batchway_application::use_cases::JobView;
use batchway_domain::job::{Attempt, Failure, WaitingReason};
use poem_openapi::Object;
use serde::Serialize;

use crate::scalars::{DateTime, FailureWord, StatusWord};

/// The backend whose ids go by a name of their own, which clients of old look for.
const AWS_BATCH: &str = "aws-batch";

/// A job as its owner sees it.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Job")]
pub(crate) struct JobObject {
    /// Its id: `job_` and 28 lower-case letters and digits.
    job_id: String,
    /// Its type.
    job_type: String,
    /// Where it is.
    status: StatusWord,
    /// 0 to 100; 100 exactly when completed, 0 where nothing is known.
    #[oai(validator(maximum(value = "100")))]
    progress: u8,
    /// The program's last words about its progress.
    #[oai(nullable)]
    message: Option<String>,
    /// A sentence, where something went wrong.
    #[oai(nullable)]
    error: Option<String>,
    /// What more there is to say of a failure.
    #[oai(nullable)]
    failure: Option<FailureObject>,
    /// Why a queued job waits, where there is something to tell.
    #[oai(nullable)]
    waiting_reason: Option<WaitingReasonObject>,
    /// A link to the job type's main result, once the job is completed.
    #[oai(nullable)]
    result_url: Option<String>,
    /// When that link ends; ask again for a new one.
    #[oai(nullable)]
    result_expires_at: Option<DateTime>,
    /// When the job was accepted.
    created_at: DateTime,
    /// When it ended, however it ended.
    #[oai(nullable)]
    completed_at: Option<DateTime>,
    /// When its owner asked for it to be stopped.
    #[oai(nullable)]
    cancel_requested_at: Option<DateTime>,
    /// When its backend was last asked about it.
    #[oai(nullable)]
    last_checked_at: Option<DateTime>,
    /// The last sign of life out of the container.
    #[oai(nullable)]
    heartbeat_at: Option<DateTime>,
    /// Since when its backend has not been answering.
    #[oai(nullable)]
    backend_unreachable_since: Option<DateTime>,
    /// The last starts of its program, oldest first, at most three.
    attempts: Vec<AttemptObject>,
    /// Where it runs.
    backend: String,
    /// AWS Batch's id of it, where it runs there and has one.
    #[oai(nullable)]
    aws_batch_job_id: Option<String>,
    /// Grows with every change.
    version: u64,
}

/// Why a job, or one attempt of it, failed.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Failure")]
pub(crate) struct FailureObject {
    /// Which kind of failure.
    class: FailureWord,
    /// What happened.
    message: String,
    /// What to do about it.
    remedy: String,
    /// The program's exit status, where it ended by itself.
    #[oai(nullable)]
    exit_code: Option<i32>,
    /// The number of the signal that ended it, where one did.
    #[oai(nullable)]
    signal: Option<i32>,
    /// The backend's own words.
    #[oai(nullable)]
    backend_reason: Option<String>,
}

/// Why a queued job waits.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "WaitingReason")]
pub(crate) struct WaitingReasonObject {
    /// A short word that programs can compare.
    code: String,
    /// A sentence for a person.
    message: String,
}

/// One start of a job's program.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Attempt")]
pub(crate) struct AttemptObject {
    /// Counts the starts of the job from 1.
    number: u32,
    /// The backend's id of it.
    backend_id: String,
    /// When it was started; null where it never was.
    #[oai(nullable)]
    started_at: Option<DateTime>,
    /// When it ended; null while it runs.
    #[oai(nullable)]
    stopped_at: Option<DateTime>,
    /// Why it failed, where it did.
    #[oai(nullable)]
    failure: Option<FailureObject>,
}

impl From<JobView> for JobObject {
    fn from(
        JobView {
            snapshot: job,
            result,
        }: JobView,
    ) -> Self {
        let (result_url, expires_at) = result.map(|link| (link.url, link.expires_at)).unzip();
        let on_aws_batch = job.backend.as_str() == AWS_BATCH;
        Self {
            job_id: job.job_id.to_string(),
            job_type: job.job_type.to_string(),
            status: StatusWord(job.status),
            progress: job.progress,
            message: job.message,
            error: job.error,
            failure: job.failure.map(FailureObject::from),
            waiting_reason: job.waiting.map(WaitingReasonObject::from),
            result_url,
            result_expires_at: expires_at.map(DateTime),
            created_at: DateTime(job.created_at),
            completed_at: job.completed_at.map(DateTime),
            cancel_requested_at: job.cancel_requested_at.map(DateTime),
            last_checked_at: job.last_checked_at.map(DateTime),
            heartbeat_at: job.heartbeat_at.map(DateTime),
            backend_unreachable_since: job.backend_unreachable_since.map(DateTime),
            attempts: AttemptObject::all(job.earlier_attempts, job.attempts),
            backend: job.backend.to_string(),
            aws_batch_job_id: job.backend_id.filter(|_| on_aws_batch).map(|id| id.0),
            version: job.version,
        }
    }
}

impl From<Failure> for FailureObject {
    fn from(failure: Failure) -> Self {
        Self {
            class: FailureWord(failure.class),
            message: failure.message,
            remedy: failure.class.remedy().to_owned(),
            exit_code: failure.exit_code,
            signal: failure.signal,
            backend_reason: failure.backend_reason,
        }
    }
}

impl From<WaitingReason> for WaitingReasonObject {
    fn from(WaitingReason { code, message }: WaitingReason) -> Self {
        Self { code, message }
    }
}

impl AttemptObject {
    /// Those after the ones that came earlier.
    pub(crate) fn all(earlier: u32, attempts: Vec<Attempt>) -> Vec<Self> {
        let numbers = earlier.saturating_add(1)..;
        numbers.zip(attempts).map(Self::from).collect()
    }
}

impl From<(u32, Attempt)> for AttemptObject {
    fn from((number, attempt): (u32, Attempt)) -> Self {
        Self {
            number,
            backend_id: attempt.backend_id.0,
            started_at: attempt.started_at.map(DateTime),
            stopped_at: attempt.stopped_at.map(DateTime),
            failure: attempt.failure.map(FailureObject::from),
        }
    }
}

/// The id in the document's examples.
pub(crate) const EXAMPLE_JOB_ID: &str = "job_0001k3m5z8a7q4x9c2v6b1n8d5f3";
