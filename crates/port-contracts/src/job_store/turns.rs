//! Tenants take turns where jobs are sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::ports::DueRequest;

use super::JobStoreFixture;
use super::scene::{Caller, Scene, dispatch, due, ids, watch};

/// Nobody's second job comes before another's first, however much longer it has been due.
pub async fn nobodys_second_comes_before_anothers_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let carol = scene.caller("carol").await;
    let hers = scene.admit_many(&ada, 20).await;
    let his = scene.admit_many(&bob, 2).await;
    let late = scene.admit_many(&carol, 1).await;

    let batch = scene.take(dispatch(), 10).await;
    let turn = |batch: &[JobId]| batch.iter().cloned().collect::<BTreeSet<_>>();
    let firsts = [&hers[0], &his[0], &late[0]].map(|job| job.id.clone());
    assert_eq!(turn(&batch[..3]), firsts.into());
    let seconds = [&hers[1], &his[1]].map(|job| job.id.clone());
    assert_eq!(turn(&batch[3..5]), seconds.into());
    assert_eq!(batch[5..], ids(&hers[2..7]), "who is alone has the rest");
}

/// Turns go on from batch to batch: who came last waits for the others.
pub async fn turns_go_on_from_batch_to_batch(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let hers = scene.admit_many(&ada, 5).await;
    let first = scene.take(dispatch(), 1).await;
    assert_eq!(first, ids(&hers[..1]));
    let his = scene.admit_many(&bob, 3).await;
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(scene.take(dispatch(), 1).await);
    }
    let expected = [&his[0], &hers[1], &his[1], &hers[2]].map(|job| job.id.clone());
    assert_eq!(order, expected);
}

/// A batch too small for all gives everyone a share, no two shares differing by more than one.
pub async fn a_small_batch_is_shared_evenly(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let mut owners: BTreeMap<JobId, Caller> = BTreeMap::new();
    for (name, count) in [("ada", 30), ("bob", 10), ("carol", 5)] {
        let caller = scene.caller(name).await;
        for job in scene.admit_many(&caller, count).await {
            owners.insert(job.id, caller.clone());
        }
    }
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for id in scene.take(dispatch(), 7).await {
        *shares.entry(owners[&id].name.to_string()).or_default() += 1;
    }
    let mut counts: Vec<usize> = shares.into_values().collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 2, 3]);
}

/// Looking for those that have waited too long starts nobody's job, and so is nobody's turn.
pub async fn a_look_by_age_is_nobodys_turn(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let hers = scene.admit_many(&ada, 3).await;
    scene.admit_many(&bob, 1).await;
    let look = DueRequest {
        lease: Duration::ZERO,
        created_before: Some(Timestamp::MAX),
        ..due(dispatch(), 10)
    };
    let seen = fixture.jobs().take_due(&look).await;
    assert_eq!(seen.expect("the store is read").len(), 4);
    assert_eq!(scene.take(dispatch(), 1).await, ids(&hers[..1]));
}

/// In the other lanes there are no turns: the longest due comes first, whoever owns it.
pub async fn other_lanes_know_no_turns(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let mut expected = Vec::new();
    for caller in [&ada, &ada, &ada, &bob] {
        let job = scene.admit(caller).await;
        let sent = scene.send(&job).await;
        expected.push(sent.id);
        fixture.advance(Duration::from_secs(1));
    }
    assert_eq!(scene.take(watch(), 3).await, expected[..3]);
}
