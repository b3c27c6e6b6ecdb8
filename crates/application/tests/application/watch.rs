//! Following a job at its backend to its end.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::JobId;
use batchway_domain::job::{
    BackendId, CancelCause, Failure, FailureClass, JobState, JobStatus, WaitingReason,
};
use batchway_domain::job_type::{JobType, JobTypes};
use batchway_domain::ports::{BackendAttempt, BackendError, BackendState, Candidate, Description};
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault};
use tokio::time::timeout;

use crate::job_types::{FOREIGN, REMOTE, SIMULATE, job_types};
use crate::mock_backend::{MockBackend, backend_with_room, target};
use crate::scene::{MINUTE, SECOND, Scene, Setup};

fn failure_of(scene: &Scene, id: &JobId) -> Failure {
    match scene.job(id).state {
        JobState::Failed { failure } => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_waiting_job_says_why_and_a_running_one_runs() {
    let scene = Scene::new();
    let (id, copy) = scene.send(REMOTE).await;
    let reason = WaitingReason {
        code: "CAPACITY".to_owned(),
        message: "There is no machine yet.".to_owned(),
    };
    scene.world.batch.wait(&copy, Some(reason.clone()));
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).snapshot().waiting, Some(reason));
    assert_eq!(scene.status(&id), JobStatus::Queued);
    scene.world.start_runner(&scene.job(&id), &copy).await;
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Running);
    assert_eq!(scene.job(&id).attempts.len(), 1);
}

#[tokio::test]
async fn success_with_a_manifest_completes_with_the_first_main_result_that_is_there() {
    let cases: [(&[&str], Option<&str>); 3] = [
        (&["results.json", "results.h5"], Some("results.h5")),
        (&["results.json", "a.svg"], Some("results.json")),
        (&["a.svg"], None),
    ];
    for (names, expected) in cases {
        let scene = Scene::new();
        let (id, copy) = scene.start(SIMULATE).await;
        let end = ProgramEnd::Exited { code: 0 };
        scene.world.leave(&scene.job(&id), &copy, end, names);
        scene.world.process.succeed(&copy);
        scene.watch_all(&id).await;
        let application = &scene.gateway.application;
        let view = application.get_job(&scene.world.key, id.as_str()).await;
        let view = view.unwrap();
        assert_eq!(view.snapshot.status, JobStatus::Completed);
        assert_eq!(view.snapshot.main_result.as_deref(), expected);
        assert_eq!(view.result.is_some(), expected.is_some());
    }
}

#[tokio::test]
async fn success_without_a_manifest_is_none() {
    let scene = Scene::new();
    let (ran, copy) = scene.start(SIMULATE).await;
    scene.world.process.succeed(&copy);
    scene.watch_all(&ran).await;
    let failure = failure_of(&scene, &ran);
    assert_eq!(failure.class, FailureClass::ProgramExit);

    let (never_ran, copy) = scene.send(SIMULATE).await;
    scene.world.process.succeed(&copy);
    scene.watch_all(&never_ran).await;
    let job = scene.job(&never_ran);
    assert_eq!(
        job.current_try.number, 2,
        "a failure to start is tried again"
    );
    let failure = job.attempts[0].failure.as_ref().unwrap();
    assert_eq!(failure.class, FailureClass::StartFailure);
}

#[tokio::test]
async fn success_with_a_manifest_that_says_otherwise_is_what_the_manifest_says() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let end = ProgramEnd::Exited { code: 3 };
    scene.world.leave(&scene.job(&id), &copy, end, &["a.log"]);
    scene.world.process.succeed(&copy);
    scene.watch_all(&id).await;
    let failure = failure_of(&scene, &id);
    assert_eq!(failure.class, FailureClass::ProgramExit);
    assert_eq!(failure.exit_code, Some(3));
}

