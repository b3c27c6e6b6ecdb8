//! When a queue is swept, how far back, by whom, and what faults do to that.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::{BackendId, JobStatus};
use batchway_domain::ports::SweepLedger;
use batchway_memory_adapters::{
    CallBudgetCall, ComputeBackendCall, Fault, JobStoreCall, SweepLedgerCall,
};

use crate::job_types::REMOTE;
use crate::limited_backend::{Call, LimitedBackend};
use crate::scene::{DAY, MINUTE, Replica, SECOND, Scene, Setup, World};
use crate::sweep_scene::{SWEEP, TURN};

/// As many jobs as fill so many pages, each taken a minute after the other.
async fn fill(scene: &Scene, pages: usize) -> Vec<BackendId> {
    let mut copies = Vec::new();
    for _ in 0..pages * 3 {
        copies.push(scene.send(REMOTE).await.1);
        scene.world.clock.advance(MINUTE);
    }
    copies
}

fn replica(world: &World, seed: u64) -> Replica {
    world.replica(Setup {
        seed,
        ..Setup::default()
    })
}

#[tokio::test]
async fn a_round_reads_a_few_pages_and_the_next_goes_on_from_there() {
    let scene = Scene::new();
    fill(&scene, 12).await;
    let began_at = scene.world.now();
    for pages in [5, 10] {
        let report = scene.run(SWEEP).await;
        assert_eq!(scene.gateway.pages_read(), pages);
        assert_eq!(report.rest, Some(SECOND), "it is under way");
        assert_eq!(scene.world.swept_until().await, None, "not completed");
        scene.world.clock.advance(SECOND);
    }
    let report = scene.run(SWEEP).await;
    assert_eq!(scene.gateway.pages_read(), 12);
    assert!(report.rest.unwrap() > SECOND);
    assert_eq!(scene.world.swept_until().await, Some(began_at));
}

#[tokio::test]
async fn the_first_sweep_goes_to_the_end_and_others_back_to_the_last_less_an_hour() {
    let scene = Scene::new();
    // 120 minutes of jobs, three to a page.
    let copies = fill(&scene, 40).await;
    scene.sweep().await;
    assert_eq!(scene.gateway.pages_read(), 40);
    // A copy that lists had not shown yet, for close to an hour.
    let before = scene.gateway.pages_read();
    scene.sweep().await;
    let read = scene.gateway.pages_read() - before;
    // Jobs of the last hour before that sweep, which came six minutes after the last job.
    assert!((18..=21).contains(&read), "{read} pages");
    assert_eq!(copies.len(), 120);
}

#[tokio::test]
async fn a_stray_that_was_not_listed_for_close_to_an_hour_is_found() {
    let scene = Scene::new();
    let (id, copy) = scene.completed().await;
    fill(&scene, 2).await;
    let stray = scene.world.stray(&copy, 1).await;
    scene.world.batch.hide_from_lookups(true);
    for _ in 0..10 {
        scene.sweep().await;
    }
    assert!(scene.world.swept_until().await.is_some());
    scene.world.batch.hide_from_lookups(false);
    assert_eq!(scene.job(&id).surplus, []);
    scene.sweep().await;
    assert!(scene.world.has_ended(&stray).await);
}

#[tokio::test]
async fn replicas_together_sweep_a_queue_once_in_five_minutes() {
    let world = World::new(8);
    let replicas = [1, 2, 3].map(|seed| replica(&world, seed));
    let id = world.submit(&replicas[0], REMOTE).await;
    replicas[0].run("dispatch:aws-batch").await;
    assert_eq!(world.jobs.job(&id).unwrap().status(), JobStatus::Queued);
    for seconds in 0..30 * 60 {
        let number = seconds % 3;
        let report = replicas[number].run(SWEEP).await;
        assert_eq!(report.failure, None);
        assert!(
            report
                .rest
                .is_some_and(|rest| rest <= Duration::from_secs(300))
        );
        world.clock.advance(SECOND);
    }
    let read: u64 = replicas.iter().map(Replica::pages_read).sum();
    assert_eq!(read, 6, "in half an hour");
}

#[tokio::test]
async fn while_one_replica_sweeps_for_long_no_other_begins() {
    let scene = Scene::new();
    let other = replica(&scene.world, 2);
    // 20 rounds of 5 pages, each as long as a minute.
    fill(&scene, 100).await;
    scene.run(SWEEP).await;
    for _ in 0..18 {
        scene.world.clock.advance(MINUTE);
        let report = scene.run(SWEEP).await;
        assert_eq!(report.rest, Some(SECOND), "under way");
        other.run(SWEEP).await;
        assert_eq!(other.pages_read(), 0);
    }
}

#[tokio::test]
async fn a_sweep_whose_replica_died_is_begun_anew_by_another() {
    let scene = Scene::new();
    let other = replica(&scene.world, 2);
    let (_, copy) = scene.completed().await;
    let stray = scene.world.stray(&copy, 1).await;
    fill(&scene, 12).await;
    scene.run(SWEEP).await;
    assert!(
        !scene.world.has_ended(&stray).await,
        "its page was not reached"
    );
    let Scene { world, gateway } = scene;
    drop(gateway);
    other.run(SWEEP).await;
    assert_eq!(other.pages_read(), 0, "nobody knows yet");
    world.clock.advance(TURN);
    assert_eq!(other.sweep(&world).await.failure, None);
    assert!(world.has_ended(&stray).await);
}

