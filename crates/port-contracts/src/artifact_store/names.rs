//! Keys of all kinds.

use std::collections::BTreeSet;

use batchway_domain::ports::{ArtifactError, Created};

use super::ArtifactStoreFixture;
use super::content::{key, put, read, stream_of};

/// Names that mean something elsewhere mean themselves here.
pub async fn odd_names_mean_themselves(fixture: &dyn ArtifactStoreFixture) {
    let odd = [
        "a b/ c /d ",
        "ü/日本/😀",
        "a/%2e%2e/%2Fetc",
        "a/%",
        "a/..b",
        "a/...",
        ".hidden",
        "a/.tmp",
        "a/.tmp-1/x.tmp",
        "-rf",
        "~",
        "a/*?[x]",
        "a/$HOME",
        "a/'\"`;&|<>",
        "a/x:y",
        "a/#frag?query=1",
        "a/+ +",
        "a/CON",
        "a/trailing.",
    ];
    let store = fixture.store();
    for text in odd {
        put(&*store, &key(text), text).await;
    }
    for text in odd {
        let key = key(text);
        assert_eq!(read(&*store, &key).await, text.as_bytes());
        let metadata = store.metadata(&key).await.expect("it is there");
        assert_eq!(metadata.key, key);
        let created = store.create(&key, "other".into()).await;
        assert_eq!(created.expect("the store is read"), Created::AlreadyThere);
    }
    let listed = store.list("").await.expect("the store is read");
    let listed: BTreeSet<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(listed, odd.into());
    for text in odd {
        store.delete(&key(text)).await.expect("it is removed");
    }
    assert!(store.list("").await.expect("the store is read").is_empty());
}

/// Names that differ in case, or in how a letter is composed, are different names.
pub async fn names_are_compared_byte_by_byte(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let names = [
        "a/Name",
        "a/name",
        "a/NAME",
        "a/\u{e9}",
        "a/e\u{301}",
        "a/name ",
    ];
    for name in names {
        put(&*store, &key(name), name).await;
    }
    for name in names {
        assert_eq!(read(&*store, &key(name)).await, name.as_bytes());
    }
}

/// The longest parts and the longest keys are taken.
pub async fn the_longest_names_are_taken(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let part = "x".repeat(255);
    let wide = "ü".repeat(127);
    let longest = [&part[..], &part, &part, &part[..253], "yy"].join("/");
    assert_eq!(
        longest.len(),
        batchway_domain::artifacts::ArtifactKey::MAX_BYTES
    );
    let deep = vec!["d"; 512].join("/");
    for text in [&part, &wide, &longest, &deep] {
        let key = key(text);
        put(&*store, &key, "content").await;
        assert_eq!(read(&*store, &key).await, b"content");
        let listed = store.list(text).await.expect("the store is read");
        assert_eq!(listed.len(), 1, "{text}");
        store.delete(&key).await.expect("it is removed");
    }
}

/// A key can go on where another ends. A store that can't have both refuses the second by name,
/// and keeps the first.
pub async fn a_key_goes_on_where_another_ends(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    for (first, second) in [("a/b", "a/b/c"), ("d/e/f", "d/e")] {
        put(&*store, &key(first), first).await;
        if fixture.capabilities().keys_can_nest {
            put(&*store, &key(second), second).await;
            assert_eq!(read(&*store, &key(second)).await, second.as_bytes());
        } else {
            let refused = store.put(&key(second), stream_of(&[b"x"])).await;
            assert!(
                matches!(&refused, Err(ArtifactError::Forbidden { reason, .. }) if reason.contains(second)),
                "{refused:?}"
            );
            let refused = store.create(&key(second), "x".into()).await;
            assert!(
                matches!(refused, Err(ArtifactError::Forbidden { .. })),
                "{refused:?}"
            );
            let absent = store.metadata(&key(second)).await;
            assert!(
                matches!(absent, Err(ArtifactError::NotFound { .. })),
                "{absent:?}"
            );
        }
        assert_eq!(read(&*store, &key(first)).await, first.as_bytes());
    }
}
