//! The port on top of it all: asynchronous outside, plain system calls on other threads inside.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, mem};

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Clock,
    Created, Disposition, Link,
};
use batchway_domain::security::{LinkClaims, LinkMethod, LinkSigner};
use bytes::Bytes;
use futures_util::StreamExt;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::partial::{self, PartialFile};
use crate::placing::{self, CallerWaits};
use crate::{failure, listing, object};

/// So much is gathered before it is written, in bytes.
const WRITE_BYTES: usize = 256 * 1024;

/// The folder of the objects, below the store's own.
const OBJECTS: &str = "objects";

/// The folder of what is still being written: beside the objects, so that it is never listed,
/// and on the same file system, so that a file can be moved.
const PARTIAL: &str = "partial";

/// An [`ArtifactStore`] in a folder of this machine.
pub struct FilesystemArtifactStore {
    objects: Arc<OwnedFd>,
    partial: Arc<OwnedFd>,
    links: Option<LinkSigner>,
    clock: Arc<dyn Clock>,
}

impl FilesystemArtifactStore {
    /// Opens the store in the folder `root`, which is made where it is missing, and removes
    /// what writers left that were killed. Blocks; meant for the start of a program.
    ///
    /// `links` signs links to the gateway that serves them; without it there are none. `clock`
    /// dates objects and says when links end.
    ///
    /// # Errors
    /// [`OpenError`], with the path and the cause.
    pub fn open(
        root: &Path,
        links: Option<LinkSigner>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let objects = open_folder(&root.join(OBJECTS))?;
        let partial = open_folder(&root.join(PARTIAL))?;
        let cleaned = device_of(&objects).and_then(|device| {
            if device != device_of(&partial)? {
                return Err(Errno::XDEV);
            }
            partial::remove_leftovers(&partial)
        });
        match cleaned {
            Ok(()) => Ok(Self {
                objects: Arc::new(objects),
                partial: Arc::new(partial),
                links,
                clock,
            }),
            Err(Errno::XDEV) => Err(OpenError::OtherFileSystem {
                root: root.to_owned(),
            }),
            Err(errno) => Err(OpenError::Unusable {
                path: root.join(PARTIAL),
                source: errno.into(),
            }),
        }
    }

    async fn open_object(
        &self,
        key: &ArtifactKey,
    ) -> Result<(std::fs::File, ArtifactMetadata), ArtifactError> {
        let (objects, key) = (Arc::clone(&self.objects), key.clone());
        blocking(move || object::open(objects.as_fd(), &key)).await
    }

    /// Writes all of `content` to a partial file.
    async fn receive(
        &self,
        key: &ArtifactKey,
        mut content: ByteStream,
    ) -> Result<PartialFile, ArtifactError> {
        let folder = Arc::clone(&self.partial);
        let doing = format!("writing {key}");
        let failed = move |errno| failure::meaning(errno, &doing);
        let mut partial = {
            let failed = failed.clone();
            blocking(move || PartialFile::create(&folder).map_err(failed)).await?
        };
        let mut gathered = Vec::new();
        let mut bytes = 0;
        loop {
            let piece = content.next().await.transpose();
            let piece = piece.map_err(ArtifactError::BrokenInput)?;
            let ended = piece.is_none();
            bytes += piece.as_ref().map_or(0, Bytes::len);
            gathered.extend(piece);
            if ended || bytes >= WRITE_BYTES {
                let pieces = mem::take(&mut gathered);
                let failed = failed.clone();
                partial = blocking(move || match partial.write(&pieces) {
                    Ok(()) => Ok(partial),
                    Err(error) => Err(failed(errno_of(&error))),
                })
                .await?;
                bytes = 0;
            }
            if ended {
                return Ok(partial);
            }
        }
    }
}

