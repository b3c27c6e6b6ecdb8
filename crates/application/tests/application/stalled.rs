//! Replicas that stop in the middle of something, and go on when the world has moved; and answers
//! that come too late, or speak of less than they seem to.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Failure, FailureClass, JobState, JobStatus, Settlement};
use batchway_domain::ports::{CallLimits, Capacity, JobStore, SubmitError};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault, MemoryJobStore};
use futures_util::FutureExt;

use crate::job_types::{REMOTE, SIMULATE};
use crate::mock_backend::{MockBackend, backend_with_room, target};
use crate::scene::{DAY, MINUTE, Replica, SECOND, Scene, Setup, World, cancelled_gate};

fn another(world: &World) -> Replica {
    world.replica(Setup {
        seed: 2,
        ..Setup::default()
    })
}

/// One round, whether or not the job is due.
fn run_now(world: &World, replica: &Replica, work: &str) {
    make_due(&world.jobs, world.now());
    let report = replica.run(work).now_or_never().unwrap();
    assert_eq!(report.failure, None, "{work}");
}

fn make_due(jobs: &MemoryJobStore, now: batchway_domain::Timestamp) {
    let due: Vec<_> = jobs
        .all_jobs()
        .into_iter()
        .map(|job| (job.id, now))
        .collect();
    jobs.reschedule(&due).now_or_never().unwrap().unwrap();
}

#[tokio::test]
async fn a_look_up_from_before_a_sending_says_nothing_of_it() {
    let world = Arc::new(World::new(8));
    let other = Arc::new(another(&world));
    let faults = other.process.faults();
    faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
    let id = world.submit(&other, SIMULATE).await;
    run_now(&world, &other, "dispatch:process");

    // While this replica's look-up has no answer yet, the other one finds the same, and sends the
    // job again.
    let mut slow = backend_with_room();
    let (of_slow, by_other) = (world.clone(), other.clone());
    slow.expect_find_by_name().once().returning(move |_, _, _| {
        run_now(&of_slow, &by_other, "resolve:process");
        of_slow.process.lose_replies(1);
        run_now(&of_slow, &by_other, "dispatch:process");
        Ok(Vec::new())
    });
    let gateway = world.replica(Setup {
        process: Some(Arc::new(slow)),
        ..Setup::default()
    });
    run_now(&world, &gateway, "resolve:process");

    let job = world.jobs.job(&id).unwrap();
    assert_eq!(job.current_try.epoch, 2);
    assert!(matches!(job.state, JobState::Unresolved { .. }), "{job:?}");
    // Otherwise a cancel would find that nothing was sent, while a program runs.
    let copy = world.process.ids().pop().unwrap();
    assert!(world.start_runner(&job, &copy).await);
    let cancel = other.application.cancel_job(&world.key, id.as_str());
    assert!(cancel.now_or_never().is_none(), "it waits");
    assert_eq!(world.jobs.job(&id).unwrap().status(), JobStatus::Queued);
}

