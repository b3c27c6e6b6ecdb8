//! Artifacts in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Clock,
    Created, Disposition, Link,
};
use batchway_domain::security::{InvalidLink, LinkClaims, LinkMethod, LinkSigner, SigningSecrets};
use bytes::{Bytes, BytesMut};
use futures_util::{TryStreamExt, stream};

/// Content is read in pieces of this many bytes.
const PIECE: usize = 64 * 1024;

/// An artifact store that keeps everything in memory. Its links are signed as the gateway signs
/// its own, and [`MemoryArtifactStore::follow`] follows them.
pub struct MemoryArtifactStore {
    clock: Arc<dyn Clock>,
    signer: LinkSigner,
    objects: Mutex<Objects>,
}

#[derive(Default)]
struct Objects {
    by_key: BTreeMap<ArtifactKey, Object>,
    writes: u64,
}

#[derive(Clone)]
struct Object {
    metadata: ArtifactMetadata,
    content: Bytes,
}

impl MemoryArtifactStore {
    /// Where its links lead, unless it is given a signer.
    pub const PUBLIC_URL: &'static str = "http://memory.example";

    /// An empty store that goes by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let secrets = SigningSecrets::new(vec![vec![0x5a; SigningSecrets::MIN_BYTES]])
            .expect("one secret of enough bytes");
        Self::with_signer(clock, LinkSigner::new(secrets, Self::PUBLIC_URL))
    }

    /// An empty store whose links this signer signs, such as the one that a gateway under test
    /// checks them with.
    pub fn with_signer(clock: Arc<dyn Clock>, signer: LinkSigner) -> Self {
        Self {
            clock,
            signer,
            objects: Mutex::default(),
        }
    }

    /// Puts an object there.
    ///
    /// # Panics
    /// Where `key` is not a key.
    pub fn insert(&self, key: &str, content: impl Into<Bytes>) -> ArtifactMetadata {
        let key = key.parse().expect("a test gives a valid key");
        self.objects()
            .insert(&key, content.into(), self.clock.now())
    }

    /// The content of an object, if it is there.
    pub fn content(&self, key: &str) -> Option<Bytes> {
        let key: ArtifactKey = key.parse().ok()?;
        let objects = self.objects();
        objects
            .by_key
            .get(&key)
            .map(|object| object.content.clone())
    }

    /// Every key, in order.
    pub fn keys(&self) -> Vec<String> {
        let objects = self.objects();
        objects.by_key.keys().map(ToString::to_string).collect()
    }

    /// Follows a link to its object, as a browser would.
    ///
    /// # Errors
    /// [`InvalidLink`] where the link opens nothing now.
    pub fn follow(&self, url: &str) -> Result<Option<Bytes>, InvalidLink> {
        let now = self.clock.now();
        let (key, expires, signature) = parts_of(url).ok_or(InvalidLink::Refused)?;
        let claims = self
            .signer
            .verify(LinkMethod::Get, &key, expires, signature, now)?;
        Ok(self.content(claims.key.as_str()))
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects
            .lock()
            .expect("no call panics while it holds the objects")
    }

    fn object(&self, key: &ArtifactKey) -> Result<Object, ArtifactError> {
        let found = self.objects().by_key.get(key).cloned();
        found.ok_or_else(|| ArtifactError::NotFound { key: key.clone() })
    }
}

impl Objects {
    fn insert(&mut self, key: &ArtifactKey, content: Bytes, now: Timestamp) -> ArtifactMetadata {
        self.writes += 1;
        let metadata = ArtifactMetadata {
            key: key.clone(),
            size: content.len() as u64,
            last_modified: now,
            etag: format!("write-{}", self.writes),
        };
        let object = Object {
            metadata: metadata.clone(),
            content,
        };
        self.by_key.insert(key.clone(), object);
        metadata
    }
}

#[async_trait]
impl ArtifactStore for MemoryArtifactStore {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let content = content
            .try_fold(BytesMut::new(), |mut whole, piece| async move {
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await
            .map_err(ArtifactError::BrokenInput)?;
        let now = self.clock.now();
        Ok(self.objects().insert(key, content.freeze(), now))
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        let now = self.clock.now();
        let mut objects = self.objects();
        if objects.by_key.contains_key(key) {
            return Ok(Created::AlreadyThere);
        }
        objects.insert(key, content, now);
        Ok(Created::Won)
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        self.object(key).map(|object| object.metadata)
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        let Object { metadata, content } = self.object(key)?;
        let size = metadata.size;
        let range = match range {
            None => ByteRange {
                start: 0,
                end: size,
            },
            Some(asked) if asked.start < size => ByteRange {
                start: asked.start,
                end: asked.end.clamp(asked.start, size),
            },
            Some(_) => return Err(ArtifactError::RangeNotSatisfiable { size }),
        };
        Ok(ArtifactRead {
            metadata,
            range,
            content: in_pieces(content.slice(index(range.start)..index(range.end))),
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        let objects = self.objects();
        let listed = objects.by_key.values().map(|object| &object.metadata);
        Ok(listed
            .filter(|metadata| metadata.key.as_str().starts_with(prefix))
            .cloned()
            .collect())
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        self.objects().by_key.remove(key);
        Ok(())
    }

    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        _disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        // A link says its end in whole seconds.
        let seconds = self.clock.now().plus(valid_for).as_secs();
        let expires_at = Timestamp::from_millis(seconds * 1000);
        let url = self.signer.sign(&LinkClaims {
            key: key.clone(),
            method: LinkMethod::Get,
            expires_at,
        });
        Ok(Link { url, expires_at })
    }

    async fn check(&self) -> Result<(), ArtifactError> {
        Ok(())
    }
}

impl fmt::Debug for MemoryArtifactStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryArtifactStore")
            .field("objects", &self.objects().by_key.len())
            .finish_non_exhaustive()
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position).expect("no position is beyond an object that is in memory")
}

fn in_pieces(mut content: Bytes) -> ByteStream {
    let pieces = std::iter::from_fn(move || {
        let piece = content.split_to(content.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok::<_, io::Error>(piece))
    });
    Box::pin(stream::iter(pieces))
}

/// Key, end and signature of a link.
fn parts_of(url: &str) -> Option<(String, i64, &str)> {
    let (location, query) = url.split_once('?')?;
    let (_, path) = location.split_once(LinkSigner::PATH)?;
    let (expires, signature) = query.strip_prefix("expires=")?.split_once("&signature=")?;
    Some((percent_decoded(path)?, expires.parse().ok()?, signature))
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        bytes.push(u8::from_str_radix(encoded.get(..2)?, 16).ok()?);
        rest = &encoded[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}
