//! What programs wrote is put beside the artifacts once their job has ended, whatever comes between.

use std::sync::Arc;

use batchway_application::RequestError;
use batchway_application::use_cases::LogRequest;
use batchway_domain::artifacts::LOG_HEADER;
use batchway_domain::job::{BackendId, Failure, FailureClass, Job, JobStatus};
use batchway_domain::ports::ComputeBackend;
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault, JobStoreCall};

use crate::job_types::{REMOTE, SIMULATE};
use crate::limited_backend::{Call, LimitedBackend};
use crate::scene::{DAY, MINUTE, SECOND, Scene, Setup};

const REMOVE: &str = "remove";

/// What lies in the archive of one attempt of a try.
fn archived(scene: &Scene, job: &Job, try_number: u32, attempt: u32) -> Option<String> {
    let key = job.folder().log(try_number, attempt);
    let content = scene.world.artifacts.content(key.as_str())?;
    Some(String::from_utf8(content.to_vec()).unwrap())
}

/// A job whose program wrote a line and ended well.
async fn ended(scene: &Scene, kind: &str) -> (Job, BackendId) {
    let (id, copy) = scene.start(kind).await;
    let job = scene.job(&id);
    scene.world.backend_of(&job).write(&copy, "done");
    scene.world.finish_runner(&job, &copy);
    scene.watch_all(&id).await;
    (scene.job(&id), copy)
}

fn is_to_archive(scene: &Scene, job: &Job) -> bool {
    scene.job(&job.id).archive_logs_at.is_some()
}

#[tokio::test]
async fn the_log_of_a_process_is_archived_as_soon_as_it_has_ended() {
    let scene = Scene::new();
    let (job, _) = ended(&scene, SIMULATE).await;
    assert_eq!(archived(&scene, &job, 1, 1), None);
    assert_eq!(scene.run(REMOVE).await.taken, 1);
    let log = archived(&scene, &job, 1, 1).unwrap();
    assert!(log.ends_with("Z\tdone\n"), "{log:?}");
    assert!(!is_to_archive(&scene, &job));
    assert_eq!(scene.run(REMOVE).await.taken, 0, "once is enough");
}

#[tokio::test]
async fn a_log_that_comes_over_a_network_is_given_time() {
    let scene = Scene::new();
    let (job, _) = ended(&scene, REMOTE).await;
    assert_eq!(scene.run(REMOVE).await.taken, 0);
    scene.world.clock.advance(15 * SECOND);
    assert_eq!(scene.run(REMOVE).await.taken, 1);
    assert!(archived(&scene, &job, 1, 1).is_some());
}

#[tokio::test]
async fn a_log_without_a_line_may_be_late_and_then_is_empty() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    let job = scene.job(&id);
    scene.world.finish_runner(&job, &copy);
    scene.watch_all(&id).await;
    let ended_at = scene.world.now();
    while is_to_archive(&scene, &job) {
        assert_eq!(archived(&scene, &job, 1, 1), None);
        scene.world.clock.advance(15 * SECOND);
        scene.run(REMOVE).await;
    }
    let waited = scene.world.now().since(ended_at);
    assert!((5 * MINUTE..=8 * MINUTE).contains(&waited), "{waited:?}");
    assert_eq!(archived(&scene, &job, 1, 1).as_deref(), Some(LOG_HEADER));
}

#[tokio::test]
async fn what_the_runner_stored_stays_where_the_backend_has_nothing() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    let job = scene.job(&id);
    let key = job.folder().log(1, 1);
    scene.world.artifacts.insert(key.as_str(), "as written");
    scene.world.finish_runner(&job, &copy);
    scene.watch_all(&id).await;
    scene.world.clock.advance(10 * MINUTE);
    scene.run(REMOVE).await;
    assert!(!is_to_archive(&scene, &job));
    assert_eq!(archived(&scene, &job, 1, 1).unwrap(), "as written");

    let (id, copy) = scene.start(REMOTE).await;
    let job = scene.job(&id);
    let key = job.folder().log(1, 1);
    scene.world.artifacts.insert(key.as_str(), "as written");
    scene.world.batch.write(&copy, "at the backend");
    scene.world.finish_runner(&job, &copy);
    scene.watch_all(&id).await;
    scene.world.clock.advance(MINUTE);
    scene.run(REMOVE).await;
    let log = archived(&scene, &job, 1, 1).unwrap();
    assert!(log.ends_with("Z\tat the backend\n"), "{log:?}");
}

