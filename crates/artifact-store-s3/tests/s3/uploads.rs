//! Large objects, and what is left where they break off.

use std::task::{Context, Poll, Waker};

use batchway_domain::ports::{ArtifactError, ArtifactStore, ByteStream};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::checking_server::CheckingServer;
use crate::stores::{content, key, noise, read, settings, store_on, store_over, until};
use crate::wire::{Answer, Fault, Sort, Wire};

const PART: Sort = Sort("PUT", "partNumber=");
const COMPLETION: Sort = Sort("POST", "uploadId=");
const ABORT: Sort = Sort("DELETE", "uploadId=");

/// `bytes` of noise in pieces of 1 MiB and a bit.
fn in_pieces(bytes: &Bytes) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let whole = bytes.clone();
    let pieces: Vec<_> = whole
        .chunks(1024 * 1024 + 7)
        .map(|piece| Ok(whole.slice_ref(piece)))
        .collect();
    stream::iter(pieces)
}

fn streamed(bytes: &Bytes) -> ByteStream {
    Box::pin(in_pieces(bytes))
}

#[tokio::test]
async fn what_fits_into_a_part_goes_in_one_request() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let whole = noise(settings().part_bytes);
    let written = store.put(&key("a"), streamed(&whole)).await.unwrap();
    assert_eq!(written.size, whole.len() as u64);
    assert!(read(&store, &key("a")).await == whole);
    assert!(wire.sent(PART).is_empty());
    assert_eq!(wire.sent(Sort("PUT", "/a")).len(), 1);
}

#[tokio::test]
async fn what_is_longer_goes_in_parts_and_is_the_same() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let part = settings().part_bytes;
    for (bytes, parts) in [(part + 1, 2), (2 * part, 2), (3 * part + 12_345, 4)] {
        let whole = noise(bytes);
        let name = key(&format!("a/{bytes}"));
        let written = store.put(&name, streamed(&whole)).await.unwrap();
        assert_eq!(written.size, bytes as u64);
        assert!(
            written.etag.ends_with(&format!("-{parts}")),
            "{}",
            written.etag
        );
        assert_eq!(store.metadata(&name).await.unwrap(), written);
        assert!(read(&store, &name).await == whole, "{bytes}");
    }
    assert_eq!(wire.sent(PART).len(), 8);
    assert_eq!(server.open_uploads(), 0);
}

/// The server computes the digest that the signature covers, so a byte that flips on the way is
/// noticed there.
#[tokio::test]
async fn everything_sent_is_covered_by_a_digest() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let whole = noise(settings().part_bytes + 1);
    store.put(&key("large"), streamed(&whole)).await.unwrap();
    store.put(&key("small"), content("x")).await.unwrap();
    store.create(&key("new"), "x".into()).await.unwrap();
    for sent in wire.sent(Sort("PUT", "")) {
        let digest = sent.header("x-amz-content-sha256").unwrap();
        assert_eq!(digest.len(), 64, "{}: {digest}", sent.url);
        for header in ["x-amz-trailer", "x-amz-checksum-crc32"] {
            assert_eq!(sent.header(header), None, "not every server takes it");
        }
    }
}

#[tokio::test]
async fn a_part_that_is_refused_leaves_nothing() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    store.put(&key("a"), content("as it was")).await.unwrap();
    let refused = Answer::error(403, "AccessDenied", "Access Denied");
    wire.next(Sort("PUT", "partNumber=3"), Fault::Answer(refused));
    let whole = noise(5 * settings().part_bytes);
    let error = store.put(&key("a"), streamed(&whole)).await;
    assert!(
        matches!(error, Err(ArtifactError::Forbidden { .. })),
        "{error:?}"
    );
    assert_eq!(server.open_uploads(), 0);
    assert_eq!(read(&store, &key("a")).await, "as it was");
}

