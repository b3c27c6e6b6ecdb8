//! How often a backend is called: no more than it takes, by all replicas together.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, JobState, JobStatus};
use batchway_memory_adapters::{CallBudgetCall, Fault, JobStoreCall};
use futures_util::FutureExt;

use crate::job_types::REMOTE;
use crate::limited_backend::{Call, LimitedBackend};
use crate::scene::{MINUTE, Replica, SECOND, Scene, Setup, World};

const DISPATCH: &str = "dispatch:aws-batch";
const RESOLVE: &str = "resolve:aws-batch";
const WATCH: &str = "watch:aws-batch";

/// A scene whose backend with a queue takes so many submissions and other calls a second.
fn limited(submissions: u32, others: u32) -> (Scene, Arc<LimitedBackend>) {
    let world = World::new(8);
    let backend = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let backend = Arc::new(backend.with_calls(submissions, others));
    let gateway = replica(&world, &backend, 1);
    (Scene { world, gateway }, backend)
}

fn replica(world: &World, backend: &Arc<LimitedBackend>, seed: u64) -> Replica {
    world.replica(Setup {
        batch: Some(backend.clone()),
        seed,
        ..Setup::default()
    })
}

fn jobs(scene: &Scene) -> Vec<Job> {
    scene.world.jobs.all_jobs()
}

async fn submit(scene: &Scene, count: usize) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(scene.submit(REMOTE).await);
    }
    ids
}

/// Sends so many jobs, with all the time that this takes.
async fn send(scene: &Scene, count: usize) -> Vec<JobId> {
    let ids = submit(scene, count).await;
    while scene.world.batch.submissions_taken() < count as u64 {
        scene.run(DISPATCH).await;
        scene.world.clock.advance(SECOND);
    }
    ids
}

#[tokio::test]
async fn no_more_is_claimed_than_may_be_sent() {
    let (scene, backend) = limited(10, 100);
    submit(&scene, 25).await;
    let report = scene.run(DISPATCH).await;
    assert_eq!(backend.count(Call::Submit), 10);
    let rest = report.rest.expect("there is more, and no call left for it");
    assert!(rest <= SECOND, "{rest:?}");
    let untouched = jobs(&scene).into_iter().filter(|job| job.version == 1);
    assert_eq!(untouched.count(), 15, "the others were not claimed");
    scene.run(DISPATCH).await;
    assert_eq!(backend.count(Call::Submit), 10);
    scene.world.clock.advance(SECOND);
    assert!(scene.run(DISPATCH).await.rest.is_some());
    assert_eq!(backend.count(Call::Submit), 20);
    scene.world.clock.advance(SECOND);
    assert_eq!(scene.run(DISPATCH).await.rest, None, "that was all");
    assert_eq!(backend.count(Call::Submit), 25);
}

#[tokio::test]
async fn replicas_share_what_a_backend_takes() {
    let (scene, backend) = limited(10, 100);
    let other = replica(&scene.world, &backend, 2);
    submit(&scene, 60).await;
    for _ in 0..4 {
        for gateway in [&scene.gateway, &other] {
            assert_eq!(gateway.run(DISPATCH).await.failure, None);
        }
        scene.world.clock.advance(SECOND / 2);
    }
    let expected = 10 + 10 * 3 / 2;
    assert_eq!(backend.count(Call::Submit), expected);
}

#[tokio::test]
async fn without_limits_nothing_is_counted() {
    let scene = Scene::new();
    scene.send(REMOTE).await;
    let budget = scene.gateway.budget.faults();
    assert_eq!(budget.calls(CallBudgetCall::Take), 0);
}

