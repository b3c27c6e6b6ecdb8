//! | from | observation | to |
//! |---|---|---|
//! | Unresolved | found, and the gate names it | Submitted, others stopped; under C terminate |
//! | Unresolved | proven absent, no C, younger than 6 days | Accepted, same try |
//! | Unresolved | C, and `cancelled` won the gate | Cancelled; what appears is terminated |
//! | Unresolved | C, no gate, absent 15 min after signing | Cancelled; for 8 days what appears is terminated |
//! | Unresolved | 6 days, absent | Failed (`unknown`) |

use super::{Change, GateReading, Next, Observation};
use crate::job::{
    BackendId, CancelCause, EventKind, Failure, FailureClass, JobState, Rules, Settlement,
};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        Observation::LookedUp { found, gate } => Some(looked_up(next, found, gate)),
        Observation::CancelRequested => next.record_cancel().then(|| {
            next.job.next_check_at = next.now;
            Change::Event(EventKind::CancelRequested)
        }),
        Observation::CandidatesSeen(ids) => seen(next, ids),
        Observation::SubmitAccepted { backend_id, .. } => {
            seen(next, std::slice::from_ref(backend_id))
        }
        Observation::Reported { try_number, report }
            if *try_number == next.job.current_try.number =>
        {
            seen(next, std::slice::from_ref(&report.backend_id))
        }
        Observation::BackendUnreachable => {
            next.note_unreachable();
            next.job.next_check_at = next.rules.pace.next(next.job.state_since, next.now);
            Some(Change::Silent)
        }
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => None,
    }
}

/// An id that turned up makes the next look due at once.
fn seen(next: &mut Next<'_>, ids: &[BackendId]) -> Option<Change> {
    next.add_candidates(ids).then(|| {
        next.job.next_check_at = next.now;
        Change::Silent
    })
}

fn looked_up(next: &mut Next<'_>, found: &[BackendId], gate: &GateReading) -> Change {
    next.note_answer();
    next.add_candidates(found);
    match gate {
        GateReading::Admitted(id) => next.adopt(id.clone()),
        GateReading::Cancelled if next.cancel_requested() => next.cancel(CancelCause::Requested),
        // The gate was shut by a cancel that this record does not show: this try can never work.
        GateReading::Cancelled => next.next_try(),
        GateReading::NoGate if !next.job.candidates.is_empty() => {
            let oldest = next.job.candidates[0].clone();
            next.adopt(oldest)
        }
        // Candidates wait for the gate, which could not be written this time.
        GateReading::Open if !next.job.candidates.is_empty() => look_again(next),
        GateReading::Open | GateReading::NoGate => found_nothing(next),
    }
}

fn found_nothing(next: &mut Next<'_>) -> Change {
    if let JobState::Unresolved {
        empty_lookups,
        first_empty_at,
        ..
    } = &mut next.job.state
    {
        *empty_lookups += 1;
        first_empty_at.get_or_insert(next.now);
    }
    if !is_proven_absent(next) {
        return look_again(next);
    }
    if next.cancel_requested() {
        return if next.rules.gated {
            // A copy that comes late would still find the gate open.
            look_again(next)
        } else {
            next.cancel(CancelCause::Requested)
        };
    }
    let signed_at = next
        .job
        .current_try
        .signed_at
        .unwrap_or(next.job.created_at);
    if next.now.since(signed_at) >= Rules::SAME_TRY_LIMIT {
        return next.fail(Failure::new(
            FailureClass::Unknown,
            "For six days it could not be found out whether the backend took the job.",
        ));
    }
    if next.rules.settlement == Settlement::Authoritative {
        next.job.current_try.in_doubt = false;
    }
    next.accept_again(next.now, None);
    Change::Silent
}

fn look_again(next: &mut Next<'_>) -> Change {
    next.job.next_check_at = next.rules.pace.next(next.job.state_since, next.now);
    Change::Silent
}

/// Whether looking in vain has gone on for so long that nothing can be there.
fn is_proven_absent(next: &Next<'_>) -> bool {
    let JobState::Unresolved {
        since,
        empty_lookups,
        first_empty_at,
    } = &next.job.state
    else {
        return false;
    };
    let Settlement::After {
        quiet,
        lookups,
        spread,
        ungated,
    } = next.rules.settlement
    else {
        return true;
    };
    let signed_at = next.job.current_try.signed_at.unwrap_or(*since);
    let held_back = if next.rules.gated {
        quiet
    } else {
        ungated.max(quiet)
    };
    next.now.since(signed_at) >= held_back
        && *empty_lookups >= lookups
        && first_empty_at.is_some_and(|first| {
            // Only looks made after the quiet time count towards the proof.
            let counted_from = first.max(since.plus(quiet));
            next.now.since(counted_from) >= spread
        })
}
