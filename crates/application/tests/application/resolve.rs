//! Finding out what became of jobs that may have been sent.

use std::time::Duration;

use batchway_domain::artifacts::GateEntry;
use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, FailureClass, JobState, JobStatus};
use batchway_domain::ports::{ComputeBackend, JobStore};
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault};
use tokio::time::timeout;

use crate::job_types::{BATCH, FOREIGN, REMOTE};
use crate::scene::{DAY, MINUTE, SECOND, Scene, admitted, cancelled_gate};

const RESOLVE: &str = "resolve:aws-batch";

/// A job whose one copy was taken, and whose reply was lost.
async fn in_doubt(scene: &Scene, kind: &str) -> (JobId, BackendId) {
    let id = scene.submit(kind).await;
    scene.world.batch.lose_replies(1);
    scene.run("dispatch:aws-batch").await;
    assert!(is_unresolved(scene, &id));
    let copy = scene.world.batch.ids().pop().unwrap();
    (id, copy)
}

/// Another copy of the same try, as a stalled request makes one.
async fn second_copy(scene: &Scene, first: &BackendId) -> BackendId {
    scene.world.clock.advance(SECOND);
    let submission = scene.world.batch.submission(first).unwrap();
    scene.world.batch.submit(&submission).await.unwrap()
}

fn is_unresolved(scene: &Scene, id: &JobId) -> bool {
    matches!(scene.job(id).state, JobState::Unresolved { .. })
}

/// Asks for a cancel, and does not wait for what comes of it.
async fn ask_to_cancel(scene: &Scene, id: &JobId) {
    let application = &scene.gateway.application;
    let cancel = application.cancel_job(&scene.world.key, id.as_str());
    let answer = timeout(Duration::ZERO, cancel).await;
    assert!(answer.is_err(), "it waits");
    assert!(scene.job(id).cancel_requested_at.is_some());
}

/// Looks again after this long.
async fn look_after(scene: &Scene, wait: Duration) {
    scene.world.clock.advance(wait);
    scene.run(RESOLVE).await;
}

#[tokio::test]
async fn an_open_gate_is_written_for_the_oldest_copy() {
    let scene = Scene::new();
    let (id, first) = in_doubt(&scene, REMOTE).await;
    let second = second_copy(&scene, &first).await;
    scene.run(RESOLVE).await;
    let job = scene.job(&id);
    assert_eq!(scene.world.gate_of(&job), Some(admitted(&first)));
    assert_eq!(job.state.backend_id(), Some(&first));
    assert_eq!(job.surplus, std::slice::from_ref(&second));
    let ended = scene.world.batch.describe(&[second]).await.unwrap();
    assert!(ended[0].state.has_ended(), "it was stopped");
}

