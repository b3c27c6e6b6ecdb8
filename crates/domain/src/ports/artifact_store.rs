use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::Timestamp;
use crate::artifacts::ArtifactKey;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The content of an object, in pieces.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Keeps results.
///
/// It refuses to be a file system: there are no folders, no renaming, no appending, no
/// changing of a part. An object is there whole or not at all.
///
/// Guarantees:
/// * A `put` or `create` that answered `Ok` MUST be seen by every later read and list.
/// * A `put` that fails or is dropped half-way MUST leave the object as it was before.
/// * Of any number of `create`s of one key, at the same time or not, exactly one MUST win.
/// * A key can't name anything outside the store, whatever it looks like.
#[async_trait]
pub trait ArtifactStore: Send + Sync + std::fmt::Debug {
    /// Writes an object, in place of what was there.
    ///
    /// # Errors
    /// [`ArtifactError`]. A stream that ends with an error is [`ArtifactError::BrokenInput`].
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError>;

    /// Writes a small object only if there is none (`If-None-Match: *`). Decides who is first.
    ///
    /// # Errors
    /// [`ArtifactError`]. After [`ArtifactError::Unavailable`] the object may be there.
    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError>;

    /// What is known of an object.
    ///
    /// # Errors
    /// [`ArtifactError::NotFound`] and the others.
    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError>;

    /// Opens an object for reading, all of it or a range. The metadata and the content MUST be
    /// of the same version of the object.
    ///
    /// # Errors
    /// [`ArtifactError::NotFound`]; [`ArtifactError::RangeNotSatisfiable`] where the range
    /// begins at or after the end; the others.
    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError>;

    /// Everything whose key begins with `prefix`, in the order of keys (by bytes). MUST be
    /// complete, however many there are.
    ///
    /// # Errors
    /// [`ArtifactError`]. Nothing found is an empty list.
    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError>;

    /// Removes an object. One that is not there is as good as removed.
    ///
    /// # Errors
    /// [`ArtifactError`].
    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError>;

    /// A link by which anyone can read the object, without a key, for `valid_for` from now. MUST NOT
    /// open anything else, nor after its end. Makes no call: whether the object exists is not asked.
    ///
    /// # Errors
    /// [`ArtifactError`].
    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError>;

    /// Whether the store can be read and written now.
    ///
    /// # Errors
    /// [`ArtifactError`], saying why not.
    async fn check(&self) -> Result<(), ArtifactError>;
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactMetadata {
    /// Its key.
    pub key: ArtifactKey,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Changes with every content; without quotes.
    pub etag: String,
}

/// An opened object.
pub struct ArtifactRead {
    /// The whole object's metadata, whatever the range.
    pub metadata: ArtifactMetadata,
    /// The range that `content` holds.
    pub range: ByteRange,
    /// The bytes of the range.
    pub content: ByteStream,
}

impl std::fmt::Debug for ArtifactRead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ArtifactRead")
            .field("metadata", &self.metadata)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// A part of an object, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// The byte after the last; beyond the object's end means up to its end.
    pub end: u64,
}

/// Whether a conditional create won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object is ours.
    Won,
    /// There was one already; it is unchanged.
    AlreadyThere,
}

/// What a browser does with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Shows it, where it is of a kind that is safe to show.
    Inline,
    /// Saves it under the last part of its key.
    Attachment,
}

/// A link and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The whole URL.
    pub url: String,
    /// When it ends: not later than asked for, earlier where what signs it ends earlier.
    pub expires_at: Timestamp,
}

/// What can go wrong with artifacts.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no such object.
    #[error("there is no artifact {key}")]
    NotFound {
        /// The key asked for.
        key: ArtifactKey,
    },
    /// The range begins after the object's end.
    #[error("the artifact has only {size} bytes")]
    RangeNotSatisfiable {
        /// Size of the object in bytes.
        size: u64,
    },
    /// What was to be written could not be read to its end. The object is as it was.
    #[error("the content to be written broke off")]
    BrokenInput(#[source] io::Error),
    /// The store has no room for more. The object is as it was.
    #[error("the artifact store is full: {reason}")]
    Full {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// We may not do this.
    #[error("the artifact store refuses: {reason}")]
    Forbidden {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// It can't be reached or does not answer. A write may have taken effect.
    #[error("the artifact store does not answer: {reason}")]
    Unavailable {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
}
