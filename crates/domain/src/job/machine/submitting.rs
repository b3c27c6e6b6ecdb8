//! | from | observation | to |
//! |---|---|---|
//! | Submitting | id, present epoch | Submitted; under C terminate; other ids wait for the gate |
//! | Submitting | refused | Failed; under C Cancelled; if an earlier sending was taken, or under C may have been, Unresolved |
//! | Submitting | held, throttled, did not happen | Accepted; under C Cancelled; if an earlier epoch of this try was unknown, Unresolved |
//! | Submitting | unknown, or lease over | Unresolved |

use super::{Change, Next, Observation};
use crate::Timestamp;
use crate::job::{CancelCause, EventKind, Failure, FailureClass, JobState, WaitingReason};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    let present = |epoch: &u64| *epoch == next.job.current_try.epoch;
    match observation {
        Observation::SubmitAccepted { epoch, backend_id } if present(epoch) => {
            Some(next.place(backend_id.clone()))
        }
        Observation::SubmitRefused { epoch, reason } if present(epoch) => {
            Some(refused(next, reason))
        }
        Observation::SubmitHeld {
            epoch,
            waiting,
            retry_at,
        } if present(epoch) => Some(not_sent(next, *retry_at, Some(waiting.fitted()))),
        Observation::SubmitDidNotHappen { epoch, retry_at } if present(epoch) => {
            Some(not_sent(next, *retry_at, None))
        }
        Observation::SubmitUnknown { epoch } if present(epoch) => Some(next.doubt()),
        Observation::LeaseExpired if lease_is_over(next) => Some(next.doubt()),
        Observation::CancelRequested => next
            .record_cancel()
            .then_some(Change::Event(EventKind::CancelRequested)),
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => next.take_in_ids_of(observation, |_| Change::Silent),
    }
}

fn lease_is_over(next: &Next<'_>) -> bool {
    matches!(next.job.state, JobState::Submitting { lease_until } if next.now >= lease_until)
}

fn refused(next: &mut Next<'_>, reason: &str) -> Change {
    let cancelled_in_doubt = next.cancel_requested() && next.job.current_try.in_doubt;
    if cancelled_in_doubt || !next.job.candidates.is_empty() {
        // An earlier sending was not refused, or may not have been.
        return next.doubt();
    }
    if next.cancel_requested() {
        next.cancel(CancelCause::Requested)
    } else {
        next.fail(Failure::new(FailureClass::Refused, reason))
    }
}

fn not_sent(next: &mut Next<'_>, retry_at: Timestamp, waiting: Option<WaitingReason>) -> Change {
    if next.job.current_try.in_doubt || !next.job.candidates.is_empty() {
        return next.doubt();
    }
    if next.cancel_requested() {
        return next.cancel(CancelCause::Requested);
    }
    let told = waiting.is_some();
    next.accept_again(retry_at, waiting);
    if told {
        Change::Event(EventKind::Waiting)
    } else {
        Change::Silent
    }
}
