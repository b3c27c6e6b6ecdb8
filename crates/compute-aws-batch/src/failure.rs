//! Why a job failed, from what AWS Batch says of its end.
//!
//! Batch has no field for that. There is a `statusReason`, a `reason` of the container and an
//! exit code, and what stands in them is not documented; the beginnings that are looked for here
//! were seen. An exit code of 137 alone says nothing: a timeout, a reclaimed spot instance and
//! the kernel's want of memory all end in `SIGKILL`, so the reasons are read first.

use std::time::Duration;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::job::{Failure, FailureClass};
use batchway_domain::ports::StopEvidence;
use batchway_domain::runner::exit_codes;

use crate::accounts::without_accounts;

/// What our requests to stop a job begin with, by which they are known again.
pub(crate) const OUR_MARK: &str = "Batchway: ";

/// The beginning of the reason where a queue's `jobStateTimeLimitActions` ended a job.
const QUEUE_ACTION: &str = "Canceled by JobStateTimeLimit action due to reason:";

/// 128 and the number of the signal, as shells and container engines tell it.
const SIGNALLED: i32 = 128;
const SIGKILL: i32 = 9;

/// What AWS Batch says of the end of a job or of an attempt that did not succeed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End<'a> {
    /// Of the job or attempt.
    pub(crate) status_reason: &'a str,
    /// Of its container.
    pub(crate) container_reason: &'a str,
    pub(crate) exit_code: Option<i32>,
    /// Whether `isCancelled` or `isTerminated` is set.
    pub(crate) stop_flag: bool,
    /// Whether the exit code is our runner's.
    pub(crate) under_runner: bool,
    /// The runner's time limit.
    pub(crate) limit: Option<Duration>,
}

impl End<'_> {
    /// What shows that someone asked for this end. The queue's own rules are nobody.
    pub(crate) fn stop_evidence(&self) -> StopEvidence {
        if self.queue_action().is_some() {
            StopEvidence::None
        } else if self.has_our_mark() {
            // With the flag, as that shows only that someone asked, and this that it was we.
            StopEvidence::OurReason
        } else if self.stop_flag {
            StopEvidence::Flag
        } else if self.was_ordered_to_stop() {
            StopEvidence::OurReason
        } else {
            StopEvidence::None
        }
    }

    fn has_our_mark(&self) -> bool {
        self.status_reason.starts_with(OUR_MARK)
    }

    /// Whether the runner ended on the gateway's order. It may have heard of that before Batch
    /// did, or where Batch never does, as we may not stop jobs there.
    fn was_ordered_to_stop(&self) -> bool {
        self.under_runner && self.exit_code == Some(exit_codes::STOPPED_BY_GATEWAY)
    }

    /// Whether the runner ended because another copy of its try has the gate.
    pub(crate) fn lost_gate(&self) -> bool {
        self.under_runner && self.exit_code == Some(exit_codes::GATE_CLOSED)
    }

    pub(crate) fn failure(&self) -> Failure {
        let failure = self
            .by_order()
            .or_else(|| self.by_reason())
            .or_else(|| self.by_exit_code())
            .unwrap_or_else(|| {
                Failure::new(
                    FailureClass::Unknown,
                    "AWS Batch says that the job failed, and not why.",
                )
            });
        let failure = match self.exit_code {
            Some(code) => failure.with_exit_code(code),
            None => failure,
        };
        match self.said() {
            said if said.is_empty() => failure,
            said => failure.with_backend_reason(without_accounts(&said)),
        }
    }

    fn queue_action(&self) -> Option<&str> {
        self.status_reason.strip_prefix(QUEUE_ACTION).map(str::trim)
    }

    /// Someone, or the queue, ended it.
    fn by_order(&self) -> Option<Failure> {
        if let Some(code) = self.queue_action() {
            return Some(Failure::new(
                FailureClass::QueueAction,
                format!("The queue ended the job for waiting too long: {code}"),
            ));
        }
        if self.stop_evidence() == StopEvidence::None {
            return None;
        }
        if !self.stop_flag && !self.has_our_mark() {
            return Some(Failure::new(
                FailureClass::Unknown,
                Failure::STOPPED_BY_GATEWAY,
            ));
        }
        let reason = self.status_reason;
        let reason = reason.strip_prefix(OUR_MARK).unwrap_or(reason);
        Some(Failure::new(
            FailureClass::Unknown,
            format!("The job was stopped: {}", without_accounts(reason)),
        ))
    }

    fn by_reason(&self) -> Option<Failure> {
        let (_, class, message) = REASONS
            .iter()
            .find(|(beginning, _, _)| self.has_reason(beginning))?;
        Some(Failure::new(*class, *message))
    }

    fn has_reason(&self, beginning: &str) -> bool {
        self.status_reason.starts_with(beginning) || self.container_reason.starts_with(beginning)
    }

    fn by_exit_code(&self) -> Option<Failure> {
        let code = self.exit_code.filter(|code| *code != 0)?;
        let of_runner = self.under_runner.then(|| self.by_runner(code)).flatten();
        Some(of_runner.unwrap_or_else(|| by_program(code)))
    }

    fn by_runner(&self, code: i32) -> Option<Failure> {
        let start_failure = |message| Failure::new(FailureClass::StartFailure, message);
        Some(match code {
            exit_codes::GATE_CLOSED => start_failure(
                "The runner did nothing: another copy of the try works, or the try was cancelled.",
            ),
            exit_codes::GATE_UNREACHABLE => start_failure(
                "The runner could not ask whether it may work; check its way to the artifact store.",
            ),
            exit_codes::NOT_STARTED => start_failure("The program could not be started."),
            exit_codes::RESULTS_NOT_STORED => Failure::new(
                FailureClass::Unknown,
                "The program ended, and its results could not be stored.",
            ),
            exit_codes::TIMED_OUT => match self.limit {
                Some(limit) => Failure::of_program(ProgramEnd::TimedOut { limit }),
                None => Failure::new(
                    FailureClass::Timeout,
                    "The program ran longer than its limit.",
                ),
            },
            exit_codes::OUT_OF_MEMORY => Failure::of_program(ProgramEnd::OutOfMemory),
            exit_codes::STOPPED => Failure::new(
                FailureClass::HostLost,
                "The job was told to stop by its machine, as at a shutdown.",
            ),
            _ => return None,
        })
    }

    /// The words of Batch.
    fn said(&self) -> String {
        match (self.status_reason, self.container_reason) {
            (said, "") | ("", said) => said.to_owned(),
            (status, container) => format!("{status}; {container}"),
        }
    }
}

