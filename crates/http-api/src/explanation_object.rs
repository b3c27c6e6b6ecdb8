//! Why a job is as it is, as JSON.

use batchway_domain::diagnosis::{
    By, Explanation, LastLines, Mend, Obstacle, Phase, Reach, Surroundings,
};
use batchway_domain::ports::Capacity;
use bytes::Bytes;
use poem_openapi::{Enum, Object};
use serde::Serialize;

use crate::job_object::{AttemptObject, FailureObject, WaitingReasonObject};
use crate::operations::read_logs::LogLineObject;
use crate::scalars::{DateTime, StatusWord};

/// Why a job waits, or why it failed, with the evidence and what helps.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobExplanation")]
pub(crate) struct ExplanationObject {
    /// The job's id.
    job_id: String,
    /// Its type.
    job_type: String,
    /// Where it is.
    status: StatusWord,
    /// The same, closer.
    phase: PhaseWord,
    /// Since when it is there.
    since: DateTime,
    /// A word that programs can compare: the code of what the job waits for, such as
    /// `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`, the class of its failure, or one of the
    /// gateway's own. New ones may be added.
    cause: String,
    /// What is the matter, for a person.
    summary: String,
    /// What helps, the likeliest first. Never empty where the job waits or failed.
    mends: Vec<MendObject>,
    /// What the explanation goes by.
    evidence: EvidenceObject,
    /// When the gateway does something about the job next; null once it has ended.
    #[oai(nullable)]
    next_step_at: Option<DateTime>,
    /// When the job is given up, should it wait until then to be sent; null where it is not.
    #[oai(nullable)]
    gives_up_at: Option<DateTime>,
}

/// The states of a job, closer than its status. The first four are `queued`: `accepted`, no
/// backend has it; `submitting`, it is being sent; `unresolved`, it may have been sent, which is
/// being found out; `submitted`, its backend has it, and its program does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[oai(rename = "JobPhase", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum PhaseWord {
    Accepted,
    Submitting,
    Unresolved,
    Submitted,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// Who can do something: `nobody` has to, as it passes or the gateway does it; the job's
/// `owner`; the `operator` of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[oai(rename = "MendBy", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum ByWord {
    Nobody,
    Owner,
    Operator,
}

/// Something that can be done about a job.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Mend")]
struct MendObject {
    /// Who can do it.
    by: ByWord,
    /// What to do, one or more sentences.
    advice: String,
    /// A command for a shell. It shows what the advice is about; where the advice says so, it does
    /// that.
    #[oai(nullable)]
    command: Option<String>,
}

/// What an explanation goes by.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobEvidence")]
struct EvidenceObject {
    /// Where the job runs, or is to.
    backend: String,
    /// The backend's id of it, where it has one.
    #[oai(nullable)]
    backend_id: Option<String>,
    /// Why it waits, where something says so.
    #[oai(nullable)]
    waiting_reason: Option<WaitingReasonObject>,
    /// How it failed, if it did: exit code, signal, and the backend's own words.
    #[oai(nullable)]
    failure: Option<FailureObject>,
    /// The last starts of its program, oldest first, at most three.
    attempts: Vec<AttemptObject>,
    /// When its owner asked for it to be stopped.
    #[oai(nullable)]
    cancel_requested_at: Option<DateTime>,
    /// When its backend was last asked about it.
    #[oai(nullable)]
    last_checked_at: Option<DateTime>,
    /// Since when its backend has not been answering.
    #[oai(nullable)]
    backend_unreachable_since: Option<DateTime>,
    /// The last sign of life out of the container.
    #[oai(nullable)]
    heartbeat_at: Option<DateTime>,
    /// Whether the gateway that answers can ask the backend about this job.
    in_reach: bool,
    /// How many more jobs the backend can start now; null where it has a queue of its own, or is
    /// not known.
    #[oai(nullable)]
    free_slots: Option<u64>,
    /// What keeps the backend from starting jobs.
    obstacles: Vec<ObstacleObject>,
    /// What could not be looked at, and why; null where everything was.
    #[oai(nullable)]
    not_looked_at: Option<String>,
    /// The end of what its program wrote.
    log: LogEndObject,
}

/// Something at a backend that keeps jobs from being started.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Obstacle")]
struct ObstacleObject {
    /// A word that programs can compare. New ones may be added.
    code: String,
    /// What was seen.
    message: String,
    /// Whether no job can be started for it.
    blocks_all: bool,
}

