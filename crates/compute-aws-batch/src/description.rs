//! From a job as DescribeJobs shows it to what the port says of it.

use std::time::Duration;

use aws_sdk_batch::types::{AttemptDetail, JobDetail, JobStatus};
use batchway_domain::Timestamp;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{BackendAttempt, BackendState, Description, StopEvidence};
use batchway_domain::runner::variables;

use crate::failure::End;
use crate::{tags, waiting};

/// A status that AWS Batch does not have, and some emulators do.
const CANCELLED: &str = "CANCELLED";

/// `None` for what has no id.
pub(crate) fn describe(job: &JobDetail) -> Option<Description> {
    let id = job.job_id().filter(|id| !id.is_empty())?;
    let (state, attempts) = state_and_attempts(job);
    Some(Description {
        id: BackendId(id.to_owned()),
        state,
        attempts,
    })
}

fn state_and_attempts(job: &JobDetail) -> (BackendState, Vec<BackendAttempt>) {
    let status = job.status().map_or("", JobStatus::as_str);
    match job.status() {
        Some(
            JobStatus::Submitted | JobStatus::Pending | JobStatus::Runnable | JobStatus::Starting,
        ) => {
            let reason = waiting::reason(job.status_reason().unwrap_or_default());
            (BackendState::Waiting { reason }, finished_attempts(job))
        }
        Some(JobStatus::Running) => {
            let mut attempts = finished_attempts(job);
            attempts.push(open_attempt(job));
            (BackendState::Running, attempts)
        }
        Some(JobStatus::Succeeded) => {
            let mut attempts = attempts_of_ended(job);
            if let Some(last) = attempts.last_mut() {
                last.failure = None;
            }
            (BackendState::Succeeded, attempts)
        }
        Some(JobStatus::Failed) => failed(job, end_of_job(job).stop_evidence()),
        _ if status == CANCELLED => failed(job, StopEvidence::Flag),
        _ => {
            tracing::warn!(
                job = job.job_id(),
                status,
                "AWS Batch tells a status that this version does not know; the job stays as it was"
            );
            unknown_status(status)
        }
    }
}

/// Known to be there, and nothing more. To wait without an attempt is what the domain takes for
/// an answer that changes no state, whether the job was waiting or running; to leave the job out
/// would say that Batch has lost it.
fn unknown_status(status: &str) -> (BackendState, Vec<BackendAttempt>) {
    let reason = Some(waiting::unknown_status(status));
    (BackendState::Waiting { reason }, Vec::new())
}

fn failed(job: &JobDetail, stop: StopEvidence) -> (BackendState, Vec<BackendAttempt>) {
    let end = End {
        stop_flag: stop == StopEvidence::Flag,
        ..end_of_job(job)
    };
    let failure = end.failure();
    let mut attempts = attempts_of_ended(job);
    if let Some(last) = attempts.last_mut() {
        last.failure = Some(failure.clone());
    }
    let state = BackendState::Failed {
        failure,
        stop,
        lost_gate: end.lost_gate(),
    };
    (state, attempts)
}

fn end_of_job(job: &JobDetail) -> End<'_> {
    let container = job.container();
    let last = job.attempts().last().and_then(AttemptDetail::container);
    End {
        status_reason: job.status_reason().unwrap_or_default(),
        container_reason: container
            .and_then(|container| container.reason())
            .or_else(|| last.and_then(|container| container.reason()))
            .unwrap_or_default(),
        exit_code: container
            .and_then(|container| container.exit_code())
            .or_else(|| last.and_then(|container| container.exit_code())),
        stop_flag: job.is_cancelled() == Some(true) || job.is_terminated() == Some(true),
        under_runner: tags::is_under_runner(job),
        limit: runner_limit(job),
    }
}

fn end_of_attempt<'a>(job: &'a JobDetail, attempt: &'a AttemptDetail) -> End<'a> {
    let container = attempt.container();
    End {
        status_reason: attempt.status_reason().unwrap_or_default(),
        container_reason: container
            .and_then(|container| container.reason())
            .unwrap_or_default(),
        exit_code: container.and_then(|container| container.exit_code()),
        stop_flag: false,
        under_runner: tags::is_under_runner(job),
        limit: runner_limit(job),
    }
}

/// The time limit that the runner was given with the job.
fn runner_limit(job: &JobDetail) -> Option<Duration> {
    let variable = job
        .container()?
        .environment()
        .iter()
        .find(|variable| variable.name() == Some(variables::TIMEOUT_SECONDS))?;
    let seconds: f64 = variable.value()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Attempts that have ended. Batch lists an attempt once it has; some emulators do from its start.
fn finished_attempts(job: &JobDetail) -> Vec<BackendAttempt> {
    job.attempts()
        .iter()
        .filter(|attempt| moment(attempt.stopped_at()).is_some())
        .map(|attempt| ended_attempt(job, attempt))
        .collect()
}

fn open_attempt(job: &JobDetail) -> BackendAttempt {
    let listed = job
        .attempts()
        .iter()
        .find(|attempt| moment(attempt.stopped_at()).is_none())
        .and_then(|attempt| moment(attempt.started_at()));
    BackendAttempt {
        started_at: listed.or_else(|| moment(job.started_at())),
        ..BackendAttempt::default()
    }
}

/// Every attempt of a job that has ended. Where none is listed although the job was started, as
/// with some emulators, there was one.
fn attempts_of_ended(job: &JobDetail) -> Vec<BackendAttempt> {
    let mut attempts: Vec<BackendAttempt> = job
        .attempts()
        .iter()
        .map(|attempt| ended_attempt(job, attempt))
        .collect();
    let started_at = moment(job.started_at());
    if attempts.is_empty() && started_at.is_some() {
        attempts.push(BackendAttempt {
            started_at,
            ..BackendAttempt::default()
        });
    }
    if let Some(last) = attempts.last_mut() {
        last.stopped_at = last.stopped_at.or_else(|| moment(job.stopped_at()));
    }
    attempts
}

fn ended_attempt(job: &JobDetail, attempt: &AttemptDetail) -> BackendAttempt {
    BackendAttempt {
        started_at: moment(attempt.started_at()),
        stopped_at: moment(attempt.stopped_at()),
        failure: Some(end_of_attempt(job, attempt).failure()),
    }
}

/// Milliseconds since 1970. The SDK reads a `startedAt` that is missing as 0.
pub(crate) fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis
        .filter(|millis| *millis > 0)
        .map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests;
