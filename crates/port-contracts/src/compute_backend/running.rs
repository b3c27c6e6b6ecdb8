//! Submitting, and how it ends.

use batchway_domain::job::{BackendId, FailureClass};
use batchway_domain::ports::{BackendState, StopEvidence};

use super::stage::Stage;
use super::{ComputeBackendFixture, Program};

/// A program that ends well is seen to succeed, with one attempt that began before it ended.
pub async fn a_program_that_ends_well_succeeds(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::SucceedsAtOnce).await;
    let ended = stage.until_ended(&id).await;
    assert_eq!(ended.state, BackendState::Succeeded);
    let [attempt] = &ended.attempts[..] else {
        panic!("one attempt: {:?}", ended.attempts);
    };
    let started_at = attempt.started_at.expect("it was started");
    let stopped_at = attempt.stopped_at.expect("it has ended");
    assert!(started_at <= stopped_at, "{attempt:?}");
    assert_eq!(attempt.failure, None);
}

/// A job is described from the moment that it was taken.
pub async fn a_job_is_described_at_once(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::RunsUntilStopped).await;
    let described = stage.describe(&id).await.expect("it was taken");
    assert!(!described.state.has_ended(), "{described:?}");
    stage.terminate(&id).await;
    stage.until_ended(&id).await;
}

/// A running program has an attempt with a start and without an end.
pub async fn a_running_program_has_an_open_attempt(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::RunsUntilStopped).await;
    let running = stage.until_running(&id).await;
    let [attempt] = &running.attempts[..] else {
        panic!("one attempt: {:?}", running.attempts);
    };
    assert!(attempt.started_at.is_some(), "{attempt:?}");
    assert_eq!((attempt.stopped_at, &attempt.failure), (None, &None));
    stage.terminate(&id).await;
    stage.until_ended(&id).await;
}

/// The exit status of a program that fails is told where it can be, and that nobody stopped it.
pub async fn the_exit_status_is_told(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    for code in [1, 7, 119] {
        let id = stage.run(Program::FailsWith(code)).await;
        let ended = stage.until_ended(&id).await;
        let BackendState::Failed {
            failure,
            stop,
            lost_gate,
        } = &ended.state
        else {
            panic!("it failed: {ended:?}");
        };
        assert_eq!((*stop, *lost_gate), (StopEvidence::None, false));
        let last = ended.attempts.last().expect("it was started");
        assert!(last.started_at.is_some() && last.started_at <= last.stopped_at);
        assert_eq!(last.failure.as_ref(), Some(failure));
        if fixture.capabilities().tells_exit_status {
            assert_eq!(failure.class, FailureClass::ProgramExit, "{failure:?}");
            assert_eq!(failure.exit_code, Some(code), "{failure:?}");
        } else {
            assert_eq!(failure.exit_code, None, "none is made up: {failure:?}");
        }
    }
}

/// What the backend does not know is absent from its answer.
pub async fn unknown_jobs_are_absent(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let known = stage.run(Program::SucceedsAtOnce).await;
    let mut ids: Vec<BackendId> = ["", "nothing", "../../etc/passwd", "é\0", "-1"]
        .map(|text| BackendId(text.to_owned()))
        .into();
    let backend = stage.backend();
    let nothing = backend.describe(&ids).await.expect("the backend answers");
    assert!(nothing.is_empty(), "{nothing:?}");
    ids.insert(2, known.clone());
    let described = backend.describe(&ids).await.expect("the backend answers");
    let found: Vec<&BackendId> = described.iter().map(|job| &job.id).collect();
    assert_eq!(found, [&known]);
    let none = backend.describe(&[]).await.expect("the backend answers");
    assert!(none.is_empty(), "{none:?}");
    stage.until_ended(&known).await;
}
