//! Writing and removing objects.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata, ByteStream};
use bytes::Bytes;

use crate::bucket::{self, Bucket};
use crate::connection;
use crate::parts::Parts;

impl Bucket {
    /// What fits into one part goes in one request, the rest part by part. Either way the object
    /// changes at once, when all of it has arrived.
    pub(crate) async fn put(
        self: &Arc<Self>,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let mut parts = Parts::of(content, self.part_bytes);
        let first = parts.next().await?;
        let (etag, size) = if first.is_last {
            let size = first.bytes.len() as u64;
            (self.put_whole(key, first.bytes).await?, size)
        } else {
            self.put_in_parts(key, first, parts).await?
        };
        Ok(self.written(key, etag, size).await)
    }

    /// The ETag of what was written.
    async fn put_whole(&self, key: &ArtifactKey, content: Bytes) -> Result<String, ArtifactError> {
        let sent = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key.as_str())
            .body(content.into())
            .customize()
            .config_override(connection::transfer())
            .send()
            .await;
        match sent {
            Ok(output) => Ok(bucket::unquoted(output.e_tag())),
            Err(error) => Err(self.error(error, &self.about("s3:PutObject", key))),
        }
    }

    /// Metadata of the version just written. When that was, the server says only if it is asked;
    /// where another version has taken its place, or the question fails, our own clock has to do.
    async fn written(&self, key: &ArtifactKey, etag: String, size: u64) -> ArtifactMetadata {
        match self.metadata(key).await {
            Ok(found) if found.etag == etag => found,
            _ => ArtifactMetadata {
                key: key.clone(),
                size,
                last_modified: Timestamp::from_millis(self.clock.now().as_secs() * 1000),
                etag,
            },
        }
    }

    pub(crate) async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let request = self.client.delete_object().bucket(&self.name);
        match request.key(key.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let request = self.about("s3:DeleteObject", key);
                match self.error(error, &request) {
                    ArtifactError::NotFound { .. } => Ok(()),
                    error => Err(error),
                }
            }
        }
    }
}
