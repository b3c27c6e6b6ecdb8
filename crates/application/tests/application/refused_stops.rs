//! Stops that the backend refuses, as where the gateway has no right to them.

use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, CancelCause, JobState, JobStatus};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::{ComputeBackendCall, Fault};
use futures_util::FutureExt;

use crate::job_types::{FOREIGN, REMOTE};
use crate::scene::{DAY, MINUTE, SECOND, Scene};

const WATCH: &str = "watch:aws-batch";

/// A job that runs and is cancelled, where so many stops are refused.
async fn refusing(scene: &Scene, kind: &str, stops: u64) -> (JobId, BackendId) {
    let (id, copy) = scene.start(kind).await;
    let faults = scene.gateway.batch.faults();
    let terminate = ComputeBackendCall::Terminate;
    faults.fail_next_of(terminate, stops, Fault::RequestLost);
    let application = &scene.gateway.application;
    // The request is recorded before anything is waited for.
    let cancelled = application
        .cancel_job(&scene.world.key, id.as_str())
        .now_or_never();
    assert!(cancelled.is_none(), "it waits for the stop to be seen");
    (id, copy)
}

fn terminations(scene: &Scene) -> u64 {
    let faults = scene.gateway.batch.faults();
    faults.calls(ComputeBackendCall::Terminate)
}

#[tokio::test]
async fn the_job_is_never_called_cancelled_while_it_runs_and_stops_do_not_storm() {
    let scene = Scene::new();
    let (id, copy) = refusing(&scene, FOREIGN, u64::from(u16::MAX)).await;
    for _ in 0..60 * 60 / 2 {
        scene.run(WATCH).await;
        assert_eq!(scene.status(&id), JobStatus::Running);
        scene.world.clock.advance(2 * SECOND);
    }
    let in_an_hour = terminations(&scene);
    assert!((60..=120).contains(&in_an_hour), "{in_an_hour}");
    scene.world.batch.succeed(&copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
}

#[tokio::test]
async fn a_right_that_is_given_later_stops_the_job_within_a_minute() {
    let scene = Scene::new();
    let (id, _) = refusing(&scene, REMOTE, 1).await;
    scene.world.clock.advance(DAY);
    scene.run(WATCH).await;
    scene.world.clock.advance(MINUTE);
    scene.run(WATCH).await;
    assert_eq!(terminations(&scene), 2);
    assert_eq!(scene.status(&id), JobStatus::Running, "until it is seen");
    scene.world.clock.advance(MINUTE);
    scene.run(WATCH).await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test]
async fn a_runner_that_ends_on_the_gateways_order_ends_a_cancelled_job() {
    let scene = Scene::new();
    let (id, copy) = refusing(&scene, REMOTE, u64::from(u16::MAX)).await;
    scene.run(WATCH).await;
    let token = scene.world.token(&id, 1);
    let report = RunnerReport {
        backend_id: copy.clone(),
        attempt: 1,
        progress: None,
        message: None,
    };
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report).await;
    assert!(order.unwrap().stop);
    scene.world.batch.end_on_order(&copy);
    scene.watch_all(&id).await;
    let requested = JobState::Cancelled {
        cause: CancelCause::Requested,
    };
    assert_eq!(scene.job(&id).state, requested);
    assert_eq!(scene.job(&id).attempts.last().unwrap().failure, None);
}
