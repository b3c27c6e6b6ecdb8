//! | from | observation | to |
//! |---|---|---|
//! | Submitted, Running | the runner of the copy that counts reports | same, progress |

use std::time::Duration;

use super::placed::attempts_ended;
use super::{Change, Next};
use crate::job::{EventKind, JobState, Progress};
use crate::runner::RunnerReport;

/// The least time between two progress events of a job.
const PROGRESS_EVENT_EVERY: Duration = Duration::from_secs(5);

pub(super) fn reported(next: &mut Next<'_>, report: &RunnerReport) -> Option<Change> {
    match next.job.state {
        _ if report.attempt <= attempts_ended(next) => return None,
        JobState::Running { attempt, .. } if report.attempt < attempt => return None,
        JobState::Running { .. } => {}
        // The runner speaks before the backend said that it runs: have it asked.
        _ => next.job.next_check_at = next.now,
    }
    Some(record_progress(next, report))
}

fn record_progress(next: &mut Next<'_>, report: &RunnerReport) -> Change {
    let progress = &mut next.job.progress;
    progress.heartbeat_at = Some(next.now);
    if let Some(message) = &report.message {
        progress.message = Some(Progress::clean_message(message));
    }
    let before = progress.percent;
    if let Some(fraction) = report.progress {
        progress.percent = Progress::percent_of(fraction);
    }
    let due = next
        .job
        .progress_event_at
        .is_none_or(|last| next.now.since(last) >= PROGRESS_EVENT_EVERY);
    if progress.percent != before && due {
        next.job.progress_event_at = Some(next.now);
        Change::Event(EventKind::Progress)
    } else {
        Change::Silent
    }
}
