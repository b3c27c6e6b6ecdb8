//! Writing, reading and removing whole objects.

use std::collections::BTreeSet;

use batchway_domain::ports::ArtifactError;
use bytes::Bytes;

use super::ArtifactStoreFixture;
use super::content::{key, put, read, stream_of, whole};

/// What was put is read, with its size and key.
pub async fn what_was_put_is_read(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("prod/ada/job_1/results.h5");
    let before = fixture.now();
    let written = store
        .put(&key, stream_of(&[b"first, ", b"", b"second"]))
        .await
        .expect("an object is written");
    assert_eq!((&written.key, written.size), (&key, 13));
    assert!(written.last_modified.as_secs() >= before.as_secs());
    assert_eq!(store.metadata(&key).await.expect("it is there"), written);
    let read = store.read(&key, None).await.expect("it is there");
    assert_eq!(read.metadata, written);
    assert_eq!((read.range.start, read.range.end), (0, 13));
    assert_eq!(whole(read.content).await, b"first, second"[..]);
}

/// A put replaces what was there, be it longer or shorter.
pub async fn a_put_replaces_the_object(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/b");
    for content in ["short", "much longer than before", "", "x"] {
        put(&*store, &key, content).await;
        assert_eq!(read(&*store, &key).await, content.as_bytes());
        let metadata = store.metadata(&key).await.expect("it is there");
        assert_eq!(metadata.size, content.len() as u64);
    }
    assert_eq!(store.list("").await.expect("the store is read").len(), 1);
}

/// An object without content is an object.
pub async fn an_empty_object_is_there(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("empty");
    let written = store.put(&key, stream_of(&[])).await;
    assert_eq!(written.expect("an object is written").size, 0);
    let opened = store.read(&key, None).await.expect("it is there");
    assert_eq!((opened.range.start, opened.range.end), (0, 0));
    assert!(whole(opened.content).await.is_empty());
    assert_eq!(store.list("").await.expect("the store is read").len(), 1);
}

/// An object that nobody wrote is not found, by name.
pub async fn what_is_not_there_is_not_found(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    put(&*store, &key("a/b/c"), "x").await;
    for absent in ["nothing", "a", "a/b", "a/b/c/d", "a/b/C"] {
        let absent = key(absent);
        let metadata = store.metadata(&absent).await;
        assert!(
            matches!(&metadata, Err(ArtifactError::NotFound { key }) if *key == absent),
            "{metadata:?}"
        );
        let read = store.read(&absent, None).await;
        assert!(
            matches!(&read, Err(ArtifactError::NotFound { key }) if *key == absent),
            "{read:?}"
        );
    }
}

/// Equal etags mean equal content, however often an object is written.
pub async fn the_etag_changes_with_the_content(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a");
    let mut etags = BTreeSet::new();
    for content in ["one", "two", "six", ""] {
        let written = put(&*store, &key, content).await;
        assert!(!written.etag.contains('"'), "{}", written.etag);
        assert!(!written.etag.is_empty());
        assert!(etags.insert(written.etag.clone()), "{}", written.etag);
        let seen = store.metadata(&key).await.expect("it is there");
        assert_eq!(seen.etag, written.etag, "it does not change by itself");
    }
}

/// A removed object is gone everywhere; removing it again is a success.
pub async fn a_removed_object_is_gone(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let (doomed, kept) = (key("a/doomed"), key("a/doomed2"));
    put(&*store, &doomed, "x").await;
    put(&*store, &kept, "y").await;
    for _ in 0..2 {
        store.delete(&doomed).await.expect("it is removed");
        let metadata = store.metadata(&doomed).await;
        assert!(matches!(metadata, Err(ArtifactError::NotFound { .. })));
        assert_eq!(store.list("a/").await.expect("the store is read").len(), 1);
    }
    assert_eq!(read(&*store, &kept).await, b"y");
    put(&*store, &doomed, "again").await;
    assert_eq!(read(&*store, &doomed).await, b"again");
}

/// An object of 16 MiB passes through in pieces, unchanged.
pub async fn a_large_object_is_streamed(fixture: &dyn ArtifactStoreFixture) {
    const PIECES: u32 = 256;
    let piece = |number: u32| {
        let block: Vec<u8> = (0..16 * 1024_u32)
            .flat_map(|word| (word ^ (number << 16)).to_le_bytes())
            .collect();
        Bytes::from(block)
    };
    let store = fixture.store();
    let key = key("large");
    let pieces = futures_util::stream::iter((0..PIECES).map(move |n| Ok(piece(n))));
    let written = store
        .put(&key, Box::pin(pieces))
        .await
        .expect("an object is written");
    assert_eq!(written.size, u64::from(PIECES) * 64 * 1024);
    let content = read(&*store, &key).await;
    for (number, found) in (0..).zip(content.chunks(64 * 1024)) {
        assert!(found == piece(number), "piece {number} is as it was");
    }
}

/// The store says that it can be used.
pub async fn the_store_is_well(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    store.check().await.expect("nothing is wrong with it");
    let left = store.list("").await.expect("the store is read");
    assert!(left.is_empty(), "a check leaves nothing behind: {left:?}");
}