#[tokio::test]
async fn a_manifest_that_can_not_be_read_now_is_waited_for() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let job = scene.job(&id);
    scene.world.finish_runner(&job, &copy);
    let faults = scene.gateway.artifacts.faults();
    faults.fail_next(ArtifactStoreCall::Read, Fault::RequestLost);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Running);
    let manifest = job.folder().manifest(1);
    let genuine = scene.world.artifacts.content(manifest.as_str()).unwrap();
    scene.world.artifacts.insert(manifest.as_str(), "rubbish");
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Running);
    scene.world.artifacts.insert(manifest.as_str(), genuine);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
}

#[tokio::test]
async fn without_a_runner_the_main_result_is_the_one_that_is_stored() {
    for (stored, expected) in [("results.json", Some("results.json")), ("other.txt", None)] {
        let scene = Scene::new();
        let (id, copy) = scene.send(FOREIGN).await;
        let key = scene.job(&id).folder().artifact(stored).unwrap();
        scene.world.artifacts.insert(key.as_str(), "content");
        scene.world.batch.succeed(&copy);
        let faults = scene.gateway.artifacts.faults();
        faults.fail_next(ArtifactStoreCall::Metadata, Fault::RequestLost);
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), JobStatus::Queued, "not known yet");
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), JobStatus::Completed);
        let main_result = scene.job(&id).main_result;
        assert_eq!(main_result.as_deref(), expected);
    }
}

/// Sends the present try, lets it run and fail in this way; answers how many tries there are.
async fn fail_a_try(scene: &Scene, id: &JobId, class: FailureClass) -> u32 {
    scene.world.clock.advance(10 * MINUTE);
    scene.run("dispatch:process").await;
    let copy = scene.job(id).state.backend_id().unwrap().clone();
    scene.world.start_runner(&scene.job(id), &copy).await;
    scene
        .world
        .process
        .fail(&copy, Failure::new(class, "It failed."));
    scene.watch_all(id).await;
    scene.job(id).current_try.number
}

#[tokio::test]
async fn each_class_of_failure_has_its_number_of_tries() {
    let cases = [
        (FailureClass::HostLost, 3),
        (FailureClass::StartFailure, 3),
        (FailureClass::SpotReclaim, 3),
        (FailureClass::ImagePull, 3),
        (FailureClass::OutOfMemory, 2),
        (FailureClass::ProgramExit, 1),
        (FailureClass::Timeout, 1),
        (FailureClass::Unknown, 1),
    ];
    for (class, tries) in cases {
        let scene = Scene::new();
        let id = scene.submit(SIMULATE).await;
        for number in 1..tries {
            assert_eq!(fail_a_try(&scene, &id, class).await, number + 1);
            assert_eq!(scene.status(&id), JobStatus::Queued);
        }
        fail_a_try(&scene, &id, class).await;
        assert_eq!(failure_of(&scene, &id).class, class);
        let attempts = scene.job(&id).attempts;
        assert_eq!(attempts.len(), tries as usize, "every attempt is visible");
    }
}

#[tokio::test]
async fn a_job_stopped_at_its_backend_is_cancelled_saying_so() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.stop_outside(&copy);
    scene.watch_all(&id).await;
    let cause = CancelCause::StoppedOutside;
    assert_eq!(scene.job(&id).state, JobState::Cancelled { cause });
    assert!(scene.job(&id).snapshot().error.is_some());
}

#[tokio::test]
async fn an_absent_job_is_lost_after_ten_minutes_and_a_look_up() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.vanish(&copy);
    let faults = scene.gateway.process.faults();
    let look_ups = || faults.calls(ComputeBackendCall::FindByName);
    for _ in 0..10 {
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), JobStatus::Running);
        assert_eq!(look_ups(), 0, "absence is new");
    }
    faults.fail_next(ComputeBackendCall::FindByName, Fault::RequestLost);
    scene.watch_all(&id).await;
    assert_eq!(look_ups(), 1);
    assert_eq!(scene.status(&id), JobStatus::Running, "nothing is known");
    scene.watch_all(&id).await;
    assert_eq!(failure_of(&scene, &id).class, FailureClass::Lost);
}

