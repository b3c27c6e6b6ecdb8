//! Keys and contents for the cases.

use std::io;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactMetadata, ArtifactStore, ByteStream};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

pub(super) fn key(text: &str) -> ArtifactKey {
    text.parse().expect("a valid key")
}

/// A stream of these pieces.
pub(super) fn stream_of(pieces: &[&'static [u8]]) -> ByteStream {
    let pieces: Vec<io::Result<Bytes>> = pieces
        .iter()
        .map(|piece| Ok(Bytes::from_static(piece)))
        .collect();
    Box::pin(stream::iter(pieces))
}

/// A stream that breaks off after this content.
pub(super) fn broken_after(content: &'static str) -> ByteStream {
    let end = Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut off"));
    Box::pin(stream::iter([Ok(Bytes::from(content)), end]))
}

/// A stream that gives this content and then nothing, for ever.
pub(super) fn stuck_after(content: &'static str) -> ByteStream {
    let first = stream::iter([Ok(Bytes::from(content))]);
    Box::pin(first.chain(stream::pending()))
}

pub(super) async fn put(
    store: &dyn ArtifactStore,
    key: &ArtifactKey,
    content: &str,
) -> ArtifactMetadata {
    let content = Bytes::copy_from_slice(content.as_bytes());
    store
        .put(key, Box::pin(stream::iter([Ok(content)])))
        .await
        .expect("an object is written")
}

/// The whole of an object.
pub(super) async fn read(store: &dyn ArtifactStore, key: &ArtifactKey) -> Vec<u8> {
    let opened = store.read(key, None).await.expect("the object is there");
    let size = opened.metadata.size;
    let content = whole(opened.content).await;
    assert_eq!(
        content.len() as u64,
        size,
        "the size is that of the content"
    );
    content
}

/// All that a stream gives.
pub(super) async fn whole(content: ByteStream) -> Vec<u8> {
    content
        .try_fold(Vec::new(), |mut whole, piece| async move {
            whole.extend_from_slice(&piece);
            Ok(whole)
        })
        .await
        .expect("the content is read to its end")
}
