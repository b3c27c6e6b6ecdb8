//! What the backend says of many jobs, and of those that have ended.

use std::collections::BTreeMap;

use batchway_domain::job::BackendId;
use batchway_domain::ports::BackendState;

use super::stage::Stage;
use super::{ComputeBackendFixture, Program, Stopping};

/// Any number of ids can be asked for at once; what is known is told, each job once.
pub async fn many_are_described_at_once(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let mut known = Vec::new();
    for program in [Program::SucceedsAtOnce, Program::FailsWith(3)] {
        let id = stage.run(program).await;
        stage.until_ended(&id).await;
        known.push(id);
    }
    let mut ids: Vec<BackendId> = (0..248)
        .map(|number| BackendId(format!("unknown-{number}")))
        .collect();
    ids.insert(120, known[0].clone());
    ids.push(known[1].clone());
    assert_eq!(ids.len(), 250);
    let described = stage.backend().describe(&ids).await;
    let described = described.expect("the backend answers");
    assert_eq!(described.len(), 2, "{described:?}");
    let states: BTreeMap<_, _> = described
        .into_iter()
        .map(|job| (job.id, job.state))
        .collect();
    assert_eq!(states[&known[0]], BackendState::Succeeded);
    assert!(matches!(states[&known[1]], BackendState::Failed { .. }));
}

/// An id asked for twice in one question is no other job.
pub async fn an_id_asked_for_twice_is_one_job(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let id = stage.run(Program::SucceedsAtOnce).await;
    stage.until_ended(&id).await;
    let twice = stage.backend().describe(&[id.clone(), id.clone()]).await;
    let twice = twice.expect("the backend answers");
    assert!(!twice.is_empty());
    assert!(twice.iter().all(|job| job.id == id && *job == twice[0]));
}

/// A job that has ended stays as it ended, whatever is asked or done afterwards; where requests
/// to stop are not to be relied on, as long as there is none, and ended in any case.
pub async fn the_end_of_a_job_stays_its_end(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let is_faithful = fixture.capabilities().stopping == Stopping::Faithful;
    let programs = [Program::SucceedsAtOnce, Program::FailsWith(9)];
    for program in programs {
        let id = stage.run(program).await;
        let ended = stage.until_ended(&id).await;
        for _ in 0..5 {
            if is_faithful {
                stage.terminate(&id).await;
            }
            fixture.settle().await;
            let now = stage.describe(&id).await;
            assert_eq!(now.as_ref(), Some(&ended), "{program:?}");
        }
        stage.terminate(&id).await;
        let now = stage.describe(&id).await.expect("it is known");
        assert!(now.state.has_ended(), "{program:?}: {now:?}");
    }
}
