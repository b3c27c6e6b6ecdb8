//! Forgetting a job.

use batchway_domain::job::Lane;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{Admission, AdmitError, CommitError};

use super::JobStoreFixture;
use super::scene::{Caller, Scene, page_of};
use crate::specimens;

/// A removed job is gone from everywhere: record, params, lists, due set, events, past runs.
pub async fn a_removed_job_is_gone_everywhere(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 2).await;
    let ended = scene.complete(&jobs[0]).await;
    remove(&scene, &ended).await;

    assert_eq!(scene.load(&ended.id).await, None);
    let found = scene.jobs().find(&ada.key, &ended.id).await;
    assert_eq!(found.expect("the store is read"), None);
    let params = scene.jobs().params(&ended.id).await;
    assert_eq!(params.expect("the store is read"), None);
    assert_eq!(
        scene.pages(&ada, &page_of(10)).await,
        [jobs[1].id.clone()],
        "the other job is still there"
    );
    let mut due = super::scene::due(Lane::Remove, 10);
    due.created_before = Some(batchway_domain::Timestamp::MAX);
    assert!(scene.take_by(&due).await.is_empty());
    let events = scene.events(&ada.name).await;
    assert!(events.iter().all(|(_, event)| event.job == jobs[1].id));
    assert_eq!(events.len(), 1);
    let runs = fixture.runs().recent_runs(&ended.job_type, 10).await;
    assert!(runs.expect("the store is read").is_empty());
}

/// Only at the version that the caller has seen.
pub async fn a_job_that_changed_meanwhile_stays(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let cancelled = scene.cancel(&job).await;
    for version in [job.version, cancelled.version + 1] {
        let refused = scene.jobs().remove(&job.id, version).await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    }
    assert_eq!(scene.load(&job.id).await, Some(cancelled));
    assert_eq!(scene.events(&ada.name).await.len(), 2);
}

/// What is not there can't be removed, nor changed after its removal.
pub async fn what_is_gone_is_not_found(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let unknown = scene.new_job(&ada).id;
    let refused = scene.jobs().remove(&unknown, 1).await;
    assert!(matches!(refused, Err(CommitError::NotFound)), "{refused:?}");

    let job = scene.admit(&ada).await;
    remove(&scene, &job).await;
    let again = scene.jobs().remove(&job.id, job.version).await;
    assert!(matches!(again, Err(CommitError::NotFound)), "{again:?}");
    let commit = scene.commit_of(&job, &Observation::CancelRequested);
    let late = scene.jobs().commit(commit).await;
    assert!(matches!(late, Err(CommitError::NotFound)), "{late:?}");
    assert_eq!(
        scene.load(&job.id).await,
        None,
        "a late change revives nothing"
    );
}

/// Numbers of removed events are never given again.
pub async fn numbers_of_removed_events_are_not_given_again(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    scene.admit(&ada).await;
    let doomed = scene.admit(&ada).await;
    remove(&scene, &doomed).await;
    scene.admit(&ada).await;
    let events = scene.events(&ada.name).await;
    let numbers: Vec<u64> = events.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 3]);
}

/// The idempotency key of a removed job still stands for it until its own time is over: a
/// repetition is answered with the job as it was last, and makes none.
pub async fn its_idempotency_key_stays(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.submit(&ada, keyed(&scene, &ada, 1)).await.job;
    let ended = scene.complete(&job).await;
    remove(&scene, &ended).await;

    let other = scene.jobs().admit(&ada.key, keyed(&scene, &ada, 2)).await;
    assert!(
        matches!(&other, Err(AdmitError::FingerprintMismatch { job: first }) if *first == job.id),
        "{other:?}"
    );
    let replay = scene.submit(&ada, keyed(&scene, &ada, 1)).await;
    assert!(replay.replayed);
    assert_eq!(replay.job, ended);
    assert!(scene.pages(&ada, &page_of(10)).await.is_empty());

    fixture.advance(specimens::idempotency("k", 1).kept_for * 2);
    let second = scene.submit(&ada, keyed(&scene, &ada, 1)).await;
    assert!(!second.replayed, "its own time is over");
}

fn keyed(scene: &Scene<'_>, caller: &Caller, fingerprint: u8) -> Admission {
    Admission {
        idempotency: Some(specimens::idempotency("outliving", fingerprint)),
        ..scene.admission(caller)
    }
}

async fn remove(scene: &Scene<'_>, job: &batchway_domain::job::Job) {
    let removed = scene.jobs().remove(&job.id, job.version).await;
    removed.expect("it is removed at its version");
}
