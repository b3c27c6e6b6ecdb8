//! Sending: claim, send once, classify.

use std::collections::BTreeSet;
use std::sync::Arc;

use batchway_application::use_cases::ListRequest;
use batchway_domain::job::{BackendId, Failure, FailureClass, JobState, JobStatus};
use batchway_domain::job_type::JobTypes;
use batchway_domain::ports::{Capacity, Clock, JobStore, ParamsDelivery};
use batchway_domain::runner::variables;
use batchway_domain::security::JobToken;
use batchway_memory_adapters::{ComputeBackendCall, Fault, JobStoreCall};
use futures_util::FutureExt;

use crate::job_types::{COLLECT, REMOTE, SIMULATE, job_types};
use crate::mock_backend::{backend_with_room, backend_without_limits, target};
use crate::scene::{Replica, SECOND, Scene, Setup, World, request_with};
use crate::settings::secrets;

#[tokio::test]
async fn no_more_are_sent_than_there_are_slots() {
    let scene = Scene::with_slots(2);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(scene.submit(SIMULATE).await);
    }
    let report = scene.run("dispatch:process").await;
    assert_eq!(report.taken, 2);
    assert_eq!(scene.run("dispatch:process").await.taken, 0);
    assert_eq!(scene.world.process.submissions_taken(), 2);

    let first = scene.world.process.ids()[0].clone();
    scene.world.process.exit(&first, 1);
    assert_eq!(scene.run("dispatch:process").await.taken, 1);
    assert_eq!(scene.world.process.submissions_taken(), 3);
}

#[tokio::test]
async fn a_round_is_bounded_and_says_that_there_is_more() {
    let scene = Scene::new();
    for _ in 0..40 {
        scene.submit(REMOTE).await;
    }
    let rounds = [(32, true), (8, false), (0, false)];
    for (taken, more) in rounds {
        let report = scene.run("dispatch:aws-batch").await;
        assert_eq!((report.taken, report.more), (taken, more));
    }
    assert_eq!(scene.world.batch.submissions_taken(), 40);
}

#[tokio::test]
async fn users_take_turns() {
    let scene = Scene::with_slots(2);
    let bob = scene.world.register("bob");
    for _ in 0..3 {
        scene.submit(SIMULATE).await;
        scene.world.clock.advance(SECOND);
    }
    let of_bob = scene.gateway.submit(&bob, SIMULATE).await;
    scene.run("dispatch:process").await;
    let is_of_bob = |id: &BackendId| {
        let submission = scene.world.process.submission(id).unwrap();
        submission.name.job == of_bob
    };
    let sent = scene.world.process.ids();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().any(is_of_bob), "the fourth in time");
}

#[tokio::test]
async fn two_replicas_send_each_job_once() {
    let world = World::new(64);
    let replicas = [1, 2].map(|seed| {
        world.replica(Setup {
            seed,
            ..Setup::default()
        })
    });
    for _ in 0..40 {
        world.submit(&replicas[0], SIMULATE).await;
    }
    for _ in 0..2 {
        tokio::join!(
            replicas[0].run("dispatch:process"),
            replicas[1].run("dispatch:process")
        );
    }
    let names: BTreeSet<String> = world
        .process
        .ids()
        .iter()
        .map(|id| world.process.submission(id).unwrap().name.to_string())
        .collect();
    assert_eq!(names.len(), 40);
    assert_eq!(world.process.submissions_taken(), 40);
}

/// A scene with two replicas: between the taking of a job and its claim, the other one does this.
fn overtaken(meanwhile: impl Fn(&Replica) + Send + Sync + 'static) -> Scene {
    let world = World::new(8);
    let other = Arc::new(world.replica(Setup {
        seed: 2,
        ..Setup::default()
    }));
    let (jobs, now) = (world.jobs.clone(), world.now());
    let mut backend = backend_with_room();
    backend.expect_resolve_target().returning(move |_| {
        let due: Vec<_> = jobs
            .all_jobs()
            .into_iter()
            .map(|job| (job.id, now))
            .collect();
        jobs.reschedule(&due).now_or_never().unwrap().unwrap();
        meanwhile(&other);
        Ok(target())
    });
    let gateway = world.replica(Setup {
        process: Some(Arc::new(backend)),
        ..Setup::default()
    });
    Scene { world, gateway }
}