#[tokio::test]
async fn no_fault_hides_a_stray() {
    for fault in [Fault::Declined, Fault::RequestLost, Fault::ReplyLost] {
        for which in 0..6 {
            let scene = Scene::new();
            let (_, copy) = scene.completed().await;
            let stray = scene.world.stray(&copy, 1).await;
            fill(&scene, 4).await;
            scene.world.clock.advance(TURN);
            let gateway = &scene.gateway;
            match which {
                0 => gateway
                    .batch
                    .faults()
                    .fail_next_of(ComputeBackendCall::ListQueue, 3, fault),
                1 => gateway
                    .jobs
                    .faults()
                    .fail_next_of(JobStoreCall::Load, 4, fault),
                2 => gateway
                    .jobs
                    .faults()
                    .fail_every_other(JobStoreCall::Commit, fault),
                3 => gateway
                    .budget
                    .faults()
                    .fail_next_of(CallBudgetCall::Take, 2, fault),
                4 => gateway
                    .ledger
                    .faults()
                    .fail_next_of(SweepLedgerCall::SweptUntil, 2, fault),
                _ => gateway
                    .ledger
                    .faults()
                    .fail_next_of(SweepLedgerCall::RecordSweep, 2, fault),
            }
            let mut failures = 0;
            for _ in 0..30 {
                let report = gateway.sweep(&scene.world).await;
                failures += usize::from(report.failure.is_some());
                scene.world.clock.advance(MINUTE);
            }
            let what = format!("{fault:?}, {which}");
            assert!(failures > 0 || which == 2, "{what}: it was hit");
            assert!(scene.world.has_ended(&stray).await, "{what}");
            assert!(scene.world.swept_until().await.is_some(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_sweep_is_not_completed_before_every_job_on_its_pages_was_looked_into() {
    let scene = Scene::new();
    fill(&scene, 2).await;
    let faults = scene.gateway.jobs.faults();
    faults.fail_every_other(JobStoreCall::Load, Fault::RequestLost);
    for _ in 0..10 {
        assert!(scene.gateway.run(SWEEP).await.failure.is_some());
        scene.world.clock.advance(TURN);
    }
    assert_eq!(scene.world.swept_until().await, None);
    faults.clear();
    scene.sweep().await;
    assert!(scene.world.swept_until().await.is_some());
}

#[tokio::test]
async fn a_place_in_the_list_that_is_not_taken_any_more_begins_the_sweep_anew() {
    let scene = Scene::new();
    fill(&scene, 8).await;
    scene.run(SWEEP).await;
    let began_at = scene.world.now();
    scene.world.clock.advance(SECOND);
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::ListQueue, Fault::Declined);
    assert!(scene.gateway.run(SWEEP).await.failure.is_some());
    assert_eq!(scene.gateway.pages_read(), 6);
    scene.gateway.sweep(&scene.world).await;
    assert_eq!(scene.gateway.pages_read(), 6 + 8);
    assert_eq!(scene.world.swept_until().await, Some(began_at));
}

#[tokio::test]
async fn a_sweep_that_was_recorded_under_a_clock_that_was_ahead_hides_nothing() {
    let scene = Scene::new();
    let (_, copy) = scene.completed().await;
    let ahead = scene.world.now().plus(3 * DAY);
    let ledger: &dyn SweepLedger = &*scene.world.jobs;
    ledger.record_sweep(&World::queue(), ahead).await.unwrap();
    let stray = scene.world.stray(&copy, 1).await;
    fill(&scene, 10).await;
    scene.sweep().await;
    assert!(scene.world.has_ended(&stray).await);
    assert_eq!(scene.world.swept_until().await, Some(ahead));
}

#[tokio::test]
async fn sweeps_share_the_calls_with_all_other_reads() {
    let world = World::new(8);
    let limited = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let limited = Arc::new(limited.with_calls(40, 4));
    let gateway = world.replica(Setup {
        batch: Some(limited.clone()),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    fill(&scene, 12).await;
    scene.world.clock.advance(TURN);
    let mut rounds = 0;
    while scene.world.swept_until().await.is_none() {
        let report = scene.run(SWEEP).await;
        assert_eq!(report.failure, None, "to have to wait is no failure");
        rounds += 1;
        assert!(rounds < 100, "the sweep comes to no end");
        scene.world.clock.advance(SECOND);
    }
    // Three reads a second, and as many at once.
    assert!(rounds >= 4, "{rounds}");
    assert_eq!(limited.count(Call::ListQueue), 12);
    // Turned away by the backend itself, it slows down and goes on later.
    let before = scene.world.swept_until().await;
    limited.throttle(2);
    scene.world.clock.advance(TURN);
    scene.gateway.run(SWEEP).await;
    assert_eq!(scene.world.swept_until().await, before);
    scene.world.clock.advance(2 * MINUTE);
    assert_eq!(scene.gateway.sweep(&scene.world).await.failure, None);
    assert!(scene.world.swept_until().await > before);
}

#[tokio::test]
async fn a_gateway_that_drains_reads_no_further() {
    let scene = Scene::new();
    fill(&scene, 2).await;
    scene.gateway.application.drain();
    scene.run(SWEEP).await;
    assert_eq!(scene.gateway.pages_read(), 0);
}
