//! # How a job moves
//!
//! ```text
//!            admit
//!              │
//!              ▼      held, throttled, did not happen
//!        ┌─ Accepted ◀──────────────────────────────┐
//!        │     │  ▲                                 │
//!        │     │  │ proven absent                   │
//!        │     │  └──────────────┐                  │
//!        │     │ claim           │                  │
//!        │     ▼                 │                  │
//!        │  Submitting ──▶ Unresolved ◀─┐           │
//!        │     │   unknown,      │      │ ended,    │
//!        │     │   lease over    │      │ and the   │
//!        │     │ id              │ the  │ gate has  │
//!        │     │                 │ gate │ not named │
//!        │     ▼                 │ names│ it        │
//!        │  Submitted ◀──────────┘ it   │           │
//!        │   │  │  ▲                    │           │
//!        │   │  │  │ next attempt       │           │
//!        │   │  ▼  │                    │           │
//!        │   │ Running ─────────────────┘           │
//!        │   │  │    \                              │
//!        │   │  │     └─ failed, tries left ────────┘  (next try)
//!        │   ▼  ▼
//!        └▶ Completed · Failed · Cancelled
//! ```
//!
//! [`observe`] is the whole of it: a pure function from a job and an observation to the job as
//! it then is. What isn't in the table changes no state. A request to cancel is a fact beside
//! the state ("C" below), possible at any time.
//!
//! | file | rows of the table |
//! |---|---|
//! | `accepted` | from Accepted |
//! | `submitting` | from Submitting |
//! | `unresolved` | from Unresolved |
//! | `placed` | from Submitted and Running: what the gate and the backend say |
//! | `reports` | from Submitted and Running: what the runner says |
//! | `ended` | from the terminal states |
//! | `host_gone` | from any state in which one host alone can see what became of the job |
//! | `surplus` | copies that must not go on |

mod accepted;
mod ended;
mod host_gone;
mod observation;
mod placed;
mod reports;
mod submitting;
mod surplus;
mod transition;
mod unresolved;

#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod specimens;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod table;

pub use observation::{GateReading, Observation};
pub use transition::{Change, Transition};

use super::{Job, JobState, Rules};
use crate::Timestamp;

/// What becomes of a job by an observation made at `now`; `None` where nothing does.
pub fn observe(
    job: &Job,
    observation: &Observation,
    rules: &Rules,
    now: Timestamp,
) -> Option<Transition> {
    let mut next = Next {
        job: job.clone(),
        rules,
        now,
    };
    let change = match (&job.state, observation) {
        (_, Observation::HostGone) => host_gone::observe(&mut next),
        (_, Observation::SurplusAbsent(ids)) => surplus::absent(&mut next, ids),
        (JobState::Accepted { .. }, _) => accepted::observe(&mut next, observation),
        (JobState::Submitting { .. }, _) => submitting::observe(&mut next, observation),
        (JobState::Unresolved { .. }, _) => unresolved::observe(&mut next, observation),
        (JobState::Submitted { .. } | JobState::Running { .. }, _) => {
            placed::observe(&mut next, observation)
        }
        (JobState::Completed | JobState::Failed { .. } | JobState::Cancelled { .. }, _) => {
            ended::observe(&mut next, observation)
        }
    }?;
    Some(Transition::finish(next.job, change, now))
}

/// A job on its way to what it will be, and what is needed to decide that.
struct Next<'a> {
    job: Job,
    rules: &'a Rules,
    now: Timestamp,
}
