//! Jobs in every state, reached the way real ones reach it, and short words for observations.

use std::time::Duration;

use super::{GateReading, Observation, Transition, observe};
use crate::Timestamp;
use crate::artifacts::ProgramEnd;
use crate::identity::JobId;
use crate::job::{
    BackendId, Backoff, EventKind, Failure, FailureClass, Job, JobState, NewJob, Pace, RequestHash,
    RetryPolicy, Rules, Settlement, Target, WaitingReason,
};
use crate::ports::{BackendAttempt, BackendState, Description, StopEvidence};
use crate::runner::RunnerReport;

const START: i64 = 1_772_366_400_000;

/// The point so many seconds after the job was admitted.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000)
}

/// A type with the runner, at a backend with AWS Batch's manners.
pub(crate) fn gated() -> Rules {
    Rules {
        gated: true,
        settlement: Settlement::AWS_BATCH,
        tries: RetryPolicy::standard(),
        backoff: Backoff {
            first: Duration::from_secs(5),
            longest: Duration::from_secs(600),
        },
        max_queue_time: None,
        pace: Pace {
            shortest: Duration::from_secs(2),
            longest: Duration::from_secs(60),
        },
        retention: Duration::from_secs(90 * 86_400),
    }
}

/// The same without the runner.
pub(super) fn ungated() -> Rules {
    Rules {
        gated: false,
        ..gated()
    }
}

/// The runner, on this machine.
pub(super) fn local() -> Rules {
    Rules {
        settlement: Settlement::Authoritative,
        ..gated()
    }
}

pub(super) fn admitted() -> Transition {
    let new = NewJob {
        id: JobId::new(at(0), "a7".parse().unwrap(), [7; 10]),
        environment: "prod".parse().unwrap(),
        job_type: "run_simulation".parse().unwrap(),
        backend: "aws-batch".parse().unwrap(),
        work: 1.0,
        estimated_seconds: 60,
        webhook: None,
        request_hash: RequestHash("00".repeat(32)),
    };
    new.admit("user123".parse().unwrap())
}

/// A job, its rules and the time, on their way through a test.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) job: Job,
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    /// The last event.
    pub(super) told: Option<EventKind>,
}

impl Story {
    pub(super) fn accepted(rules: Rules) -> Self {
        Self {
            job: admitted().job,
            rules,
            now: at(0),
            told: Some(EventKind::Queued),
        }
    }

    pub(super) fn submitting(rules: Rules) -> Self {
        Self::accepted(rules).then(claimed(at(30)))
    }

    pub(super) fn unresolved(rules: Rules) -> Self {
        Self::submitting(rules).then(Observation::SubmitUnknown { epoch: 1 })
    }

    /// Taken by the backend as `a`.
    pub(super) fn submitted(rules: Rules) -> Self {
        Self::submitting(rules).then(accepted_as("a", 1))
    }

    pub(super) fn running(rules: Rules) -> Self {
        Self::submitted(rules).then(described("a", BackendState::Running))
    }

    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self
    }

    /// What the observation makes of the job; it has to change something.
    pub(super) fn then(mut self, observation: Observation) -> Self {
        let Transition { job, events } = observe(&self.job, &observation, &self.rules, self.now)
            .unwrap_or_else(|| panic!("{observation:?} changes nothing in {:?}", self.job.state));
        self.job = job;
        self.told = events.last().map(|event| event.kind);
        self
    }

    /// The observation has to change nothing at all.
    pub(super) fn unmoved_by(self, observation: &Observation) -> Self {
        let next = observe(&self.job, observation, &self.rules, self.now);
        assert_eq!(next, None, "{observation:?} in {:?}", self.job.state);
        self
    }

    pub(super) fn cancel(self) -> Self {
        self.then(Observation::CancelRequested)
    }

    #[track_caller]
    pub(super) fn is(&self, name: &str, told: Option<EventKind>) {
        assert_eq!((name_of(&self.job.state), self.told), (name, told));
    }

    #[track_caller]
    pub(super) fn has_failed(&self, class: FailureClass) -> &Failure {
        match &self.job.state {
            JobState::Failed { failure } if failure.class == class => failure,
            state => panic!("not failed as {class:?}: {state:?}"),
        }
    }

    #[track_caller]
    pub(super) fn stops(&self, expected: &[&str]) {
        assert_eq!(self.job.stops(), ids(expected));
    }
}

