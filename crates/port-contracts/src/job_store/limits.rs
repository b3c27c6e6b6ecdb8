//! Limits on how much may wait, and on how much one user may have.

use std::time::Duration;

use batchway_domain::job::{FailureClass, Job, JobStatus};
use batchway_domain::ports::{Admission, AdmissionLimits, AdmitError};

use super::JobStoreFixture;
use super::scene::{Caller, Scene, page_of};
use crate::concurrency::all_at_once;
use crate::specimens;

/// So many jobs of a user that have not ended, and no more.
pub async fn a_user_has_no_more_active_jobs_than_allowed(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    scene.submit(&ada, at_most_active(&scene, &ada, 2)).await;
    let second = scene.submit(&ada, at_most_active(&scene, &ada, 2)).await;
    assert_too_many(&scene, &ada, 2).await;
    scene.submit(&bob, at_most_active(&scene, &bob, 2)).await;

    scene.start(&second.job).await;
    assert_too_many(&scene, &ada, 2).await;
}

/// The limit counts jobs without an end: any end makes room, and no step before it does.
pub async fn every_end_makes_room_for_the_user(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    for end in [
        JobStatus::Completed,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ] {
        let admitted = scene.submit(&ada, at_most_active(&scene, &ada, 1)).await;
        assert_too_many(&scene, &ada, 1).await;
        let ended = end_as(&scene, &admitted.job, end).await;
        assert_eq!(ended.status(), end);
    }
    scene.submit(&ada, at_most_active(&scene, &ada, 1)).await;
}

/// A user without a limit is not held by one.
pub async fn no_limit_is_no_limit(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    scene.admit_many(&ada, 20).await;
    assert_eq!(scene.pages(&ada, &page_of(100)).await.len(), 20);
}

/// Fifty requests at the same time get as many jobs as the user may have, not one more.
pub async fn concurrent_requests_keep_the_limit_of_a_user(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (jobs, key) = (scene.jobs(), ada.key);
            let admission = at_most_active(&scene, &ada, 7);
            async move { jobs.admit(&key, admission).await }
        })
        .collect();
    let answers = all_at_once(calls).await;
    let admitted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(admitted, 7);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(_) | Err(AdmitError::TooManyActive { limit: 7 })))
    );
    assert_eq!(scene.pages(&ada, &page_of(100)).await.len(), 7);
}

/// So many jobs wait to be sent, whoever owns them, and no more.
pub async fn the_backlog_has_a_limit_over_all_users(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    scene.submit(&ada, at_most_queued(&scene, &ada, 2)).await;
    scene.submit(&bob, at_most_queued(&scene, &bob, 2)).await;
    assert_backlog_full(&scene, &ada, 2).await;
    assert_backlog_full(&scene, &bob, 2).await;
}

/// What has been sent, runs or has ended does not wait to be sent.
pub async fn the_backlog_counts_only_jobs_that_wait(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let sent = scene.admit(&ada).await;
    scene.send(&sent).await;
    let running = scene.admit(&ada).await;
    scene.start(&running).await;
    for end in [
        JobStatus::Completed,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ] {
        let job = scene.admit(&ada).await;
        end_as(&scene, &job, end).await;
    }
    scene.submit(&ada, at_most_queued(&scene, &ada, 1)).await;
    assert_backlog_full(&scene, &ada, 1).await;
}

/// A job that goes back to wait for another try counts again.
pub async fn a_retry_counts_as_waiting_again(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let running = scene.start(&job).await;
    let lost = specimens::failed(&running, FailureClass::HostLost, scene.now());
    let waiting = scene.observe(&running, lost).await;
    assert_eq!(
        (waiting.status(), waiting.current_try.number),
        (JobStatus::Queued, 2)
    );
    assert_backlog_full(&scene, &ada, 1).await;
}

/// A removed job no longer counts, and one that was never waiting takes nothing away.
pub async fn removal_leaves_the_counts_right(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let waiting = scene.admit(&ada).await;
    let job = scene.admit(&ada).await;
    let ended = scene.complete(&job).await;
    for job in [&waiting, &ended] {
        let removed = scene.jobs().remove(&job.id, job.version).await;
        removed.expect("it is removed at its version");
    }
    let both = |limit| {
        let mut admission = at_most_queued(&scene, &ada, limit);
        admission.limits.active_of_user = Some(limit);
        admission
    };
    scene.submit(&ada, both(1)).await;
    assert_backlog_full(&scene, &ada, 1).await;
    assert_too_many(&scene, &ada, 1).await;
}

/// A repeated commit moves the counts once.
pub async fn a_repeated_commit_counts_once(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let kept = scene.admit(&ada).await;
    let job = scene.admit(&ada).await;
    let cancel = batchway_domain::job::machine::Observation::CancelRequested;
    let commit = scene.commit_of(&job, &cancel);
    for _ in 0..3 {
        let answer = scene.jobs().commit(commit.clone()).await;
        answer.expect("the same change is committed");
    }
    assert_backlog_full(&scene, &ada, 1).await;
    assert_too_many(&scene, &ada, 1).await;
    assert_eq!(kept.status(), JobStatus::Queued);
}

async fn end_as(scene: &Scene<'_>, job: &Job, end: JobStatus) -> Job {
    match end {
        JobStatus::Completed => scene.complete_after(job, Duration::from_secs(1)).await,
        JobStatus::Failed => {
            let running = scene.start(job).await;
            let exit = specimens::failed(&running, FailureClass::ProgramExit, scene.now());
            scene.observe(&running, exit).await
        }
        _ => scene.cancel(job).await,
    }
}

fn at_most_active(scene: &Scene<'_>, caller: &Caller, limit: u64) -> Admission {
    Admission {
        limits: AdmissionLimits {
            active_of_user: Some(limit),
            ..specimens::AMPLE_LIMITS
        },
        ..scene.admission(caller)
    }
}

fn at_most_queued(scene: &Scene<'_>, caller: &Caller, limit: u64) -> Admission {
    Admission {
        limits: AdmissionLimits {
            queued: limit,
            ..specimens::AMPLE_LIMITS
        },
        ..scene.admission(caller)
    }
}

async fn assert_too_many(scene: &Scene<'_>, caller: &Caller, expected: u64) {
    let admission = at_most_active(scene, caller, expected);
    let refused = scene.jobs().admit(&caller.key, admission).await;
    assert!(
        matches!(refused, Err(AdmitError::TooManyActive { limit }) if limit == expected),
        "{refused:?}"
    );
}

async fn assert_backlog_full(scene: &Scene<'_>, caller: &Caller, expected: u64) {
    let admission = at_most_queued(scene, caller, expected);
    let refused = scene.jobs().admit(&caller.key, admission).await;
    assert!(
        matches!(refused, Err(AdmitError::BacklogFull { limit }) if limit == expected),
        "{refused:?}"
    );
}
