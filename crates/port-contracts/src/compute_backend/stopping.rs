//! Asking for a job to be stopped.

use batchway_domain::job::BackendId;
use batchway_domain::ports::{BackendState, Description, StopEvidence};

use super::stage::Stage;
use super::{ComputeBackendFixture, Program, Stopping};

/// A running program is stopped, and its end shows that someone asked for it.
pub async fn a_running_program_is_stopped(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.start(Program::RunsUntilStopped).await;
    stage.terminate(&id).await;
    let ended = stage.until_ended(&id).await;
    assert_stopped(fixture, &ended);
    let last = ended.attempts.last().expect("it was started");
    assert!(
        last.started_at.is_some() && last.started_at <= last.stopped_at,
        "{last:?}"
    );
}

/// A program that does not listen is stopped all the same, in the end.
pub async fn a_program_that_does_not_listen_is_stopped(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.start(Program::IgnoresSigterm).await;
    stage.terminate(&id).await;
    assert_stopped(fixture, &stage.until_ended(&id).await);
}

/// A job is stopped in whatever state it is, also right after it was taken. Where only a program
/// that runs is sure to be stopped, the request is at least taken.
pub async fn a_job_is_stopped_before_it_runs(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::RunsUntilStopped).await;
    stage.terminate(&id).await;
    if fixture.capabilities().stopping < Stopping::Careless {
        assert_stopped(fixture, &stage.until_ended(&id).await);
    }
}

/// Asked twice is asked once.
pub async fn a_second_request_changes_nothing(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.start(Program::RunsUntilStopped).await;
    stage.terminate(&id).await;
    stage.terminate(&id).await;
    let ended = stage.until_ended(&id).await;
    assert_stopped(fixture, &ended);
    stage.terminate(&id).await;
    fixture.settle().await;
    let now = stage.describe(&id).await.expect("it is known");
    if fixture.capabilities().stopping < Stopping::Careless {
        assert_eq!(now, ended);
    } else {
        assert!(now.state.has_ended(), "{now:?}");
    }
}

/// A job that had ended is left as it ended: a late request makes no stop of a success.
pub async fn a_job_that_had_ended_is_left_as_it_ended(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::SucceedsAtOnce).await;
    stage.until_ended(&id).await;
    stage.terminate(&id).await;
    fixture.settle().await;
    let now = stage.describe(&id).await.expect("it is known");
    if fixture.capabilities().stopping < Stopping::Careless {
        assert_eq!(now.state, BackendState::Succeeded);
    } else {
        assert!(now.state.has_ended(), "{now:?}");
    }
}

/// Stopping what is not known is a success, whatever the id looks like.
pub async fn stopping_what_is_not_known_succeeds(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    for text in ["", "nothing", "../../x", "1", "-1", "é\0"] {
        stage.terminate(&BackendId(text.to_owned())).await;
    }
}

/// What is not named goes on.
pub async fn other_jobs_go_on(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let kept = stage.start(Program::RunsUntilStopped).await;
    let stopped = stage.start(Program::RunsUntilStopped).await;
    stage.terminate(&stopped).await;
    assert_stopped(fixture, &stage.until_ended(&stopped).await);
    fixture.settle().await;
    let other = stage.describe(&kept).await.expect("it is known");
    assert_eq!(other.state, BackendState::Running);
    stage.terminate(&kept).await;
    assert_stopped(fixture, &stage.until_ended(&kept).await);
}

fn assert_stopped(fixture: &dyn ComputeBackendFixture, ended: &Description) {
    let BackendState::Failed { stop, .. } = &ended.state else {
        panic!("it was stopped: {ended:?}");
    };
    if fixture.capabilities().stopping < Stopping::Careless {
        assert_ne!(*stop, StopEvidence::None, "{ended:?}");
    }
}