pub(super) const fn name_of(state: &JobState) -> &'static str {
    match state {
        JobState::Accepted { .. } => "Accepted",
        JobState::Submitting { .. } => "Submitting",
        JobState::Unresolved { .. } => "Unresolved",
        JobState::Submitted { .. } => "Submitted",
        JobState::Running { .. } => "Running",
        JobState::Completed => "Completed",
        JobState::Failed { .. } => "Failed",
        JobState::Cancelled { .. } => "Cancelled",
    }
}

pub(super) fn id(name: &str) -> BackendId {
    BackendId(name.to_owned())
}

pub(super) fn ids(names: &[&str]) -> Vec<BackendId> {
    names.iter().map(|name| id(name)).collect()
}

pub(super) fn claimed(lease_until: Timestamp) -> Observation {
    Observation::Claimed {
        lease_until,
        target: Target("queue/definition:1".to_owned()),
    }
}

pub(super) fn accepted_as(name: &str, epoch: u64) -> Observation {
    Observation::SubmitAccepted {
        epoch,
        backend_id: id(name),
    }
}

pub(super) fn seen(name: &str, try_number: u32) -> Observation {
    Observation::CopySeen {
        try_number,
        backend_id: id(name),
    }
}

pub(super) const WAITED_TOO_LONG: &str = "It waited too long.";

pub(super) fn unstartable(gate: GateReading) -> Observation {
    Observation::Unstartable {
        message: WAITED_TOO_LONG.to_owned(),
        gate,
    }
}

pub(super) fn refused(epoch: u64) -> Observation {
    Observation::SubmitRefused {
        epoch,
        reason: "too large".to_owned(),
    }
}

pub(super) fn held(epoch: u64) -> Observation {
    Observation::SubmitHeld {
        epoch,
        waiting: reason("credentials"),
        retry_at: at(60),
    }
}

pub(super) fn did_not_happen(epoch: u64) -> Observation {
    Observation::SubmitDidNotHappen {
        epoch,
        retry_at: at(60),
    }
}

pub(super) fn looked_up(found: &[&str], gate: GateReading) -> Observation {
    Observation::LookedUp {
        found: ids(found),
        gate,
    }
}

pub(super) fn names(name: &str) -> GateReading {
    GateReading::Admitted(id(name))
}

pub(super) fn reason(code: &str) -> WaitingReason {
    WaitingReason {
        code: code.to_owned(),
        message: format!("It waits for {code}."),
    }
}

pub(super) fn waiting(code: Option<&str>) -> BackendState {
    BackendState::Waiting {
        reason: code.map(reason),
    }
}

pub(super) fn failed(class: FailureClass, stop: StopEvidence) -> BackendState {
    BackendState::Failed {
        failure: Failure::new(class, "It failed."),
        stop,
        lost_gate: false,
    }
}

pub(super) fn lost_gate() -> BackendState {
    BackendState::Failed {
        failure: Failure::new(FailureClass::StartFailure, "It did nothing."),
        stop: StopEvidence::None,
        lost_gate: true,
    }
}

pub(super) fn described(name: &str, state: BackendState) -> Observation {
    let running = matches!(state, BackendState::Running);
    described_in(name, state, if running { &[None] } else { &[] })
}

/// A description with one attempt for each entry, which says when it ended.
pub(super) fn described_in(
    name: &str,
    state: BackendState,
    attempts: &[Option<i64>],
) -> Observation {
    let attempts = attempts.iter().map(|stopped_at| BackendAttempt {
        started_at: Some(at(1)),
        stopped_at: stopped_at.map(at),
        failure: None,
    });
    Observation::Described {
        description: Description {
            id: id(name),
            state,
            attempts: attempts.collect(),
        },
        manifest: None,
        main_result: None,
    }
}

pub(super) fn succeeded(name: &str, manifest: Option<ProgramEnd>) -> Observation {
    Observation::Described {
        description: Description {
            id: id(name),
            state: BackendState::Succeeded,
            attempts: vec![BackendAttempt {
                started_at: Some(at(1)),
                stopped_at: Some(at(2)),
                failure: None,
            }],
        },
        manifest,
        main_result: Some("results.h5".to_owned()),
    }
}

pub(super) fn absent(by_name: Option<bool>, manifest: Option<ProgramEnd>) -> Observation {
    Observation::Absent {
        by_name,
        manifest,
        main_result: None,
    }
}

pub(super) fn reported(name: &str, try_number: u32, attempt: u32, progress: f64) -> Observation {
    Observation::Reported {
        try_number,
        report: RunnerReport {
            backend_id: id(name),
            attempt,
            progress: Some(progress),
            message: None,
        },
    }
}
