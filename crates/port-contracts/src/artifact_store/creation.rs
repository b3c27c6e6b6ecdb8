//! Deciding who is first.

use batchway_domain::ports::{ArtifactError, Created};
use bytes::Bytes;

use super::ArtifactStoreFixture;
use super::content::{key, put, read};
use crate::concurrency::all_at_once;

/// The first create wins, and every later one leaves the object as it is.
pub async fn the_first_create_wins(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let gate = key("prod/ada/job_1/_batchway/try-1/gate.json");
    let first = store.create(&gate, Bytes::from("first")).await;
    assert_eq!(first.expect("the store is written"), Created::Won);
    let before = store.metadata(&gate).await.expect("it is there");
    for content in ["second", "first", ""] {
        let later = store.create(&gate, Bytes::from(content)).await;
        assert_eq!(later.expect("the store is read"), Created::AlreadyThere);
    }
    assert_eq!(store.metadata(&gate).await.expect("it is there"), before);
    assert_eq!(read(&*store, &gate).await, b"first");
}

/// A create does not overwrite what was put, be it empty.
pub async fn a_create_does_not_overwrite(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    for content in ["there already", ""] {
        let key = key("a/there");
        put(&*store, &key, content).await;
        let created = store.create(&key, Bytes::from("new")).await;
        assert_eq!(created.expect("the store is read"), Created::AlreadyThere);
        assert_eq!(read(&*store, &key).await, content.as_bytes());
    }
}

/// An object without content can be created, and is there then.
pub async fn an_empty_create_wins_too(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/empty");
    let first = store.create(&key, Bytes::new()).await;
    assert_eq!(first.expect("the store is written"), Created::Won);
    let second = store.create(&key, Bytes::new()).await;
    assert_eq!(second.expect("the store is read"), Created::AlreadyThere);
}

/// After a removal the next create wins again.
pub async fn after_a_removal_a_create_wins_again(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/again");
    for content in ["first", "second"] {
        let created = store.create(&key, Bytes::from(content)).await;
        assert_eq!(created.expect("the store is written"), Created::Won);
        assert_eq!(read(&*store, &key).await, content.as_bytes());
        store.delete(&key).await.expect("it is removed");
    }
}

/// Of fifty creates at the same time exactly one wins, and its content is there. Where creates
/// are not atomic, one that wins is there, and then no other does.
pub async fn of_concurrent_creates_exactly_one_wins(fixture: &dyn ArtifactStoreFixture) {
    for round in 0..10 {
        let key = key(&format!("a/gate-{round}"));
        let creates: Vec<_> = (0..50)
            .map(|writer| {
                let (store, key) = (fixture.store(), key.clone());
                async move {
                    let content = Bytes::from(format!("writer {writer}"));
                    let created = store.create(&key, content.clone()).await;
                    (created.expect("the store is written"), content)
                }
            })
            .collect();
        let winners: Vec<Bytes> = all_at_once(creates)
            .await
            .into_iter()
            .filter_map(|(created, content)| (created == Created::Won).then_some(content))
            .collect();
        if fixture.capabilities().creates_are_atomic {
            assert_eq!(winners.len(), 1, "{winners:?}");
        }
        let content = read(&*fixture.store(), &key).await;
        assert!(
            winners.iter().any(|winner| *winner == content),
            "{winners:?}"
        );
        let later = fixture.store().create(&key, Bytes::from("later")).await;
        assert_eq!(later.expect("the store is read"), Created::AlreadyThere);
    }
}

/// Whoever learns that another was first can read at once what that one wrote, whole; and
/// where creates are atomic, all read the same.
pub async fn who_comes_second_can_read_the_first(fixture: &dyn ArtifactStoreFixture) {
    let key = key("a/gate");
    let creates: Vec<_> = (0..20)
        .map(|writer| {
            let (store, key) = (fixture.store(), key.clone());
            async move {
                let content = Bytes::from(format!("{writer:04}").repeat(1000));
                let created = store.create(&key, content).await;
                assert!(matches!(created, Ok(Created::Won | Created::AlreadyThere)));
                read(&*store, &key).await
            }
        })
        .collect();
    let mut seen = all_at_once(creates).await;
    assert!(seen.iter().all(|content| content.len() == 4000));
    if fixture.capabilities().creates_are_atomic {
        seen.dedup();
        assert_eq!(seen.len(), 1, "all read the same");
    }
}

/// A create is seen by every later read and list.
pub async fn what_was_created_is_seen(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/b/created");
    let before = store.metadata(&key).await;
    assert!(matches!(before, Err(ArtifactError::NotFound { .. })));
    let created = store.create(&key, Bytes::from("content")).await;
    created.expect("the store is written");
    let metadata = store.metadata(&key).await.expect("it is there");
    assert_eq!((&metadata.key, metadata.size), (&key, 7));
    let listed = store.list("a/").await.expect("the store is read");
    assert_eq!(listed, [metadata]);
}