#[tokio::test]
async fn whom_the_gate_names_already_is_adopted() {
    let scene = Scene::new();
    let (id, first) = in_doubt(&scene, REMOTE).await;
    let second = second_copy(&scene, &first).await;
    assert!(scene.world.start_runner(&scene.job(&id), &second).await);
    scene.run(RESOLVE).await;
    let job = scene.job(&id);
    assert_eq!(job.state.backend_id(), Some(&second));
    assert_eq!(job.surplus, [first]);
    assert_eq!(scene.world.gate_of(&job), Some(admitted(&second)));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_shuts_an_open_gate() {
    let scene = Scene::new();
    let (id, copy) = in_doubt(&scene, REMOTE).await;
    ask_to_cancel(&scene, &id).await;
    scene.run(RESOLVE).await;
    let job = scene.job(&id);
    assert_eq!(job.status(), JobStatus::Cancelled);
    assert_eq!(scene.world.gate_of(&job), Some(cancelled_gate()));
    assert_eq!(job.surplus, std::slice::from_ref(&copy));
    let ended = scene.world.batch.describe(&[copy]).await.unwrap();
    assert!(ended[0].state.has_ended(), "it was stopped");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_after_the_gate_stops_the_copy_that_passed() {
    let scene = Scene::new();
    let (id, copy) = in_doubt(&scene, REMOTE).await;
    scene.world.batch.hold_stops();
    assert!(scene.world.start_runner(&scene.job(&id), &copy).await);
    ask_to_cancel(&scene, &id).await;
    scene.run(RESOLVE).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
    assert!(scene.world.batch.is_stopping(&copy));
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Running, "it still runs");
    scene.world.batch.finish_stops();
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test]
async fn a_gate_that_can_not_be_used_changes_nothing() {
    let scene = Scene::new();
    let (id, copy) = in_doubt(&scene, REMOTE).await;
    let before = scene.job(&id);
    let faults = scene.gateway.artifacts.faults();
    let failures = [
        (ArtifactStoreCall::Read, Fault::RequestLost),
        (ArtifactStoreCall::Create, Fault::RequestLost),
        (ArtifactStoreCall::Create, Fault::Declined),
    ];
    for (call, fault) in failures {
        faults.fail_next(call, fault);
        scene.run(RESOLVE).await;
        assert_eq!(scene.job(&id), before);
        assert_eq!(scene.world.gate_of(&before), None);
        scene.world.clock.advance(MINUTE);
    }
    faults.fail_next(ArtifactStoreCall::Create, Fault::ReplyLost);
    scene.run(RESOLVE).await;
    assert_eq!(scene.job(&id), before);
    look_after(&scene, MINUTE).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
}

#[tokio::test]
async fn a_gate_with_rubbish_in_it_changes_nothing() {
    let scene = Scene::new();
    let (id, _) = in_doubt(&scene, REMOTE).await;
    let before = scene.job(&id);
    let gate = before.folder().gate(1);
    for rubbish in ["", "{}", "null", &"x".repeat(100_000)] {
        scene
            .world
            .artifacts
            .insert(gate.as_str(), rubbish.to_owned());
        look_after(&scene, MINUTE).await;
        assert_eq!(scene.job(&id), before);
    }
}

#[tokio::test]
async fn a_backend_that_does_not_answer_changes_nothing_but_what_is_said_of_it() {
    let scene = Scene::new();
    let (id, copy) = in_doubt(&scene, REMOTE).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next_of(ComputeBackendCall::FindByName, 2, Fault::RequestLost);
    scene.run(RESOLVE).await;
    let since = scene.job(&id).backend_unreachable_since;
    assert_eq!(since, Some(scene.world.now()));
    look_after(&scene, MINUTE).await;
    assert!(is_unresolved(&scene, &id));
    assert_eq!(scene.job(&id).backend_unreachable_since, since);
    assert_eq!(scene.world.gate_of(&scene.job(&id)), None);
    look_after(&scene, MINUTE).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
    assert_eq!(scene.job(&id).backend_unreachable_since, None);
}

#[tokio::test]
async fn a_name_that_is_missing_proves_absence_only_after_a_while() {
    let scene = Scene::new();
    let id = scene.submit(REMOTE).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
    scene.run("dispatch:aws-batch").await;
    let sent_at = scene.world.now();
    while is_unresolved(&scene, &id) {
        look_after(&scene, 5 * SECOND).await;
        assert!(scene.world.now().since(sent_at) < 10 * MINUTE);
    }
    let took = scene.world.now().since(sent_at);
    assert!(took >= 2 * MINUTE, "60 s of quiet, then 60 s of looking");
    let job = scene.job(&id);
    assert!(matches!(job.state, JobState::Accepted { .. }));
    assert_eq!(job.current_try.number, 1);
    scene.run("dispatch:aws-batch").await;
    assert_eq!(scene.world.batch.submissions_taken(), 1);
}

#[tokio::test]
async fn a_copy_that_look_ups_show_late_is_adopted_all_the_same() {
    let scene = Scene::new();
    let (id, copy) = in_doubt(&scene, REMOTE).await;
    scene.world.batch.hide_from_lookups(true);
    for _ in 0..10 {
        look_after(&scene, 10 * SECOND).await;
        scene.run("dispatch:aws-batch").await;
    }
    scene.world.batch.hide_from_lookups(false);
    look_after(&scene, MINUTE).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
    assert_eq!(scene.world.batch.submissions_taken(), 1);
}

#[tokio::test]
async fn without_a_gate_nothing_is_sent_again_for_a_quarter_of_an_hour() {
    let scene = Scene::new();
    let id = scene.submit(FOREIGN).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
    scene.run("dispatch:aws-batch").await;
    let sent_at = scene.world.now();
    while is_unresolved(&scene, &id) {
        look_after(&scene, 20 * SECOND).await;
        assert!(scene.world.now().since(sent_at) < 60 * MINUTE);
    }
    assert!(scene.world.now().since(sent_at) >= 15 * MINUTE);
    assert_eq!(scene.world.artifacts.keys(), [""; 0], "no gate is written");
}

#[tokio::test]
async fn without_a_gate_the_oldest_copy_is_adopted() {
    let scene = Scene::new();
    let (id, first) = in_doubt(&scene, FOREIGN).await;
    let second = second_copy(&scene, &first).await;
    scene.run(RESOLVE).await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&first));
    assert_eq!(scene.job(&id).surplus, [second]);
    assert_eq!(scene.world.artifacts.keys(), [""; 0]);
}

#[tokio::test]
async fn after_six_days_a_job_is_not_sent_again() {
    let scene = Scene::new();
    let id = scene.submit(REMOTE).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
    scene.run("dispatch:aws-batch").await;
    scene.world.clock.advance(6 * DAY);
    for _ in 0..5 {
        look_after(&scene, MINUTE).await;
    }
    let JobState::Failed { failure } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    assert_eq!(failure.class, FailureClass::Unknown);
}

#[tokio::test]
async fn a_gate_shut_by_a_cancel_that_was_not_recorded_ends_the_try() {
    let scene = Scene::new();
    let (id, _) = in_doubt(&scene, REMOTE).await;
    let job = scene.job(&id);
    let entry: GateEntry = cancelled_gate();
    scene.world.write_gate(&job, &entry);
    scene.run(RESOLVE).await;
    assert_eq!(scene.job(&id).current_try.number, 2);
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
}

#[tokio::test]
async fn a_job_that_is_being_sent_is_left_alone_until_its_lease_is_over() {
    let scene = Scene::new();
    let id = scene.submit(REMOTE).await;
    scene.gateway.claim_and_die(BATCH).await;
    let JobState::Submitting { lease_until } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    scene.world.clock.advance(10 * SECOND);
    // One who read the job earlier has it looked at soon.
    let soon = [(id.clone(), scene.world.now())];
    scene.world.jobs.reschedule(&soon).await.unwrap();
    scene.run(RESOLVE).await;
    assert!(matches!(scene.job(&id).state, JobState::Submitting { .. }));
    scene.world.clock.set(lease_until);
    scene.run(RESOLVE).await;
    assert!(is_unresolved(&scene, &id), "as soon as it is over");
}