#[tokio::test]
async fn every_attempt_of_every_try_is_archived() {
    let scene = Scene::new();
    let (id, first) = scene.start(REMOTE).await;
    let batch = &scene.world.batch;
    batch.write(&first, "try 1, attempt 1");
    batch.wait(&first, None);
    batch.run(&first);
    batch.write(&first, "try 1, attempt 2");
    batch.fail(
        &first,
        Failure::new(FailureClass::SpotReclaim, "Taken back."),
    );
    scene.watch_all(&id).await;
    scene.world.clock.advance(MINUTE);
    scene.run("dispatch:aws-batch").await;
    let second = scene.job(&id).state.backend_id().cloned().unwrap();
    scene.world.start_runner(&scene.job(&id), &second).await;
    batch.write(&second, "try 2, attempt 1");
    scene.world.finish_runner(&scene.job(&id), &second);
    scene.watch_all(&id).await;
    let job = scene.job(&id);
    assert_eq!(
        (job.status(), job.attempts.len()),
        (JobStatus::Completed, 3)
    );
    scene.world.clock.advance(MINUTE);
    scene.run(REMOVE).await;
    for (try_number, attempt) in [(1, 1), (1, 2), (2, 1)] {
        let log = archived(&scene, &job, try_number, attempt).unwrap();
        let line = format!("\ttry {try_number}, attempt {attempt}\n");
        assert!(log.ends_with(&line), "{log:?}");
    }
}

#[tokio::test]
async fn a_job_that_never_started_costs_nothing() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let key = &scene.world.key;
    let cancelled = scene.gateway.application.cancel_job(key, id.as_str());
    cancelled.await.unwrap();
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
    scene.world.clock.advance(DAY);
    assert_eq!(scene.run(REMOVE).await.taken, 0);
}

