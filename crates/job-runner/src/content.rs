//! Between plain files and the streams of the artifact store.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactStore, ByteStream};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use futures_util::stream;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// So much is read from a file at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// A stream of what `write` writes, on a thread of its own. Its error ends the stream as an
/// error, so that the object is not stored.
pub(crate) fn written_by(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
) -> ByteStream {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut output = StreamWriter(sender);
        let mut buffered = io::BufWriter::with_capacity(CHUNK_BYTES, &mut output);
        let written = write(&mut buffered).and_then(|()| buffered.flush());
        drop(buffered);
        if let Err(error) = written {
            // Nobody listens where the reader gave up first.
            let _ = output.0.blocking_send(Err(error));
        }
    });
    Box::pin(stream::unfold(receiver, async |mut receiver| {
        let item = receiver.recv().await?;
        Some((item, receiver))
    }))
}

struct StreamWriter(mpsc::Sender<io::Result<Bytes>>);

impl Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies a file, and says its size and SHA-256 in lower-case hex.
pub(crate) fn copy_hashing(mut from: File, to: &mut dyn Write) -> io::Result<(u64, String)> {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok((size, HEXLOWER.encode(&hash.finalize()))),
            Ok(count) => {
                hash.update(&buffer[..count]);
                to.write_all(&buffer[..count])?;
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A failed download.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error("{key} could not be fetched: {source}")]
    Fetch {
        key: ArtifactKey,
        source: ArtifactError,
    },
    #[error("{key} broke off while it was fetched: {source}")]
    BrokeOff { key: ArtifactKey, source: io::Error },
    #[error("{key} could not be written to a file: {source}")]
    Write { key: ArtifactKey, source: io::Error },
}

/// Writes an object to a new file, and says the SHA-256 of what was read.
pub(crate) async fn download(
    store: &dyn ArtifactStore,
    key: &ArtifactKey,
    path: &Path,
) -> Result<String, DownloadError> {
    let failed = |source| DownloadError::Write {
        key: key.clone(),
        source,
    };
    let read = store.read(key, None).await;
    let mut content = read
        .map_err(|source| DownloadError::Fetch {
            key: key.clone(),
            source,
        })?
        .content;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = File::create_new(path).map_err(failed)?;
    let mut hash = Sha256::new();
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|source| DownloadError::BrokeOff {
            key: key.clone(),
            source,
        })?;
        hash.update(&piece);
        file.write_all(&piece).map_err(failed)?;
    }
    Ok(HEXLOWER.encode(&hash.finalize()))
}

/// A small object, whole.
pub(crate) async fn read_small(
    store: &dyn ArtifactStore,
    key: &ArtifactKey,
) -> Result<Vec<u8>, ArtifactError> {
    let mut content = store.read(key, None).await?.content;
    let mut bytes = Vec::new();
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|error| ArtifactError::Unavailable {
            reason: format!("{key} broke off while it was read"),
            source: Some(error.into()),
        })?;
        bytes.extend_from_slice(&piece);
        if bytes.len() > SMALL_BYTES {
            return Err(ArtifactError::Forbidden {
                reason: format!("{key} is larger than anything of its kind"),
                source: None,
            });
        }
    }
    Ok(bytes)
}

/// The largest object that is read into memory: a manifest of 100,000 results fits.
const SMALL_BYTES: usize = 128 * 1024 * 1024;
