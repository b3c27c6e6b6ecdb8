//! Writes that do not come to their end, and several at once.

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use batchway_domain::ports::ArtifactError;
use bytes::Bytes;
use futures_util::stream;

use super::ArtifactStoreFixture;
use super::content::{broken_after, key, put, read, stuck_after};
use crate::concurrency::all_at_once;

/// Content that breaks off leaves the object as it was, and says that it broke off.
pub async fn content_that_breaks_off_changes_nothing(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/kept");
    put(&*store, &key, "the old content").await;
    let before = store.metadata(&key).await.expect("it is there");
    let broken = store.put(&key, broken_after("the new con")).await;
    assert!(
        matches!(broken, Err(ArtifactError::BrokenInput(_))),
        "{broken:?}"
    );
    assert_eq!(store.metadata(&key).await.expect("it is there"), before);
    assert_eq!(read(&*store, &key).await, b"the old content");
}

/// Content that breaks off makes no object where there was none.
pub async fn content_that_breaks_off_makes_nothing(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/new");
    let broken = store.put(&key, broken_after("the new con")).await;
    assert!(
        matches!(broken, Err(ArtifactError::BrokenInput(_))),
        "{broken:?}"
    );
    let metadata = store.metadata(&key).await;
    assert!(matches!(metadata, Err(ArtifactError::NotFound { .. })));
    let listed = store.list("").await.expect("the store is read");
    assert!(listed.is_empty(), "{listed:?}");
}

/// A write that is given up half-way leaves the object as it was, and the store fit for use.
pub async fn a_write_given_up_changes_nothing(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let (kept, new) = (key("a/kept"), key("a/new"));
    put(&*store, &kept, "the old content").await;
    for target in [&kept, &new] {
        let mut writing = store.put(target, stuck_after("the new con"));
        // Far enough for some of the content to have been taken, where it is taken at all.
        for _ in 0..100 {
            let polled = writing
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Pending), "its content never ends");
            tokio::task::yield_now().await;
        }
        drop(writing);
    }
    assert_eq!(read(&*store, &kept).await, b"the old content");
    let listed = store.list("").await.expect("the store is read");
    assert_eq!(listed.len(), 1, "{listed:?}");
    put(&*store, &kept, "the next content").await;
    assert_eq!(read(&*store, &kept).await, b"the next content");
}

/// Of several writes of one object at the same time, one is there in the end, whole.
pub async fn of_concurrent_writes_one_is_there_whole(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/contested");
    let version = |writer: u8| vec![writer; 64 * 1024 + usize::from(writer)];
    let writes: Vec<_> = (0..20)
        .map(|writer| {
            let (store, key, content) = (fixture.store(), key.clone(), version(writer));
            let pieces: Vec<_> = content
                .chunks(1024)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .collect();
            async move { store.put(&key, Box::pin(stream::iter(pieces))).await }
        })
        .collect();
    let mut etags = BTreeSet::new();
    for written in all_at_once(writes).await {
        etags.insert(written.expect("an object is written").etag);
    }
    assert_eq!(etags.len(), 20, "each writer is told of its own version");
    let content = read(&*store, &key).await;
    assert!(
        content == version(content[0]),
        "{} bytes of several versions",
        content.len()
    );
    let metadata = store.metadata(&key).await.expect("it is there");
    assert!(etags.contains(&metadata.etag));
}

/// Who reads while another writes gets one version, with the metadata of that version.
pub async fn a_reader_gets_one_version(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/changing");
    put(&*store, &key, "0").await;
    let writer = {
        let (store, key) = (fixture.store(), key.clone());
        tokio::spawn(async move {
            for turn in 1..60_usize {
                put(&*store, &key, &"x".repeat(turn * 1000)).await;
            }
        })
    };
    while !writer.is_finished() {
        let content = read(&*store, &key).await;
        assert!(content.len() == 1 || content.len().is_multiple_of(1000));
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer comes to its end");
}

/// An object that is being read is read to its end, even if it is replaced or removed.
pub async fn an_opened_object_is_read_to_its_end(fixture: &dyn ArtifactStoreFixture) {
    let store = fixture.store();
    let key = key("a/opened");
    let old = "old ".repeat(100_000);
    put(&*store, &key, &old).await;
    let replaced = store.read(&key, None).await.expect("it is there");
    put(&*store, &key, "new").await;
    assert!(super::content::whole(replaced.content).await == old.as_bytes());
}
