use aws_sdk_batch::types::builders::JobDetailBuilder;
use aws_sdk_batch::types::{AttemptContainerDetail, ContainerDetail};
use batchway_domain::job::FailureClass;

use super::*;

const STARTED: i64 = 1_772_366_400_000;

fn job(status: &str) -> JobDetailBuilder {
    JobDetail::builder()
        .job_id("8f2b0b4e-0000-4000-8000-000000000001")
        .job_name("bw-abcd1234-job_x-1")
        .status(JobStatus::from(status))
        // As the SDK reads a job that was not started.
        .started_at(0)
}

fn state(job: JobDetailBuilder) -> BackendState {
    described(job).state
}

fn described(job: JobDetailBuilder) -> Description {
    describe(&job.build()).unwrap()
}

fn attempt(started: i64, stopped: Option<i64>, exit_code: Option<i32>) -> AttemptDetail {
    AttemptDetail::builder()
        .started_at(started)
        .set_stopped_at(stopped)
        .container(
            AttemptContainerDetail::builder()
                .set_exit_code(exit_code)
                .build(),
        )
        .build()
}

#[test]
fn each_status_has_its_state() {
    for status in ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING"] {
        let seen = described(job(status));
        assert_eq!(
            seen.state,
            BackendState::Waiting { reason: None },
            "{status}"
        );
        assert_eq!(seen.attempts, [], "{status}");
    }
    assert_eq!(state(job("RUNNING")), BackendState::Running);
    assert_eq!(state(job("SUCCEEDED")), BackendState::Succeeded);
    for (job, expected) in [
        (job("FAILED"), StopEvidence::None),
        (job("FAILED").is_cancelled(true), StopEvidence::Flag),
        (job("FAILED").is_terminated(true), StopEvidence::Flag),
        (
            job("FAILED").status_reason("Batchway: its owner cancelled it"),
            StopEvidence::OurReason,
        ),
        (job("CANCELLED"), StopEvidence::Flag),
    ] {
        let BackendState::Failed { stop, .. } = state(job) else {
            panic!("it has ended");
        };
        assert_eq!(stop, expected);
    }
}

#[test]
fn a_status_that_is_not_known_is_neither_an_end_nor_an_absence() {
    let seen = described(job("PAUSED").attempts(attempt(STARTED, Some(STARTED + 5), Some(1))));
    let BackendState::Waiting { reason } = &seen.state else {
        panic!("{seen:?}");
    };
    assert!(reason.as_ref().unwrap().message.contains("PAUSED"));
    // Or the domain would take a running job for one that waits for its next attempt.
    assert_eq!(seen.attempts, []);
}

#[test]
fn a_flag_says_nothing_before_the_end() {
    let told = job("RUNNING").is_terminated(true).started_at(STARTED);
    assert_eq!(state(told), BackendState::Running);
}

#[test]
fn a_waiting_job_tells_why_where_batch_does() {
    let waits = job("RUNNABLE")
        .status_reason("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service reason: none left");
    let BackendState::Waiting { reason } = state(waits) else {
        panic!("it waits");
    };
    assert_eq!(
        reason.unwrap().code,
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    );
}

#[test]
fn a_running_job_has_an_open_attempt_after_those_that_ended() {
    let lost = AttemptDetail::builder()
        .started_at(STARTED)
        .stopped_at(STARTED + 10)
        .status_reason("Host EC2 (instance i-0abc) terminated.")
        .build();
    let seen = described(
        job("RUNNING")
            .started_at(STARTED + 20)
            .attempts(lost.clone()),
    );
    let [first, second] = &seen.attempts[..] else {
        panic!("{seen:?}");
    };
    let class = first.failure.as_ref().map(|failure| failure.class);
    assert_eq!(class, Some(FailureClass::SpotReclaim));
    assert_eq!(second.started_at, moment(Some(STARTED + 20)));
    assert_eq!((second.stopped_at, &second.failure), (None, &None));

    let waits = described(job("RUNNABLE").started_at(STARTED).attempts(lost));
    assert_eq!(waits.attempts.len(), 1, "only the one that ended");
}

#[test]
fn emulators_list_the_running_attempt_or_none_at_all() {
    let listed = job("RUNNING").attempts(attempt(STARTED, None, None));
    let bare = job("RUNNING").started_at(STARTED);
    for job in [listed, bare] {
        let seen = described(job);
        assert_eq!(seen.attempts.len(), 1);
        assert_eq!(seen.attempts[0].started_at, moment(Some(STARTED)));
        assert_eq!(seen.attempts[0].stopped_at, None);
    }
    let ended = described(
        job("FAILED")
            .started_at(STARTED)
            .stopped_at(STARTED + 1)
            .container(ContainerDetail::builder().exit_code(3).build()),
    );
    assert_eq!(ended.attempts.len(), 1);
    assert_eq!(ended.attempts[0].stopped_at, moment(Some(STARTED + 1)));
}

#[test]
fn a_job_that_never_started_has_no_attempt() {
    let seen = described(job("FAILED").is_terminated(true).stopped_at(STARTED));
    assert_eq!(seen.attempts, []);
}

#[test]
fn the_exit_code_is_that_of_the_container_or_of_the_last_attempt() {
    let of_container = job("FAILED").container(ContainerDetail::builder().exit_code(7).build());
    let of_attempt = job("FAILED").attempts(attempt(STARTED, Some(STARTED + 1), Some(7)));
    for job in [of_container, of_attempt] {
        let seen = described(job);
        let BackendState::Failed { failure, .. } = seen.state else {
            panic!("it failed");
        };
        assert_eq!(failure.exit_code, Some(7));
        assert_eq!(failure.class, FailureClass::ProgramExit);
        for attempt in &seen.attempts {
            assert_eq!(attempt.failure, Some(failure.clone()));
        }
    }
}

#[test]
fn a_success_leaves_the_failures_of_earlier_attempts() {
    let seen = described(
        job("SUCCEEDED")
            .attempts(attempt(STARTED, Some(STARTED + 1), Some(1)))
            .attempts(attempt(STARTED + 2, Some(STARTED + 3), Some(0))),
    );
    let failed: Vec<bool> = seen
        .attempts
        .iter()
        .map(|attempt| attempt.failure.is_some())
        .collect();
    assert_eq!(failed, [true, false]);
}

#[test]
fn the_runners_exit_codes_count_where_the_tag_says_so() {
    for (tag, lost_gate) in [(Some("true"), true), (Some("false"), false), (None, false)] {
        let mut builder =
            job("FAILED").container(ContainerDetail::builder().exit_code(120).build());
        if let Some(value) = tag {
            builder = builder.tags("batchway:runner", value);
        }
        let BackendState::Failed {
            lost_gate: told, ..
        } = state(builder)
        else {
            panic!("it failed");
        };
        assert_eq!(told, lost_gate, "{tag:?}");
    }
}