#[tokio::test]
async fn a_job_that_is_turned_away_is_sent_again_and_all_are_sent_more_slowly() {
    let (scene, backend) = limited(8, 100);
    let ids = submit(&scene, 40).await;
    // The target is asked for first.
    scene.send(REMOTE).await;
    scene.world.clock.advance(SECOND);
    backend.throttle(1);
    scene.run(DISPATCH).await;
    let turned_away: Vec<Job> = jobs(&scene)
        .into_iter()
        .filter(|job| job.current_try.epoch == 1)
        .filter(|job| matches!(job.state, JobState::Accepted { .. }))
        .collect();
    let [turned_away] = &*turned_away else {
        panic!("{turned_away:?}");
    };
    let wait = turned_away.due().at.since(scene.world.now());
    assert!((SECOND..=2 * SECOND).contains(&wait), "{wait:?}");
    // Half of what came before, until it has recovered.
    let before = backend.count(Call::Submit);
    scene.world.clock.advance(SECOND);
    scene.run(DISPATCH).await;
    assert_eq!(backend.count(Call::Submit) - before, 4);
    for _ in 0..20 {
        scene.world.clock.advance(SECOND);
        scene.run(DISPATCH).await;
    }
    assert!(ids.iter().all(|id| scene.job(id).current_try.number == 1));
    assert_eq!(scene.world.batch.submissions_taken(), 41, "each once");
}

#[tokio::test]
async fn a_target_is_asked_for_once_a_minute_where_calls_are_few() {
    let (scene, backend) = limited(40, 40);
    for _ in 0..5 {
        scene.send(REMOTE).await;
        scene.world.clock.advance(10 * SECOND);
    }
    assert_eq!(backend.count(Call::ResolveTarget), 1);
    scene.world.clock.advance(MINUTE);
    scene.send(REMOTE).await;
    assert_eq!(backend.count(Call::ResolveTarget), 2);
}

#[tokio::test]
async fn a_hundred_jobs_are_one_call_and_those_that_are_too_many_are_looked_at_later() {
    let (scene, backend) = limited(1000, 8);
    send(&scene, 700).await;
    scene.world.clock.advance(2 * MINUTE);
    let mut reports = Vec::new();
    for _ in 0..7 {
        reports.push(scene.run(WATCH).await);
    }
    // Six of the eight; the rest is kept for stops.
    assert_eq!(backend.count(Call::Describe), 6);
    assert!(reports[5].rest.is_none() && reports[6].rest.is_some());
    // From here on none is taken before it may be looked at.
    let takes = || scene.gateway.jobs.faults().calls(JobStoreCall::TakeDue);
    let before = takes();
    assert!(scene.run(WATCH).await.rest.is_some());
    assert_eq!(takes(), before);
    let unseen = |job: &Job| job.last_checked_at.is_none_or(|at| at < scene.world.now());
    assert_eq!(jobs(&scene).iter().filter(|job| unseen(job)).count(), 100);
    let all_seen_since = scene.world.now();
    scene.world.clock.advance(SECOND / 5);
    assert_eq!(
        scene.run(WATCH).await.taken,
        100,
        "the one that was left out"
    );
    let late = |job: &Job| job.last_checked_at.is_none_or(|at| at < all_seen_since);
    assert_eq!(jobs(&scene).iter().filter(|job| late(job)).count(), 0);
}

#[tokio::test]
async fn a_stop_waits_for_no_look() {
    let (scene, backend) = limited(100, 8);
    let id = send(&scene, 1).await.remove(0);
    // Others use the looks up.
    scene.world.batch.lose_replies(6);
    submit(&scene, 6).await;
    scene.run(DISPATCH).await;
    scene.run(RESOLVE).await;
    assert_eq!(backend.count(Call::FindByName), 6);
    cancel(&scene, &id);
    assert!(scene.run(WATCH).await.rest.is_some());
    assert_eq!(backend.count(Call::Describe), 0, "nothing was looked at");
    assert_eq!(backend.count(Call::Terminate), 1);
    scene.world.clock.advance(3 * SECOND);
    scene.run(WATCH).await;
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test]
async fn a_cancelled_job_is_looked_at_before_all_that_are_late() {
    let (scene, backend) = limited(1000, 8);
    let ids = send(&scene, 950).await;
    scene.world.clock.advance(10 * MINUTE);
    while scene.run(WATCH).await.rest.is_none() {}
    let described = backend.count(Call::Describe);
    cancel(&scene, ids.last().unwrap());
    // The next look of all.
    scene.world.clock.advance(SECOND / 5);
    scene.run(WATCH).await;
    assert_eq!(backend.count(Call::Describe) - described, 1);
    assert_eq!(backend.count(Call::Terminate), 1);
}

