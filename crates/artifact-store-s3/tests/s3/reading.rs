//! Reads of parts, and reads that break off.

use std::io;

use aws_sdk_s3::primitives::DateTimeFormat;
use batchway_domain::ports::{ArtifactError, ArtifactStore, ByteRange};
use bytes::Bytes;
use futures_util::TryStreamExt;

use crate::checking_server::CheckingServer;
use crate::stores::{content, key, noise, store_on, store_over};
use crate::wire::{Answer, Fault, Sort, Wire};

const GET: Sort = Sort("GET", "/a");

async fn whole(
    store: &impl ArtifactStore,
    range: Option<ByteRange>,
) -> Result<io::Result<Bytes>, ArtifactError> {
    let opened = store.read(&key("a"), range).await?;
    let pieces: io::Result<Vec<Bytes>> = opened.content.try_collect().await;
    Ok(pieces.map(|pieces| pieces.concat().into()))
}

/// HTTP has no word for it, and `bytes=3-2` means everything to a server.
#[tokio::test]
async fn an_empty_range_is_empty() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    store.put(&key("a"), content("0123456789")).await.unwrap();
    for (start, end) in [(3, 3), (3, 2), (0, 0)] {
        let range = Some(ByteRange { start, end });
        let opened = store.read(&key("a"), range).await.unwrap();
        assert_eq!(opened.range, ByteRange { start, end: start });
        assert_eq!(opened.metadata.size, 10);
        assert_eq!(whole(&store, range).await.unwrap().unwrap(), "");
    }
}

/// A reply as of `etag` whose body ends before it should.
fn cut_off(body: &str, length: usize, etag: &str) -> Fault {
    let date = aws_sdk_s3::primitives::DateTime::from_secs(0);
    let date = date.fmt(DateTimeFormat::HttpDate).unwrap();
    let answer = Answer {
        body: body.to_owned(),
        ..Answer::bare(200)
    };
    Fault::Answer(
        answer
            .with("etag", &format!("\"{etag}\""))
            .with("content-length", &length.to_string())
            .with("last-modified", &date),
    )
}

#[tokio::test]
async fn a_read_that_breaks_off_goes_on_where_it_was() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let written = store.put(&key("a"), content("0123456789")).await.unwrap();
    wire.next(GET, cut_off("0123", 10, &written.etag));
    assert_eq!(whole(&store, None).await.unwrap().unwrap(), "0123456789");
    let asked = wire.sent(GET);
    assert_eq!(asked[1].header("range"), Some("bytes=4-9"));
    assert_eq!(
        asked[1].header("if-match"),
        Some(&*format!("\"{}\"", written.etag))
    );
}

#[tokio::test]
async fn a_read_never_goes_on_with_another_version() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    store.put(&key("a"), content("abcdefghij")).await.unwrap();
    wire.next(GET, cut_off("0123", 10, "of a version before"));
    let broken = whole(&store, None).await.unwrap();
    let words = broken.unwrap_err().to_string();
    assert!(words.contains("reading a broke off"), "{words}");
}

#[tokio::test]
async fn a_server_that_always_breaks_off_is_given_up() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let written = store.put(&key("a"), content(noise(10))).await.unwrap();
    for _ in 0..5 {
        wire.next(GET, cut_off("", 10, &written.etag));
    }
    assert!(whole(&store, None).await.unwrap().is_err());
    assert_eq!(wire.sent(GET).len(), 4);
}
