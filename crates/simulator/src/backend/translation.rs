//! Between the port and AWS Batch's own terms, as the adapter for AWS has it.

use batchway_domain::Timestamp;
use batchway_domain::job::{BackendId, Failure, FailureClass};
use batchway_domain::ports::{
    BackendAttempt, BackendState, Description, Held, LogCursor, LogLine, LogPage, LogPosition,
    StopEvidence, Submission, SubmitError,
};
use batchway_domain::runner::exit_codes;
use batchway_fake_aws_batch::ApiError;
use batchway_fake_aws_batch::wire::{
    EvaluateOnExit, JobDetail, JobStatus, KeyValuesPair, ListJobs, RetryAction, RetryStrategy,
    SubmitJob,
};

use crate::account::{DEPLOYMENT_TAG, HASH_TAG, RUNNER_TAG, tags};
use crate::setting;

pub(super) fn by_name(filter: String, next_token: Option<String>) -> ListJobs {
    ListJobs {
        job_queue: Some(setting::QUEUE.to_owned()),
        filters: vec![KeyValuesPair {
            name: "JOB_NAME".to_owned(),
            values: vec![filter],
        }],
        next_token,
        ..ListJobs::default()
    }
}

pub(super) fn request(submission: &Submission) -> SubmitJob {
    let Submission { name, gated, .. } = submission;
    let rule = |reason: &str, action| EvaluateOnExit {
        on_status_reason: Some(reason.to_owned()),
        action: Some(action),
        ..EvaluateOnExit::default()
    };
    SubmitJob {
        job_name: name.to_string(),
        job_queue: setting::QUEUE.to_owned(),
        job_definition: format!("{}:1", setting::DEFINITION),
        retry_strategy: Some(RetryStrategy {
            attempts: Some(if *gated { 3 } else { 1 }),
            evaluate_on_exit: vec![
                rule("Host EC2*", RetryAction::Retry),
                rule("Your Spot Task was interrupted*", RetryAction::Retry),
                rule("*", RetryAction::Exit),
            ],
        }),
        tags: tags([
            (DEPLOYMENT_TAG, name.deployment.to_string()),
            (HASH_TAG, submission.request_hash.0.clone()),
            (RUNNER_TAG, gated.to_string()),
        ]),
        ..SubmitJob::default()
    }
}

/// As the adapter for AWS classifies it.
pub(super) fn submit_error(error: ApiError) -> SubmitError {
    match error.code {
        "TooManyRequestsException" => SubmitError::Throttled {
            reason: error.message,
            retry_after: None,
        },
        "AccessDeniedException" => SubmitError::Held(Held {
            code: "access_denied".to_owned(),
            message: error.message,
        }),
        "ClientException" => SubmitError::Refused {
            reason: error.message,
        },
        _ => SubmitError::Unknown {
            reason: error.message,
            source: None,
        },
    }
}

pub(super) fn describe(job: &JobDetail) -> Description {
    let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let mut attempts: Vec<BackendAttempt> = job
        .attempts
        .iter()
        .map(|attempt| BackendAttempt {
            started_at: time(attempt.started_at),
            stopped_at: Some(Timestamp::from_millis(attempt.stopped_at)),
            failure: (attempt.container.exit_code != Some(0))
                .then(|| failure(&attempt.status_reason, attempt.container.exit_code)),
        })
        .collect();
    let state = match job.status {
        JobStatus::Running => {
            attempts.push(BackendAttempt {
                started_at: time(job.started_at),
                ..BackendAttempt::default()
            });
            BackendState::Running
        }
        JobStatus::Succeeded => BackendState::Succeeded,
        JobStatus::Failed => failed(job),
        _ => BackendState::Waiting { reason: None },
    };
    Description {
        id: BackendId(job.job_id.to_string()),
        state,
        attempts,
    }
}

fn failed(job: &JobDetail) -> BackendState {
    let is_under_runner = job.tags.get(RUNNER_TAG).is_some_and(|tag| tag == "true");
    let exit_code = job.container.exit_code.filter(|_| is_under_runner);
    let reason = job.status_reason.as_deref().unwrap_or_default();
    let stop = if job.is_cancelled || job.is_terminated {
        StopEvidence::Flag
    } else if exit_code == Some(exit_codes::STOPPED_BY_GATEWAY) {
        StopEvidence::OurReason
    } else {
        StopEvidence::None
    };
    BackendState::Failed {
        failure: failure(reason, job.container.exit_code),
        stop,
        lost_gate: exit_code == Some(exit_codes::GATE_CLOSED),
    }
}

fn failure(reason: &str, exit_code: Option<i32>) -> Failure {
    let class = match (reason, exit_code) {
        (reason, _) if reason.starts_with("Host EC2") => FailureClass::HostLost,
        (reason, _) if reason.starts_with("Your Spot Task") => FailureClass::SpotReclaim,
        (_, None | Some(exit_codes::GATE_UNREACHABLE | exit_codes::NOT_STARTED)) => {
            FailureClass::StartFailure
        }
        (_, Some(_)) => FailureClass::ProgramExit,
    };
    Failure::new(class, reason)
}

/// The whole log of an attempt: a line that says whose it is.
pub(super) fn log(id: &BackendId, attempt: u32, from: &LogPosition) -> LogPage {
    let line = LogLine {
        at: None,
        text: format!("attempt {attempt} of {id}"),
    };
    let is_read = matches!(from, LogPosition::After(_));
    LogPage {
        lines: if is_read { Vec::new() } else { vec![line] },
        next: LogCursor("its end".to_owned()),
    }
}
