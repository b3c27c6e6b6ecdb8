//! Where a backend does not say why a job failed, the manifest that its runner left does.

use batchway_domain::artifacts::{Manifest, ProgramEnd};
use batchway_domain::job::{BackendId, Failure, FailureClass, JobState, JobStatus};
use batchway_domain::ports::{
    BackendAttempt, BackendState, Description, LogCursor, LogPage, StopEvidence,
};
use batchway_memory_adapters::{ArtifactStoreCall, Fault};

use crate::job_types::SIMULATE;
use crate::mock_backend::{MockBackend, backend_with_room, target};
use crate::scene::Scene;

const COPY: &str = "copy";

fn said_by_backend(class: FailureClass) -> Failure {
    Failure::new(class, "It failed.").with_backend_reason("in the backend's words")
}

/// A backend whose only job has one attempt, and fails like this.
fn backend(failure: Failure) -> MockBackend {
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend
        .expect_submit()
        .returning(|_| Ok(BackendId(COPY.to_owned())));
    backend.expect_describe().returning(move |_| {
        Ok(vec![Description {
            id: BackendId(COPY.to_owned()),
            state: BackendState::Failed {
                failure: failure.clone(),
                stop: StopEvidence::None,
                lost_gate: false,
            },
            attempts: vec![BackendAttempt {
                failure: Some(failure.clone()),
                ..BackendAttempt::default()
            }],
        }])
    });
    backend.expect_read_log().returning(|_, _, _, _| {
        Ok(LogPage {
            lines: Vec::new(),
            next: LogCursor(String::new()),
        })
    });
    backend
}

fn manifest(end: ProgramEnd) -> Manifest {
    Manifest {
        version: Manifest::VERSION,
        backend_id: BackendId(COPY.to_owned()),
        attempt: 1,
        end,
        message: None,
        started_at: None,
        stopped_at: batchway_domain::Timestamp::EPOCH,
        objects: Vec::new(),
    }
}

/// What the owner is told of a job that the backend says this of, and whose runner left this.
async fn told(said: Failure, left: &Manifest) -> Failure {
    let scene = Scene::with_backend(backend(said));
    let (id, _) = scene.send(SIMULATE).await;
    let key = scene.job(&id).folder().manifest(1);
    scene.world.artifacts.insert(key.as_str(), left.encode());
    scene.watch_all(&id).await;
    let job = scene.job(&id);
    let failure = job.attempts[0].failure.clone().unwrap();
    match job.state {
        JobState::Failed { failure: of_job } => assert_eq!(of_job, failure, "the same of both"),
        // By the class that is told, it is tried again.
        JobState::Accepted { .. } => assert_ne!(failure.class, FailureClass::Unknown),
        other => panic!("{other:?}"),
    }
    failure
}

#[tokio::test]
async fn a_failure_without_a_cause_is_the_end_that_the_runner_saw() {
    for end in [
        ProgramEnd::Exited { code: 3 },
        ProgramEnd::Signalled { signal: 11 },
        ProgramEnd::OutOfMemory,
    ] {
        let failure = told(said_by_backend(FailureClass::Unknown), &manifest(end)).await;
        let expected = Failure::of_program(end).with_backend_reason("in the backend's words");
        assert_eq!(failure, expected);
    }
}

#[tokio::test]
async fn a_program_that_was_not_started_is_told_of_in_the_words_of_the_runner() {
    let sentence = "The program simulat could not be started: No such file or directory.";
    let left = Manifest {
        message: Some(sentence.to_owned()),
        ..manifest(ProgramEnd::NotStarted)
    };
    let said = said_by_backend(FailureClass::StartFailure).with_exit_code(122);
    let failure = told(said.clone(), &left).await;
    assert_eq!(failure.message, sentence);
    assert_eq!(failure.class, FailureClass::StartFailure);
    assert_eq!(failure.exit_code, said.exit_code);
    assert_eq!(failure.backend_reason, said.backend_reason);
}

#[tokio::test]
async fn what_the_backend_knows_stands() {
    let exited = manifest(ProgramEnd::Exited { code: 3 });
    for said in [
        said_by_backend(FailureClass::Timeout),
        said_by_backend(FailureClass::ProgramExit).with_exit_code(4),
        said_by_backend(FailureClass::Unknown).with_exit_code(123),
    ] {
        assert_eq!(told(said.clone(), &exited).await, said);
    }
}

#[tokio::test]
async fn what_another_copy_or_attempt_left_says_nothing() {
    let exited = || manifest(ProgramEnd::Exited { code: 3 });
    let said = said_by_backend(FailureClass::Unknown);
    for left in [
        Manifest {
            backend_id: BackendId("another".to_owned()),
            ..exited()
        },
        Manifest {
            attempt: 2,
            ..exited()
        },
        manifest(ProgramEnd::Stopped),
    ] {
        assert_eq!(told(said.clone(), &left).await, said, "{left:?}");
    }
}

#[tokio::test]
async fn a_copy_that_failed_after_all_was_done_has_completed_its_job() {
    let said = || said_by_backend(FailureClass::HostLost);
    let done = || manifest(ProgramEnd::Exited { code: 0 });
    let of_another = Manifest {
        backend_id: BackendId("another".to_owned()),
        ..done()
    };
    for (left, expected) in [
        (done(), JobStatus::Completed),
        (of_another, JobStatus::Queued),
    ] {
        let scene = Scene::with_backend(backend(said()));
        let (id, _) = scene.send(SIMULATE).await;
        let key = scene.job(&id).folder().manifest(1);
        scene.world.artifacts.insert(key.as_str(), left.encode());
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), expected);
    }
}

#[tokio::test]
async fn a_failure_is_not_told_before_its_manifest_can_be_read() {
    let scene = Scene::with_backend(backend(said_by_backend(FailureClass::HostLost)));
    let (id, _) = scene.send(SIMULATE).await;
    let faults = scene.gateway.artifacts.faults();
    faults.fail_next(ArtifactStoreCall::Read, Fault::RequestLost);
    let before = scene.job(&id);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id), before);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).current_try.number, 2);
}
