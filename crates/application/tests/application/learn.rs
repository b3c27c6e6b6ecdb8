//! Estimates out of past runs.

use batchway_domain::identity::JobId;

use crate::job_types::SIMULATE;
use crate::scene::{SECOND, Scene, request_with};

async fn estimate(scene: &Scene, steps: u32) -> u64 {
    let request = request_with(SIMULATE, &format!(r#"{{"steps": {steps}}}"#));
    let application = &scene.gateway.application;
    let submitted = application.submit_job(&scene.world.key, request).await;
    submitted.unwrap().estimated_seconds
}

/// A run of 1,000 steps that takes this long.
async fn finished_run(scene: &Scene, seconds: u32) -> JobId {
    let (id, copy) = scene.send(SIMULATE).await;
    scene.world.start_runner(&scene.job(&id), &copy).await;
    scene.world.clock.advance(seconds * SECOND);
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    id
}

#[tokio::test]
async fn past_runs_replace_the_formula_and_one_odd_run_does_not_count() {
    let scene = Scene::new();
    assert_eq!(estimate(&scene, 1000).await, 15);
    for seconds in [100, 5000, 120] {
        finished_run(&scene, seconds).await;
    }
    assert_eq!(estimate(&scene, 1000).await, 15, "nothing is learnt yet");
    scene.run("learn").await;
    assert_eq!(estimate(&scene, 1000).await, 120);
    assert_eq!(
        estimate(&scene, 500).await,
        63,
        "the work is scaled, and the start is not"
    );
}

#[tokio::test]
async fn failed_runs_teach_nothing() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.exit(&copy, 1);
    scene.watch_all(&id).await;
    scene.run("learn").await;
    assert_eq!(estimate(&scene, 1000).await, 15);
}
