//! Long-polling: the answer comes with the news, and at the latest at the deadline.

use std::time::Duration;

use batchway_application::use_cases::JobView;
use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, JobStatus};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::JobStoreCall;
use tokio::time::{Instant, sleep};

use crate::job_types::{PROCESS, SIMULATE};
use crate::scene::{SECOND, Scene, Setup};

/// The answer, and how long it took.
async fn wait(scene: &Scene, id: &JobId, at_most: Duration) -> (JobView, Duration) {
    let began = Instant::now();
    let application = &scene.gateway.application;
    let answer = application.wait_for_job(&scene.world.key, id.as_str(), at_most);
    (answer.await.unwrap(), began.elapsed())
}

fn report(copy: &BackendId, progress: f64) -> RunnerReport {
    RunnerReport {
        backend_id: copy.clone(),
        attempt: 1,
        progress: Some(progress),
        message: None,
    }
}

#[tokio::test(start_paused = true)]
async fn without_news_the_answer_comes_at_the_deadline() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let (view, took) = wait(&scene, &id, 30 * SECOND).await;
    assert_eq!(took, 30 * SECOND);
    assert_eq!(view.snapshot.status, JobStatus::Queued);
    let (_, took) = wait(&scene, &id, Duration::ZERO).await;
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_new_status_is_told_at_once() {
    let scene = Scene::new();
    let (id, copy) = scene.send(SIMULATE).await;
    let news = async {
        sleep(7 * SECOND).await;
        scene.world.start_runner(&scene.job(&id), &copy).await;
        scene.run("watch:process").await;
    };
    let ((view, took), ()) = tokio::join!(wait(&scene, &id, 30 * SECOND), news);
    assert_eq!(view.snapshot.status, JobStatus::Running);
    assert_eq!(took, 7 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn progress_is_news_and_a_mere_sign_of_life_is_not() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let token = scene.world.token(&id, 1);
    let reports = async {
        for progress in [0.0, 0.001, 0.42] {
            sleep(3 * SECOND).await;
            let application = &scene.gateway.application;
            let order = application.report_progress(&token, report(&copy, progress));
            assert!(!order.await.unwrap().stop);
        }
    };
    let ((view, took), ()) = tokio::join!(wait(&scene, &id, 30 * SECOND), reports);
    assert_eq!(view.snapshot.progress, 42);
    assert_eq!(took, 9 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_ended_is_not_waited_for() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    let (view, took) = wait(&scene, &id, 30 * SECOND).await;
    assert_eq!(took, Duration::ZERO);
    assert_eq!(view.snapshot.status, JobStatus::Completed);
    assert_eq!(view.snapshot.progress, 100);
    let link = view.result.unwrap();
    let content = scene.world.artifacts.follow(&link.url).unwrap();
    assert_eq!(content.unwrap(), "content");
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_answered_when_the_gateway_stops() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let stop = async {
        sleep(4 * SECOND).await;
        scene.gateway.application.drain();
    };
    let ((view, took), ()) = tokio::join!(wait(&scene, &id, 30 * SECOND), stop);
    assert_eq!(took, 4 * SECOND);
    assert_eq!(view.snapshot.status, JobStatus::Queued);
}

#[tokio::test(start_paused = true)]
async fn news_of_another_replica_is_seen_within_two_seconds() {
    let scene = Scene::new();
    let (id, copy) = scene.send(SIMULATE).await;
    let other = scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    let news = async {
        sleep(7 * SECOND).await;
        scene.world.start_runner(&scene.job(&id), &copy).await;
        other.run("watch:process").await;
    };
    let ((view, took), ()) = tokio::join!(wait(&scene, &id, 30 * SECOND), news);
    assert_eq!(view.snapshot.status, JobStatus::Running);
    assert!(took <= 9 * SECOND, "{took:?}");
}

#[tokio::test]
async fn whoever_waits_has_the_backend_asked_soon() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    assert_eq!(scene.run("watch:process").await.taken, 0, "not due yet");
    wait(&scene, &id, Duration::ZERO).await;
    let watch = scene.gateway.find_loop("watch:process");
    watch.nudged().await;
    assert_eq!(scene.run("watch:process").await.taken, 1);
}

#[tokio::test]
async fn a_job_that_is_being_sent_is_not_asked_about() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    scene.gateway.claim_and_die(PROCESS).await;
    wait(&scene, &id, Duration::ZERO).await;
    let faults = scene.gateway.jobs.faults();
    assert_eq!(faults.calls(JobStoreCall::Reschedule), 0);
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_one_job_are_one_look_in_two_seconds() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    let faults = scene.gateway.jobs.faults();
    let looks = || faults.calls(JobStoreCall::Reschedule);
    let before = looks();
    for _ in 0..30 {
        wait(&scene, &id, Duration::ZERO).await;
    }
    // One now, and one for those that came after it.
    assert_eq!(looks() - before, 2);
    scene.world.clock.advance(2 * SECOND);
    scene.run("watch:process").await;
    scene.world.clock.advance(2 * SECOND);
    let before = looks();
    wait(&scene, &id, Duration::ZERO).await;
    assert_eq!(looks() - before, 1);
}
