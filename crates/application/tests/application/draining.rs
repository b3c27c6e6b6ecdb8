//! Stopping: rounds that are on are finished, and what was taken and not begun is handed back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use batchway_domain::job::{Job, JobState};
use batchway_domain::ports::Clock;

use crate::job_types::{REMOTE, SIMULATE};
use crate::mock_backend::{backend_with_room, target};
use crate::scene::{MINUTE, Scene, Setup, World};

fn replica_of(scene: &Scene) -> crate::scene::Replica {
    scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    })
}

#[tokio::test]
async fn what_was_taken_while_it_drains_is_due_again_at_once() {
    let scene = Scene::new();
    let (watched, _) = scene.start(REMOTE).await;
    scene.world.batch.lose_replies(1);
    let doubtful = scene.submit(REMOTE).await;
    scene.run("dispatch:aws-batch").await;
    let accepted = scene.submit(REMOTE).await;
    scene.world.clock.advance(2 * MINUTE);
    let before: Vec<Job> = scene.world.jobs.all_jobs();
    scene.gateway.application.drain();
    for work in ["dispatch:aws-batch", "resolve:aws-batch", "watch:aws-batch"] {
        scene.run(work).await;
    }
    assert_eq!(scene.world.jobs.all_jobs(), before, "none was touched");
    let other = replica_of(&scene);
    for work in ["watch:aws-batch", "resolve:aws-batch", "dispatch:aws-batch"] {
        assert_eq!(other.run(work).await.taken, 1, "{work}");
    }
    assert!(matches!(
        scene.job(&accepted).state,
        JobState::Submitted { .. }
    ));
    assert!(scene.job(&watched).version > 0 && scene.job(&doubtful).version > 0);
}

#[tokio::test]
async fn a_job_that_was_claimed_is_not_sent_any_more() {
    let world = World::new(8);
    let mut backend = backend_with_room();
    let draining = Arc::new(AtomicBool::new(false));
    let told = draining.clone();
    let application = Arc::new(std::sync::OnceLock::<batchway_application::Application>::new());
    let to_drain = application.clone();
    backend.expect_resolve_target().returning(move |_| {
        // Between the taking of the job and its claim.
        to_drain.get().unwrap().drain();
        told.store(true, Ordering::SeqCst);
        Ok(target())
    });
    // A submission is not expected, and would fail the test.
    let gateway = world.replica(Setup {
        process: Some(Arc::new(backend)),
        ..Setup::default()
    });
    application.set(gateway.application.clone()).unwrap();
    let scene = Scene { world, gateway };
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    assert!(draining.load(Ordering::SeqCst));
    let job = scene.job(&id);
    assert_eq!(job.current_try.epoch, 1, "it was claimed");
    assert!(
        matches!(job.state, JobState::Accepted { .. }),
        "{:?}",
        job.state
    );
    assert!(job.due().at <= scene.world.clock.now());
    let other = replica_of(&scene);
    other.run("dispatch:process").await;
    assert_eq!(scene.world.process.submissions_taken(), 1);
}