#[async_trait]
impl ArtifactStore for FilesystemArtifactStore {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let partial = self.receive(key, content).await?;
        let now = self.clock.now();
        let (objects, key) = (Arc::clone(&self.objects), key.clone());
        let caller = Caller(CallerWaits::new());
        let waits = caller.0.clone();
        blocking(move || {
            let metadata = finish(&partial, &key, now)?;
            placing::replace(objects.as_fd(), &key, partial, &waits)?;
            Ok(metadata)
        })
        .await
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        let now = self.clock.now();
        let (objects, folder) = (Arc::clone(&self.objects), Arc::clone(&self.partial));
        let key = key.clone();
        blocking(move || {
            let failed = |errno| failure::meaning(errno, &format!("writing {key}"));
            let mut partial = PartialFile::create(&folder).map_err(failed)?;
            partial
                .write(&[content])
                .map_err(|error| failed(errno_of(&error)))?;
            finish(&partial, &key, now)?;
            placing::create(objects.as_fd(), &key, &partial)
        })
        .await
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        Ok(self.open_object(key).await?.1)
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        let (file, metadata) = self.open_object(key).await?;
        let range = object::satisfy(range, metadata.size)?;
        Ok(ArtifactRead {
            metadata,
            range,
            content: object::content(file, range),
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        let (objects, prefix) = (Arc::clone(&self.objects), prefix.to_owned());
        blocking(move || listing::list(objects.as_fd(), &prefix)).await
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let (objects, key) = (Arc::clone(&self.objects), key.clone());
        blocking(move || placing::delete(objects.as_fd(), &key)).await
    }

    /// The gateway, which serves the link, goes by the kind of file instead of `disposition`.
    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        _disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        let signer = self.links.as_ref().ok_or_else(|| {
            failure::refused(
                "this process can make no links, as it was given nothing to sign them with; ask \
                 the gateway for them"
                    .to_owned(),
            )
        })?;
        // A link says its end in whole seconds.
        let seconds = self.clock.now().plus(valid_for).as_secs();
        let expires_at = Timestamp::from_millis(seconds * 1000);
        let url = signer.sign(&LinkClaims {
            key: key.clone(),
            method: LinkMethod::Get,
            expires_at,
        });
        Ok(Link { url, expires_at })
    }

    async fn check(&self) -> Result<(), ArtifactError> {
        let now = self.clock.now();
        let (objects, folder) = (Arc::clone(&self.objects), Arc::clone(&self.partial));
        blocking(move || {
            let probe = || {
                let mut partial = PartialFile::create(&folder)?;
                let probe = Bytes::from_static(b"batchway");
                partial.write(&[probe]).map_err(|error| errno_of(&error))?;
                partial.finish(now)?;
                rustix::fs::accessat(
                    objects.as_fd(),
                    ".",
                    rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK,
                    rustix::fs::AtFlags::empty(),
                )
            };
            probe().map_err(|errno| failure::meaning(errno, "a trial write"))
        })
        .await
    }
}

impl fmt::Debug for FilesystemArtifactStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FilesystemArtifactStore")
            .field("objects", &self.objects)
            .field("links", &self.links.is_some())
            .finish_non_exhaustive()
    }
}

/// Lives as long as someone waits for a write.
struct Caller(CallerWaits);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.gone();
    }
}

fn finish(
    partial: &PartialFile,
    key: &ArtifactKey,
    now: Timestamp,
) -> Result<ArtifactMetadata, ArtifactError> {
    partial
        .finish(now)
        .map(|stat| object::metadata(key.clone(), &stat))
        .map_err(|errno| failure::meaning(errno, &format!("writing {key}")))
}

/// Runs what waits for the disk where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static,
) -> Result<T, ArtifactError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(ArtifactError::Unavailable {
                reason: "the work on the artifact folder was broken off".to_owned(),
                source: Some(error.into()),
            })
        })
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

fn device_of(folder: &OwnedFd) -> Result<u64, Errno> {
    Ok(rustix::fs::fstat(folder)?.st_dev)
}

fn open_folder(path: &Path) -> Result<OwnedFd, OpenError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    std::fs::create_dir_all(path)
        .and_then(|()| Ok(rustix::fs::open(path, flags, Mode::empty())?))
        .map_err(|source| OpenError::Unusable {
            path: path.to_owned(),
            source,
        })
}

/// Why a folder can't be a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be made, read or written.
    #[error(
        "the artifact folder {} can't be used ({source}); choose another, or check its owner, \
         its rights and the room on its disk",
        path.display()
    )]
    Unusable {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Its two parts are on different file systems, so nothing can be moved between them.
    #[error(
        "{} and {} are on different file systems; mount the artifact folder as a whole",
        root.join(OBJECTS).display(),
        root.join(PARTIAL).display()
    )]
    OtherFileSystem {
        /// The store's folder.
        root: PathBuf,
    },
}