#[tokio::test]
async fn whoever_loses_the_claim_sends_nothing() {
    let scene = overtaken(|other| {
        let report = other.run("dispatch:process").now_or_never().unwrap();
        assert_eq!((report.taken, report.failure), (1, None));
    });
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    assert_eq!(scene.world.process.submissions_taken(), 1);
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
}

#[tokio::test]
async fn a_cancel_before_the_claim_prevents_the_sending() {
    let key = World::new(8).key;
    let scene = overtaken(move |other| {
        let newest = ListRequest {
            limit: 1,
            ..ListRequest::default()
        };
        let list = other.application.list_jobs(&key, newest);
        let list = list.now_or_never().unwrap().unwrap();
        let id = list.jobs[0].snapshot.job_id.as_str();
        let cancel = other.application.cancel_job(&key, id);
        assert!(cancel.now_or_never().unwrap().unwrap().confirmed);
    });
    assert_eq!(scene.world.key, key, "keys come out the same each time");
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test]
async fn what_is_cancelled_is_not_sent() {
    let scene = Scene::with_backend(backend_with_room());
    let id = scene.submit(SIMULATE).await;
    let application = &scene.gateway.application;
    let answer = application.cancel_job(&scene.world.key, id.as_str()).await;
    assert!(answer.unwrap().confirmed);
    assert_eq!(scene.run("dispatch:process").await.taken, 0);
}

