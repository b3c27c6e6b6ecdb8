//! Stopping a job: never said before it is so.

use batchway_application::RequestError;
use batchway_application::use_cases::Cancellation;
use batchway_domain::identity::JobId;
use batchway_domain::job::{JobState, JobStatus};
use tokio::time::Instant;

use crate::job_types::{PROCESS, REMOTE, SIMULATE};
use crate::scene::{MINUTE, SECOND, Scene};

async fn cancel(scene: &Scene, id: &JobId) -> Cancellation {
    let application = &scene.gateway.application;
    let answer = application.cancel_job(&scene.world.key, id.as_str()).await;
    answer.unwrap()
}

/// Cancels while the loops of the backend with slots go round, as they do beside a request.
async fn cancel_beside_loops(scene: &Scene, id: &JobId) -> Cancellation {
    let rounds = async {
        loop {
            scene.gateway.run("resolve:process").await;
            scene.gateway.run("watch:process").await;
            tokio::time::sleep(SECOND / 4).await;
            scene.world.clock.advance(SECOND / 4);
        }
    };
    tokio::select! {
        answer = cancel(scene, id) => answer,
        () = rounds => unreachable!("the rounds have no end"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_cancelled_at_once() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let began = Instant::now();
    let answer = cancel(&scene, &id).await;
    assert!(answer.confirmed);
    assert_eq!(answer.job.snapshot.status, JobStatus::Cancelled);
    assert_eq!(began.elapsed(), std::time::Duration::ZERO);
    scene.run("dispatch:process").await;
    assert_eq!(scene.world.process.submissions_taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_running_job_is_cancelled_once_its_end_is_seen() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let answer = cancel_beside_loops(&scene, &id).await;
    assert!(answer.confirmed);
    assert_eq!(answer.job.snapshot.status, JobStatus::Cancelled);
    assert!(answer.job.snapshot.cancel_requested_at.is_some());
    let described = scene.world.process.submission(&copy);
    assert!(described.is_some() && !scene.world.process.is_stopping(&copy));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_not_seen_within_five_seconds_is_not_confirmed() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.hold_stops();
    let (began, asked) = (Instant::now(), scene.world.now());
    let answer = cancel_beside_loops(&scene, &id).await;
    assert_eq!(began.elapsed(), 5 * SECOND);
    assert!(!answer.confirmed);
    assert_eq!(answer.job.snapshot.status, JobStatus::Running);
    let asked_at = answer.job.snapshot.cancel_requested_at;
    assert_eq!(asked_at, Some(asked));
    assert!(scene.world.process.is_stopping(&copy));

    scene.world.clock.advance(SECOND);
    let again = cancel_beside_loops(&scene, &id).await;
    assert!(!again.confirmed);
    assert_eq!(again.job.snapshot.cancel_requested_at, asked_at, "once");

    scene.world.process.finish_stops();
    let at_last = cancel_beside_loops(&scene, &id).await;
    assert!(at_last.confirmed);
    assert_eq!(at_last.job.snapshot.status, JobStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn after_the_end_nothing_changes() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    let before = scene.job(&id);
    for _ in 0..2 {
        let answer = cancel(&scene, &id).await;
        assert!(answer.confirmed);
        assert_eq!(answer.job.snapshot.status, JobStatus::Completed);
        assert_eq!(scene.job(&id), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_completed_first_stays_completed() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    let answer = cancel_beside_loops(&scene, &id).await;
    assert!(answer.confirmed);
    assert_eq!(answer.job.snapshot.status, JobStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_job_in_doubt_is_cancelled_by_its_gate() {
    let scene = Scene::new();
    scene.world.batch.lose_replies(1);
    let id = scene.submit(REMOTE).await;
    scene.run("dispatch:aws-batch").await;
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
    let answer = cancel(&scene, &id).await;
    assert!(!answer.confirmed, "it is not known yet");
    assert_eq!(answer.job.snapshot.status, JobStatus::Queued);
    scene.run("resolve:aws-batch").await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
    let [copy] = &scene.world.batch.ids()[..] else {
        panic!("one was taken")
    };
    assert!(!scene.world.start_runner(&scene.job(&id), copy).await);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_does_not_put_off_the_end_of_a_lease() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    scene.gateway.claim_and_die(PROCESS).await;
    let JobState::Submitting { lease_until } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    scene.world.clock.advance(5 * SECOND);
    let answer = cancel_beside_loops(&scene, &id).await;
    assert!(!answer.confirmed);
    scene.world.clock.set(lease_until);
    scene.run("resolve:process").await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn each_cancel_has_the_backend_told_at_once() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    scene.world.clock.advance(MINUTE * 60);
    scene.run("watch:aws-batch").await;
    scene.world.batch.hold_stops();
    for _ in 0..2 {
        // The look that the request before this one had made due at its end.
        scene.run("watch:aws-batch").await;
        let taken = scene.run("watch:aws-batch").await.taken;
        assert_eq!(taken, 0, "it is not due");
        let loops = async {
            scene.gateway.find_loop("watch:aws-batch").nudged().await;
            assert_eq!(scene.run("watch:aws-batch").await.taken, 1);
            assert!(scene.world.batch.is_stopping(&copy));
        };
        tokio::join!(cancel(&scene, &id), loops);
    }
}

#[tokio::test]
async fn nobody_elses_job_is_cancelled() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let bob = scene.world.register("bob");
    let application = &scene.gateway.application;
    for unknown in [id.as_str(), "job_x", "../x"] {
        let answer = application.cancel_job(&bob, unknown).await;
        assert!(
            matches!(answer, Err(RequestError::JobNotFound { ref job }) if job == unknown),
            "{answer:?}"
        );
    }
    assert_eq!(scene.status(&id), JobStatus::Queued);
}
