//! Why a job waits or failed: what is gathered, what can't be had, and who may ask.

use std::sync::Arc;

use batchway_application::RequestError;
use batchway_domain::diagnosis::{Explanation, LastLines, Mend, Obstacle, Obstacles, Reach};
use batchway_domain::identity::JobId;
use batchway_domain::job::WaitingReason;
use batchway_domain::ports::Capacity;
use batchway_memory_adapters::{ComputeBackendCall, Fault};

use crate::job_types::{REMOTE, SIMULATE};
use crate::limited_backend::{Call, LimitedBackend};
use crate::mock_backend::FailedBackend;
use crate::scene::{SECOND, Scene, Setup, World};

async fn explain(scene: &Scene, id: &JobId) -> Explanation {
    let application = &scene.gateway.application;
    let told = application.explain_job(&scene.world.key, id.as_str()).await;
    told.unwrap()
}

fn texts(end: &LastLines) -> Vec<&str> {
    end.lines.iter().map(|line| line.text.as_str()).collect()
}

fn disabled() -> Obstacles {
    let obstacle = Obstacle {
        code: "queue_disabled".to_owned(),
        message: "The job queue is disabled.".to_owned(),
        blocks_all: true,
        mend: Mend::by_operator("Enable it."),
    };
    Obstacles {
        found: vec![obstacle],
        unseen: None,
    }
}

#[tokio::test]
async fn a_job_that_failed_is_told_with_the_end_of_its_log() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    for number in 0..LastLines::MOST + 5 {
        scene.world.process.write(&copy, &format!("line {number}"));
    }
    scene
        .world
        .process
        .write(&copy, &"é".repeat(LastLines::MOST_BYTES));
    scene.world.process.exit(&copy, 3);
    scene.watch_all(&id).await;
    let told = explain(&scene, &id).await;
    assert_eq!(told.cause, "program_exit");
    assert_eq!(told.job.failure.unwrap().exit_code, Some(3));
    let end = &told.surroundings.last_lines;
    assert_eq!((end.attempt, end.lines.len()), (Some(1), LastLines::MOST));
    assert_eq!(texts(end)[0], "line 6");
    let long = texts(end).last().copied().unwrap();
    assert!(
        long.len() <= LastLines::MOST_BYTES && long.ends_with("é…"),
        "{long}"
    );
}

#[tokio::test]
async fn a_log_that_can_not_be_read_is_told_and_fails_nothing() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    scene.world.process.write(&copy, "line");
    let faults = scene.gateway.process.faults();
    faults.fail_next(ComputeBackendCall::ReadLog, Fault::RequestLost);
    let told = explain(&scene, &id).await;
    let end = &told.surroundings.last_lines;
    assert_eq!((end.attempt, end.lines.len()), (Some(1), 0));
    assert!(end.reason.as_ref().unwrap().contains("can't be read"));
    assert_eq!(told.cause, "running");
    let told = explain(&scene, &id).await;
    assert_eq!(texts(&told.surroundings.last_lines), ["line"]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_never_comes_is_not_waited_for() {
    let scene = Scene::with_backend(FailedBackend);
    let (id, _) = scene.send(SIMULATE).await;
    scene.watch_all(&id).await;
    let told = explain(&scene, &id).await;
    assert_eq!(told.cause, "program_exit");
    let reason = told.surroundings.last_lines.reason.unwrap();
    assert!(reason.starts_with("No answer came"), "{reason}");
}

#[tokio::test]
async fn a_job_behind_full_slots_says_so() {
    let scene = Scene::with_slots(1);
    scene.send(SIMULATE).await;
    let id = scene.submit(SIMULATE).await;
    scene.run("dispatch:process").await;
    let told = explain(&scene, &id).await;
    assert_eq!(told.cause, "slots_full");
    assert_eq!(told.surroundings.room, Some(Capacity::Slots(0)));
}

#[tokio::test]
async fn a_job_that_its_queue_holds_is_told_what_stands_in_the_way() {
    let scene = Scene::new();
    let (id, copy) = scene.send(REMOTE).await;
    assert_eq!(explain(&scene, &id).await.cause, "not_flagged");
    scene.world.batch.put_in_the_way(disabled());
    let told = explain(&scene, &id).await;
    assert_eq!(told.cause, "queue_disabled");
    assert_eq!(told.surroundings.obstacles, disabled());
    let flag = WaitingReason {
        code: "UNDETERMINED".to_owned(),
        message: "Nobody knows.".to_owned(),
    };
    scene.world.batch.wait(&copy, Some(flag));
    scene.watch_all(&id).await;
    assert_eq!(explain(&scene, &id).await.cause, "UNDETERMINED");
}

#[tokio::test]
async fn what_runs_or_has_ended_is_not_looked_for_in_the_way() {
    let scene = Scene::new();
    scene.world.batch.put_in_the_way(disabled());
    let (id, copy) = scene.start(REMOTE).await;
    let told = explain(&scene, &id).await;
    assert_eq!(told.surroundings.obstacles, Obstacles::default());
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    explain(&scene, &id).await;
    let looks = scene
        .gateway
        .batch
        .faults()
        .calls(ComputeBackendCall::Obstacles);
    assert_eq!(looks, 0);
}

#[tokio::test]
async fn a_backend_that_does_not_tell_is_told_to_the_operator_in_its_words_and_to_the_owner_not() {
    let scene = Scene::new();
    let (id, _) = scene.send(REMOTE).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::Obstacles, Fault::RequestLost);
    let unseen = explain(&scene, &id).await.surroundings.obstacles.unseen;
    let to_owner = unseen.unwrap().reason;
    faults.fail_next(ComputeBackendCall::Obstacles, Fault::RequestLost);
    let told = scene.gateway.application.explain_any_job(id.as_str()).await;
    let told = told.unwrap();
    let to_operator = told.surroundings.obstacles.unseen.unwrap().reason;
    assert!(to_operator.contains("the compute backend does not answer"));
    assert!(
        !to_owner.contains("the compute backend does not answer"),
        "{to_owner}"
    );
    assert_eq!(told.cause, "not_flagged");
}

