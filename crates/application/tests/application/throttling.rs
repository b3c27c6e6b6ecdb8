//! A backend that turns every call away for a while.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::JobState;
use futures_util::FutureExt;

use crate::job_types::REMOTE;
use crate::limited_backend::{Call, LimitedBackend};
use crate::scene::{MINUTE, SECOND, Scene, Setup, World};

/// As many calls a second as AWS Batch is given.
const CALLS: u32 = 40;

fn scene() -> (Scene, Arc<LimitedBackend>) {
    let world = World::new(8);
    let backend = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let backend = Arc::new(backend.with_calls(CALLS, CALLS));
    let gateway = world.replica(Setup {
        batch: Some(backend.clone()),
        ..Setup::default()
    });
    (Scene { world, gateway }, backend)
}

/// The loops of the backend go round for so long, each as it would by itself.
async fn go_round(scene: &Scene, time: Duration) {
    const STEP: Duration = Duration::from_millis(100);
    let lanes = ["dispatch:aws-batch", "watch:aws-batch"];
    let mut next = [scene.world.now(); 2];
    let until = scene.world.now().plus(time);
    while scene.world.now() < until {
        for (lane, due) in lanes.iter().zip(&mut next) {
            while *due <= scene.world.now() {
                let report = scene.run(lane).await;
                assert_eq!(report.failure, None);
                let rest = match report.rest {
                    Some(rest) => rest,
                    None if report.more => Duration::ZERO,
                    None => SECOND,
                };
                *due = scene.world.now().plus(rest);
            }
        }
        scene.world.clock.advance(STEP);
    }
}

fn all_are_sent(scene: &Scene) -> bool {
    let jobs = scene.world.jobs.all_jobs();
    jobs.iter()
        .all(|job| !matches!(job.state, JobState::Accepted { .. }))
}

/// The most calls of this kind in any second from then on.
fn most_in_a_second(backend: &LimitedBackend, call: Call, from: Timestamp) -> usize {
    let times: Vec<Timestamp> = backend.times(call);
    let times: Vec<&Timestamp> = times.iter().filter(|at| **at >= from).collect();
    let within = |first: &Timestamp| {
        let last = first.plus(SECOND);
        times
            .iter()
            .filter(|at| (first..&last).contains(*at))
            .count()
    };
    times.iter().map(|first| within(first)).max().unwrap_or(0)
}

#[tokio::test]
async fn a_few_jobs_that_were_turned_away_go_as_soon_as_they_may() {
    for turned_away_for in [SECOND, MINUTE / 2] {
        let (scene, backend) = scene();
        // From then on it is known for a minute what they are sent to.
        scene.send(REMOTE).await;
        backend.throttle(usize::MAX);
        for _ in 0..5 {
            scene.submit(REMOTE).await;
        }
        go_round(&scene, turned_away_for).await;
        assert!(!all_are_sent(&scene));
        backend.throttle(0);
        go_round(&scene, 5 * SECOND).await;
        assert!(all_are_sent(&scene), "after {turned_away_for:?}");
        assert_eq!(scene.world.batch.submissions_taken(), 6, "each once");
    }
}

#[tokio::test]
async fn ten_minutes_of_it_lose_nothing_and_no_storm_follows() {
    const JOBS: usize = 300;
    let (scene, backend) = scene();
    for _ in 0..JOBS / 2 {
        scene.submit(REMOTE).await;
    }
    go_round(&scene, 10 * SECOND).await;
    backend.throttle(usize::MAX);
    for _ in 0..JOBS / 2 {
        let taken = scene.submit(REMOTE).now_or_never();
        assert!(taken.is_some(), "a job is taken without any call");
    }
    let began = scene.world.now();
    go_round(&scene, 10 * MINUTE).await;
    let slowed = began.plus(MINUTE);
    for call in [Call::Submit, Call::Describe] {
        let most = most_in_a_second(&backend, call, slowed);
        assert!(most <= 4, "{most} of {call:?}");
    }
    let taken = scene.world.batch.submissions_taken();
    backend.throttle(0);
    let ended = scene.world.now();
    go_round(&scene, MINUTE).await;
    assert!(all_are_sent(&scene));
    let jobs = u64::try_from(JOBS).unwrap();
    assert_eq!(
        scene.world.batch.submissions_taken(),
        jobs,
        "{taken} before"
    );
    for call in [Call::Submit, Call::Describe] {
        let most = most_in_a_second(&backend, call, ended);
        let saved_up_and_come_in = 2 * CALLS as usize;
        assert!(most <= saved_up_and_come_in, "{most} of {call:?}");
    }
}
