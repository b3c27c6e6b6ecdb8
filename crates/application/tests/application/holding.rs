//! Targets that take nothing for now: their jobs wait, and one of them tries now and then.

use std::collections::BTreeMap;
use std::sync::Arc;

use batchway_domain::identity::JobId;
use batchway_domain::job::{FailureClass, Job, JobState, JobStatus};
use batchway_domain::job_type::{AwsBatchExecution, Execution, JobType, JobTypes};
use batchway_domain::ports::Held;
use batchway_memory_adapters::{ComputeBackendCall, Fault, JobStoreCall};

use crate::job_types::{FOREIGN, HURRY, PATIENCE, REMOTE, SIMULATE, job_types};
use crate::limited_backend::{Call, LimitedBackend};
use crate::scene::{MINUTE, Replica, SECOND, Scene, Setup, World};

const DISPATCH: &str = "dispatch:aws-batch";

fn expired() -> Option<Held> {
    Some(Held {
        code: "credentials".to_owned(),
        message: "The gateway's credentials have expired.".to_owned(),
    })
}

async fn submit(scene: &Scene, count: usize) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(scene.submit(REMOTE).await);
    }
    ids
}

/// Rounds until there is nothing left to do at this time.
async fn run_all(gateway: &Replica) {
    for _ in 0..100 {
        let report = gateway.run(DISPATCH).await;
        assert_eq!(report.failure, None);
        if report.taken == 0 {
            return;
        }
    }
    panic!("there is always more to do");
}

fn tries(gateway: &Replica) -> u64 {
    gateway.batch.faults().calls(ComputeBackendCall::Submit)
}

fn versions(scene: &Scene) -> BTreeMap<JobId, u64> {
    let jobs = scene.world.jobs.all_jobs().into_iter();
    jobs.map(|job| (job.id, job.version)).collect()
}

fn is_sent(job: &Job) -> bool {
    matches!(job.state, JobState::Submitted { .. })
}

#[tokio::test]
async fn one_job_tries_every_half_minute_and_the_others_wait_untouched() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    submit(&scene, 100).await;
    run_all(&scene.gateway).await;
    let first = tries(&scene.gateway);
    assert!(first <= 32, "one round: {first}");
    for job in scene.world.jobs.all_jobs() {
        let waiting = job.snapshot().waiting.expect("its owner is told why");
        assert_eq!(waiting.code, "credentials");
        assert!(waiting.message.contains("expired"));
    }
    let before = versions(&scene);
    for _ in 0..28 {
        scene.world.clock.advance(5 * SECOND + SECOND / 10);
        run_all(&scene.gateway).await;
    }
    let tried = tries(&scene.gateway) - first;
    assert!((4..=5).contains(&tried), "in 143 seconds: {tried}");
    let after = versions(&scene);
    let changed = before.iter().filter(|(id, version)| after[id] != **version);
    assert!(changed.count() <= 6, "only those that tried");
}

/// Whoever was to try next may be gone, and then nobody calls the others back.
#[tokio::test]
async fn jobs_that_wait_look_for_themselves_where_the_one_that_was_to_try_is_cancelled() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    submit(&scene, 3).await;
    run_all(&scene.gateway).await;
    let jobs = scene.world.jobs.all_jobs();
    let tries_next = jobs.iter().min_by_key(|job| job.due().at).unwrap();
    let key = &scene.world.key;
    let cancelled = scene
        .gateway
        .application
        .cancel_job(key, tries_next.id.as_str());
    assert!(cancelled.await.unwrap().confirmed);
    scene.world.batch.hold(None);
    scene.world.clock.advance(155 * SECOND);
    run_all(&scene.gateway).await;
    let sent = scene.world.jobs.all_jobs().into_iter().filter(is_sent);
    assert_eq!(sent.count(), 2);
}

#[tokio::test]
async fn replicas_try_together_no_more_often() {
    let scene = Scene::new();
    let other = scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    scene.world.batch.hold(expired());
    submit(&scene, 100).await;
    scene.gateway.run(DISPATCH).await;
    other.run(DISPATCH).await;
    run_all(&scene.gateway).await;
    run_all(&other).await;
    let both = || tries(&scene.gateway) + tries(&other);
    let first = both();
    for _ in 0..30 {
        scene.world.clock.advance(10 * SECOND);
        run_all(&scene.gateway).await;
        run_all(&other).await;
    }
    let tried = both() - first;
    assert!((9..=11).contains(&tried), "in 300 seconds: {tried}");
}

#[tokio::test]
async fn once_the_target_takes_one_all_go_at_once() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    let ids = submit(&scene, 100).await;
    run_all(&scene.gateway).await;
    scene.world.clock.advance(2 * MINUTE);
    run_all(&scene.gateway).await;
    scene.world.batch.hold(None);
    scene.world.clock.advance(31 * SECOND);
    run_all(&scene.gateway).await;
    assert!(ids.iter().all(|id| is_sent(&scene.job(id))));
    assert_eq!(scene.world.batch.submissions_taken(), 100);
}

#[tokio::test]
async fn a_replica_that_finds_the_target_open_tells_the_others() {
    let scene = Scene::new();
    let other = scene.world.replica(Setup {
        seed: 2,
        ..Setup::default()
    });
    scene.world.batch.hold(expired());
    let ids = submit(&scene, 150).await;
    // Both have found it shut.
    scene.gateway.run(DISPATCH).await;
    other.run(DISPATCH).await;
    run_all(&scene.gateway).await;
    scene.world.batch.hold(None);
    scene.world.clock.advance(31 * SECOND);
    scene.gateway.run(DISPATCH).await;
    let by_one = scene.world.batch.submissions_taken();
    assert!((1..=32).contains(&by_one), "{by_one}");
    // The other has not tried yet, and need not wait until it may.
    run_all(&other).await;
    assert!(ids.iter().all(|id| is_sent(&scene.job(id))));
}