#[tokio::test]
async fn a_lost_reply_makes_no_second_copy() {
    for (kind, backend) in [(SIMULATE, "process"), (REMOTE, "aws-batch")] {
        let scene = Scene::new();
        let id = scene.submit(kind).await;
        let truth = scene.world.backend_of(&scene.job(&id));
        truth.lose_replies(1);
        scene.run(&format!("dispatch:{backend}")).await;
        assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
        scene.run(&format!("resolve:{backend}")).await;
        let copy = truth.ids()[0].clone();
        assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
        assert_eq!(truth.submissions_taken(), 1);
    }
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again_as_the_same_try() {
    let scene = Scene::new();
    let faults = scene.gateway.process.faults();
    faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    scene.run("resolve:process").await;
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
    scene.run("dispatch:process").await;
    let job = scene.job(&id);
    assert!(matches!(job.state, JobState::Submitted { .. }));
    assert_eq!(job.current_try.number, 1);
    assert_eq!(job.current_try.epoch, 2);
}

#[tokio::test]
async fn a_store_that_fails_after_the_sending_makes_no_second_copy() {
    let scene = Scene::new();
    let faults = scene.gateway.jobs.faults();
    // The first commit is the claim, the second the result and the third its repetition.
    faults.fail_nth(JobStoreCall::Commit, 2, Fault::RequestLost);
    faults.fail_nth(JobStoreCall::Commit, 3, Fault::RequestLost);
    let id = scene.submit(SIMULATE).await;
    let report = scene.gateway.run("dispatch:process").await;
    assert!(report.failure.is_some());
    let JobState::Submitting { lease_until } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    scene.run("resolve:process").await;
    assert!(matches!(scene.job(&id).state, JobState::Submitting { .. }));
    scene.world.clock.set(lease_until);
    scene.run("resolve:process").await;
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
    assert_eq!(scene.world.process.submissions_taken(), 1);
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_known_by_its_repetition() {
    let scene = Scene::new();
    let faults = scene.gateway.jobs.faults();
    for number in [1, 3] {
        faults.fail_nth(JobStoreCall::Commit, number, Fault::ReplyLost);
    }
    let (id, _) = scene.send(SIMULATE).await;
    assert_eq!(faults.calls(JobStoreCall::Commit), 4);
    assert_eq!(scene.job(&id).current_try.epoch, 1);
}

#[tokio::test]
async fn a_claim_that_nobody_knows_of_sends_nothing() {
    let scene = Scene::new();
    let faults = scene.gateway.jobs.faults();
    faults.fail_next_of(JobStoreCall::Commit, 2, Fault::ReplyLost);
    let id = scene.submit(SIMULATE).await;
    let report = scene.gateway.run("dispatch:process").await;
    assert!(report.failure.is_some());
    assert_eq!(scene.world.process.submissions_taken(), 0);
    assert!(matches!(scene.job(&id).state, JobState::Submitting { .. }));
    scene.world.clock.advance(15 * SECOND);
    scene.run("resolve:process").await;
    scene.run("dispatch:process").await;
    assert_eq!(scene.world.process.submissions_taken(), 1);
}

#[tokio::test]
async fn a_job_whose_type_is_gone_fails_saying_so() {
    let world = World::new(8);
    let before = world.replica(Setup::default());
    let id = world.submit(&before, SIMULATE).await;
    let others: JobTypes = job_types()
        .iter()
        .cloned()
        .map(Arc::unwrap_or_clone)
        .filter(|kind| kind.name.as_str() != SIMULATE)
        .collect();
    let gateway = world.replica(Setup {
        job_types: others,
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    scene.run("dispatch:process").await;
    let JobState::Failed { failure } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    assert_eq!(failure.class, FailureClass::Refused);
    assert!(failure.message.contains(SIMULATE), "{}", failure.message);
    assert_eq!(scene.world.process.submissions_taken(), 0);
}

#[tokio::test]
async fn a_job_that_waits_before_its_next_try_is_not_sent_early() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    let gone = Failure::new(FailureClass::HostLost, "gone");
    scene.world.process.fail(&copy, gone);
    scene.watch_all(&id).await;
    // One who read the job while it still ran has it looked at soon.
    let soon = [(id.clone(), scene.world.now())];
    scene.world.jobs.reschedule(&soon).await.unwrap();
    scene.run("dispatch:process").await;
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
    scene.world.clock.advance(5 * SECOND);
    scene.run("dispatch:process").await;
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
}

#[tokio::test]
async fn a_job_finds_what_it_needs_in_its_environment() {
    let scene = Scene::new();
    let (run, copy) = scene.start(SIMULATE).await;
    scene.world.finish_runner(&scene.job(&run), &copy);
    scene.watch_all(&run).await;
    let params = format!(r#"{{"steps": 1, "runs": ["{run}", "{run}"]}}"#);
    let application = &scene.gateway.application;
    let answer = application.submit_job(&scene.world.key, request_with(COLLECT, &params));
    let id = answer.await.unwrap().job_id;
    scene.run("dispatch:process").await;
    let copy = scene.job(&id).state.backend_id().unwrap().clone();
    let sent = scene.world.process.submission(&copy).unwrap();
    assert_eq!(sent.params, ParamsDelivery::Inline(params.into()));
    assert_eq!(sent.name.to_string(), format!("bw-test0000-{id}-1"));
    assert!(sent.gated);
    let expected = [
        (variables::JOB_ID, id.as_str()),
        (variables::USER_ID, "ada"),
        (variables::ENV, "prod"),
        (variables::JOB_TYPE, COLLECT),
        (variables::TRY, "1"),
        (variables::GATEWAY_URL, "http://gateway.example"),
        (variables::INPUT_RUNS, &format!("{run},{run}")),
    ];
    for (variable, value) in expected {
        assert_eq!(sent.environment[variable], value, "{variable}");
    }
    let token = &sent.environment[variables::JOB_TOKEN];
    let token = JobToken::verify(token, &secrets(), scene.world.clock.now()).unwrap();
    assert_eq!((token.job, token.try_number), (id, 1));
    let secret = scene.world.api_key().reveal();
    assert!(!sent.environment.values().any(|value| value == secret));
}

#[tokio::test]
async fn a_backend_without_room_is_sent_nothing() {
    let mut backend = backend_without_limits();
    backend.expect_capacity().return_const(Capacity::Slots(0));
    let scene = Scene::with_backend(backend);
    let id = scene.submit(SIMULATE).await;
    assert_eq!(scene.run("dispatch:process").await.taken, 0);
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
}
