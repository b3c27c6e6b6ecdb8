//! | from | observation | to |
//! |---|---|---|
//! | Unresolved | found, and the gate names it | Submitted, others stopped; under C terminate |
//! | Unresolved | proven absent, no C, younger than 6 days | Accepted, same try |
//! | Unresolved | C, and `cancelled` won the gate | Cancelled; what appears is terminated |
//! | Unresolved | C, no gate, absent 15 min after signing | Cancelled; for 8 days what appears is terminated |
//! | Unresolved | 6 days, absent | Failed (`unknown`) |

use std::time::Duration;

use super::{Change, GateReading, Next, Observation};
use crate::job::{
    BackendId, CancelCause, EventKind, Failure, FailureClass, JobState, Rules, Settlement,
};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        Observation::LookedUp { found, gate } => looked_up(next, found, gate),
        Observation::CancelRequested => next.record_cancel().then(|| {
            next.job.next_check_at = next.now;
            Change::Event(EventKind::CancelRequested)
        }),
        Observation::BackendUnreachable => {
            next.note_unreachable();
            next.job.next_check_at = next.rules.pace.next(next.job.state_since, next.now);
            Some(Change::Silent)
        }
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        // An id that turned up makes the next look due at once.
        _ => next.take_in_ids_of(observation, Next::look_at_once),
    }
}

fn looked_up(next: &mut Next<'_>, found: &[BackendId], gate: &GateReading) -> Option<Change> {
    if let GateReading::Admitted(id) = gate
        && next.is_of_earlier_try(id)
    {
        // Read for a try that is over: it says nothing of this one.
        return None;
    }
    next.note_answer();
    next.add_candidates(found);
    Some(match gate {
        GateReading::Admitted(id) => next.adopt(id.clone()),
        GateReading::Cancelled if next.cancel_requested() => next.cancel(CancelCause::Requested),
        // The gate was shut by a cancel that this record does not show: this try can never work.
        GateReading::Cancelled => next.next_try(),
        GateReading::NoGate => match found.first().or(next.job.candidates.first()).cloned() {
            Some(oldest) => next.adopt(oldest),
            None => found_nothing(next),
        },
        // Candidates wait for the gate, which could not be written this time.
        GateReading::Open if !next.job.candidates.is_empty() => look_again(next),
        GateReading::Open => found_nothing(next),
    })
}

fn found_nothing(next: &mut Next<'_>) -> Change {
    if let JobState::Unresolved {
        since,
        empty_lookups,
        first_empty_at,
    } = &mut next.job.state
    {
        if next.now.since(*since) < quiet_time(next.rules) {
            // What was accepted a moment ago need not be seen yet: this look proves nothing.
            return look_again(next);
        }
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
    if next.is_too_old_to_be_sent() {
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

/// How long after the last sending looking in vain means nothing. Counted from when the job
/// became unresolved, which is not before its last request was signed.
fn quiet_time(rules: &Rules) -> Duration {
    match rules.settlement {
        Settlement::Authoritative => Duration::ZERO,
        Settlement::After { quiet, .. } if rules.gated => quiet,
        Settlement::After { quiet, ungated, .. } => quiet.max(ungated),
    }
}

/// Whether looking in vain has gone on for so long that nothing can be there.
fn is_proven_absent(next: &Next<'_>) -> bool {
    let Settlement::After {
        lookups, spread, ..
    } = next.rules.settlement
    else {
        return true;
    };
    matches!(
        next.job.state,
        JobState::Unresolved { empty_lookups, first_empty_at: Some(first), .. }
            if empty_lookups >= lookups && next.now.since(first) >= spread
    )
}

impl Next<'_> {
    /// Whether the backend may have taken and forgotten what was first sent of this try, so that
    /// to look for it in vain says nothing.
    pub(super) fn is_too_old_to_be_sent(&self) -> bool {
        let current = &self.job.current_try;
        let signed_at = current.signed_at.unwrap_or(self.job.created_at);
        current.in_doubt && self.now.since(signed_at) >= Rules::SAME_TRY_LIMIT
    }
}
