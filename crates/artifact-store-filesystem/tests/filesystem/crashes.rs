//! What writers leave that were killed, and how it is told from what others are writing.

use std::fs;

use batchway_domain::ports::{ArtifactStore, ByteStream};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::oneshot;

use crate::support::{Fixture, key, open, read};

#[tokio::test]
async fn leftovers_of_a_killed_writer_go_when_the_store_is_opened() {
    let fixture = Fixture::new();
    fixture.put("a", b"old").await.unwrap();
    let leftover = fixture.root().join("partial/4711-0");
    // A killed writer's file is like any other but for the lock, which died with it.
    fs::write(&leftover, vec![1; 100_000]).unwrap();
    let reopened = open(&fixture.root());
    assert!(!leftover.exists());
    assert_eq!(read(&reopened, "a").await.unwrap(), b"old");
}

#[tokio::test]
async fn opening_the_store_leaves_what_is_being_written() {
    let fixture = Fixture::new();
    let (last, arrives) = oneshot::channel::<Bytes>();
    let first = stream::iter([Ok(Bytes::from(vec![1; 1024 * 1024]))]);
    let rest = arrives.into_stream().map(|piece| Ok(piece.unwrap()));
    let content: ByteStream = Box::pin(first.chain(rest));
    let name = key("a/b");
    let put = fixture.store.put(&name, content);
    let reopen = async {
        while fixture.partial_files().is_empty() {
            tokio::task::yield_now().await;
        }
        let reopened = open(&fixture.root());
        last.send(Bytes::from_static(b"end")).unwrap();
        reopened
    };
    let (put, reopened) = tokio::join!(put, reopen);
    assert_eq!(put.unwrap().size, 1024 * 1024 + 3);
    assert!(read(&reopened, "a/b").await.unwrap().ends_with(b"\x01end"));
    assert!(fixture.partial_files().is_empty());
}

#[tokio::test]
async fn a_check_leaves_nothing() {
    let fixture = Fixture::new();
    fixture.store.check().await.unwrap();
    assert!(fixture.partial_files().is_empty());
    assert_eq!(fixture.listed("").await, [""; 0]);
}
