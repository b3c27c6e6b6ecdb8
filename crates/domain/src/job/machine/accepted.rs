//! | from | observation | to |
//! |---|---|---|
//! | Accepted | claim | Submitting, epoch + 1 |
//! | Accepted | claim, six days after a sending of this try that is in doubt | Unresolved |
//! | Accepted | cancel | Cancelled; if a sending of this try is in doubt, Unresolved |
//! | Accepted | `max_queue_time` over, or the type is gone | Failed (`refused`); if a sending of this try is in doubt, once its gate is shut |
//! | Accepted | the same, and the gate names a copy | Unresolved |
//! | Accepted | an id under this try's name | Unresolved |
//! | Accepted | held before it could be claimed | same, waiting reason |

use super::{Change, GateReading, Next, Observation};
use crate::Timestamp;
use crate::job::{CancelCause, EventKind, Failure, FailureClass, JobState, WaitingReason};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        // A look decides: by the gate, or that it will never be known.
        Observation::Claimed { .. } if next.is_too_old_to_be_sent() => Some(next.doubt()),
        Observation::Claimed {
            lease_until,
            target,
        } => {
            let current = &mut next.job.current_try;
            current.epoch += 1;
            current.signed_at.get_or_insert(next.now);
            current.target.get_or_insert_with(|| target.clone());
            current.gated.get_or_insert(next.rules.gated);
            next.job.state = JobState::Submitting {
                lease_until: *lease_until,
            };
            next.job.state_since = next.now;
            Some(Change::Silent)
        }
        Observation::CancelRequested => {
            next.record_cancel();
            if next.job.current_try.in_doubt {
                // A copy that nobody has seen may still start: the gate must be shut first.
                next.doubt();
                Some(Change::Event(EventKind::CancelRequested))
            } else {
                Some(next.cancel(CancelCause::Requested))
            }
        }
        Observation::Unstartable { message, gate } => unstartable(next, message, gate),
        Observation::SubmitHeld {
            epoch,
            waiting,
            retry_at,
        } if *epoch == next.job.current_try.epoch => Some(held(next, waiting.fitted(), *retry_at)),
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => next.take_in_ids_of(observation, Next::doubt),
    }
}

/// No copy of it can work after this, so none may be able to start unseen.
fn unstartable(next: &mut Next<'_>, message: &str, gate: &GateReading) -> Option<Change> {
    match gate {
        GateReading::Admitted(id) => {
            let is_new = next.add_candidates(std::slice::from_ref(id));
            is_new.then(|| next.doubt())
        }
        GateReading::Open | GateReading::NoGate
            if next.job.current_try.in_doubt && next.rules.gated =>
        {
            None
        }
        GateReading::Open | GateReading::NoGate | GateReading::Cancelled => {
            Some(next.fail(Failure::new(FailureClass::Refused, message)))
        }
    }
}

/// Its backend can't be used for now. Clients are told once for each reason.
fn held(next: &mut Next<'_>, reason: WaitingReason, retry_at: Timestamp) -> Change {
    let known = next
        .job
        .state
        .waiting()
        .is_some_and(|known| known.code == reason.code);
    next.job.state = JobState::Accepted {
        not_before: retry_at,
        waiting: Some(reason),
    };
    if known {
        Change::Silent
    } else {
        Change::Event(EventKind::Waiting)
    }
}