#[tokio::test]
async fn content_that_breaks_off_after_some_parts_leaves_nothing() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    store.put(&key("a"), content("as it was")).await.unwrap();
    let broken = Err(std::io::Error::other("cut off"));
    let whole = noise(3 * settings().part_bytes);
    let broken = in_pieces(&whole).chain(stream::iter([broken]));
    let error = store.put(&key("a"), Box::pin(broken)).await;
    assert!(
        matches!(error, Err(ArtifactError::BrokenInput(_))),
        "{error:?}"
    );
    assert_eq!(server.open_uploads(), 0);
    assert_eq!(read(&store, &key("a")).await, "as it was");
}

#[tokio::test]
async fn a_put_that_is_dropped_half_way_leaves_nothing() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    store.put(&key("a"), content("as it was")).await.unwrap();
    let whole = noise(2 * settings().part_bytes);
    let endless = in_pieces(&whole).chain(stream::pending());
    let name = key("a");
    let mut writing = store.put(&name, Box::pin(endless));
    let mut poll = || {
        writing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    };
    while wire.sent(PART).is_empty() {
        assert!(matches!(poll(), Poll::Pending), "its content never ends");
        tokio::task::yield_now().await;
    }
    assert_eq!(server.open_uploads(), 1);
    drop(writing);
    until("the upload is gone", || server.open_uploads() == 0).await;
    assert_eq!(read(&store, &key("a")).await, "as it was");
}

#[tokio::test]
async fn an_abort_whose_reply_is_lost_is_sent_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let refused = Answer::error(403, "AccessDenied", "Access Denied");
    wire.next(PART, Fault::Answer(refused));
    let busy = Answer::error(503, "SlowDown", "Please reduce your request rate.");
    wire.next(ABORT, Fault::Answer(busy));
    let whole = noise(2 * settings().part_bytes);
    let error = store.put(&key("a"), streamed(&whole)).await;
    assert!(error.is_err(), "{error:?}");
    assert_eq!(server.open_uploads(), 0);
}

#[tokio::test]
async fn a_part_whose_reply_is_lost_is_sent_again() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    wire.next(PART, Fault::LoseReply);
    wire.next(Sort("POST", "uploads"), Fault::LoseReply);
    let whole = noise(3 * settings().part_bytes);
    let written = store.put(&key("a"), streamed(&whole)).await.unwrap();
    assert_eq!(written.size, whole.len() as u64);
    assert!(read(&store, &key("a")).await == whole);
}

/// The repetition finds no such upload, as the first has completed it.
#[tokio::test]
async fn a_completion_whose_reply_is_lost_counts() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    wire.next(COMPLETION, Fault::LoseReply);
    let whole = noise(2 * settings().part_bytes + 1);
    let written = store.put(&key("a"), streamed(&whole)).await.unwrap();
    assert_eq!(written.size, whole.len() as u64);
    assert_eq!(wire.sent(COMPLETION).len(), 2);
    assert!(read(&store, &key("a")).await == whole);
}

/// An upload that is gone for another reason is no success, whatever else is there.
#[tokio::test]
async fn an_upload_that_somebody_aborted_is_no_success() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let whole = noise(2 * settings().part_bytes);
    let other = noise(2 * settings().part_bytes + 4).slice(4..);
    store.put(&key("a"), streamed(&other)).await.unwrap();
    let gone = Answer::error(404, "NoSuchUpload", "The upload does not exist.");
    wire.next(COMPLETION, Fault::Answer(gone));
    let error = store.put(&key("a"), streamed(&whole)).await;
    assert!(
        matches!(error, Err(ArtifactError::Unavailable { .. })),
        "{error:?}"
    );
    assert!(read(&store, &key("a")).await == other);
    assert_eq!(server.open_uploads(), 0);
}

/// S3 may answer a completion with 200 and an error in the body.
#[tokio::test]
async fn a_completion_that_fails_after_its_status_is_no_success() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    for _ in 0..3 {
        let failed = Answer::error(200, "InternalError", "We encountered an internal error.");
        wire.next(COMPLETION, Fault::Answer(failed));
    }
    let whole = noise(2 * settings().part_bytes);
    let error = store.put(&key("a"), streamed(&whole)).await;
    assert!(
        matches!(error, Err(ArtifactError::Unavailable { .. })),
        "{error:?}"
    );
    assert_eq!(server.open_uploads(), 0);
}
