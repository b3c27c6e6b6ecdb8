//! Why a job waits, or why it failed: what shows it, and what mends it.
//!
//! [`explain`] is the whole of it, a pure function of a job's record and of what was seen around
//! it. It decides nothing about the job and is asked for by people alone, so it may say what the
//! state machine may not: what a thing probably is, and whom to go to.
//!
//! | file | of jobs that |
//! |---|---|
//! | `before_sending` | no backend has, or may have |
//! | `placed` | their backend has |
//! | `ended` | will never change again |
//! | `waiting_codes` | wait for a reason with a code: the table |
//! | `failure_mends` | failed: what helps, by the class of the failure |
//!
//! The causes that there are stand in `docs/doctor.md`.

mod before_sending;
mod commands;
mod ended;
mod failure_mends;
mod mend;
mod phase;
mod placed;
mod surroundings;
#[cfg(test)]
mod tests;
mod waiting_codes;

pub use mend::{By, Mend};
pub use phase::Phase;
pub use surroundings::{LastLines, Obstacle, Obstacles, Reach, Surroundings, Unseen};
pub use waiting_codes::{KnownCode, WAITING_CODES};

use crate::Timestamp;
use crate::job::{Job, JobSnapshot, JobState, Rules};

/// Why a job is as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The job, with the backend's words, its failure and its attempts.
    pub job: JobSnapshot,
    /// Where it is, closer than its status says.
    pub phase: Phase,
    /// Since when it is there.
    pub since: Timestamp,
    /// A short word that programs can compare: the code of what it waits for, such as
    /// `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`, the class of its failure, or one of our own.
    pub cause: String,
    /// What is the matter, for a person.
    pub summary: String,
    /// What helps, the likeliest first. There is one at least where the job waits or failed.
    pub mends: Vec<Mend>,
    /// When the gateway does something about it next; `None` once it has ended.
    pub next_step_at: Option<Timestamp>,
    /// When it is given up, should it still wait then to be sent.
    pub gives_up_at: Option<Timestamp>,
    /// What was seen around it.
    pub surroundings: Surroundings,
}

/// Why this job is as it is, going by its record and what was seen around it at `now`.
pub fn explain(
    job: &Job,
    rules: &Rules,
    surroundings: Surroundings,
    now: Timestamp,
) -> Explanation {
    let case = Case {
        job,
        rules,
        seen: &surroundings,
        now,
    };
    let Finding {
        cause,
        summary,
        mends,
    } = case.find();
    Explanation {
        job: job.snapshot(),
        phase: Phase::of(&job.state),
        since: job.state_since,
        cause,
        summary,
        mends,
        next_step_at: (!job.status().is_terminal()).then(|| job.due().at),
        gives_up_at: case.gives_up_at(),
        surroundings,
    }
}

/// All that there is to go by.
#[derive(Clone, Copy)]
struct Case<'a> {
    job: &'a Job,
    rules: &'a Rules,
    seen: &'a Surroundings,
    now: Timestamp,
}

/// What it comes to.
struct Finding {
    cause: String,
    summary: String,
    mends: Vec<Mend>,
}

impl Finding {
    fn new(cause: &str, summary: impl Into<String>, mends: Vec<Mend>) -> Self {
        Self {
            cause: cause.to_owned(),
            summary: summary.into(),
            mends,
        }
    }
}

impl Case<'_> {
    fn find(self) -> Finding {
        match &self.job.state {
            JobState::Accepted {
                not_before,
                waiting,
            } => self.accepted(*not_before, waiting.as_ref()),
            JobState::Submitting { lease_until } => self.submitting(*lease_until),
            JobState::Unresolved {
                since,
                first_empty_at,
                ..
            } => self.unresolved(*since, *first_empty_at),
            JobState::Submitted {
                waiting, absence, ..
            } => self.submitted(waiting.as_ref(), *absence),
            JobState::Running { absence, .. } => self.running(*absence),
            JobState::Completed => self.completed(),
            JobState::Failed { failure } => self.failed(failure),
            JobState::Cancelled { cause } => self.cancelled(*cause),
        }
    }

    /// Only what was not sent yet is given up.
    fn gives_up_at(self) -> Option<Timestamp> {
        let waits = matches!(self.job.state, JobState::Accepted { .. });
        let patience = self.rules.max_queue_time.filter(|_| waits)?;
        Some(self.job.waits_since().plus(patience))
    }
}

/// A text as a sentence of its own.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