#[tokio::test]
async fn many_who_ask_make_few_calls() {
    let world = World::new(8);
    let limited = LimitedBackend::new(world.batch.clone(), world.clock.clone());
    let limited = Arc::new(limited.with_calls(100, 400));
    let gateway = world.replica(Setup {
        batch: Some(limited.clone()),
        ..Setup::default()
    });
    let scene = Scene { world, gateway };
    let (id, _) = scene.send(REMOTE).await;
    let mut turned_away = 0;
    for _ in 0..20 {
        let unseen = explain(&scene, &id).await.surroundings.obstacles.unseen;
        turned_away += usize::from(unseen.is_some_and(|unseen| unseen.reason.contains("Too many")));
    }
    assert_eq!((limited.count(Call::Obstacles), turned_away), (5, 15));
    scene.world.clock.advance(SECOND);
    assert_eq!(
        explain(&scene, &id).await.surroundings.obstacles.unseen,
        None
    );
    assert_eq!(limited.count(Call::Obstacles), 6);
}

#[tokio::test]
async fn a_job_of_another_host_is_not_asked_for() {
    let world = World::new(8);
    let backend = |host| {
        let limited = LimitedBackend::new(world.process.clone(), world.clock.clone());
        Arc::new(limited.on_host(host))
    };
    let setup = |host, seed| Setup {
        process: Some(backend(host)),
        seed,
        ..Setup::default()
    };
    let (here, elsewhere) = (
        world.replica(setup("here", 1)),
        world.replica(setup("there", 2)),
    );
    let scene = Scene {
        gateway: here,
        world,
    };
    let (id, _) = scene.send(SIMULATE).await;
    assert_eq!(explain(&scene, &id).await.surroundings.reach, Reach::Here);
    let key = &scene.world.key;
    let told = elsewhere.application.explain_job(key, id.as_str()).await;
    let told = told.unwrap();
    assert_eq!(told.surroundings.reach, Reach::Elsewhere);
    assert_eq!(told.surroundings.obstacles, Obstacles::default());
}

#[tokio::test]
async fn the_jobs_of_others_are_not_explained_but_to_the_operator() {
    let scene = Scene::new();
    let id = scene.submit(SIMULATE).await;
    let stranger = scene.world.register("eve");
    let application = &scene.gateway.application;
    for asked in [id.as_str(), "job_0000000000000000000000000000", "no-id"] {
        let refused = application.explain_job(&stranger, asked).await;
        let Err(RequestError::JobNotFound { job }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(job, asked);
    }
    assert!(application.explain_any_job(id.as_str()).await.is_ok());
    for asked in ["job_0000000000000000000000000000", "no-id"] {
        let refused = application.explain_any_job(asked).await;
        assert!(
            matches!(refused, Err(RequestError::JobNotFound { .. })),
            "{refused:?}"
        );
    }
}
