//! The mirror: every job as it is now, whatever happens to it meanwhile, and nobody held up.

use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::job::JobStatus;
use batchway_memory_adapters::{Fault, MirrorBacklogCall};
use serde_json::Value;

use crate::job_types::SIMULATE;
use crate::scene::{MINUTE, SECOND, Scene, Setup};

async fn mirror(scene: &Scene) {
    scene.run("mirror").await;
}

/// What the mirror shows of a job.
fn shown(scene: &Scene, id: &JobId) -> Option<Value> {
    let row = scene.world.mirror.row(id)?;
    let columns: Value = serde_json::from_slice(&row.columns).unwrap();
    assert_eq!(columns["version"], row.version);
    Some(columns)
}

/// Every job is shown as it is.
fn assert_in_step(scene: &Scene) {
    for job in scene.world.jobs.all_jobs() {
        let row = scene.world.mirror.row(&job.id).map(|row| row.version);
        assert_eq!(row, Some(job.version), "{}", job.id);
    }
}

async fn submit_many(scene: &Scene, count: usize) -> Vec<JobId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(scene.submit(SIMULATE).await);
    }
    ids
}

async fn cancel(scene: &Scene, id: &JobId) {
    let application = &scene.gateway.application;
    let cancelled = application.cancel_job(&scene.world.key, id.as_str()).await;
    assert!(cancelled.unwrap().confirmed);
}

#[tokio::test]
async fn a_job_is_shown_at_each_step_of_its_way() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    mirror(&scene).await;
    assert_eq!(shown(&scene, &id).unwrap()["status"], "queued");
    scene.run("dispatch:process").await;
    let copy = scene.job(&id).backend_id().unwrap().clone();
    scene.world.start_runner(&scene.job(&id), &copy).await;
    scene.watch_all(&id).await;
    mirror(&scene).await;
    assert_eq!(shown(&scene, &id).unwrap()["status"], "running");
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    mirror(&scene).await;
    let row = shown(&scene, &id).unwrap();
    assert_eq!(row["status"], "completed");
    assert_eq!(row["progress"], 100);
    assert_in_step(&scene);
}

#[tokio::test]
async fn what_has_not_changed_is_not_written_again() {
    let scene = Scene::new();
    submit_many(&scene, 3).await;
    mirror(&scene).await;
    for _ in 0..3 {
        scene.world.clock.advance(MINUTE);
        mirror(&scene).await;
    }
    assert_eq!(scene.world.mirror.written().len(), 3);
    assert_eq!(scene.world.mirror.calls(), 1, "nor asked for nothing");
}

#[tokio::test]
async fn a_change_wakes_the_loop() {
    let scene = Scene::new();
    let work = scene.gateway.find_loop("mirror");
    let id = scene.submit(SIMULATE).await;
    tokio::time::timeout(SECOND, work.nudged()).await.unwrap();
    cancel(&scene, &id).await;
    tokio::time::timeout(SECOND, work.nudged()).await.unwrap();
}

/// All of them are sent, run, and end.
async fn live_through(scene: &Scene, ids: &[JobId]) {
    run_all(scene, "dispatch:process").await;
    for id in ids {
        let copy = scene.job(id).backend_id().unwrap().clone();
        scene.world.start_runner(&scene.job(id), &copy).await;
    }
    run_all(scene, "watch:process").await;
    for id in ids {
        let copy = scene.job(id).backend_id().unwrap().clone();
        scene.world.finish_runner(&scene.job(id), &copy);
    }
    run_all(scene, "watch:process").await;
}

/// Rounds of a loop, until it has seen all that is due.
async fn run_all(scene: &Scene, work: &str) {
    scene.world.clock.advance(MINUTE);
    while scene.run(work).await.taken > 0 {}
}

/// A thousand changes of two hundred jobs while it is away are two hundred rows when it is back.
#[tokio::test]
async fn catching_up_costs_a_row_a_job() {
    let scene = Scene::with_slots(200);
    let ids = submit_many(&scene, 200).await;
    scene.world.mirror.go_away(None);
    for _ in 0..3 {
        let report = scene.gateway.run("mirror").await;
        assert!(report.failure.unwrap().contains("is away"));
    }
    live_through(&scene, &ids).await;
    let changes: u64 = ids.iter().map(|id| scene.job(id).version).sum();
    assert!(changes >= 1_000, "{changes} changes");
    scene.world.mirror.come_back();
    let before = scene.world.mirror.calls();
    mirror(&scene).await;
    mirror(&scene).await;
    assert_eq!(scene.world.mirror.written().len(), 200);
    assert_eq!(
        scene.world.mirror.calls() - before,
        2,
        "a hundred at a time"
    );
    assert_in_step(&scene);
}

