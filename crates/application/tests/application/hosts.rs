//! Several hosts that share a store, each with a backend of its own: a job belongs to the host
//! that started it.

use std::sync::Arc;

use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, Failure, FailureClass, Job, JobState, JobStatus};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::{Fault, JobStoreCall, MemoryComputeBackend};
use futures_util::FutureExt;

use crate::job_types::{HURRY, REMOTE, SIMULATE};
use crate::limited_backend::{Call, LimitedBackend};
use crate::mock_backend::backend_that_says_what_it_is;
use crate::scene::{MINUTE, Replica, SECOND, Setup, World};

const DISPATCH: &str = "dispatch:process";
const RESOLVE: &str = "resolve:process";
const WATCH: &str = "watch:process";

/// A machine with a gateway and programs of its own.
struct Host {
    gateway: Replica,
    backend: Arc<LimitedBackend>,
    programs: Arc<MemoryComputeBackend>,
}

fn host(world: &World, name: &'static str, seed: u64) -> Host {
    let programs = Arc::new(MemoryComputeBackend::with_slots(world.clock.clone(), 8));
    let backend = LimitedBackend::new(programs.clone(), world.clock.clone());
    let backend = Arc::new(backend.on_host(name));
    let gateway = world.replica(Setup {
        process: Some(backend.clone()),
        seed,
        ..Setup::default()
    });
    Host {
        gateway,
        backend,
        programs,
    }
}

/// Two hosts, and a job that runs on the first.
async fn two_hosts() -> (World, Host, Host, JobId, BackendId) {
    let world = World::new(8);
    let (first, second) = (host(&world, "a", 1), host(&world, "b", 2));
    let id = world.submit(&first.gateway, SIMULATE).await;
    run(&first, DISPATCH).await;
    let copy = job(&world, &id).state.backend_id().cloned().unwrap();
    first.programs.run(&copy);
    run(&first, WATCH).await;
    assert_eq!(job(&world, &id).status(), JobStatus::Running);
    (world, first, second, id, copy)
}

fn report(copy: &BackendId) -> RunnerReport {
    RunnerReport {
        backend_id: copy.clone(),
        attempt: 1,
        progress: None,
        message: None,
    }
}

async fn run(host: &Host, work: &str) {
    assert_eq!(host.gateway.run(work).await.failure, None, "{work}");
}

fn job(world: &World, id: &JobId) -> Job {
    world.jobs.job(id).unwrap()
}

#[tokio::test]
async fn a_job_of_another_host_is_left_alone_and_found_by_its_own() {
    let (world, first, second, id, copy) = two_hosts().await;
    let before = job(&world, &id);
    for _ in 0..20 {
        world.clock.advance(MINUTE);
        run(&second, WATCH).await;
        // The one it belongs to finds it soon, whoever was faster.
        world.clock.advance(SECOND);
        run(&first, WATCH).await;
        run(&second, WATCH).await;
    }
    let after = job(&world, &id);
    assert_eq!(after.state, before.state, "never called absent");
    assert_eq!(second.backend.count(Call::Describe), 0);
    first
        .programs
        .fail(&copy, Failure::new(FailureClass::OutOfMemory, "Too much."));
    world.clock.advance(MINUTE);
    run(&second, WATCH).await;
    world.clock.advance(SECOND);
    run(&first, WATCH).await;
    assert_ne!(job(&world, &id).status(), JobStatus::Running);
}

#[tokio::test]
async fn a_job_of_another_host_is_put_back_for_a_while() {
    let (world, _first, second, id, _) = two_hosts().await;
    let faults = second.gateway.jobs.faults();
    let times_put_back = || faults.calls(JobStoreCall::Reschedule);
    world.clock.advance(MINUTE);
    run(&second, WATCH).await;
    for _ in 0..10 {
        run(&second, WATCH).await;
    }
    assert_eq!(times_put_back(), 1, "not again and again");
    world.clock.advance(SECOND);
    run(&second, WATCH).await;
    assert_eq!(times_put_back(), 2);
    assert_eq!(job(&world, &id).status(), JobStatus::Running);
}

#[tokio::test]
async fn a_host_that_stays_away_loses_its_jobs_and_another_tries_again() {
    let (world, first, second, id, copy) = two_hosts().await;
    world.clock.advance(29 * MINUTE);
    run(&second, WATCH).await;
    assert_eq!(job(&world, &id).status(), JobStatus::Running);
    world.clock.advance(2 * MINUTE);
    run(&second, WATCH).await;
    let lost = job(&world, &id);
    assert_eq!(lost.current_try.number, 2);
    let failure = lost.attempts[0].failure.clone().unwrap();
    assert_eq!(failure.class, FailureClass::HostLost);

    world.clock.advance(10 * SECOND);
    run(&second, DISPATCH).await;
    assert_eq!(second.backend.count(Call::Submit), 1);
    // The host comes back: what it has must not go on.
    world.clock.advance(10 * SECOND);
    run(&first, WATCH).await;
    let token = world.token(&id, 1);
    let order = first
        .gateway
        .application
        .report_progress(&token, report(&copy));
    assert!(order.await.unwrap().stop);
}