#[tokio::test]
async fn a_lost_job_with_a_manifest_is_what_the_manifest_says() {
    for (code, expected) in [(0, JobStatus::Completed), (1, JobStatus::Failed)] {
        let scene = Scene::new();
        let (id, copy) = scene.start(SIMULATE).await;
        let end = ProgramEnd::Exited { code };
        let job = scene.job(&id);
        scene.world.leave(&job, &copy, end, &["results.h5"]);
        scene.world.process.vanish(&copy);
        for _ in 0..12 {
            scene.watch_all(&id).await;
        }
        assert_eq!(scene.status(&id), expected);
        if expected == JobStatus::Failed {
            assert_eq!(failure_of(&scene, &id).exit_code, Some(1));
        } else {
            let main_result = scene.job(&id).main_result;
            assert_eq!(main_result.as_deref(), Some("results.h5"));
        }
    }
}

#[tokio::test]
async fn what_a_look_up_finds_is_not_lost() {
    let mut backend = accepting_backend();
    backend.expect_describe().returning(|_| Ok(Vec::new()));
    backend.expect_find_by_name().returning(|_, _, _| {
        let created_at = Timestamp::EPOCH;
        let id = BackendId("copy".to_owned());
        Ok(vec![Candidate { id, created_at }])
    });
    let scene = Scene::with_backend(backend);
    let (id, _) = scene.send(SIMULATE).await;
    for _ in 0..100 {
        scene.watch_all(&id).await;
    }
    assert_eq!(scene.status(&id), JobStatus::Queued);
}

#[tokio::test]
async fn that_another_copy_is_found_does_not_keep_a_vanished_one_for_ever() {
    let mut backend = accepting_backend();
    backend.expect_describe().returning(|_| Ok(Vec::new()));
    backend.expect_find_by_name().returning(|_, _, _| {
        let created_at = Timestamp::EPOCH;
        let id = BackendId("another".to_owned());
        Ok(vec![Candidate { id, created_at }])
    });
    backend.expect_terminate().returning(|_, _| Ok(()));
    let scene = Scene::with_backend(backend);
    let (id, copy) = scene.send(SIMULATE).await;
    for _ in 0..30 {
        scene.watch_all(&id).await;
        scene.run("resolve:process").await;
    }
    assert_ne!(scene.job(&id).state.backend_id(), Some(&copy));
}

#[tokio::test]
async fn a_backend_that_does_not_answer_changes_nothing_but_what_is_said_of_it() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let faults = scene.gateway.process.faults();
    faults.fail_next_of(ComputeBackendCall::Describe, 30, Fault::RequestLost);
    for _ in 0..30 {
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), JobStatus::Running);
    }
    let shown = scene.job(&id).snapshot();
    assert!(shown.backend_unreachable_since.is_some());
    assert_eq!(shown.last_checked_at, Some(scene.world.now()));
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(scene.job(&id).backend_unreachable_since, None);
}

#[tokio::test]
async fn a_hundred_jobs_are_one_question() {
    let scene = Scene::new();
    for _ in 0..110 {
        scene.submit(REMOTE).await;
    }
    for _ in 0..4 {
        scene.run("dispatch:aws-batch").await;
    }
    let faults = scene.gateway.batch.faults();
    for (taken, more) in [(100, true), (10, false)] {
        let before = faults.calls(ComputeBackendCall::Describe);
        let report = scene.run("watch:aws-batch").await;
        assert_eq!((report.taken, report.more), (taken, more));
        assert_eq!(faults.calls(ComputeBackendCall::Describe) - before, 1);
    }
    let before = faults.calls(ComputeBackendCall::Describe);
    scene.run("watch:aws-batch").await;
    let asked = faults.calls(ComputeBackendCall::Describe) - before;
    assert_eq!(asked, 0, "nobody is asked about nothing");
}

/// A backend that takes what it is sent as `copy`.
fn accepting_backend() -> MockBackend {
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend
        .expect_submit()
        .returning(|_| Ok(BackendId("copy".to_owned())));
    backend
}

fn running(ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
    Ok(ids
        .iter()
        .map(|id| Description {
            id: id.clone(),
            state: BackendState::Running,
            attempts: vec![BackendAttempt::default()],
        })
        .collect())
}

