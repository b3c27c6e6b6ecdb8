//! When the cancel comes.

use batchway_domain::job::JobStatus;

use super::kind::Kind;
use crate::job_types::PROCESS;

/// When the cancel comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Nobody has begun to send it.
    Queued,
    /// Its target takes nothing.
    Held,
    /// The request is on its way to the backend.
    RequestOnItsWay,
    /// The same, and the backend does not take it.
    RequestNotTaken,
    /// The backend has taken it, and the answer is on its way.
    AnswerOnItsWay,
    /// The same, and the answer is lost after the cancel.
    AnswerLostLater,
    /// The answer was lost.
    AnswerLost,
    /// The answer was lost, and the program runs.
    AnswerLostAndRunning,
    /// The request was lost, and nobody knows.
    RequestLost,
    /// Nothing was found of a first sending, and it is to be sent again.
    InDoubtAndQueued,
    /// It was sent again, as nothing was found of the first copy, and both are there.
    TwoCopies,
    /// The backend has it, and it waits there.
    Waiting,
    /// The program runs, and nobody has seen that.
    Starting,
    Running,
    /// The program has ended well, and its copy has not.
    Finishing,
    /// The copy has ended well, and nobody has seen that.
    EndedUnseen,
    /// It failed, and waits for its next try.
    BackingOff,
    Completed,
    Failed,
}

impl Point {
    pub(super) const ALL: [Self; 19] = [
        Self::Queued,
        Self::Held,
        Self::RequestOnItsWay,
        Self::RequestNotTaken,
        Self::AnswerOnItsWay,
        Self::AnswerLostLater,
        Self::AnswerLost,
        Self::AnswerLostAndRunning,
        Self::RequestLost,
        Self::InDoubtAndQueued,
        Self::TwoCopies,
        Self::Waiting,
        Self::Starting,
        Self::Running,
        Self::Finishing,
        Self::EndedUnseen,
        Self::BackingOff,
        Self::Completed,
        Self::Failed,
    ];

    /// Whether a job of this kind can be there: look-ups that are authoritative see all.
    pub(super) fn exists_for(self, kind: Kind) -> bool {
        let needs_lag = matches!(self, Self::InDoubtAndQueued | Self::TwoCopies);
        !(needs_lag && kind.backend == PROCESS)
    }

    /// What becomes of a job that is cancelled there.
    pub(super) const fn end(self) -> JobStatus {
        match self {
            Self::Finishing | Self::EndedUnseen | Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
            _ => JobStatus::Cancelled,
        }
    }
}