/// The end of what a job's last attempt wrote.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "LogEnd")]
struct LogEndObject {
    /// Which start of the job's program, counted from 1; null where there was none.
    #[oai(nullable)]
    attempt: Option<u32>,
    /// The last lines, oldest first, at most 20.
    lines: Vec<LogLineObject>,
    /// Why there are none, where there are none.
    #[oai(nullable)]
    reason: Option<String>,
}

/// The object as the operation answers it.
pub fn encode_explanation(explanation: Explanation) -> Bytes {
    serde_json::to_vec(&ExplanationObject::from(explanation))
        .expect("an explanation holds only text and numbers")
        .into()
}

impl From<Explanation> for ExplanationObject {
    fn from(explanation: Explanation) -> Self {
        let Explanation {
            job, surroundings, ..
        } = explanation;
        let Surroundings {
            reach,
            room,
            obstacles,
            last_lines,
        } = surroundings;
        let unseen = obstacles.unseen;
        let obstacles = obstacles.found.into_iter();
        let evidence = EvidenceObject {
            backend: job.backend.to_string(),
            backend_id: job.backend_id.map(|id| id.0),
            waiting_reason: job.waiting.map(WaitingReasonObject::from),
            failure: job.failure.map(FailureObject::from),
            attempts: AttemptObject::all(job.earlier_attempts, job.attempts),
            cancel_requested_at: job.cancel_requested_at.map(DateTime),
            last_checked_at: job.last_checked_at.map(DateTime),
            backend_unreachable_since: job.backend_unreachable_since.map(DateTime),
            heartbeat_at: job.heartbeat_at.map(DateTime),
            in_reach: reach == Reach::Here,
            free_slots: room.and_then(slots),
            obstacles: obstacles.map(ObstacleObject::from).collect(),
            not_looked_at: unseen.map(|unseen| unseen.reason),
            log: last_lines.into(),
        };
        Self {
            job_id: job.job_id.to_string(),
            job_type: job.job_type.to_string(),
            status: StatusWord(job.status),
            phase: explanation.phase.into(),
            since: DateTime(explanation.since),
            cause: explanation.cause,
            summary: explanation.summary,
            mends: explanation
                .mends
                .into_iter()
                .map(MendObject::from)
                .collect(),
            evidence,
            next_step_at: explanation.next_step_at.map(DateTime),
            gives_up_at: explanation.gives_up_at.map(DateTime),
        }
    }
}

fn slots(room: Capacity) -> Option<u64> {
    match room {
        Capacity::Slots(free) => u64::try_from(free).ok(),
        Capacity::Queue => None,
    }
}

impl From<Phase> for PhaseWord {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Accepted => Self::Accepted,
            Phase::Submitting => Self::Submitting,
            Phase::Unresolved => Self::Unresolved,
            Phase::Submitted => Self::Submitted,
            Phase::Running => Self::Running,
            Phase::Completed => Self::Completed,
            Phase::Failed => Self::Failed,
            Phase::Cancelled => Self::Cancelled,
        }
    }
}

impl From<By> for ByWord {
    fn from(by: By) -> Self {
        match by {
            By::Nobody => Self::Nobody,
            By::Owner => Self::Owner,
            By::Operator => Self::Operator,
        }
    }
}

impl From<Mend> for MendObject {
    fn from(mend: Mend) -> Self {
        Self {
            by: mend.by.into(),
            advice: mend.advice,
            command: mend.command,
        }
    }
}

impl From<Obstacle> for ObstacleObject {
    fn from(obstacle: Obstacle) -> Self {
        Self {
            code: obstacle.code,
            message: obstacle.message,
            blocks_all: obstacle.blocks_all,
        }
    }
}

impl From<LastLines> for LogEndObject {
    fn from(end: LastLines) -> Self {
        Self {
            attempt: end.attempt,
            lines: end.lines.into_iter().map(LogLineObject::from).collect(),
            reason: end.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_are_those_of_the_domain() {
        for phase in Phase::ALL {
            assert_eq!(json!(PhaseWord::from(phase)), phase.as_str());
        }
        for by in By::ALL {
            assert_eq!(json!(ByWord::from(by)), by.as_str());
        }
    }
}