#[tokio::test]
async fn what_goes_on_is_not_told_to_stop() {
    let mut backend = accepting_backend();
    backend.expect_describe().returning(running);
    let scene = Scene::with_backend(backend);
    let (id, _) = scene.send(SIMULATE).await;
    for _ in 0..3 {
        scene.watch_all(&id).await;
    }
    assert_eq!(scene.status(&id), JobStatus::Running);
}

#[tokio::test(start_paused = true)]
async fn what_must_stop_is_told_so_once_with_each_look() {
    let mut backend = accepting_backend();
    backend.expect_describe().returning(running);
    let mut told = 0;
    backend
        .expect_terminate()
        .times(3)
        .returning(move |id, reason| {
            assert_eq!(id.0, "copy");
            assert!(!reason.is_empty());
            told += 1;
            if told == 2 {
                let reason = "the line is down".to_owned();
                return Err(BackendError {
                    reason,
                    throttled: false,
                    source: None,
                });
            }
            Ok(())
        });
    let scene = Scene::with_backend(backend);
    let (id, _) = scene.send(SIMULATE).await;
    scene.watch_all(&id).await;
    let application = &scene.gateway.application;
    let cancel = application.cancel_job(&scene.world.key, id.as_str());
    assert!(timeout(Duration::ZERO, cancel).await.is_err(), "it waits");
    for _ in 0..3 {
        assert_eq!(scene.run("watch:process").await.taken, 1);
        assert_eq!(scene.status(&id), JobStatus::Running);
        scene.world.clock.advance(SECOND / 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_that_fails_by_itself_is_failed() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.hold_stops();
    let application = &scene.gateway.application;
    let cancel = application.cancel_job(&scene.world.key, id.as_str());
    assert!(!cancel.await.unwrap().confirmed);
    let gone = Failure::new(FailureClass::HostLost, "The machine went away.");
    scene.world.process.fail(&copy, gone);
    scene.watch_all(&id).await;
    assert_eq!(failure_of(&scene, &id).class, FailureClass::HostLost);
    assert_eq!(scene.job(&id).current_try.number, 1, "never retried");
}

#[tokio::test]
async fn a_job_whose_type_is_gone_still_counts_by_its_manifest() {
    let scene = Scene::new();
    let (with, first) = scene.start(SIMULATE).await;
    let (without, second) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&with), &first);
    scene.world.process.succeed(&second);
    let later = scene.world.replica(Setup {
        job_types: JobTypes::default(),
        ..Setup::default()
    });
    scene.world.clock.advance(MINUTE);
    later.run("watch:process").await;
    assert_eq!(scene.status(&with), JobStatus::Completed);
    assert_eq!(
        failure_of(&scene, &without).class,
        FailureClass::ProgramExit
    );
}

#[tokio::test]
async fn a_job_type_that_is_changed_or_taken_out_changes_nothing_for_what_runs() {
    for kind in [FOREIGN, REMOTE] {
        for becomes_its_opposite in [true, false] {
            let scene = Scene::new();
            let (id, copy) = scene.start(kind).await;
            let changed = job_types()
                .iter()
                .filter(|found| becomes_its_opposite || found.name.as_str() != kind)
                .map(|found| JobType {
                    gated: !found.gated,
                    ..JobType::clone(found)
                })
                .collect();
            let later = scene.world.replica(Setup {
                job_types: changed,
                ..Setup::default()
            });
            if kind == FOREIGN {
                scene.world.batch.succeed(&copy);
            } else {
                scene.world.finish_runner(&scene.job(&id), &copy);
            }
            scene.world.clock.advance(MINUTE);
            later.run("watch:aws-batch").await;
            assert_eq!(scene.status(&id), JobStatus::Completed, "{kind}");
            let key = &scene.world.key;
            let listed = later.application.list_artifacts(key, id.as_str()).await;
            assert_eq!(listed.unwrap().artifacts.is_empty(), kind == FOREIGN);
        }
    }
}
