//! What is there after the store's process died.

use std::slice;

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::ReadError;

use super::JobStoreFixture;
use super::scene::{LEASE, Scene, dispatch, page_of};
use crate::specimens;

/// Everything that was answered with `Ok` is there after the store is opened again: keys and
/// revocations, records, params, events, idempotency keys, due times, past runs. A store that
/// does not promise that is empty, and not half full.
pub async fn what_was_acknowledged_is_there_again(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let revoked = scene.caller("ada").await;
    scene.revoke(&revoked).await;
    let mut admission = scene.admission(&ada);
    admission.idempotency = Some(specimens::idempotency("durable", 1));
    let waiting = scene.submit(&ada, admission.clone()).await.job;
    let ended = scene.admit(&ada).await;
    let ended = scene.complete(&ended).await;
    assert_eq!(
        scene.take(dispatch(), 10).await,
        slice::from_ref(&waiting.id)
    );
    let page = scene.list(&ada, &page_of(10)).await;
    let events = scene.events(&ada.name).await;
    let keys = fixture.keys().list(None).await.expect("the store is read");
    let runs = fixture.runs().recent_runs(&ended.job_type, 10).await;
    let runs = runs.expect("the store is read");
    assert_eq!((page.jobs.len(), keys.len(), runs.len()), (2, 2, 1));

    fixture.reopen().await;

    if !fixture.capabilities().durable {
        let user = scene.jobs().authenticate(&ada.key).await;
        assert!(matches!(user, Err(ReadError::Unauthorized)), "{user:?}");
        assert_eq!(scene.load(&waiting.id).await, None);
        assert!(scene.events(&ada.name).await.is_empty());
        return;
    }
    let user = scene.jobs().authenticate(&revoked.key).await;
    assert!(matches!(user, Err(ReadError::Unauthorized)), "{user:?}");
    assert_eq!(scene.list(&ada, &page_of(10)).await, page);
    assert_eq!(scene.events(&ada.name).await, events);
    let kept = fixture.keys().list(None).await;
    assert_eq!(kept.expect("the store is read"), keys);
    let kept = fixture.runs().recent_runs(&ended.job_type, 10).await;
    assert_eq!(kept.expect("the store is read"), runs);
    let params = scene.jobs().params(&waiting.id).await;
    assert_eq!(
        params.expect("the store is read").as_deref(),
        Some(specimens::PARAMS)
    );
    let replay = scene.submit(&ada, admission).await;
    assert!(replay.replayed);
    assert_eq!(replay.job, waiting);
    assert!(
        scene.take(dispatch(), 10).await.is_empty(),
        "the lease holds"
    );
    fixture.advance(LEASE);
    assert_eq!(scene.take(dispatch(), 10).await, [waiting.id]);
}

/// A store opened again takes work as before, and goes on counting where it was.
pub async fn a_store_opened_again_goes_on(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let commit = scene.commit_of(&job, &Observation::CancelRequested);
    let answer = scene.jobs().commit(commit.clone()).await;
    answer.expect("the change is committed");

    fixture.reopen().await;

    if fixture.capabilities().durable {
        let repeated = scene.jobs().commit(commit).await;
        repeated.expect("the same change is committed");
        scene.admit(&ada).await;
        let events = scene.events(&ada.name).await;
        let numbers: Vec<u64> = events.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    } else {
        let ada = scene.caller("ada").await;
        scene.admit(&ada).await;
        assert_eq!(scene.events(&ada.name).await.len(), 1);
    }
    scene
        .jobs()
        .check()
        .await
        .expect("nothing is wrong with it");
}

/// The store says that it can be used.
pub async fn the_store_is_well(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    scene
        .jobs()
        .check()
        .await
        .expect("nothing is wrong with it");
    let ada = scene.caller("ada").await;
    assert!(scene.pages(&ada, &page_of(10)).await.is_empty());
}
