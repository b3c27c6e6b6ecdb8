//! A store in a folder of its own, and short words for what tests do with it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata, ArtifactStore, ByteStream, Clock};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use tempfile::TempDir;

/// A clock that stands still, the hardest case for whatever is told apart by time.
#[derive(Debug)]
pub(crate) struct StillClock;

impl StillClock {
    pub(crate) fn time() -> Timestamp {
        Timestamp::from_millis(1_772_366_400_250)
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Self::time()
    }
}

pub(crate) struct Fixture {
    pub(crate) store: FilesystemArtifactStore,
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("store"));
        Self { store, folder }
    }

    /// Where a key lies.
    pub(crate) fn object(&self, key: &str) -> PathBuf {
        self.root().join("objects").join(key)
    }

    /// The store's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A path beside the store.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn partial_files(&self) -> Vec<PathBuf> {
        files_of(&self.root().join("partial"))
    }

    /// Waits until nothing is being written. Files of dropped writers go when the thread that
    /// had them in hand is done.
    pub(crate) async fn settled(&self) {
        let waiting = async {
            while !self.partial_files().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(150), waiting)
            .await
            .expect("a partial file stays behind");
    }

    pub(crate) async fn put(
        &self,
        name: &str,
        content: &[u8],
    ) -> Result<ArtifactMetadata, ArtifactError> {
        self.store.put(&key(name), whole(content)).await
    }

    pub(crate) async fn read(&self, name: &str) -> Result<Vec<u8>, ArtifactError> {
        read(&self.store, name).await
    }

    pub(crate) async fn listed(&self, prefix: &str) -> Vec<String> {
        let found = self.store.list(prefix).await.unwrap();
        found.into_iter().map(|found| found.key.into()).collect()
    }
}

pub(crate) fn open(root: &Path) -> FilesystemArtifactStore {
    FilesystemArtifactStore::open(root, None, Arc::new(StillClock)).unwrap()
}

pub(crate) fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

pub(crate) fn key(name: &str) -> ArtifactKey {
    name.parse().unwrap()
}

pub(crate) fn whole(content: &[u8]) -> ByteStream {
    let piece = Bytes::copy_from_slice(content);
    Box::pin(stream::iter([Ok(piece)]))
}

pub(crate) async fn read(
    store: &FilesystemArtifactStore,
    name: &str,
) -> Result<Vec<u8>, ArtifactError> {
    let opened = store.read(&key(name), None).await?;
    let pieces: Vec<Bytes> = pin!(opened.content).try_collect().await.unwrap();
    Ok(pieces.concat())
}
