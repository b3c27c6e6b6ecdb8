//! Room for more jobs.

use batchway_domain::ports::{Capacity, SubmitError};

use super::stage::Stage;
use super::{ComputeBackendFixture, Program};

/// Room goes down with every job taken and up again with its end. A backend with a queue always
/// has room.
pub async fn room_goes_down_and_up_again(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    if !fixture.capabilities().has_slots {
        let id = stage.run(Program::RunsUntilStopped).await;
        assert_eq!(stage.backend().capacity().await, Capacity::Queue);
        stage.terminate(&id).await;
        stage.until_ended(&id).await;
        return;
    }
    let empty = slots(&stage).await;
    assert!(empty >= 2, "{empty}");
    let first = stage.run(Program::RunsUntilStopped).await;
    assert_eq!(slots(&stage).await, empty - 1);
    let second = stage.run(Program::RunsUntilStopped).await;
    assert_eq!(slots(&stage).await, empty - 2);
    for (id, expected) in [(first, empty - 1), (second, empty)] {
        stage.terminate(&id).await;
        stage.until_ended(&id).await;
        while slots(&stage).await != expected {
            fixture.settle().await;
        }
    }
}

/// A try that is refused for want of room leaves nothing behind, and is taken when there is
/// some.
pub async fn a_try_without_room_is_no_job(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    if !fixture.capabilities().has_slots {
        assert_eq!(stage.backend().capacity().await, Capacity::Queue);
        return;
    }
    let mut running = Vec::new();
    while slots(&stage).await > 0 {
        running.push(stage.run(Program::RunsUntilStopped).await);
    }
    let submission = stage.submission(Program::SucceedsAtOnce);
    match stage.backend().submit(&submission).await {
        Ok(id) => running.push(id),
        Err(SubmitError::DidNotHappen { .. } | SubmitError::Held(_)) => {
            let found = stage.find(&submission).await;
            assert!(found.is_empty(), "nothing was accepted: {found:?}");
        }
        Err(other) => panic!("want of room is no fault of the job: {other:?}"),
    }
    for id in &running {
        stage.terminate(id).await;
        stage.until_ended(id).await;
    }
    while slots(&stage).await == 0 {
        fixture.settle().await;
    }
    let id = stage.submit(&submission).await;
    stage.until_ended(&id).await;
}

async fn slots(stage: &Stage<'_>) -> usize {
    match stage.backend().capacity().await {
        Capacity::Slots(slots) => slots,
        Capacity::Queue => panic!("it says that it has slots"),
    }
}
