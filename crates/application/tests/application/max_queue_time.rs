//! How long a job may wait to be taken.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Failure, FailureClass, JobState, JobStatus};
use batchway_domain::job_type::{JobType, JobTypes};
use batchway_domain::ports::{Held, SubmitError};
use batchway_memory_adapters::{ArtifactStoreCall, Fault, JobStoreCall};

use crate::job_types::{HURRY, PATIENCE, REMOTE, SIMULATE, job_types};
use crate::mock_backend::{backend_with_room, target};
use crate::scene::{MINUTE, SECOND, Scene, Setup, World};

/// A scene whose only slot is taken.
async fn full() -> Scene {
    let scene = Scene::with_slots(1);
    scene.start(SIMULATE).await;
    scene
}

fn has_expired(scene: &Scene, id: &JobId) -> bool {
    match scene.job(id).state {
        JobState::Accepted { .. } => false,
        JobState::Failed { failure } => {
            assert_eq!(failure.class, FailureClass::Refused);
            assert!(failure.message.contains("60 seconds"), "{failure:?}");
            true
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_job_without_a_slot_fails_when_its_patience_is_over() {
    let scene = full().await;
    let patient = scene.submit(SIMULATE).await;
    let hurried = scene.submit(HURRY).await;
    scene.world.clock.advance(PATIENCE - SECOND);
    scene.run("dispatch:process").await;
    assert!(!has_expired(&scene, &hurried));
    scene.world.clock.advance(30 * SECOND);
    scene.run("dispatch:process").await;
    assert!(has_expired(&scene, &hurried));
    scene.world.clock.advance(100 * MINUTE);
    scene.run("dispatch:process").await;
    assert!(!has_expired(&scene, &patient), "its type has no limit");
}

#[tokio::test]
async fn a_job_behind_many_that_have_no_limit_fails_too() {
    let scene = full().await;
    for _ in 0..500 {
        scene.submit(SIMULATE).await;
    }
    let mut hurried = Vec::new();
    for _ in 0..100 {
        hurried.push(scene.submit(HURRY).await);
    }
    scene.world.clock.advance(PATIENCE + SECOND);
    scene.run("dispatch:process").await;
    assert!(hurried.iter().all(|id| has_expired(&scene, id)));
}

#[tokio::test]
async fn those_that_were_only_looked_at_are_as_they_were() {
    let scene = full().await;
    let first = scene.submit(SIMULATE).await;
    scene.world.clock.advance(SECOND);
    let second = scene.submit(SIMULATE).await;
    scene.world.clock.advance(PATIENCE + SECOND);
    scene.run("dispatch:process").await;
    for id in [first, second] {
        for copy in scene.world.process.ids() {
            scene.world.process.exit(&copy, 1);
        }
        assert_eq!(scene.run("dispatch:process").await.taken, 1);
        assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
    }
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_try_is_not_made_due_by_a_look() {
    let scene = full().await;
    let (id, _) = second_try(&scene).await;
    scene.world.clock.advance(SECOND);
    scene.run("dispatch:process").await;
    // Its time has not come, also where a slot is free now.
    for copy in scene.world.process.ids() {
        scene.world.process.exit(&copy, 1);
    }
    assert_eq!(scene.run("dispatch:process").await.taken, 0);
    assert_eq!(scene.job(&id).current_try.number, 2);
}

/// A hurried job whose first try ran for ten minutes and then lost its host, in a scene whose
/// slots are taken again.
async fn second_try(scene: &Scene) -> (JobId, Timestamp) {
    for copy in scene.world.process.ids() {
        scene.world.process.exit(&copy, 1);
    }
    scene.world.clock.advance(MINUTE);
    scene.run("watch:process").await;
    let (id, copy) = scene.start(HURRY).await;
    scene.world.clock.advance(10 * MINUTE);
    let gone = Failure::new(FailureClass::HostLost, "The machine went away.");
    scene.world.process.fail(&copy, gone);
    let ended_at = scene.world.now();
    scene.run("watch:process").await;
    assert_eq!(scene.job(&id).current_try.number, 2);
    scene.send(SIMULATE).await;
    (id, ended_at)
}

#[tokio::test]
async fn a_later_try_waits_since_the_end_of_the_one_before() {
    for has_slot in [false, true] {
        let scene = full().await;
        let (id, ended_at) = second_try(&scene).await;
        scene.world.clock.set(ended_at.plus(PATIENCE - SECOND));
        scene.run("dispatch:process").await;
        assert!(!has_expired(&scene, &id));
        scene.world.clock.set(ended_at.plus(PATIENCE + 30 * SECOND));
        if has_slot {
            for copy in scene.world.process.ids() {
                scene.world.process.exit(&copy, 1);
            }
        }
        scene.run("dispatch:process").await;
        assert!(has_expired(&scene, &id), "with a slot: {has_slot}");
    }
}

#[tokio::test]
async fn being_held_or_throttled_does_not_begin_the_wait_anew() {
    let errors: [fn() -> SubmitError; 2] = [
        || {
            SubmitError::Held(Held {
                code: "credentials".to_owned(),
                message: "The credentials have expired.".to_owned(),
            })
        },
        || SubmitError::DidNotHappen {
            reason: "throttled".to_owned(),
            retry_after: Some(10 * SECOND),
            source: None,
        },
    ];
    for error in errors {
        let mut backend = backend_with_room();
        backend.expect_resolve_target().returning(|_| Ok(target()));
        backend.expect_submit().returning(move |_| Err(error()));
        let scene = Scene::with_backend(backend);
        let id = scene.submit(HURRY).await;
        for _ in 0..5 {
            scene.run("dispatch:process").await;
            assert!(!has_expired(&scene, &id));
            scene.world.clock.advance(10 * SECOND);
        }
        scene.world.clock.advance(30 * SECOND);
        scene.run("dispatch:process").await;
        assert!(has_expired(&scene, &id));
    }
}

#[tokio::test]
async fn a_full_backend_is_not_looked_through_each_second() {
    let scene = full().await;
    scene.submit(HURRY).await;
    let faults = scene.gateway.jobs.faults();
    let before = faults.calls(JobStoreCall::TakeDue);
    for _ in 0..60 {
        scene.run("dispatch:process").await;
        scene.world.clock.advance(SECOND);
    }
    assert_eq!(faults.calls(JobStoreCall::TakeDue) - before, 2);
    scene.world.clock.set(Timestamp::EPOCH);
    scene.run("dispatch:process").await;
    let looks = faults.calls(JobStoreCall::TakeDue) - before;
    assert_eq!(looks, 3, "a clock that was set back does not end the looks");
}

#[tokio::test]
async fn without_any_limit_nobody_is_looked_for() {
    let without_limits = job_types()
        .iter()
        .cloned()
        .map(Arc::unwrap_or_clone)
        .filter(|kind| kind.max_queue_time.is_none())
        .collect();
    let world = World::new(0);
    let gateway = world.replica(Setup {
        job_types: without_limits,
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let id = scene.submit(SIMULATE).await;
    scene.world.clock.advance(100 * MINUTE);
    scene.run("dispatch:process").await;
    assert_eq!(scene.status(&id), JobStatus::Queued);
    let faults = scene.gateway.jobs.faults();
    assert_eq!(faults.calls(JobStoreCall::TakeDue), 0);
}

/// A job of a backend with a queue that is accepted again, after a sending that nobody knows the
/// end of, and whose patience is over.
async fn in_doubt_for_too_long() -> (Scene, JobId) {
    let types = job_types();
    let remote = types.get(&REMOTE.parse().unwrap()).unwrap();
    let remote = JobType {
        max_queue_time: Some(10 * MINUTE),
        ..(**remote).clone()
    };
    let scene = Scene::with(Setup {
        job_types: JobTypes::from_iter([remote]),
        ..Setup::default()
    });
    scene.world.batch.lose_replies(1);
    scene.world.batch.hide_from_lookups(true);
    let id = scene.submit(REMOTE).await;
    scene.run("dispatch:aws-batch").await;
    while matches!(scene.job(&id).state, JobState::Unresolved { .. }) {
        scene.world.clock.advance(30 * SECOND);
        scene.run("resolve:aws-batch").await;
    }
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
    assert!(scene.job(&id).current_try.in_doubt);
    scene.world.clock.advance(10 * MINUTE);
    (scene, id)
}

#[tokio::test]
async fn a_job_in_doubt_fails_only_once_its_gate_is_shut() {
    let (scene, id) = in_doubt_for_too_long().await;
    let faults = scene.gateway.artifacts.faults();
    faults.fail_next(ArtifactStoreCall::Create, Fault::RequestLost);
    scene.run("dispatch:aws-batch").await;
    assert_eq!(scene.status(&id), JobStatus::Queued, "the gate is open");
    scene.world.clock.advance(2 * MINUTE);
    scene.run("dispatch:aws-batch").await;
    assert_eq!(scene.status(&id), JobStatus::Failed);
    // The copy that nobody saw turns up, and does nothing.
    let copy = scene.world.batch.ids()[0].clone();
    assert!(!scene.world.start_runner(&scene.job(&id), &copy).await);
}

#[tokio::test]
async fn a_job_in_doubt_that_runs_after_all_is_not_failed() {
    let (scene, id) = in_doubt_for_too_long().await;
    let copy = scene.world.batch.ids()[0].clone();
    assert!(scene.world.start_runner(&scene.job(&id), &copy).await);
    scene.run("dispatch:aws-batch").await;
    scene.world.clock.advance(SECOND);
    scene.run("resolve:aws-batch").await;
    let job = scene.job(&id);
    assert_eq!(job.state.backend_id(), Some(&copy), "{:?}", job.state);
}
