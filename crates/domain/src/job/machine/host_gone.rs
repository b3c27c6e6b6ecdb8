//! | from | observation | to |
//! |---|---|---|
//! | Unresolved, Submitted, Running | its host has stayed away, class has tries left, no C | Accepted, try + 1, backoff; the copy is stopped if its host comes back |
//! | Unresolved, Submitted, Running | its host has stayed away otherwise | Failed (`host_lost`), never Cancelled: nothing shows that it stopped |
//! | terminal | the host of its surplus copies has stayed away | same; they count as ended |

use super::{Change, Next};
use crate::job::{Attempt, Failure, FailureClass, JobState};

pub(super) fn observe(next: &mut Next<'_>) -> Option<Change> {
    match next.job.state {
        // Nobody has been asked to run it, or somebody else may be sending it.
        JobState::Accepted { .. } | JobState::Submitting { .. } => None,
        JobState::Unresolved { .. } | JobState::Submitted { .. } | JobState::Running { .. } => {
            Some(lost(next))
        }
        JobState::Completed | JobState::Failed { .. } | JobState::Cancelled { .. } => {
            let surplus = next.job.surplus.clone();
            next.forget_surplus(&surplus)
        }
    }
}

fn lost(next: &mut Next<'_>) -> Change {
    let failure = Failure::new(
        FailureClass::HostLost,
        "The machine that had the job has not been heard of for half an hour.",
    );
    give_up_its_copy(next, &failure);
    let present = next.job.current_try.number;
    let goes_on =
        !next.cancel_requested() && next.rules.tries.allows_another(failure.class, present);
    if goes_on {
        next.next_try()
    } else {
        next.fail(failure)
    }
}

/// What the host had counts as ended by this. It may all the same be there when the host comes
/// back, and must not go on then.
fn give_up_its_copy(next: &mut Next<'_>, failure: &Failure) {
    let Some(backend_id) = next.job.state.backend_id().cloned() else {
        return;
    };
    let try_number = next.job.current_try.number;
    let open = next
        .job
        .attempts
        .last_mut()
        .filter(|attempt| attempt.backend_id == backend_id && attempt.stopped_at.is_none());
    if let Some(attempt) = open {
        attempt.stopped_at = Some(next.now);
        attempt.failure = Some(failure.clone());
    } else {
        next.job.attempts.push(Attempt {
            try_number,
            backend_id: backend_id.clone(),
            started_at: None,
            stopped_at: Some(next.now),
            failure: Some(failure.clone()),
        });
    }
    next.give_up_copy(backend_id);
}
