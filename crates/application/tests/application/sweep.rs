//! Copies that nobody follows are found in the queue and made known to their jobs.

use batchway_domain::identity::DeploymentId;
use batchway_domain::identity::TryName;
use batchway_domain::job::{Failure, FailureClass, JobState, JobStatus};
use batchway_domain::job_type::{AwsBatchExecution, Execution, JobType, JobTypes};
use batchway_domain::ports::{Held, Submission};

use crate::job_types::{FOREIGN, PROCESS, REMOTE, job_types};
use crate::scene::{DAY, MINUTE, SECOND, Scene, Setup, World, admitted};
use crate::sweep_scene::{HOUR, SWEEP};

const WATCH: &str = "watch:aws-batch";
const DISPATCH: &str = "dispatch:aws-batch";

#[tokio::test]
async fn a_copy_of_the_present_try_is_for_the_gate_to_judge() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    let stray = scene.world.stray(&copy, 1).await;
    scene.sweep().await;
    assert_eq!(scene.job(&id).candidates, std::slice::from_ref(&stray));
    assert!(
        !scene.world.has_ended(&stray).await,
        "not before the gate was asked"
    );
    scene.run(WATCH).await;
    assert_eq!(scene.world.gate_of(&scene.job(&id)), Some(admitted(&copy)));
    assert!(scene.world.has_ended(&stray).await);
    assert_eq!(scene.status(&id), JobStatus::Running);
    assert!(!scene.world.has_ended(&copy).await);
}

#[tokio::test]
async fn a_copy_of_an_unresolved_job_ends_its_doubt() {
    let scene = Scene::new();
    scene.world.batch.lose_replies(1);
    let id = scene.submit(REMOTE).await;
    scene.run(DISPATCH).await;
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
    scene.sweep().await;
    // Look-ups by name still show nothing.
    scene.world.batch.hide_from_lookups(true);
    scene.run("resolve:aws-batch").await;
    let copy = &scene.world.batch.ids()[0];
    assert_eq!(scene.job(&id).state.backend_id(), Some(copy));
}

#[tokio::test]
async fn a_copy_of_another_try_is_stopped_at_once() {
    let scene = Scene::new();
    let (id, first) = scene.start(REMOTE).await;
    let lost = Failure::new(FailureClass::SpotReclaim, "The machine was wanted back.");
    scene.world.batch.fail(&first, lost);
    scene.watch_all(&id).await;
    scene.world.clock.advance(10 * MINUTE);
    scene.run(DISPATCH).await;
    let job = scene.job(&id);
    assert_eq!(job.current_try.number, 2);
    let second = job.state.backend_id().cloned().unwrap();
    for number in [1, 3] {
        let stray = scene.world.stray(&first, number).await;
        scene.sweep().await;
        assert!(scene.world.has_ended(&stray).await, "of try {number}");
        assert!(!scene.world.has_ended(&second).await);
        assert_eq!(scene.job(&id).state.backend_id(), Some(&second));
    }
}

#[tokio::test]
async fn a_copy_of_a_job_that_has_ended_is_stopped_until_it_is_seen_to_end() {
    let scene = Scene::new();
    let (id, copy) = scene.completed().await;
    let ended = scene.job(&id);
    scene.world.clock.advance(30 * DAY);
    scene.world.batch.hold_stops();
    let stray = scene.world.stray(&copy, 1).await;
    scene.sweep().await;
    assert_eq!(scene.gateway.stops_sent(), 1, "at once");
    assert_eq!(scene.job(&id).surplus, std::slice::from_ref(&stray));
    for round in 2..=4 {
        scene.run(WATCH).await;
        assert_eq!(scene.gateway.stops_sent(), round, "again and again");
        scene.world.clock.advance(MINUTE);
    }
    scene.world.batch.finish_stops();
    scene.run(WATCH).await;
    assert_eq!(scene.gateway.stops_sent(), 4);
    assert_eq!(scene.job(&id).surplus, []);
    assert_eq!(scene.job(&id).state, ended.state);
    assert_eq!(scene.world.jobs.events_of(&id).len() as u64, ended.events);
}

#[tokio::test]
async fn what_appears_for_eight_days_after_a_cancel_is_stopped() {
    let scene = Scene::new();
    // A request without a gate stalls, and nothing is found.
    scene.world.batch.lose_replies(1);
    let id = scene.submit(FOREIGN).await;
    scene.run(DISPATCH).await;
    let copy = scene.world.batch.ids()[0].clone();
    let submission = scene.world.batch.submission(&copy).unwrap();
    scene.world.batch.vanish(&copy);
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    application.cancel_job(key, &id.to_string()).await.unwrap();
    while scene.status(&id) != JobStatus::Cancelled {
        scene.world.clock.advance(MINUTE);
        scene.run("resolve:aws-batch").await;
    }
    // It is taken all the same.
    scene.world.clock.advance(8 * DAY - HOUR);
    let stray = scene.world.take_in(submission).await;
    scene.world.batch.run(&stray);
    scene.sweep().await;
    assert!(scene.world.has_ended(&stray).await);
    scene.run(WATCH).await;
    assert_eq!(scene.job(&id).surplus, []);
    assert_eq!(scene.status(&id), JobStatus::Cancelled);
}

