//! Equal keys mean the same request, and make one job.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::ports::{Admission, AdmitError, Admitted};

use super::JobStoreFixture;
use super::scene::{Caller, Scene, page_of};
use crate::concurrency::all_at_once;
use crate::specimens;

/// A repeated request is answered with the job that the first one made, as it is now.
pub async fn a_replay_answers_with_the_job_as_it_is_now(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let first = keyed(&scene, &ada, "run-1-of-3", 1);
    let admitted = scene.submit(&ada, first.clone()).await;
    assert!(!admitted.replayed);
    let running = scene.start(&admitted.job).await;

    let mut repeated = keyed(&scene, &ada, "run-1-of-3", 1);
    repeated.params = Arc::from("[]");
    let replay = scene.submit(&ada, repeated.clone()).await;
    let expected = Admitted {
        job: running,
        replayed: true,
    };
    assert_eq!(replay, expected);
    assert_eq!(scene.load(&repeated.job.id).await, None, "no second job");
    assert_eq!(scene.pages(&ada, &page_of(10)).await, [first.job.id]);
}

/// The same admission sent twice, id and all, makes one job: the reply to the first was lost.
pub async fn the_very_same_admission_can_be_sent_again(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admission = keyed(&scene, &ada, "same", 1);
    let first = scene.submit(&ada, admission.clone()).await;
    let second = scene.submit(&ada, admission).await;
    assert_eq!(second.job, first.job);
    assert!(second.replayed);
    assert_eq!(scene.events(&ada.name).await.len(), 1);
}

/// A job that has ended is still what its key stands for.
pub async fn a_key_outlives_the_end_of_its_job(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admitted = scene.submit(&ada, keyed(&scene, &ada, "ended", 1)).await;
    let ended = scene.complete(&admitted.job).await;
    let replay = scene.submit(&ada, keyed(&scene, &ada, "ended", 1)).await;
    assert!(replay.replayed);
    assert_eq!(replay.job, ended);
    let other = keyed(&scene, &ada, "ended", 2);
    assert_mismatch(&scene, &ada, other, &ended.id).await;
}

/// A replay makes nothing new, so no limit stands in its way.
pub async fn a_replay_passes_limits_that_are_reached(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admitted = scene.submit(&ada, keyed(&scene, &ada, "early", 1)).await;
    let mut repeated = keyed(&scene, &ada, "early", 1);
    repeated.limits.queued = 0;
    repeated.limits.active_of_user = Some(0);
    let replay = scene.submit(&ada, repeated).await;
    assert!(replay.replayed);
    assert_eq!(replay.job.id, admitted.job.id);
}

/// A key used for another request is refused, naming the job it stands for.
pub async fn a_key_for_another_request_is_refused(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admitted = scene.submit(&ada, keyed(&scene, &ada, "used", 1)).await;
    let mut other = keyed(&scene, &ada, "used", 2);
    other.limits.queued = 0;
    assert_mismatch(&scene, &ada, other.clone(), &admitted.job.id).await;
    assert_eq!(scene.load(&other.job.id).await, None);
    assert_eq!(scene.events(&ada.name).await.len(), 1);

    let replay = scene.submit(&ada, keyed(&scene, &ada, "used", 1)).await;
    assert!(replay.replayed, "the refusal changed nothing");
}

/// Keys are compared by every character, case and all.
pub async fn keys_that_differ_in_a_character_are_different(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let longest = "k".repeat(255);
    let keys = ["a", "A", "a!", "%61", "'a'", "a:b", "*", &longest];
    let mut jobs = BTreeSet::new();
    for key in keys {
        let admitted = scene.submit(&ada, keyed(&scene, &ada, key, 1)).await;
        assert!(!admitted.replayed, "{key}");
        jobs.insert(admitted.job.id);
    }
    assert_eq!(jobs.len(), keys.len());
}

/// An equal key of another user is another key.
pub async fn another_users_equal_key_is_another_key(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let hers = scene.submit(&ada, keyed(&scene, &ada, "shared", 1)).await;
    let his = scene.submit(&bob, keyed(&scene, &bob, "shared", 2)).await;
    assert!(!his.replayed);
    assert_ne!(his.job.id, hers.job.id);
}

