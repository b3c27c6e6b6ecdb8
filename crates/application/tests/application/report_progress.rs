//! What runners say, and which of them are told to stop.

use batchway_application::RequestError;
use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, Failure, FailureClass, JobState, JobStatus};
use batchway_domain::runner::RunnerReport;
use tokio::time::timeout;

use crate::job_types::{REMOTE, SIMULATE};
use crate::scene::{DAY, MINUTE, SECOND, Scene};

fn report(copy: &BackendId, attempt: u32) -> RunnerReport {
    RunnerReport {
        backend_id: copy.clone(),
        attempt,
        progress: Some(0.42),
        message: Some("step 42".to_owned()),
    }
}

/// Whether the runner of this try, copy and attempt is told to stop.
async fn told_to_stop(scene: &Scene, id: &JobId, number: u32, report: RunnerReport) -> bool {
    let token = scene.world.token(id, number);
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report).await;
    order.unwrap().stop
}

#[tokio::test]
async fn progress_is_recorded_and_shown() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    assert!(!told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    let shown = scene.job(&id).snapshot();
    assert_eq!(shown.progress, 42);
    assert_eq!(shown.message.as_deref(), Some("step 42"));
    assert_eq!(shown.heartbeat_at, Some(scene.world.now()));
}

#[tokio::test]
async fn a_runner_that_speaks_first_has_its_backend_asked() {
    let scene = Scene::new();
    let (id, copy) = scene.send(SIMULATE).await;
    scene.run("watch:process").await;
    scene.world.start_runner(&scene.job(&id), &copy).await;
    assert!(!told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    let watch = scene.gateway.find_loop("watch:process");
    assert!(timeout(SECOND, watch.nudged()).await.is_ok());
    scene.run("watch:process").await;
    assert_eq!(scene.status(&id), JobStatus::Running);
}

#[tokio::test]
async fn tokens_are_checked() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let token = scene.world.token(&id, 1);
    let application = &scene.gateway.application;
    let tampered = token.replacen(".1.", ".2.", 1);
    for bad in ["", "x", &tampered] {
        let answer = application.report_progress(bad, report(&copy, 1)).await;
        assert!(matches!(answer, Err(RequestError::TokenRefused)), "{bad}");
    }
    scene.world.clock.advance(2 * DAY);
    let answer = application.report_progress(&token, report(&copy, 1)).await;
    assert!(matches!(answer, Err(RequestError::TokenRefused)));
    assert_eq!(scene.job(&id).progress.percent, 0);
}

#[tokio::test]
async fn a_runner_of_a_try_that_is_over_is_stopped() {
    let scene = Scene::new();
    let (id, first) = scene.start(REMOTE).await;
    scene.world.batch.wait(&first, None);
    scene.watch_all(&id).await;
    let gone = Failure::new(FailureClass::HostLost, "The machine went away.");
    scene.world.batch.fail(&first, gone);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).current_try.number, 2);
    assert!(told_to_stop(&scene, &id, 1, report(&first, 1)).await);
    scene.world.clock.advance(MINUTE);
    scene.run("dispatch:aws-batch").await;
    let second = scene.job(&id).state.backend_id().unwrap().clone();
    scene.world.start_runner(&scene.job(&id), &second).await;
    scene.watch_all(&id).await;
    assert!(told_to_stop(&scene, &id, 1, report(&first, 1)).await);
    assert!(!told_to_stop(&scene, &id, 2, report(&second, 1)).await);
}

#[tokio::test]
async fn another_copy_of_the_try_is_stopped() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let other = BackendId("another".to_owned());
    // It may be the one that has the gate, as far as is known.
    assert!(!told_to_stop(&scene, &id, 1, report(&other, 1)).await);
    scene.run("watch:process").await;
    assert!(told_to_stop(&scene, &id, 1, report(&other, 1)).await);
    assert!(!told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
}

#[tokio::test]
async fn an_older_attempt_is_stopped_also_before_the_next_one_runs() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    scene.world.batch.wait(&copy, None);
    scene.watch_all(&id).await;
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
    assert!(told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    assert!(!told_to_stop(&scene, &id, 1, report(&copy, 2)).await);
    scene.world.batch.run(&copy);
    scene.watch_all(&id).await;
    assert!(told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    assert!(!told_to_stop(&scene, &id, 1, report(&copy, 2)).await);
}

#[tokio::test(start_paused = true)]
async fn a_runner_of_a_cancelled_job_is_stopped() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.hold_stops();
    let application = &scene.gateway.application;
    let cancellation = application.cancel_job(&scene.world.key, id.as_str()).await;
    assert!(!cancellation.unwrap().confirmed);
    assert!(told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
}

#[tokio::test]
async fn a_runner_of_a_job_that_ended_or_was_forgotten_is_stopped() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    assert!(told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
    scene.run("remove").await;
    scene.world.clock.advance(90 * DAY);
    scene.run("remove").await;
    assert_eq!(scene.world.jobs.job(&id), None);
    assert!(told_to_stop(&scene, &id, 1, report(&copy, 1)).await);
}

#[tokio::test]
async fn a_runner_that_can_not_reach_the_gateway_is_heard_through_the_artifact_store() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let leave = |fraction| {
        let mut left = report(&copy, 1);
        left.progress = Some(fraction);
        let key = scene.job(&id).folder().heartbeat(1);
        let content = serde_json::to_vec(&left).unwrap();
        scene.world.artifacts.insert(key.as_str(), content);
    };
    leave(0.25);
    scene.world.clock.advance(MINUTE);
    scene.run("watch:process").await;
    assert_eq!(
        scene.job(&id).progress.percent,
        0,
        "an old word is no sign of life"
    );

    leave(0.75);
    scene.world.clock.advance(6 * SECOND);
    scene.run("watch:process").await;
    assert_eq!(scene.job(&id).progress.percent, 75);
    assert_eq!(
        scene.job(&id).progress.heartbeat_at,
        Some(scene.world.now())
    );
}