fn by_program(code: i32) -> Failure {
    match code - SIGNALLED {
        SIGKILL => Failure::new(
            FailureClass::ProgramExit,
            "The program was killed (signal 9), as happens where a machine runs out of memory.",
        )
        .with_signal(SIGKILL),
        signal @ 1..=64 => Failure::of_program(ProgramEnd::Signalled { signal }),
        _ => Failure::of_program(ProgramEnd::Exited { code }),
    }
}

/// Beginnings of reasons, in the order in which they are looked for.
const REASONS: [(&str, FailureClass, &str); 14] = [
    (
        "Job attempt duration exceeded timeout",
        FailureClass::Timeout,
        "The job ran longer than the time limit that AWS Batch was given.",
    ),
    (
        "Your Spot Task was interrupted",
        FailureClass::SpotReclaim,
        "AWS took the spot capacity back that the job ran on.",
    ),
    (
        "Host EC2",
        FailureClass::SpotReclaim,
        "The instance that the job ran on was taken back, as happens with spot capacity, or went away.",
    ),
    (
        "OutOfMemory",
        FailureClass::OutOfMemory,
        "The program took more memory than its container has.",
    ),
    (
        "CannotPull",
        FailureClass::ImagePull,
        "The container image could not be pulled.",
    ),
    (
        "ResourceInitializationError",
        FailureClass::StartFailure,
        "What the container needs could not be set up: network, secrets, volumes or logs.",
    ),
    (
        "CannotStartContainer",
        FailureClass::StartFailure,
        "The container could not be started.",
    ),
    (
        "CannotCreateContainer",
        FailureClass::StartFailure,
        "The container could not be created.",
    ),
    (
        "Task failed to start",
        FailureClass::StartFailure,
        "The container could not be started.",
    ),
    (
        "Dependent Job failed",
        FailureClass::Dependency,
        "A job that this one depends on failed.",
    ),
    (
        "Array Child Job failed",
        FailureClass::Dependency,
        "A member of the job's array failed.",
    ),
    (
        "Job queue deleted",
        FailureClass::QueueAction,
        "The job queue was deleted while the job was in it.",
    ),
    (
        "Container Overrides length",
        FailureClass::Refused,
        "AWS Batch takes no job with so long an environment.",
    ),
    (
        "Invalid job definition",
        FailureClass::Refused,
        "AWS Batch says that the job definition is not valid for the job.",
    ),
];

#[cfg(test)]
mod tests;
