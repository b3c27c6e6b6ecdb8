//! | from | observation | to |
//! |---|---|---|
//! | terminal | any report | same; if alive at the backend, terminated |
//! | terminal | a copy under the name of any of its tries | same; terminated |
//! | terminal | its logs are archived | same |
//! | terminal | its logs could not be archived | same; once more later, given up a day after the end |

use super::{Change, Next, Observation};
use crate::job::Rules;

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
        Observation::LogsArchived => next.job.archive_logs_at.take().map(|_| Change::Silent),
        Observation::LogsNotArchived => logs_not_archived(next),
        _ => None,
    }
}

fn logs_not_archived(next: &mut Next<'_>) -> Option<Change> {
    next.job.archive_logs_at?;
    next.job.archive_logs_at = Rules::archive_again(next.job.state_since, next.now);
    Some(Change::Silent)
}
