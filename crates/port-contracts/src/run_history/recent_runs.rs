//! What past jobs teach.

use std::time::Duration;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::JobTypeName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{FailureClass, Job, JobStatus, Rules};
use batchway_domain::ports::{BackendAttempt, BackendState, FinishedRun};

use crate::job_store::JobStoreFixture;
use crate::job_store::scene::{Caller, Scene};
use crate::specimens;

/// A completed job is told with its type, its work, and how long its last attempt ran.
pub async fn a_completed_job_is_told(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    fixture.advance(Duration::from_secs(3600));
    let ended = scene
        .complete_after(&job, Duration::from_millis(12_345))
        .await;
    let expected = FinishedRun {
        job_type: ended.job_type.clone(),
        work: ended.work,
        ran_for: Duration::from_millis(12_345),
    };
    assert_eq!(recent(fixture, &ended.job_type, 10).await, [expected]);
}

/// Only completed jobs teach: not one that waits, runs, failed or was cancelled.
pub async fn only_completed_jobs_are_told(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 4).await;
    scene.start(&jobs[1]).await;
    scene.cancel(&jobs[2]).await;
    let running = scene.start(&jobs[3]).await;
    let exit = specimens::failed(&running, FailureClass::ProgramExit, scene.now());
    scene.observe(&running, exit).await;
    assert!(recent(fixture, &jobs[0].job_type, 10).await.is_empty());
}

/// The job that ended last is told first, whenever it began; of all users, and no more than
/// were asked for.
pub async fn the_last_to_end_is_told_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let mut jobs = scene.admit_many(&ada, 3).await;
    jobs.extend(scene.admit_many(&bob, 3).await);
    for (seconds, number) in (1..).zip([2, 5, 0, 3, 1, 4]) {
        fixture.advance(Duration::from_secs(60));
        let ran_for = Duration::from_secs(seconds);
        scene.complete_after(&jobs[number], ran_for).await;
    }
    let job_type = &jobs[0].job_type;
    let seconds = async |limit| -> Vec<u64> {
        let runs = recent(fixture, job_type, limit).await;
        runs.iter().map(|run| run.ran_for.as_secs()).collect()
    };
    assert_eq!(seconds(10).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(seconds(2).await, [6, 5]);
}

/// Each type has its own past.
pub async fn types_are_kept_apart(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    scene.complete(&job).await;
    let other = "generate_dataset".parse().expect("a valid name");
    assert!(recent(fixture, &other, 10).await.is_empty());
    assert_eq!(recent(fixture, &job.job_type, 10).await.len(), 1);
}

/// A job whose last attempt lacks a start or an end teaches nothing, and hides nothing.
pub async fn a_run_without_start_or_end_is_left_out(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let known = scene.admit(&ada).await;
    scene.complete_after(&known, Duration::from_secs(7)).await;
    fixture.advance(Duration::from_secs(1));
    let without_start = BackendAttempt {
        stopped_at: Some(scene.now()),
        ..BackendAttempt::default()
    };
    complete_with(&scene, &ada, vec![without_start]).await;
    complete_with(&scene, &ada, vec![]).await;
    let without_end = complete_unseen(&scene, &ada).await;
    let last = without_end.attempts.last().expect("it was seen to run");
    assert_eq!(last.stopped_at, None);

    let runs = recent(fixture, &known.job_type, 1).await;
    assert_eq!(runs.len(), 1, "the one that is known");
    assert_eq!(runs[0].ran_for, Duration::from_secs(7));
}

/// Of several attempts the last one counts.
pub async fn the_last_attempt_counts(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let start = scene.now();
    let attempt = |from, to| BackendAttempt {
        started_at: Some(start.plus(Duration::from_secs(from))),
        stopped_at: Some(start.plus(Duration::from_secs(to))),
        failure: None,
    };
    fixture.advance(Duration::from_secs(1000));
    let attempts = vec![attempt(10, 500), attempt(600, 633)];
    let ended = complete_with(&scene, &ada, attempts).await;
    let runs = recent(fixture, &ended.job_type, 10).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].ran_for, Duration::from_secs(33));
}

async fn complete_with(scene: &Scene<'_>, caller: &Caller, attempts: Vec<BackendAttempt>) -> Job {
    let job = scene.admit(caller).await;
    let sent = scene.send(&job).await;
    let succeeded = specimens::described(&sent, BackendState::Succeeded, attempts);
    scene.observe(&sent, succeeded).await
}

/// Its backend lost it while it ran, and its manifest says that it ended well.
async fn complete_unseen(scene: &Scene<'_>, caller: &Caller) -> Job {
    let job = scene.admit(caller).await;
    let mut job = scene.start(&job).await;
    let absent = Observation::Absent {
        by_name: Some(false),
        manifest: Some(ProgramEnd::Exited { code: 0 }),
        main_result: None,
    };
    while job.status() != JobStatus::Completed {
        job = scene.observe(&job, absent.clone()).await;
        scene.fixture.advance(Rules::LOST_AFTER);
    }
    job
}

async fn recent(
    fixture: &dyn JobStoreFixture,
    job_type: &JobTypeName,
    limit: usize,
) -> Vec<FinishedRun> {
    let runs = fixture.runs().recent_runs(job_type, limit).await;
    runs.expect("the store is read")
}