#[tokio::test]
async fn a_job_that_somebody_waits_for_is_looked_at_before_those_that_are_late() {
    let (scene, _) = limited(1000, 8);
    let ids = send(&scene, 950).await;
    scene.world.clock.advance(2 * MINUTE);
    while scene.run(WATCH).await.rest.is_none() {}
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    let id = ids.last().unwrap();
    let before = scene.job(id).last_checked_at;
    let answer = application.wait_for_job(key, id.as_str(), Duration::ZERO);
    answer.await.unwrap();
    scene.world.clock.advance(SECOND / 5);
    scene.run(WATCH).await;
    assert!(scene.job(id).last_checked_at > before);
}

/// Nobody waits for the end here.
fn cancel(scene: &Scene, id: &JobId) {
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    let _unheard = application.cancel_job(key, id.as_str()).now_or_never();
}

#[tokio::test]
async fn looks_that_are_turned_away_become_fewer_and_say_nothing_of_the_job() {
    let (scene, backend) = limited(100, 8);
    send(&scene, 1).await;
    scene.world.clock.advance(MINUTE);
    let before = jobs(&scene);
    backend.throttle(1);
    assert!(scene.run(WATCH).await.rest.is_some());
    assert_eq!(jobs(&scene), before, "nothing is wrong with the backend");
    scene.world.clock.advance(Duration::from_millis(100));
    scene.run(WATCH).await;
    assert_eq!(backend.count(Call::Describe), 1, "none is left for now");
    scene.world.clock.advance(SECOND);
    scene.run(WATCH).await;
    assert_eq!(backend.count(Call::Describe), 2);
    let seen = jobs(&scene)[0].last_checked_at;
    assert_eq!(seen, Some(scene.world.now()));
}

#[tokio::test]
async fn a_look_up_that_is_turned_away_says_nothing_of_the_job() {
    let (scene, backend) = limited(100, 8);
    scene.world.batch.lose_replies(1);
    let id = submit(&scene, 1).await.remove(0);
    scene.run(DISPATCH).await;
    let before = scene.job(&id);
    backend.throttle(1);
    scene.run(RESOLVE).await;
    assert_eq!(scene.job(&id), before);
    for _ in 0..4 {
        scene.world.clock.advance(2 * SECOND);
        scene.run(RESOLVE).await;
    }
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
}

#[tokio::test]
async fn a_job_in_doubt_is_looked_up_when_there_are_calls_again() {
    let (scene, backend) = limited(100, 4);
    scene.world.batch.lose_replies(6);
    let ids = submit(&scene, 6).await;
    scene.run(DISPATCH).await;
    scene.world.clock.advance(SECOND);
    scene.run(RESOLVE).await;
    assert_eq!(backend.count(Call::FindByName), 3);
    let unreachable = |job: &Job| job.backend_unreachable_since.is_some();
    assert!(!jobs(&scene).iter().any(unreachable), "it was not asked");
    for _ in 0..4 {
        scene.world.clock.advance(2 * SECOND);
        scene.run(RESOLVE).await;
    }
    for id in ids {
        assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
    }
}

#[tokio::test]
async fn while_nobody_can_count_calls_none_are_made() {
    let (scene, backend) = limited(100, 100);
    let id = scene.submit(REMOTE).await;
    let budget = scene.gateway.budget.faults();
    for fault in [Fault::Declined, Fault::RequestLost] {
        // The target, then the submission.
        budget.fail_next_of(CallBudgetCall::Take, 2, fault);
        scene.gateway.run(DISPATCH).await;
        assert_eq!(backend.count(Call::Submit), 0);
        scene.world.clock.advance(3 * SECOND);
        budget.clear();
    }
    scene.run(DISPATCH).await;
    assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));

    scene.world.clock.advance(MINUTE);
    budget.fail_next(CallBudgetCall::Take, Fault::Declined);
    assert!(scene.gateway.run(WATCH).await.failure.is_some());
    assert_eq!(backend.count(Call::Describe), 0);
    scene.run(WATCH).await;
    assert_eq!(backend.count(Call::Describe), 1, "handed back");
}
