//! Where a job can be.

use serde::{Deserialize, Serialize};

use super::text::fit;
use super::{BackendId, Failure, JobStatus};
use crate::Timestamp;

/// Where a job is. [`super::machine`] says how it moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Recorded, and to be sent to its backend.
    Accepted {
        /// Not before this time.
        not_before: Timestamp,
        /// Why it waits, where there is a reason to tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<WaitingReason>,
    },
    /// Someone holds the right to send it, and may have done so.
    Submitting {
        /// When that right ends. Then nobody knows.
        lease_until: Timestamp,
    },
    /// It may have been sent; whether it was is being found out.
    Unresolved {
        /// Since when.
        since: Timestamp,
        /// How many look-ups in a row found nothing.
        #[serde(default)]
        empty_lookups: u32,
        /// When the first of these was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_empty_at: Option<Timestamp>,
    },
    /// The backend has it; its program does not run.
    Submitted {
        /// The one copy that counts.
        backend_id: BackendId,
        /// Why it waits, where the backend says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<WaitingReason>,
        /// The backend has been answering without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absence: Option<Absence>,
    },
    /// Its program runs.
    Running {
        /// The one copy that counts.
        backend_id: BackendId,
        /// Which attempt of the try, from 1.
        attempt: u32,
        /// The backend has been answering without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absence: Option<Absence>,
    },
    /// Ended well.
    Completed,
    /// Ended otherwise.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Stopped.
    Cancelled {
        /// By whom.
        cause: CancelCause,
    },
}

impl JobState {
    /// The status that clients see.
    pub const fn status(&self) -> JobStatus {
        match self {
            Self::Accepted { .. }
            | Self::Submitting { .. }
            | Self::Unresolved { .. }
            | Self::Submitted { .. } => JobStatus::Queued,
            Self::Running { .. } => JobStatus::Running,
            Self::Completed => JobStatus::Completed,
            Self::Failed { .. } => JobStatus::Failed,
            Self::Cancelled { .. } => JobStatus::Cancelled,
        }
    }

    /// The id of the copy that counts, where there is one.
    pub const fn backend_id(&self) -> Option<&BackendId> {
        match self {
            Self::Submitted { backend_id, .. } | Self::Running { backend_id, .. } => {
                Some(backend_id)
            }
            _ => None,
        }
    }

    /// Why the job waits, where there is something to tell.
    pub const fn waiting(&self) -> Option<&WaitingReason> {
        match self {
            Self::Accepted { waiting, .. } | Self::Submitted { waiting, .. } => waiting.as_ref(),
            _ => None,
        }
    }
}

/// Why a job waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingReason {
    /// A short word that programs can compare, such as `credentials` or
    /// `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`.
    pub code: String,
    /// One sentence for a person.
    pub message: String,
}

impl WaitingReason {
    /// The most that is kept of a code, in bytes of a JSON string.
    pub const MAX_CODE_BYTES: usize = 100;

    /// The most that is kept of a message, in bytes of a JSON string.
    pub const MAX_MESSAGE_BYTES: usize = 256;

    /// The same, cut to what is kept.
    pub(super) fn fitted(&self) -> Self {
        Self {
            code: fit(&self.code, Self::MAX_CODE_BYTES),
            message: fit(&self.message, Self::MAX_MESSAGE_BYTES),
        }
    }
}

/// Since when, and how often, a backend answered without a job that it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The first such answer.
    pub since: Timestamp,
    /// How many there were.
    pub answers: u32,
}

/// Who stopped a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelCause {
    /// The caller, through the API.
    Requested,
    /// Someone at the backend, without asking us.
    StoppedOutside,
}