#[tokio::test]
async fn copies_of_jobs_that_wait_to_be_sent_again_are_asked_to_stop_meanwhile() {
    let scene = Scene::new();
    let jobs = [scene.start(REMOTE).await, scene.start(REMOTE).await];
    for (id, first) in &jobs {
        let lost = Failure::new(FailureClass::SpotReclaim, "The machine was wanted back.");
        scene.world.batch.fail(first, lost);
        scene.watch_all(id).await;
        scene.world.stray(first, 1).await;
    }
    scene.world.batch.hold_stops();
    scene.world.batch.hold(Some(Held {
        code: "credentials".to_owned(),
        message: "There are none.".to_owned(),
    }));
    scene.sweep().await;
    let mut asked = scene.gateway.stops_sent();
    assert_eq!(asked, 2);
    for _ in 0..3 {
        scene.world.clock.advance(10 * MINUTE);
        scene.run(DISPATCH).await;
        for (id, _) in &jobs {
            assert!(matches!(scene.job(id).state, JobState::Accepted { .. }));
        }
        // Also that of the one which does not try the target.
        assert!(scene.gateway.stops_sent() >= asked + 2);
        asked = scene.gateway.stops_sent();
    }
}

#[tokio::test]
async fn what_is_known_is_left_alone() {
    let scene = Scene::new();
    let (running, copy) = scene.start(REMOTE).await;
    let (waiting, _) = scene.send(REMOTE).await;
    let before = [scene.job(&running), scene.job(&waiting)];
    for _ in 0..3 {
        scene.sweep().await;
    }
    assert_eq!([scene.job(&running), scene.job(&waiting)], before);
    assert_eq!(scene.gateway.stops_sent(), 0);
    assert!(scene.world.orphan_ids().await.is_empty());
    assert!(!scene.world.has_ended(&copy).await);
}

#[tokio::test]
async fn the_jobs_of_other_deployments_are_left_alone() {
    let scene = Scene::new();
    let (id, copy) = scene.start(REMOTE).await;
    let before = scene.job(&id);
    let submission = scene.world.batch.submission(&copy).unwrap();
    for deployment in ["other000", "test000", "test00000"] {
        let deployment: DeploymentId = deployment.parse().unwrap();
        let name = TryName {
            deployment,
            number: 2,
            ..submission.name.clone()
        };
        let theirs = scene
            .world
            .take_in(Submission {
                name,
                ..submission.clone()
            })
            .await;
        for _ in 0..2 {
            scene.sweep().await;
            scene.world.clock.advance(2 * DAY);
        }
        assert!(!scene.world.has_ended(&theirs).await);
    }
    assert!(scene.world.orphan_ids().await.is_empty());
    assert_eq!(scene.job(&id), before);
}

#[tokio::test]
async fn a_queue_that_no_job_type_leads_to_any_more_is_swept_while_jobs_live_there() {
    let world = World::new(8);
    let before = world.replica(Setup::default());
    let id = world.submit(&before, REMOTE).await;
    before.run(DISPATCH).await;
    let copy = world.jobs.job(&id).unwrap().state.backend_id().cloned();
    let copy = copy.unwrap();
    let gateway = world.replica(Setup {
        job_types: pointed_at("elsewhere"),
        seed: 2,
        ..Setup::default()
    });
    let stray = world.stray(&copy, 7).await;
    gateway.sweep(&world).await;
    assert!(
        !world.has_ended(&stray).await,
        "nobody has told it of the queue"
    );
    world.clock.advance(MINUTE);
    gateway.run(WATCH).await;
    world.clock.advance(5 * MINUTE + SECOND);
    gateway.sweep(&world).await;
    assert!(world.has_ended(&stray).await);
    assert!(!world.has_ended(&copy).await);
}

/// The job types of these tests, those of the backend with queues in another one.
fn pointed_at(queue: &str) -> JobTypes {
    let all = job_types();
    let types = all.iter().map(|kind| JobType::clone(kind));
    JobTypes::from_iter(types.map(|kind| match kind.execution {
        Execution::AwsBatch(execution) => JobType {
            execution: Execution::AwsBatch(AwsBatchExecution {
                queue: queue.to_owned(),
                ..execution
            }),
            ..kind
        },
        Execution::Process(_) => kind,
    }))
}

#[tokio::test]
async fn where_look_ups_see_everything_nothing_is_swept() {
    let scene = Scene::new();
    let loops = scene.gateway.application.loops();
    let names: Vec<String> = loops.iter().map(|one| one.name()).collect();
    assert!(names.contains(&SWEEP.to_owned()));
    assert!(!names.contains(&format!("sweep:{PROCESS}")));
}
