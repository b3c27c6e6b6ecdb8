//! The port on top of it all.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_types::SdkConfig;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Clock,
    Created, Disposition, Link,
};
use bytes::Bytes;

use crate::bucket::Bucket;
use crate::connection;
use crate::links::UploadLink;
use crate::server_clock::ServerClock;
use crate::settings::S3Settings;
use crate::signing::LinkCredentials;

/// An [`ArtifactStore`] in a bucket.
#[derive(Debug)]
pub struct S3ArtifactStore {
    bucket: Arc<Bucket>,
    link_credentials: LinkCredentials,
}

impl S3ArtifactStore {
    /// A store in the bucket that `settings` name. Makes no call; whether the bucket can be used
    /// is for [`ArtifactStore::check`] to say.
    ///
    /// `config` brings credentials, region, HTTP client and, for another server than Amazon's,
    /// the endpoint. Of its own timeouts and checksum settings nothing is used. `clock` says when
    /// links end, and should be right.
    pub fn new(config: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        let server_clock = ServerClock::new(Arc::clone(&clock));
        let region = config.region().map(ToString::to_string);
        Self {
            bucket: Arc::new(Bucket {
                client: connection::open(config, server_clock.clone()),
                name: settings.bucket,
                region: region.unwrap_or_else(|| "no region".to_owned()),
                part_bytes: settings.part_bytes.max(S3Settings::MIN_PART_BYTES),
                has_checksums: !connection::is_compatible_server(config),
                clock,
                server_clock,
            }),
            link_credentials: LinkCredentials::new(config.credentials_provider()),
        }
    }

    /// Proves that of two creates one wins, by making and removing an object at `key`, which
    /// nobody else may use. Amazon keeps to it; some compatible servers overwrite instead.
    ///
    /// # Errors
    /// [`ArtifactError::Forbidden`] where both win; the others.
    pub async fn prove_creation(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        self.bucket.prove_creation(key).await
    }

    /// A link by which anyone can write an object of exactly `size` bytes, for `valid_for` from
    /// now, in place of what is there. Makes no call.
    ///
    /// # Errors
    /// [`ArtifactError::Full`] for more than 5 GiB, which S3 does not take in one request;
    /// [`ArtifactError::Forbidden`] without credentials that are good for a second at least.
    pub async fn upload_link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        size: u64,
    ) -> Result<UploadLink, ArtifactError> {
        self.bucket
            .upload_link(&self.link_credentials, key, valid_for, size)
            .await
    }
}

#[async_trait]
impl ArtifactStore for S3ArtifactStore {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        self.bucket.put(key, content).await
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        self.bucket.create(key, content).await
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        self.bucket.metadata(key).await
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        self.bucket.read(key, range).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        self.bucket.list(prefix).await
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        self.bucket.delete(key).await
    }

    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        self.bucket
            .link(&self.link_credentials, key, valid_for, disposition)
            .await
    }

    /// Asks for the bucket, and compares the clocks. Rights to its objects are not tried.
    async fn check(&self) -> Result<(), ArtifactError> {
        self.bucket.check().await
    }
}