/// Whatever fails, and wherever the gateway dies, the log is there in the end.
#[tokio::test]
async fn what_fails_is_done_again() {
    let (store, artifacts) = (JobStoreCall::Commit, ArtifactStoreCall::Put);
    for fault in [Fault::RequestLost, Fault::ReplyLost] {
        for number in 0..3 {
            let scene = Scene::new();
            let (job, _) = ended(&scene, SIMULATE).await;
            match number {
                0 => scene.gateway.jobs.faults().fail_next_of(store, 2, fault),
                1 => scene.gateway.artifacts.faults().fail_next(artifacts, fault),
                _ => {
                    let faults = scene.gateway.process.faults();
                    faults.fail_next(ComputeBackendCall::ReadLog, fault);
                }
            }
            scene.gateway.run(REMOVE).await;
            scene.world.clock.advance(5 * MINUTE);
            scene.run(REMOVE).await;
            assert!(archived(&scene, &job, 1, 1).unwrap().ends_with("\tdone\n"));
            assert!(!is_to_archive(&scene, &job), "{number}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_log_that_breaks_off_half_way_is_not_taken_for_whole() {
    let scene = Scene::new();
    let (job, _) = ended(&scene, SIMULATE).await;
    let faults = scene.gateway.process.faults();
    let calls = faults.calls(ComputeBackendCall::ReadLog);
    faults.fail_nth(ComputeBackendCall::ReadLog, calls + 2, Fault::RequestLost);
    scene.run(REMOVE).await;
    assert_eq!(archived(&scene, &job, 1, 1), None);
    scene.world.clock.advance(MINUTE);
    scene.run(REMOVE).await;
    assert!(archived(&scene, &job, 1, 1).is_some());
}

#[tokio::test]
async fn nothing_is_forgotten_before_its_log_is_archived() {
    let scene = Scene::new();
    let (job, copy) = ended(&scene, SIMULATE).await;
    scene.world.clock.advance(91 * DAY);
    scene.run(REMOVE).await;
    assert!(archived(&scene, &job, 1, 1).is_some());
    assert!(!scene.world.process.is_forgotten(&copy));
    scene.run(REMOVE).await;
    assert_eq!(scene.world.jobs.job(&job.id), None);
    assert!(scene.world.process.is_forgotten(&copy));
}

#[tokio::test]
async fn what_can_not_be_archived_for_a_day_is_given_up() {
    let scene = Scene::new();
    let (job, _) = ended(&scene, SIMULATE).await;
    let faults = scene.gateway.artifacts.faults();
    faults.fail_at_random(1, 1.0, &[Fault::RequestLost]);
    let mut hours = 0;
    while is_to_archive(&scene, &job) {
        scene.run(REMOVE).await;
        scene.world.clock.advance(60 * MINUTE);
        hours += 1;
    }
    assert!((24..=26).contains(&hours), "{hours}");
    faults.clear();
    scene.world.clock.advance(90 * DAY);
    scene.run(REMOVE).await;
    assert_eq!(scene.world.jobs.job(&job.id), None);
}

#[tokio::test]
async fn a_log_that_is_gone_keeps_nothing_waiting() {
    let scene = Scene::new();
    let (job, copy) = ended(&scene, SIMULATE).await;
    scene.world.process.forget(&copy).await.unwrap();
    scene.run(REMOVE).await;
    assert_eq!(archived(&scene, &job, 1, 1), None);
    assert!(!is_to_archive(&scene, &job));
}

#[tokio::test]
async fn where_too_many_calls_are_made_logs_wait() {
    let world = crate::scene::World::new(8);
    let service = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let service = Arc::new(service.with_calls(50, 50));
    let gateway = world.replica(Setup {
        batch: Some(service.clone()),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let (job, _) = ended(&scene, REMOTE).await;
    scene.world.clock.advance(15 * SECOND);
    service.throttle(1);
    scene.run(REMOVE).await;
    assert_eq!(service.count(Call::ReadLog), 1);
    assert_eq!(
        scene.job(&job.id).version,
        job.version,
        "that is no failure"
    );
    scene.world.clock.advance(5 * SECOND);
    scene.run(REMOVE).await;
    assert!(archived(&scene, &job, 1, 1).is_some());
}

#[tokio::test]
async fn a_log_on_another_host_is_left_to_that_host() {
    let world = crate::scene::World::new(8);
    let on_host = |name| {
        let backend = LimitedBackend::new(world.process.clone(), world.clock.clone());
        Setup {
            process: Some(Arc::new(backend.on_host(name))),
            ..Setup::default()
        }
    };
    let other = world.replica(on_host("b"));
    let gateway = world.replica(on_host("a"));
    let scene = Scene { world, gateway };
    let (job, _) = ended(&scene, SIMULATE).await;
    for _ in 0..20 {
        other.run(REMOVE).await;
        scene.world.clock.advance(SECOND);
    }
    assert!(is_to_archive(&scene, &job));
    scene.run(REMOVE).await;
    assert!(archived(&scene, &job, 1, 1).is_some());

    let (lost, _) = ended(&scene, SIMULATE).await;
    scene.world.clock.advance(DAY);
    other.run(REMOVE).await;
    let lost = scene.job(&lost.id);
    assert_eq!(lost.archive_logs_at, None, "its host never came back");
}

#[tokio::test]
async fn those_who_follow_logs_delay_neither_looks_nor_the_archive() {
    let world = crate::scene::World::new(8);
    let service = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let gateway = world.replica(Setup {
        batch: Some(Arc::new(service.with_calls(50, 50))),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let (id, copy) = scene.start(REMOTE).await;
    let ask_too_often = async || {
        for _ in 0..50 {
            let (key, request) = (&scene.world.key, LogRequest::default());
            let application = &scene.gateway.application;
            let read = application.read_logs(key, id.as_str(), request).await;
            if matches!(read, Err(RequestError::BackendUnavailable(_))) {
                return;
            }
        }
        panic!("there is no limit");
    };
    ask_too_often().await;
    let job = scene.job(&id);
    scene.world.batch.write(&copy, "done");
    scene.world.finish_runner(&job, &copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    scene.world.clock.advance(15 * SECOND);
    ask_too_often().await;
    scene.run(REMOVE).await;
    assert!(archived(&scene, &job, 1, 1).is_some());
}
