//! Freeing what is kept of a job that has ended.

use batchway_domain::job::BackendId;

use super::stage::Stage;
use super::{ComputeBackendFixture, Program};

/// A forgotten job is unknown, or still ended; never alive. Twice is the same as once.
pub async fn a_forgotten_job_is_not_alive(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::SucceedsAtOnce).await;
    stage.until_ended(&id).await;
    for _ in 0..2 {
        forget(&stage, &id).await;
        fixture.settle().await;
        let now = stage.describe(&id).await;
        assert!(now.is_none_or(|job| job.state.has_ended()));
    }
}

/// Other jobs are not forgotten with it.
pub async fn other_jobs_are_not_forgotten(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let running = stage.start(Program::RunsUntilStopped).await;
    let kept = stage.run(Program::FailsWith(2)).await;
    let kept = stage.until_ended(&kept).await;
    let forgotten = stage.run(Program::SucceedsAtOnce).await;
    stage.until_ended(&forgotten).await;
    forget(&stage, &forgotten).await;
    assert_eq!(stage.describe(&kept.id).await, Some(kept));
    stage.until_running(&running).await;
    stage.terminate(&running).await;
    stage.until_ended(&running).await;
}

/// Forgetting what is not known is a success.
pub async fn forgetting_what_is_not_known_succeeds(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    for text in ["", "nothing", "..", "../../x", "é\0"] {
        forget(&stage, &BackendId(text.to_owned())).await;
    }
}

async fn forget(stage: &Stage<'_>, id: &BackendId) {
    let forgotten = stage.backend().forget(id).await;
    forgotten.expect("the backend takes the request");
}
