//! Where a job is, closer than its status says.

use crate::job::JobState;

/// The states of a job as words. The first four are the status `queued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Recorded, and no backend has it.
    Accepted,
    /// It is being sent at this moment.
    Submitting,
    /// It may have been sent; whether it was is being found out.
    Unresolved,
    /// Its backend has it; its program does not run.
    Submitted,
    /// Its program runs.
    Running,
    /// Ended well.
    Completed,
    /// Ended otherwise.
    Failed,
    /// Stopped.
    Cancelled,
}

impl Phase {
    /// Every phase, in the order of a job's life.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Submitting,
        Self::Unresolved,
        Self::Submitted,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Submitting => "submitting",
            Self::Unresolved => "unresolved",
            Self::Submitted => "submitted",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) const fn of(state: &JobState) -> Self {
        match state {
            JobState::Accepted { .. } => Self::Accepted,
            JobState::Submitting { .. } => Self::Submitting,
            JobState::Unresolved { .. } => Self::Unresolved,
            JobState::Submitted { .. } => Self::Submitted,
            JobState::Running { .. } => Self::Running,
            JobState::Completed => Self::Completed,
            JobState::Failed { .. } => Self::Failed,
            JobState::Cancelled { .. } => Self::Cancelled,
        }
    }
}
