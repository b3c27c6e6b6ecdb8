//! What happened to a job, numbered without gaps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::JobSnapshot;
use crate::Timestamp;
use crate::identity::JobId;

/// The kinds of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The job was recorded.
    Queued,
    /// It waits for another reason than before.
    Waiting,
    /// The backend took it.
    Submitted,
    /// Its program runs.
    Running,
    /// A new whole percent, at most one every five seconds.
    Progress,
    /// An attempt failed and the job gets another.
    Retrying,
    /// Its owner wants it stopped; it may still run.
    CancelRequested,
    /// Ended well.
    Completed,
    /// Ended otherwise.
    Failed,
    /// Stopped.
    Cancelled,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Waiting,
        Self::Submitted,
        Self::Running,
        Self::Progress,
        Self::Retrying,
        Self::CancelRequested,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The type as clients see it, such as `job.completed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "job.queued",
            Self::Waiting => "job.waiting",
            Self::Submitted => "job.submitted",
            Self::Running => "job.running",
            Self::Progress => "job.progress",
            Self::Retrying => "job.retrying",
            Self::CancelRequested => "job.cancel_requested",
            Self::Completed => "job.completed",
            Self::Failed => "job.failed",
            Self::Cancelled => "job.cancelled",
        }
    }

    /// Whether a webhook is called for it.
    pub const fn is_delivered(self) -> bool {
        matches!(
            self,
            Self::Running | Self::Completed | Self::Failed | Self::Cancelled
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<Self, InvalidEventKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(InvalidEventKind)
    }
}

/// The text is not a type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a type of event")]
pub struct InvalidEventKind;

/// One thing that happened to one job, with the job as it was right after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The job.
    pub job: JobId,
    /// Counts the events of the job from 1, without gaps.
    pub number: u64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// The job right after, at most [`JobSnapshot::MAX_BYTES`].
    pub snapshot: JobSnapshot,
}
