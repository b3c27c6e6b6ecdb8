//! A program that failed is quoted, also where its backend does not.

use std::time::Duration;

use batchway_domain::job::{BackendId, Failure, FailureClass, JobState, JobStatus};
use batchway_domain::ports::{
    BackendAttempt, BackendState, Description, LogCursor, LogError, LogLine, LogPage, LogPosition,
    StopEvidence,
};
use batchway_memory_adapters::{ComputeBackendCall, Fault};
use tokio::time::Instant;

use crate::job_types::SIMULATE;
use crate::mock_backend::{MockBackend, backend_with_room, target};
use crate::scene::{SECOND, Scene};

fn failed(failure: &Failure) -> Description {
    let attempt = BackendAttempt {
        failure: Some(failure.clone()),
        ..BackendAttempt::default()
    };
    Description {
        id: BackendId("copy".to_owned()),
        state: BackendState::Failed {
            failure: failure.clone(),
            stop: StopEvidence::None,
            lost_gate: false,
        },
        attempts: vec![BackendAttempt::default(), attempt],
    }
}

/// A backend whose only job ends like this, in its second attempt.
fn backend(failure: Failure) -> MockBackend {
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend
        .expect_submit()
        .returning(|_| Ok(BackendId("copy".to_owned())));
    backend
        .expect_describe()
        .returning(move |_| Ok(vec![failed(&failure)]));
    backend
}

fn exit() -> Failure {
    Failure::new(FailureClass::ProgramExit, "It ended with exit status 3.")
}

/// What the owner of the job is told in the end.
async fn told(backend: MockBackend) -> Failure {
    let scene = Scene::with_backend(backend);
    let (id, _) = scene.send(SIMULATE).await;
    scene.watch_all(&id).await;
    let job = scene.job(&id);
    let JobState::Failed { failure } = job.state else {
        panic!("{:?}", job.state);
    };
    let attempt = job.attempts.last().unwrap();
    assert_eq!(attempt.failure.as_ref(), Some(&failure), "the same of both");
    failure
}

fn page(lines: &[&str]) -> LogPage {
    LogPage {
        lines: lines
            .iter()
            .map(|text| LogLine {
                at: None,
                text: (*text).to_owned(),
            })
            .collect(),
        next: LogCursor(String::new()),
    }
}

#[tokio::test]
async fn the_last_line_is_quoted_where_the_backend_does_not() {
    let mut backend = backend(exit());
    backend
        .expect_read_log()
        .once()
        .withf(|id, attempt, from, limit| {
            id.0 == "copy" && *attempt == 2 && *from == LogPosition::Tail && *limit == 1
        })
        .returning(|_, _, _, _| Ok(page(&["  KeyError: 'steps'"])));
    let failure = told(backend).await;
    assert_eq!(
        failure.message,
        "It ended with exit status 3. Its last words: KeyError: 'steps'"
    );
}

#[tokio::test]
async fn what_is_quoted_already_or_no_program_is_not_asked_for() {
    for failure in [
        exit().with_last_words("it broke"),
        Failure::new(FailureClass::Timeout, "It took too long."),
    ] {
        // A call that is not expected fails the test.
        assert_eq!(told(backend(failure.clone())).await, failure);
    }
}

#[tokio::test]
async fn without_a_line_there_is_no_quotation() {
    for answer in [
        || Ok(page(&[])),
        || Ok(page(&["  "])),
        || Err(LogError::InvalidCursor),
    ] {
        let mut backend = backend(exit());
        backend
            .expect_read_log()
            .once()
            .returning(move |_, _, _, _| answer());
        assert_eq!(told(backend).await, exit());
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_can_not_be_had_delays_the_end_by_no_more_than_five_seconds() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.exit(&copy, 1);
    let faults = scene.gateway.process.faults();
    faults.fail_next(ComputeBackendCall::ReadLog, Fault::RequestLost);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Failed);

    let scene = Scene::with_backend(crate::mock_backend::FailedBackend);
    let (id, _) = scene.send(SIMULATE).await;
    let began = Instant::now();
    scene.watch_all(&id).await;
    assert!(began.elapsed() <= 5 * SECOND + Duration::from_millis(10));
    assert_eq!(scene.status(&id), JobStatus::Failed);
}
