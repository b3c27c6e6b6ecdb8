//! Forgetting jobs whose time is over, and none before.

use batchway_domain::job::JobStatus;
use batchway_domain::ports::JobStore;
use batchway_memory_adapters::{ComputeBackendCall, Fault, JobStoreCall};

use crate::job_types::SIMULATE;
use crate::scene::{DAY, MINUTE, SECOND, Scene};

#[tokio::test]
async fn a_job_is_forgotten_when_its_time_is_over_and_its_artifacts_stay() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    scene.run("remove").await;
    let artifacts = scene.world.artifacts.keys();
    scene.world.clock.advance(90 * DAY - SECOND);
    assert_eq!(scene.run("remove").await.taken, 0);
    assert!(!scene.world.process.is_forgotten(&copy));
    scene.world.clock.advance(SECOND);
    assert_eq!(scene.run("remove").await.taken, 1);
    assert_eq!(scene.world.jobs.job(&id), None);
    assert!(scene.world.process.is_forgotten(&copy));
    assert_eq!(scene.world.artifacts.keys(), artifacts);
}

/// One who read the job while it ran, and then had it looked at soon, may come after its end.
#[tokio::test]
async fn a_due_time_pulled_forward_does_not_end_a_job_that_just_ended() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    scene.run("remove").await;
    let late = [(id.clone(), scene.world.now())];
    scene.world.jobs.reschedule(&late).await.unwrap();
    scene.run("remove").await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert!(!scene.world.process.is_forgotten(&copy));
    assert_eq!(scene.run("remove").await.taken, 0, "put back to its time");
    scene.world.clock.advance(90 * DAY);
    scene.run("remove").await;
    assert_eq!(scene.world.jobs.job(&id), None);
}

#[tokio::test]
async fn failures_leave_the_job_for_another_round() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.exit(&copy, 1);
    scene.watch_all(&id).await;
    scene.run("remove").await;
    scene.world.clock.advance(90 * DAY);
    let jobs = scene.gateway.jobs.faults();
    for call in [JobStoreCall::TakeDue, JobStoreCall::Remove] {
        jobs.fail_next(call, Fault::RequestLost);
        assert!(scene.gateway.run("remove").await.failure.is_some());
        assert!(scene.world.jobs.job(&id).is_some());
        scene.world.clock.advance(5 * MINUTE);
    }
    let backend = scene.gateway.process.faults();
    backend.fail_next(ComputeBackendCall::Forget, Fault::RequestLost);
    scene.run("remove").await;
    assert_eq!(scene.world.jobs.job(&id), None);
}
