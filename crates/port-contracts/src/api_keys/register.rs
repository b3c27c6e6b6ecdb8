//! Registering, listing and revoking.

use std::slice;
use std::time::Duration;

use batchway_domain::identity::UserName;
use batchway_domain::ports::{KeyError, KeyRecord};

use crate::concurrency::all_at_once;
use crate::job_store::JobStoreFixture;
use crate::job_store::scene::Scene;

/// Registered keys are listed, the oldest first: all, or those of one user.
pub async fn keys_are_listed_oldest_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let mut expected = Vec::new();
    for name in ["zoe", "ada", "zoe", "bob", "ada"] {
        let caller = scene.caller(name).await;
        expected.push(scene.key_record(&caller));
        fixture.advance(Duration::from_secs(1));
    }
    assert_eq!(list(fixture, None).await, expected);
    let ada: UserName = "ada".parse().expect("a valid name");
    let hers = list(fixture, Some(&ada)).await;
    assert_eq!(hers, [expected[1].clone(), expected[4].clone()]);
    let nobody: UserName = "nobody".parse().expect("a valid name");
    assert!(list(fixture, Some(&nobody)).await.is_empty());
}

/// A digest that is there is refused, whoever it is for, and the first record stays.
pub async fn a_digest_is_registered_once(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let before = list(fixture, None).await;
    fixture.advance(Duration::from_secs(1));
    for name in ["ada", "mallory"] {
        let again = KeyRecord {
            user: name.parse().expect("a valid name"),
            ..scene.key_record(&ada)
        };
        let refused = fixture.keys().register(&again).await;
        assert!(matches!(refused, Err(KeyError::Exists)), "{refused:?}");
    }
    assert_eq!(list(fixture, None).await, before);
    let user = scene.jobs().authenticate(&ada.key).await;
    assert_eq!(user.expect("the key is registered"), ada.name);
}

/// A revoked key can't be brought back by registering it again.
pub async fn a_revoked_digest_stays_refused(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    scene.revoke(&ada).await;
    let refused = fixture.keys().register(&scene.key_record(&ada)).await;
    assert!(matches!(refused, Err(KeyError::Exists)), "{refused:?}");
    let user = scene.jobs().authenticate(&ada.key).await;
    assert!(user.is_err(), "{user:?}");
}

/// Of many registrations of one digest at the same time, one is taken.
pub async fn of_concurrent_registrations_one_is_taken(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let caller = scene.unregistered("ada");
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let (keys, record) = (fixture.keys(), scene.key_record(&caller));
            async move { keys.register(&record).await }
        })
        .collect();
    let answers = all_at_once(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(()) | Err(KeyError::Exists)))
    );
    assert_eq!(list(fixture, None).await.len(), 1);
}

/// A revocation answers with the key as it now is, and leaves the others alone. Twice is the
/// same as once: the first time stays.
pub async fn a_revocation_is_recorded_once(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let spare = scene.caller("ada").await;
    let first = scene.now();
    let expected = KeyRecord {
        revoked_at: Some(first),
        ..scene.key_record(&ada)
    };
    for _ in 0..2 {
        let revoked = fixture.keys().revoke(&ada.key.short(), scene.now()).await;
        assert_eq!(
            revoked.expect("the store is written"),
            slice::from_ref(&expected)
        );
        fixture.advance(Duration::from_secs(60));
    }
    let listed = list(fixture, None).await;
    assert!(listed.contains(&expected), "{listed:?}");
    let user = scene.jobs().authenticate(&spare.key).await;
    assert_eq!(user.expect("the key is registered"), ada.name);
}

/// Every key that begins with the digits is revoked, whoever it belongs to; one that differs in
/// the last of them is not.
pub async fn every_key_with_the_digits_is_revoked(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let mut records = Vec::new();
    for (name, first_bytes) in [
        ("ada", [1, 2, 3, 4, 1]),
        ("bob", [1, 2, 3, 4, 2]),
        ("ada", [1, 2, 3, 5, 1]),
    ] {
        let mut record = scene.key_record(&scene.unregistered(name));
        record.digest.sha256[..5].copy_from_slice(&first_bytes);
        let registered = fixture.keys().register(&record).await;
        registered.expect("a new key is registered");
        records.push(record);
        fixture.advance(Duration::from_secs(1));
    }
    let at = scene.now();
    let revoked = fixture.keys().revoke("01020304", at).await;
    let revoked = revoked.expect("the store is written");
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    assert!(revoked.iter().all(|key| key.revoked_at == Some(at)));
    let refused = scene.jobs().authenticate(&records[1].digest).await;
    assert!(refused.is_err(), "{refused:?}");
    let user = scene.jobs().authenticate(&records[2].digest).await;
    assert_eq!(user.expect("the key is registered"), records[2].user);
}

/// Digits that no key begins with revoke nothing, be they wildcards or too few.
pub async fn digits_of_no_key_revoke_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    for digits in ["", "%", "________", "zzzzzzzz", "*", "' OR '1'='1"] {
        let revoked = fixture.keys().revoke(digits, scene.now()).await;
        let revoked = revoked.expect("the store is read");
        assert!(revoked.is_empty(), "{digits:?}: {revoked:?}");
    }
    let user = scene.jobs().authenticate(&ada.key).await;
    assert_eq!(user.expect("the key is registered"), ada.name);
}

async fn list(fixture: &dyn JobStoreFixture, user: Option<&UserName>) -> Vec<KeyRecord> {
    let listed = fixture.keys().list(user).await;
    listed.expect("the store is read")
}
