//! More than one copy of a try: the gate decides, and the others are stopped.

use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, JobState, JobStatus};
use batchway_domain::ports::ComputeBackend;
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault};

use crate::job_types::{FOREIGN, REMOTE};
use crate::scene::{MINUTE, SECOND, Scene, admitted};

/// A job with two copies: the first was accepted, its reply lost, and look-ups did not show it
/// for so long that the try was sent again.
async fn two_copies(scene: &Scene, kind: &str) -> (JobId, BackendId, BackendId) {
    let id = scene.submit(kind).await;
    scene.world.batch.lose_replies(1);
    scene.world.batch.hide_from_lookups(true);
    scene.run("dispatch:aws-batch").await;
    while !matches!(scene.job(&id).state, JobState::Accepted { .. }) {
        scene.world.clock.advance(MINUTE);
        scene.run("resolve:aws-batch").await;
    }
    scene.run("dispatch:aws-batch").await;
    scene.world.batch.hide_from_lookups(false);
    let [first, second] = &scene.world.batch.ids()[..] else {
        panic!("two copies")
    };
    assert_eq!(scene.job(&id).state.backend_id(), Some(second));
    (id, first.clone(), second.clone())
}

async fn has_ended(scene: &Scene, copy: &BackendId) -> bool {
    let answer = scene.world.batch.describe(std::slice::from_ref(copy)).await;
    answer.unwrap()[0].state.has_ended()
}

#[tokio::test]
async fn the_copy_that_has_the_gate_is_followed_when_the_other_ends_for_it() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    assert!(scene.world.start_runner(&scene.job(&id), &first).await);
    assert!(!scene.world.start_runner(&scene.job(&id), &second).await);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&first));
    assert_eq!(scene.job(&id).current_try.number, 1);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Running);
    assert_eq!(scene.job(&id).surplus, []);
    scene.world.finish_runner(&scene.job(&id), &first);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
}

#[tokio::test]
async fn a_copy_that_passed_the_gate_unseen_is_not_stopped_for_the_one_that_was_seen() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    assert!(scene.world.start_runner(&scene.job(&id), &first).await);
    let report = RunnerReport {
        backend_id: first.clone(),
        attempt: 1,
        progress: Some(0.5),
        message: None,
    };
    let token = scene.world.token(&id, 1);
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report.clone()).await;
    assert!(!order.unwrap().stop);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&first));
    let order = application.report_progress(&token, report).await;
    assert!(!order.unwrap().stop);
    assert!(!has_ended(&scene, &first).await);
    assert!(has_ended(&scene, &second).await);
    scene.world.finish_runner(&scene.job(&id), &first);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(scene.job(&id).current_try.number, 1);
}

#[tokio::test]
async fn a_gate_that_can_not_be_read_leaves_the_loser_as_it_was() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    scene.world.start_runner(&scene.job(&id), &first).await;
    scene.world.start_runner(&scene.job(&id), &second).await;
    let before = scene.job(&id);
    let faults = scene.gateway.artifacts.faults();
    faults.fail_next(ArtifactStoreCall::Read, Fault::RequestLost);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id), before);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&first));
}

#[tokio::test]
async fn a_surplus_copy_is_stopped_until_it_is_seen_to_end() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    scene.world.batch.hold_stops();
    // The second has the gate, and the first is heard of by its runner.
    assert!(scene.world.start_runner(&scene.job(&id), &second).await);
    let report = RunnerReport {
        backend_id: first.clone(),
        attempt: 1,
        progress: None,
        message: None,
    };
    let token = scene.world.token(&id, 1);
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report).await;
    assert!(!order.unwrap().stop, "which copy has the gate is not known");
    let terminations = || {
        let faults = scene.gateway.batch.faults();
        faults.calls(ComputeBackendCall::Terminate)
    };
    for round in 1..=3 {
        scene.run("watch:aws-batch").await;
        assert_eq!(scene.job(&id).surplus, std::slice::from_ref(&first));
        assert_eq!(terminations(), round);
        scene.world.clock.advance(2 * SECOND);
    }
    assert_eq!(scene.status(&id), JobStatus::Running);
    assert_eq!(
        scene.world.gate_of(&scene.job(&id)),
        Some(admitted(&second))
    );
    scene.world.batch.finish_stops();
    scene.run("watch:aws-batch").await;
    assert_eq!(scene.job(&id).surplus, []);
    assert_eq!(terminations(), 3);
    assert!(!has_ended(&scene, &second).await);
}

#[tokio::test]
async fn a_surplus_copy_is_stopped_also_after_the_end_of_its_job() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    scene.world.start_runner(&scene.job(&id), &second).await;
    scene.world.finish_runner(&scene.job(&id), &second);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    let report = RunnerReport {
        backend_id: first.clone(),
        attempt: 1,
        progress: None,
        message: None,
    };
    let token = scene.world.token(&id, 1);
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report).await;
    assert!(order.unwrap().stop);
    scene.watch_all(&id).await;
    assert!(has_ended(&scene, &first).await);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).surplus, []);
    assert_eq!(scene.status(&id), JobStatus::Completed);
}

#[tokio::test]
async fn the_gate_is_not_touched_where_there_is_none() {
    let scene = Scene::new();
    let (id, _, second) = two_copies(&scene, FOREIGN).await;
    scene.world.batch.run(&second);
    scene.watch_all(&id).await;
    scene.world.batch.succeed(&second);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(scene.world.artifacts.keys(), [""; 0]);
}

/// Which copy did the work is the gate's to say, also where the one that was followed is gone.
#[tokio::test]
async fn the_copy_that_did_the_work_is_told_where_the_followed_one_vanished() {
    let scene = Scene::new();
    let (id, first, second) = two_copies(&scene, REMOTE).await;
    assert!(scene.world.start_runner(&scene.job(&id), &first).await);
    scene.world.finish_runner(&scene.job(&id), &first);
    scene.world.batch.vanish(&second);
    for _ in 0..30 {
        scene.watch_all(&id).await;
        scene.run("resolve:aws-batch").await;
    }
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(scene.job(&id).backend_id(), Some(&first));
}