/// The key belongs to the user, whichever of their API keys they show.
pub async fn a_key_holds_for_all_api_keys_of_its_user(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let spare = scene.caller("ada").await;
    let first = scene.submit(&ada, keyed(&scene, &ada, "hers", 1)).await;
    let replay = scene.submit(&spare, keyed(&scene, &ada, "hers", 1)).await;
    assert!(replay.replayed);
    assert_eq!(replay.job.id, first.job.id);
}

/// A key is known until its time is over, by the store's clock, and not after.
pub async fn a_key_is_known_until_its_time_is_over(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let kept_for = specimens::idempotency("k", 1).kept_for;
    let first = scene.submit(&ada, keyed(&scene, &ada, "aging", 1)).await;

    fixture.advance(kept_for - Duration::from_secs(1));
    let replay = scene.submit(&ada, keyed(&scene, &ada, "aging", 1)).await;
    assert!(replay.replayed, "a second before its end it is known");

    fixture.advance(Duration::from_secs(2));
    let second = scene.submit(&ada, keyed(&scene, &ada, "aging", 2)).await;
    assert!(!second.replayed, "a replay does not prolong it");
    assert_ne!(second.job.id, first.job.id);
    let replay = scene.submit(&ada, keyed(&scene, &ada, "aging", 2)).await;
    assert_eq!(replay.job.id, second.job.id, "now it stands for the second");
}

/// Fifty requests at the same time with one key make one job, and all are answered with it.
pub async fn concurrent_requests_with_one_key_make_one_job(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (jobs, key) = (scene.jobs(), ada.key);
            let admission = keyed(&scene, &ada, "racing", 1);
            async move { jobs.admit(&key, admission).await }
        })
        .collect();
    let answers: Vec<Admitted> = all_at_once(calls)
        .await
        .into_iter()
        .map(|answer| answer.expect("the job is admitted"))
        .collect();
    for answer in &answers {
        assert_eq!(answer.job, answers[0].job, "all replies are equal");
    }
    let first = answers.iter().filter(|answer| !answer.replayed).count();
    assert_eq!(first, 1, "one request made the job");
    assert_eq!(scene.pages(&ada, &page_of(100)).await.len(), 1);
    assert_eq!(scene.events(&ada.name).await.len(), 1);
}

/// Of different requests at the same time with one key one makes the job, and its repetitions are
/// answered with it; every other one is refused, naming it, though it was in flight as well.
pub async fn of_concurrent_different_requests_one_is_taken(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let (jobs, key) = (scene.jobs(), ada.key);
            let fingerprint = number % 5;
            let admission = keyed(&scene, &ada, "contested", fingerprint);
            async move { (fingerprint, jobs.admit(&key, admission).await) }
        })
        .collect();
    let answers = all_at_once(calls).await;
    let taken = scene.pages(&ada, &page_of(100)).await;
    assert_eq!(taken.len(), 1, "one request made a job");
    let mut answered = Vec::new();
    for (fingerprint, answer) in answers {
        match answer {
            Ok(admitted) => {
                assert_eq!(admitted.job.id, taken[0]);
                answered.push(fingerprint);
            }
            Err(AdmitError::FingerprintMismatch { job }) => assert_eq!(job, taken[0]),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(
        answered, [answered[0]; 10],
        "one request, and its repetitions"
    );
}

fn keyed(scene: &Scene<'_>, caller: &Caller, key: &str, fingerprint: u8) -> Admission {
    Admission {
        idempotency: Some(specimens::idempotency(key, fingerprint)),
        ..scene.admission(caller)
    }
}

async fn assert_mismatch(scene: &Scene<'_>, caller: &Caller, admission: Admission, first: &JobId) {
    let refused = scene.jobs().admit(&caller.key, admission).await;
    assert!(
        matches!(&refused, Err(AdmitError::FingerprintMismatch { job }) if job == first),
        "{refused:?}"
    );
}