/// A machine that sleeps for this long as soon as a job is claimed: the time of day goes on, and
/// the monotonic clock doesn't.
async fn sent_after_sleeping(nap: Duration) -> (JobState, u64) {
    let world = World::new(8);
    let mut backend = MockBackend::new();
    let (jobs, clock) = (world.jobs.clone(), world.clock.clone());
    let mut has_slept = false;
    backend.expect_settlement().returning_st(move || {
        let is_claimed =
            |job: &batchway_domain::job::Job| matches!(job.state, JobState::Submitting { .. });
        if !has_slept && jobs.all_jobs().iter().any(is_claimed) {
            has_slept = true;
            clock.advance(nap);
        }
        Settlement::Authoritative
    });
    backend
        .expect_call_limits()
        .return_const(None::<CallLimits>);
    backend.expect_looks_after().return_const(true);
    backend.expect_request_size().return_const(None);
    backend.expect_capacity().return_const(Capacity::Slots(8));
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend
        .expect_submit()
        .returning(|_| Ok(batchway_domain::job::BackendId("copy".to_owned())));
    let gateway = world.replica(Setup {
        process: Some(Arc::new(backend)),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    let sent = scene
        .gateway
        .process
        .faults()
        .calls(ComputeBackendCall::Submit);
    (scene.job(&id).state, sent)
}

#[tokio::test]
async fn nothing_is_sent_by_a_machine_that_slept_after_the_claim() {
    // Of 15 seconds, 8 for the sending and 5 to spare.
    let (state, sent) = sent_after_sleeping(3 * SECOND).await;
    assert!(matches!(state, JobState::Accepted { .. }), "{state:?}");
    assert_eq!(sent, 0);
    let (state, sent) = sent_after_sleeping(2 * SECOND).await;
    assert!(matches!(state, JobState::Submitted { .. }), "{state:?}");
    assert_eq!(sent, 1);
}

/// A job whose first sending is in doubt, and whose second is refused.
async fn refused_in_doubt(prepare: impl AsyncFn(&Scene, &JobId)) -> (Scene, JobId) {
    let world = World::new(8);
    let sender = another(&world);
    let id = world.submit(&sender, REMOTE).await;
    world.batch.lose_replies(1);
    world.batch.hide_from_lookups(true);
    run_now(&world, &sender, "dispatch:aws-batch");
    while !matches!(
        world.jobs.job(&id).unwrap().state,
        JobState::Accepted { .. }
    ) {
        world.clock.advance(MINUTE);
        run_now(&world, &sender, "resolve:aws-batch");
    }
    let mut backend = MockBackend::new();
    backend
        .expect_settlement()
        .return_const(Settlement::AWS_BATCH);
    backend
        .expect_call_limits()
        .return_const(None::<CallLimits>);
    backend.expect_looks_after().return_const(true);
    backend.expect_request_size().return_const(None);
    backend.expect_capacity().return_const(Capacity::Queue);
    backend.expect_resolve_target().returning(|_| Ok(target()));
    backend.expect_submit().once().returning(|_| {
        Err(SubmitError::Refused {
            reason: "The job is too large.".to_owned(),
        })
    });
    backend
        .expect_find_by_name()
        .returning(|_, _, _| Ok(Vec::new()));
    let gateway = world.replica(Setup {
        batch: Some(Arc::new(backend)),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    prepare(&scene, &id).await;
    scene.run("dispatch:aws-batch").await;
    (scene, id)
}

#[tokio::test]
async fn what_is_refused_while_an_earlier_sending_is_in_doubt_fails_once_no_copy_can_work() {
    let (scene, id) = refused_in_doubt(async |_, _| {}).await;
    let JobState::Failed { failure } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    assert_eq!(failure.class, FailureClass::Refused);
    assert_eq!(scene.world.gate_of(&scene.job(&id)), Some(cancelled_gate()));
    let late = scene.world.batch.ids().pop().unwrap();
    assert!(!scene.world.start_runner(&scene.job(&id), &late).await);
}

#[tokio::test]
async fn what_is_refused_while_an_earlier_copy_works_goes_on_with_that_one() {
    let (scene, id) = refused_in_doubt(async |scene, id| {
        let copy = scene.world.batch.ids().pop().unwrap();
        assert!(scene.world.start_runner(&scene.job(id), &copy).await);
    })
    .await;
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
    scene.run("resolve:aws-batch").await;
    let copy = scene.world.batch.ids().pop();
    assert_eq!(scene.job(&id).state.backend_id(), copy.as_ref());
}

#[tokio::test]
async fn what_is_refused_while_its_gate_can_not_be_shut_stays_in_doubt() {
    let (scene, id) = refused_in_doubt(async |scene, _| {
        let faults = scene.gateway.artifacts.faults();
        faults.fail_next(ArtifactStoreCall::Create, Fault::RequestLost);
    })
    .await;
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
}

/// A copy that turns up after the end of its job, and that the backend does not show.
#[tokio::test]
async fn a_late_copy_that_is_not_shown_yet_is_stopped_until_it_is_long_gone() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    scene.world.clock.advance(DAY);
    let late = batchway_domain::job::BackendId("late".to_owned());
    let report = RunnerReport {
        backend_id: late.clone(),
        attempt: 1,
        progress: None,
        message: None,
    };
    let token = scene.world.token(&id, 1);
    let application = &scene.gateway.application;
    let order = application.report_progress(&token, report).await;
    assert!(order.unwrap().stop);
    let stops = || {
        let faults = scene.gateway.batch.faults();
        faults.calls(ComputeBackendCall::Terminate)
    };
    for round in 1..=10 {
        scene.watch_all(&id).await;
        assert_eq!(stops(), round);
        assert_eq!(scene.job(&id).surplus, std::slice::from_ref(&late));
    }
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).surplus, []);
    assert_eq!(stops(), 10);
}

#[tokio::test]
async fn what_an_earlier_try_left_says_nothing_of_the_present_one() {
    let scene = Scene::new();
    let (id, first) = scene.start(SIMULATE).await;
    let job = scene.job(&id);
    scene
        .world
        .leave(&job, &first, ProgramEnd::OutOfMemory, &["results.h5"]);
    let failure = Failure::of_program(ProgramEnd::OutOfMemory);
    scene.world.process.fail(&first, failure);
    scene.watch_all(&id).await;
    assert_eq!(scene.job(&id).current_try.number, 2);
    scene.world.clock.advance(MINUTE);
    scene.run("dispatch:process").await;
    let second = scene.job(&id).state.backend_id().unwrap().clone();
    assert!(scene.world.start_runner(&scene.job(&id), &second).await);
    scene.watch_all(&id).await;
    scene.world.process.succeed(&second);
    scene.watch_all(&id).await;
    let JobState::Failed { failure } = scene.job(&id).state else {
        panic!("{:?}", scene.job(&id).state);
    };
    assert_eq!(
        failure.class,
        FailureClass::ProgramExit,
        "by its own evidence"
    );
}
