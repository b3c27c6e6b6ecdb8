//! | from | observation | to |
//! |---|---|---|
//! | terminal | any report | same; if alive at the backend, terminated |

use super::{Change, Next, Observation};
use crate::job::{BackendId, JobStatus};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        Observation::Described { description, .. } if description.state.has_ended() => {
            next.forget_surplus(std::slice::from_ref(&description.id))
        }
        Observation::Described { description, .. } => stop(next, &description.id),
        Observation::SubmitAccepted { backend_id, .. } => stop(next, backend_id),
        Observation::CandidatesSeen(ids) | Observation::LookedUp { found: ids, .. } => {
            ids.iter().filter_map(|id| stop(next, id)).last()
        }
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => None,
    }
}

/// A copy that turns up after the end must not go on. The one whose end was the job's end has
/// been seen to end and is left alone.
fn stop(next: &mut Next<'_>, id: &BackendId) -> Option<Change> {
    let ended_with_it = next.job.status() != JobStatus::Cancelled
        && next.job.backend_id() == Some(id)
        || next
            .job
            .attempts
            .iter()
            .any(|a| a.backend_id == *id && a.stopped_at.is_some());
    if ended_with_it || next.job.surplus.contains(id) {
        return None;
    }
    next.job.surplus.push(id.clone());
    next.job.next_check_at = next.now;
    Some(Change::Silent)
}