#[tokio::test]
async fn a_host_that_looks_now_and_then_is_not_gone() {
    let (world, first, second, id, _) = two_hosts().await;
    for _ in 0..6 {
        world.clock.advance(10 * MINUTE);
        run(&first, WATCH).await;
        world.clock.advance(10 * MINUTE);
        run(&second, WATCH).await;
        world.clock.advance(SECOND);
    }
    assert_eq!(job(&world, &id).current_try.number, 1);
}

#[tokio::test]
async fn a_host_that_comes_back_this_very_moment_keeps_its_job() {
    let (world, first, _second, id, copy) = two_hosts().await;
    let token = world.token(&id, 1);
    let application = first.gateway.application.clone();
    let mut elsewhere = backend_that_says_what_it_is();
    // Between the reading of the job and the decision something is heard of it.
    elsewhere.expect_looks_after().once().returning(move |_| {
        let report = report(&copy);
        let heard = application.report_progress(&token, report);
        assert!(heard.now_or_never().unwrap().is_ok());
        false
    });
    let third = world.replica(Setup {
        process: Some(Arc::new(elsewhere)),
        seed: 3,
        ..Setup::default()
    });
    world.clock.advance(31 * MINUTE);
    assert_eq!(third.run(WATCH).await.failure, None);
    assert_eq!(job(&world, &id).current_try.number, 1);
}

#[tokio::test]
async fn a_job_that_is_lost_with_its_host_is_lost_once() {
    let (world, _first, second, id, _) = two_hosts().await;
    world.clock.advance(31 * MINUTE);
    let faults = second.gateway.jobs.faults();
    faults.fail_next(JobStoreCall::Commit, Fault::ReplyLost);
    run(&second, WATCH).await;
    run(&second, WATCH).await;
    assert_eq!(job(&world, &id).current_try.number, 2);
}

#[tokio::test]
async fn a_cancelled_job_of_a_lost_host_is_not_said_to_be_stopped() {
    let (world, _first, second, id, _) = two_hosts().await;
    let cancel = second
        .gateway
        .application
        .cancel_job(&world.key, id.as_str());
    let _unheard = cancel.now_or_never();
    run(&second, WATCH).await;
    assert_eq!(second.backend.count(Call::Terminate), 0, "it is not there");
    world.clock.advance(31 * MINUTE);
    run(&second, WATCH).await;
    let JobState::Failed { failure } = job(&world, &id).state else {
        panic!("{:?}", job(&world, &id).state);
    };
    assert_eq!(failure.class, FailureClass::HostLost);
    // The copy is forgotten with its host, in the end.
    world.clock.advance(31 * MINUTE);
    run(&second, WATCH).await;
    assert_eq!(job(&world, &id).stops(), []);
}

#[tokio::test]
async fn a_job_in_doubt_is_looked_up_only_where_it_was_sent() {
    let world = World::new(8);
    let (first, second) = (host(&world, "a", 1), host(&world, "b", 2));
    first.programs.lose_replies(1);
    let id = world.submit(&first.gateway, HURRY).await;
    run(&first, DISPATCH).await;
    for _ in 0..3 {
        world.clock.advance(SECOND);
        run(&second, RESOLVE).await;
        assert!(matches!(
            job(&world, &id).state,
            JobState::Unresolved { .. }
        ));
    }
    assert_eq!(second.backend.count(Call::FindByName), 0);
    let mut late = job(&world, &id);
    assert_eq!(late.current_try.number, 1);
    world.clock.advance(31 * MINUTE);
    run(&second, RESOLVE).await;
    late = job(&world, &id);
    assert_eq!(late.current_try.number, 2, "its host is gone");
}

#[tokio::test]
async fn what_was_sent_across_a_network_is_never_lost_for_want_of_access() {
    let world = World::new(8);
    let gateways = [("a", 1), ("b", 2)].map(|(account, seed)| {
        let backend = LimitedBackend::new(world.batch.clone(), world.clock.clone());
        world.replica(Setup {
            batch: Some(Arc::new(backend.on_host(account))),
            seed,
            ..Setup::default()
        })
    });
    let id = world.submit(&gateways[0], REMOTE).await;
    gateways[0].run("dispatch:aws-batch").await;
    let before = job(&world, &id);
    for _ in 0..50 {
        world.clock.advance(60 * MINUTE);
        gateways[1].run("watch:aws-batch").await;
    }
    assert_eq!(job(&world, &id), before, "it goes on where it is");
    gateways[0].run("watch:aws-batch").await;
    world.clock.advance(2 * MINUTE);
    gateways[0].run("watch:aws-batch").await;
    assert!(job(&world, &id).last_checked_at > before.last_checked_at);
}