#[tokio::test]
async fn a_job_that_comes_while_the_target_is_shut_is_not_tried() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    submit(&scene, 1).await;
    run_all(&scene.gateway).await;
    let tried = tries(&scene.gateway);
    scene.world.clock.advance(SECOND);
    let late = scene.submit(REMOTE).await;
    // Another type with the same queue and definition.
    let same = scene.submit(FOREIGN).await;
    run_all(&scene.gateway).await;
    assert_eq!(tries(&scene.gateway), tried);
    for id in [late, same] {
        let waiting = scene.job(&id).snapshot().waiting;
        assert_eq!(waiting.unwrap().code, "credentials");
    }
}

#[tokio::test]
async fn held_jobs_take_no_calls_from_others_and_are_held_by_target() {
    let world = World::new(8);
    let backend = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let backend = Arc::new(backend.with_calls(40, 40));
    let gateway = world.replica(Setup {
        batch: Some(backend.clone()),
        job_types: with_elsewhere(),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    scene.world.batch.hold(expired());
    submit(&scene, 32).await;
    run_all(&scene.gateway).await;
    scene.world.batch.hold(None);
    let elsewhere = scene.submit("elsewhere").await;
    scene.run(DISPATCH).await;
    assert!(is_sent(&scene.job(&elsewhere)), "its own target is open");
    assert_eq!(backend.count(Call::Submit), 33);
}

/// One more type, with another queue.
fn with_elsewhere() -> JobTypes {
    let types = job_types();
    let remote = types.get(&REMOTE.parse().unwrap()).unwrap();
    let elsewhere = JobType {
        name: "elsewhere".parse().unwrap(),
        execution: Execution::AwsBatch(AwsBatchExecution {
            queue: "another".to_owned(),
            definition: "definition:1".to_owned(),
            ..AwsBatchExecution::default()
        }),
        ..(**remote).clone()
    };
    let known = types.iter().map(|kind| (**kind).clone());
    JobTypes::from_iter(known.chain([elsewhere]))
}

#[tokio::test]
async fn a_held_job_fails_when_its_patience_is_over_and_not_before() {
    let scene = Scene::new();
    scene.world.process.hold(expired());
    let patient = scene.submit(SIMULATE).await;
    let mut hurried = Vec::new();
    for _ in 0..3 {
        hurried.push(scene.submit(HURRY).await);
    }
    scene.run("dispatch:process").await;
    for _ in 0..5 {
        scene.world.clock.advance(PATIENCE / 6);
        scene.run("dispatch:process").await;
    }
    assert!(
        hurried
            .iter()
            .all(|id| scene.status(id) == JobStatus::Queued)
    );
    scene.world.clock.advance(PATIENCE / 6);
    scene.run("dispatch:process").await;
    for id in &hurried {
        match scene.job(id).state {
            JobState::Failed { failure } => assert_eq!(failure.class, FailureClass::Refused),
            other => panic!("{other:?}"),
        }
    }
    scene.world.clock.advance(100 * MINUTE);
    scene.run("dispatch:process").await;
    assert_eq!(scene.status(&patient), JobStatus::Queued);
}

#[tokio::test]
async fn a_held_job_that_is_cancelled_is_gone_and_another_tries() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    let ids = submit(&scene, 20).await;
    run_all(&scene.gateway).await;
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    for id in &ids[..10] {
        let answer = application.cancel_job(key, id.as_str()).await;
        assert!(answer.unwrap().confirmed);
    }
    scene.world.batch.hold(None);
    for _ in 0..12 {
        scene.world.clock.advance(31 * SECOND);
        run_all(&scene.gateway).await;
    }
    assert!(ids[10..].iter().all(|id| is_sent(&scene.job(id))));
}

#[tokio::test]
async fn a_probe_without_an_answer_opens_nothing() {
    let scene = Scene::new();
    scene.world.batch.hold(expired());
    submit(&scene, 50).await;
    run_all(&scene.gateway).await;
    let first = tries(&scene.gateway);
    let faults = scene.gateway.batch.faults();
    faults.fail_next_of(ComputeBackendCall::Submit, 10, Fault::Declined);
    for _ in 0..10 {
        scene.world.clock.advance(10 * SECOND);
        run_all(&scene.gateway).await;
    }
    let tried = tries(&scene.gateway) - first;
    assert!((3..=4).contains(&tried), "in 100 seconds: {tried}");
}

#[tokio::test]
async fn calling_back_that_fails_is_made_good() {
    for call in [JobStoreCall::TakeDue, JobStoreCall::Reschedule] {
        let scene = Scene::new();
        scene.world.batch.hold(expired());
        let ids = submit(&scene, 10).await;
        run_all(&scene.gateway).await;
        scene.world.batch.hold(None);
        scene.world.clock.advance(31 * SECOND);
        let faults = scene.gateway.jobs.faults();
        let number = faults.calls(call) + if call == JobStoreCall::TakeDue { 2 } else { 1 };
        faults.fail_nth(call, number, Fault::RequestLost);
        scene.gateway.run(DISPATCH).await;
        for _ in 0..6 {
            scene.world.clock.advance(MINUTE);
            run_all(&scene.gateway).await;
        }
        assert!(ids.iter().all(|id| is_sent(&scene.job(id))), "{call:?}");
    }
}
