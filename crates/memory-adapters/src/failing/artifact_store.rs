//! An artifact store that fails on request.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Created,
    Disposition, Link,
};
use bytes::Bytes;

use super::{Fault, Faults, reason};

/// The calls of an [`ArtifactStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum ArtifactStoreCall {
    Put,
    Create,
    Metadata,
    Read,
    List,
    Delete,
    Link,
    Check,
}

impl ArtifactStoreCall {
    /// Every call.
    pub const ALL: [Self; 8] = [
        Self::Put,
        Self::Create,
        Self::Metadata,
        Self::Read,
        Self::List,
        Self::Delete,
        Self::Link,
        Self::Check,
    ];
}

/// An artifact store before which calls fail as its [`Faults`] say: [`Fault::Declined`] as
/// [`ArtifactError::Full`], the others as [`ArtifactError::Unavailable`].
#[derive(Debug)]
pub struct FailingArtifactStore {
    inner: Arc<dyn ArtifactStore>,
    faults: Faults<ArtifactStoreCall>,
}

impl FailingArtifactStore {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn ArtifactStore>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<ArtifactStoreCall> {
        &self.faults
    }
}

fn error(fault: Fault) -> ArtifactError {
    let (reason, source) = (reason(fault), None);
    match fault {
        Fault::Declined => ArtifactError::Full { reason, source },
        Fault::RequestLost | Fault::ReplyLost => ArtifactError::Unavailable { reason, source },
    }
}

#[async_trait]
impl ArtifactStore for FailingArtifactStore {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let work = self.inner.put(key, content);
        self.faults
            .around(ArtifactStoreCall::Put, work, error)
            .await
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        let work = self.inner.create(key, content);
        self.faults
            .around(ArtifactStoreCall::Create, work, error)
            .await
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        let work = self.inner.metadata(key);
        self.faults
            .around(ArtifactStoreCall::Metadata, work, error)
            .await
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        let work = self.inner.read(key, range);
        self.faults
            .around(ArtifactStoreCall::Read, work, error)
            .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        let work = self.inner.list(prefix);
        self.faults
            .around(ArtifactStoreCall::List, work, error)
            .await
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let work = self.inner.delete(key);
        self.faults
            .around(ArtifactStoreCall::Delete, work, error)
            .await
    }

    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        let work = self.inner.link(key, valid_for, disposition);
        self.faults
            .around(ArtifactStoreCall::Link, work, error)
            .await
    }

    async fn check(&self) -> Result<(), ArtifactError> {
        let work = self.inner.check();
        self.faults
            .around(ArtifactStoreCall::Check, work, error)
            .await
    }
}