#[tokio::test]
async fn a_mirror_that_says_when_to_come_back_is_left_alone_until_then() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    for (asked, rests) in [(7, 7), (100_000, 300)] {
        let asked = Duration::from_secs(asked);
        scene.world.mirror.go_away(Some(asked));
        let report = scene.run("mirror").await;
        assert_eq!(report.rest, Some(Duration::from_secs(rests)));
    }
    scene.world.mirror.come_back();
    mirror(&scene).await;
    assert!(shown(&scene, &id).is_some(), "it was due at once");
}

#[tokio::test]
async fn a_mirror_that_has_to_be_mended_loses_nothing() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    scene.world.mirror.shut();
    let report = scene.gateway.run("mirror").await;
    assert!(report.failure.unwrap().contains("has to be mended"));
    cancel(&scene, &id).await;
    scene.world.mirror.come_back();
    mirror(&scene).await;
    assert_eq!(shown(&scene, &id).unwrap()["status"], "cancelled");
}

#[tokio::test]
async fn a_row_that_is_refused_holds_up_no_other_and_comes_again() {
    let scene = Scene::new();
    let ids = submit_many(&scene, 100).await;
    for disliked in [&ids[0], &ids[41], &ids[99]] {
        scene.world.mirror.dislike(disliked);
    }
    mirror(&scene).await;
    assert_eq!(scene.world.mirror.written().len(), 97);
    assert!(shown(&scene, &ids[41]).is_none());
    let calls = scene.world.mirror.calls();
    assert!(calls < 50, "{calls} calls to find three rows of a hundred");

    scene.world.clock.advance(MINUTE * 9);
    mirror(&scene).await;
    assert_eq!(scene.world.mirror.calls(), calls, "they are left alone");
    scene.world.mirror.like_all();
    scene.world.clock.advance(MINUTE);
    mirror(&scene).await;
    assert_in_step(&scene);
}

/// A constraint that the table's owner added refuses every row: that is not looked for row by row.
#[tokio::test]
async fn where_every_row_is_refused_the_rest_is_not_tried() {
    let scene = Scene::new();
    for id in submit_many(&scene, 100).await {
        scene.world.mirror.dislike(&id);
    }
    let report = scene.gateway.run("mirror").await;
    assert!(report.failure.unwrap().contains("does not like"));
    let calls = scene.world.mirror.calls();
    assert!(calls < 40, "{calls} calls");
    scene.world.mirror.like_all();
    scene.world.clock.advance(MINUTE * 10);
    mirror(&scene).await;
    assert_in_step(&scene);
}

/// Whether a row was written is not known where the answer was lost: it is written again.
#[tokio::test]
async fn a_lost_answer_is_a_row_written_twice() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    scene.world.mirror.lose_replies();
    assert!(scene.gateway.run("mirror").await.failure.is_some());
    cancel(&scene, &id).await;
    assert!(scene.gateway.run("mirror").await.failure.is_some());
    scene.world.mirror.come_back();
    mirror(&scene).await;
    let versions: Vec<u64> = scene
        .world
        .mirror
        .written()
        .iter()
        .map(|row| row.1)
        .collect();
    assert_eq!(versions, [1, 2, 2]);
    assert_in_step(&scene);
}

/// Where the store can't be told that a row was written, it is written once more.
#[tokio::test]
async fn a_store_that_fails_costs_a_row_written_twice() {
    let scene = Scene::new();
    scene.submit(SIMULATE).await;
    let faults = scene.gateway.backlog.faults();
    faults.fail_next(MirrorBacklogCall::Mirrored, Fault::RequestLost);
    assert!(scene.gateway.run("mirror").await.failure.is_some());
    scene.world.clock.advance(MINUTE);
    mirror(&scene).await;
    assert_eq!(scene.world.mirror.written().len(), 2);
    scene.world.clock.advance(MINUTE);
    mirror(&scene).await;
    assert_eq!(scene.world.mirror.written().len(), 2);
}

#[tokio::test]
async fn two_replicas_share_the_rows() {
    let scene = Scene::new();
    let other = scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    submit_many(&scene, 150).await;
    let (one, two) = tokio::join!(scene.gateway.run("mirror"), other.run("mirror"));
    assert_eq!(one.taken + two.taken, 150);
    assert_eq!(scene.world.mirror.written().len(), 150, "none twice");
    assert_in_step(&scene);
}
