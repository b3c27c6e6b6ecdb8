//! What can be learnt about a job.

use crate::Timestamp;
use crate::artifacts::ProgramEnd;
use crate::job::{BackendId, Target, WaitingReason};
use crate::ports::Description;
use crate::runner::RunnerReport;

/// Something learnt about a job. May come late, twice, out of order, or never.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A dispatcher wants to send it.
    Claimed {
        /// When its right to do so ends.
        lease_until: Timestamp,
        /// What it will be sent to.
        target: Target,
    },
    /// Its owner wants it stopped.
    CancelRequested,
    /// It waited too long, or its type is gone.
    Unstartable {
        /// One sentence.
        message: String,
        /// The gate of its present try, shut first where a sending of it is in doubt.
        gate: GateReading,
    },
    /// These ids bear the name of its present try.
    CandidatesSeen(Vec<BackendId>),
    /// A copy that bears the name of one of its tries, be it the present one, an earlier one, or
    /// one that this record does not know of yet or any more.
    CopySeen {
        /// The try in its name.
        try_number: u32,
        /// Its id.
        backend_id: BackendId,
    },

    /// The backend took it.
    SubmitAccepted {
        /// The epoch under which it was sent.
        epoch: u64,
        /// The id it got.
        backend_id: BackendId,
    },
    /// The backend will never take it.
    SubmitRefused {
        /// The epoch under which it was sent.
        epoch: u64,
        /// One sentence.
        reason: String,
    },
    /// Nothing can be sent for now; nothing was.
    SubmitHeld {
        /// The epoch under which it was to be sent.
        epoch: u64,
        /// Why.
        waiting: WaitingReason,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// It was not sent, or not accepted.
    SubmitDidNotHappen {
        /// The epoch under which it was to be sent.
        epoch: u64,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// It may have been accepted.
    SubmitUnknown {
        /// The epoch under which it was sent.
        epoch: u64,
    },
    /// The time to send it is over; whether it was sent is not known. Nothing where the lease
    /// still holds at `now`.
    LeaseExpired,

    /// A look-up by name, and the gate as it was read after that.
    LookedUp {
        /// What bears the name, target and hash of the present try, oldest first.
        found: Vec<BackendId>,
        /// The gate.
        gate: GateReading,
    },
    /// The gate of the present try.
    GateRead(GateReading),

    /// What the backend says of one of its jobs.
    Described {
        /// The description.
        description: Description,
        /// How the program ended by the manifest, where the job has ended and left one.
        manifest: Option<ProgramEnd>,
        /// Name of the result that counts most, where it is known to be there.
        main_result: Option<String>,
    },
    /// The backend answered without the copy that counts.
    Absent {
        /// Whether a look-up by name found this very copy, whatever else bears the name; `None`
        /// where there was no look-up.
        by_name: Option<bool>,
        /// How the program ended by the manifest, where there is one.
        manifest: Option<ProgramEnd>,
        /// Name of the result that counts most, where it is known to be there.
        main_result: Option<String>,
    },
    /// The backend gave no answer.
    BackendUnreachable,
    /// A runner reports, for a try.
    Reported {
        /// The try of its token.
        try_number: u32,
        /// The report.
        report: RunnerReport,
    },
    /// These copies are no longer alive.
    SurplusEnded(Vec<BackendId>),
    /// The backend answered without these of the copies that must not go on; with none, that all
    /// of them were there.
    SurplusAbsent(Vec<BackendId>),
    /// The host that alone can see what was sent there has stayed away for
    /// [`crate::job::Rules::HOST_GONE_AFTER`].
    HostGone,
    /// What its programs wrote lies beside its artifacts, as far as there was anything.
    LogsArchived,
    /// That could not be done.
    LogsNotArchived,
}

impl Observation {
    /// Whether it was learnt of one try without naming it or a copy of it, so that it must not be
    /// applied once the job has gone on to another.
    pub const fn is_bound_to_its_try(&self) -> bool {
        matches!(
            self,
            Self::LookedUp { .. }
                | Self::GateRead(_)
                | Self::CandidatesSeen(_)
                | Self::Absent { .. }
                | Self::Unstartable { .. }
                | Self::HostGone
        )
    }

    /// Whether it was learnt of what had been sent until then, so that it must not be applied
    /// once the job was sent again: a look-up that found nothing says nothing of a later request.
    pub const fn is_bound_to_its_sending(&self) -> bool {
        matches!(self, Self::LookedUp { .. } | Self::HostGone)
    }

    /// Whether it was learnt of the copy that counted then, without naming it.
    pub const fn is_bound_to_its_copy(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }
}

/// What stands in the gate of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateReading {
    /// The job's type has no gate.
    NoGate,
    /// Nothing yet.
    Open,
    /// This copy may work, and no other.
    Admitted(BackendId),
    /// None may.
    Cancelled,
}
