//! Who may call, and whose jobs they see.

use batchway_domain::ports::{AdmitError, ReadError};

use super::JobStoreFixture;
use super::scene::{Caller, Scene, page_of};

/// A registered key tells its user.
pub async fn a_registered_key_tells_its_user(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let second = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    for caller in [&ada, &second, &bob] {
        let user = scene.jobs().authenticate(&caller.key).await;
        assert_eq!(user.expect("the key is registered"), caller.name);
    }
}

/// Every call that takes a key refuses one that nobody registered.
pub async fn an_unknown_key_is_refused_by_every_call(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    scene.admit(&ada).await;
    assert_refused(&scene, &scene.unregistered("ada")).await;
    assert_refused(&scene, &scene.unregistered("nobody")).await;
}

/// A revocation holds for every call that begins after it, also for jobs made with the key.
pub async fn a_revocation_holds_at_once_for_every_call(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let spare = scene.caller("ada").await;
    scene.admit(&ada).await;
    scene.revoke(&ada).await;
    assert_refused(&scene, &ada).await;
    let page = scene.list(&spare, &page_of(10)).await;
    assert_eq!(page.jobs.len(), 1, "her other key still opens her jobs");
}

/// A revoked key can't replay what it was used for, and learns nothing from trying.
pub async fn a_revoked_key_replays_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut admission = scene.admission(&ada);
    admission.idempotency = Some(crate::specimens::idempotency("once", 1));
    scene.submit(&ada, admission.clone()).await;
    scene.revoke(&ada).await;
    let replay = scene.jobs().admit(&ada.key, admission.clone()).await;
    assert!(
        matches!(replay, Err(AdmitError::Unauthorized)),
        "{replay:?}"
    );
    admission.idempotency = Some(crate::specimens::idempotency("once", 2));
    let other = scene.jobs().admit(&ada.key, admission).await;
    assert!(matches!(other, Err(AdmitError::Unauthorized)), "{other:?}");
}

/// Another user's job looks like one that never was, in a find and in a list.
pub async fn nobody_sees_the_jobs_of_others(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let hers = scene.admit(&ada).await;
    let his = scene.admit(&bob).await;
    assert_eq!(find(&scene, &ada, &hers.id).await, Some(hers.id.clone()));
    assert_eq!(find(&scene, &bob, &hers.id).await, None);
    assert_eq!(find(&scene, &ada, &his.id).await, None);
    assert_eq!(scene.pages(&ada, &page_of(10)).await, [hers.id]);
    assert_eq!(scene.pages(&bob, &page_of(10)).await, [his.id]);
}

/// Users whose data lie in the same shard are kept apart like any others.
pub async fn users_of_one_shard_are_kept_apart(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let (first, second) = two_names_of_one_shard();
    let ada = scene.caller(&first).await;
    let bob = scene.caller(&second).await;
    let hers = scene.admit(&ada).await;
    assert_eq!(find(&scene, &bob, &hers.id).await, None);
    assert!(scene.pages(&bob, &page_of(10)).await.is_empty());
    assert!(scene.events(&bob.name).await.is_empty());
}

async fn find(
    scene: &Scene<'_>,
    caller: &Caller,
    id: &batchway_domain::identity::JobId,
) -> Option<batchway_domain::identity::JobId> {
    let found = scene.jobs().find(&caller.key, id).await;
    found.expect("the store is read").map(|job| job.id)
}

async fn assert_refused(scene: &Scene<'_>, caller: &Caller) {
    let jobs = scene.jobs();
    let admission = scene.admission(caller);
    let id = admission.job.id.clone();

    let user = jobs.authenticate(&caller.key).await;
    assert!(matches!(user, Err(ReadError::Unauthorized)), "{user:?}");
    let found = jobs.find(&caller.key, &id).await;
    assert!(matches!(found, Err(ReadError::Unauthorized)), "{found:?}");
    let page = jobs.list(&caller.key, &page_of(10)).await;
    assert!(matches!(page, Err(ReadError::Unauthorized)), "{page:?}");
    let admitted = jobs.admit(&caller.key, admission).await;
    assert!(
        matches!(admitted, Err(AdmitError::Unauthorized)),
        "{admitted:?}"
    );
    assert_eq!(scene.load(&id).await, None, "nothing was recorded");
}

fn two_names_of_one_shard() -> (String, String) {
    use batchway_domain::identity::{Shard, UserName};
    let shard = |name: &str| Shard::of_user(&name.parse::<UserName>().expect("a valid name"));
    let first = "user0".to_owned();
    let second = (1..)
        .map(|number| format!("user{number}"))
        .find(|name| shard(name) == shard(&first))
        .expect("there are only 256 shards");
    (first, second)
}
