//! From the records of a run to what the port says of it.

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::job::{BackendId, Failure, FailureClass};
use batchway_domain::ports::{BackendAttempt, BackendState, Description, StopEvidence};
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::{Abandonment, ProgramRecord, RunExit, StopRequest};

/// What is known of a run that there is.
#[derive(Debug)]
pub(crate) enum Records {
    /// Its runner lives.
    Alive { program: Option<ProgramRecord> },
    /// Its runner said how it ended.
    Ended {
        exit: RunExit,
        stop: Option<StopRequest>,
    },
    /// Its runner is gone without a word.
    Abandoned {
        abandonment: Abandonment,
        program: Option<ProgramRecord>,
        stop: Option<StopRequest>,
    },
}

impl Records {
    pub(crate) fn describe(self, id: BackendId) -> Description {
        let (state, attempt) = match self {
            Self::Alive { program } => alive(program),
            Self::Ended { exit, stop } => ended(&exit, stop.as_ref()),
            Self::Abandoned {
                abandonment,
                program,
                stop,
            } => abandoned(abandonment, program, stop.is_some()),
        };
        Description {
            id,
            state,
            attempts: attempt.into_iter().collect(),
        }
    }
}

fn alive(program: Option<ProgramRecord>) -> (BackendState, Option<BackendAttempt>) {
    let started_at = program.and_then(|program| program.started_at);
    if started_at.is_none() {
        return (BackendState::Waiting { reason: None }, None);
    }
    let attempt = BackendAttempt {
        started_at,
        ..BackendAttempt::default()
    };
    (BackendState::Running, Some(attempt))
}

fn ended(exit: &RunExit, stop: Option<&StopRequest>) -> (BackendState, Option<BackendAttempt>) {
    let failure = failure_of(exit, stop);
    let attempt = exit.started_at.map(|started_at| BackendAttempt {
        started_at: Some(started_at),
        stopped_at: Some(exit.stopped_at),
        failure: failure.clone(),
    });
    let state = match failure {
        None => BackendState::Succeeded,
        Some(failure) => BackendState::Failed {
            failure,
            stop: evidence(exit, stop),
            lost_gate: exit.end == ProgramEnd::NotStarted
                && exit.exit_code == exit_codes::GATE_CLOSED,
        },
    };
    (state, attempt)
}

fn was_ordered_to_stop(exit: &RunExit) -> bool {
    exit.exit_code == exit_codes::STOPPED_BY_GATEWAY
}

/// Only a program that was stopped, and not one that ended by itself meanwhile, shows a stop.
fn evidence(exit: &RunExit, stop: Option<&StopRequest>) -> StopEvidence {
    let is_ours = stop.is_some() || was_ordered_to_stop(exit);
    if exit.end == ProgramEnd::Stopped && is_ours {
        StopEvidence::OurReason
    } else {
        StopEvidence::None
    }
}

fn failure_of(exit: &RunExit, stop: Option<&StopRequest>) -> Option<Failure> {
    if exit.end.is_success() && exit.exit_code == 0 {
        return None;
    }
    let said = |otherwise: &str| exit.message.clone().unwrap_or_else(|| otherwise.to_owned());
    let failure = match exit.end {
        _ if exit.exit_code == exit_codes::RESULTS_NOT_STORED => Failure::new(
            FailureClass::Unknown,
            said("The program ended, and its results could not be stored."),
        ),
        ProgramEnd::Stopped => stopped(exit, stop),
        ProgramEnd::NotStarted => Failure::new(
            FailureClass::StartFailure,
            said("The program could not be started."),
        ),
        end => match &exit.last_words {
            Some(words) => Failure::of_program(end).with_last_words(words),
            None => Failure::of_program(end),
        },
    };
    Some(match &exit.limits {
        Some(limits) => failure.with_backend_reason(format!("limits: {limits}")),
        None => failure,
    })
}

fn stopped(exit: &RunExit, stop: Option<&StopRequest>) -> Failure {
    match stop {
        Some(stop) => Failure::new(
            FailureClass::Unknown,
            format!("The job was stopped: {}", stop.reason),
        ),
        None if was_ordered_to_stop(exit) => {
            Failure::new(FailureClass::Unknown, Failure::STOPPED_BY_GATEWAY)
        }
        None => Failure::new(
            FailureClass::HostLost,
            "The job was told to stop by its machine, as at a shutdown.",
        ),
    }
}

fn abandoned(
    abandonment: Abandonment,
    program: Option<ProgramRecord>,
    was_asked_to_stop: bool,
) -> (BackendState, Option<BackendAttempt>) {
    let Abandonment { failure, found_at } = abandonment;
    let started_at = program.and_then(|program| program.started_at);
    let attempt = started_at.map(|started_at| BackendAttempt {
        started_at: Some(started_at),
        stopped_at: Some(found_at.max(started_at)),
        failure: Some(failure.clone()),
    });
    let stop = if was_asked_to_stop {
        StopEvidence::OurReason
    } else {
        StopEvidence::None
    };
    let state = BackendState::Failed {
        failure,
        stop,
        lost_gate: false,
    };
    (state, attempt)
}
