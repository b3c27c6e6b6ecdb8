//! | from | observation | to |
//! |---|---|---|
//! | terminal | any report | same; if alive at the backend, terminated |
//! | terminal | a copy under the name of any of its tries | same; terminated |

use super::{Change, Next, Observation};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        Observation::Described { description, .. } if description.state.has_ended() => {
            next.forget_surplus(std::slice::from_ref(&description.id))
        }
        Observation::Described { description, .. } => next.stop_copy(&description.id),
        Observation::SubmitAccepted { backend_id, .. }
        | Observation::CopySeen { backend_id, .. } => next.stop_copy(backend_id),
        Observation::Reported { report, .. } => next.stop_copy(&report.backend_id),
        Observation::CandidatesSeen(ids) | Observation::LookedUp { found: ids, .. } => {
            ids.iter().filter_map(|id| next.stop_copy(id)).last()
        }
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => None,
    }
}
