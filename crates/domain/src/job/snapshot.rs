//! What a client is shown of a job: all that an answer or an event is made from.

use serde::{Deserialize, Serialize};

use super::{Attempt, BackendId, CancelCause, Failure, Job, JobState, JobStatus, WaitingReason};
use crate::Timestamp;
use crate::identity::{BackendName, JobId, JobTypeName};

/// A job as its owner sees it, without links, which end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSnapshot {
    /// Its id.
    pub job_id: JobId,
    /// Its type.
    pub job_type: JobTypeName,
    /// Its status.
    pub status: JobStatus,
    /// 0 to 100; 100 exactly when completed.
    pub progress: u8,
    /// The program's last words about its progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A sentence where something went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same in detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Why a queued job waits, where there is something to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingReason>,
    /// The last starts of the program, oldest first, at most [`JobSnapshot::MAX_ATTEMPTS`].
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// How many starts came before those.
    #[serde(default)]
    pub earlier_attempts: u32,
    /// When the job was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When its owner asked for it to be stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// When its backend was last asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_checked_at: Option<Timestamp>,
    /// Since when the backend has not been answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_unreachable_since: Option<Timestamp>,
    /// The last sign of life out of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_at: Option<Timestamp>,
    /// Name of the result that counts most, once the job is completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_result: Option<String>,
    /// Where it runs.
    pub backend: BackendName,
    /// The backend's id of it, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_id: Option<BackendId>,
    /// Grows with every change.
    pub version: u64,
}

impl JobSnapshot {
    /// The most attempts in one snapshot.
    pub const MAX_ATTEMPTS: usize = 3;

    /// The most bytes of a snapshot written as JSON.
    pub const MAX_BYTES: usize = 4096;
}

impl Job {
    /// The job as its owner sees it now.
    pub fn snapshot(&self) -> JobSnapshot {
        let failure = match &self.state {
            JobState::Failed { failure } => Some(failure.clone()),
            _ => None,
        };
        let earlier = self
            .attempts
            .len()
            .saturating_sub(JobSnapshot::MAX_ATTEMPTS);
        JobSnapshot {
            job_id: self.id.clone(),
            job_type: self.job_type.clone(),
            status: self.status(),
            progress: if self.status() == JobStatus::Completed {
                100
            } else {
                self.progress.percent
            },
            message: self.progress.message.clone(),
            error: self.error(),
            failure,
            waiting: self.waiting(),
            attempts: self.attempts[earlier..].to_vec(),
            earlier_attempts: u32::try_from(earlier).unwrap_or(u32::MAX),
            created_at: self.created_at,
            completed_at: self.completed_at,
            cancel_requested_at: self.cancel_requested_at,
            last_checked_at: self.last_checked_at,
            backend_unreachable_since: self.backend_unreachable_since,
            heartbeat_at: self.progress.heartbeat_at,
            main_result: self
                .main_result
                .clone()
                .filter(|_| self.status() == JobStatus::Completed),
            backend: self.backend.clone(),
            backend_id: self.backend_id().cloned(),
            version: self.version,
        }
    }

    /// Why it waits, as far as that is known.
    fn waiting(&self) -> Option<WaitingReason> {
        if let Some(told) = self.state.waiting() {
            return Some(told.clone());
        }
        let JobState::Accepted { not_before, .. } = self.state else {
            return None;
        };
        let failure = self.attempts.last().and_then(|last| last.failure.as_ref());
        Some(match failure {
            Some(failure) => WaitingReason {
                code: "retry".to_owned(),
                message: format!("{} It is tried again at {not_before}.", failure.message),
            },
            None => WaitingReason {
                code: "turn".to_owned(),
                message: "The job waits for its turn to be given to its backend.".to_owned(),
            },
        })
    }

    /// A sentence where something went wrong.
    fn error(&self) -> Option<String> {
        match &self.state {
            JobState::Failed { failure } => Some(failure.message.clone()),
            JobState::Cancelled {
                cause: CancelCause::StoppedOutside,
            } => Some("The job was stopped at its backend, not through this gateway.".to_owned()),
            _ => None,
        }
    }
}
