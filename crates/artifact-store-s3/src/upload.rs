//! A multipart upload on the server, which costs money until it is completed or aborted.

use std::mem;
use std::sync::Arc;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::ArtifactError;
use tokio::runtime::Handle;

use crate::bucket::Bucket;
use crate::refusal::Meaning;

/// So often is an abort sent, where parts that were still on their way arrive after it.
const ABORTS: usize = 3;

/// An upload that is aborted when it is dropped before it was completed.
pub(crate) struct Upload {
    pub(crate) key: ArtifactKey,
    pub(crate) id: String,
    bucket: Arc<Bucket>,
    runtime: Handle,
    is_open: bool,
}

impl Upload {
    pub(crate) async fn begin(
        bucket: &Arc<Bucket>,
        key: &ArtifactKey,
    ) -> Result<Self, ArtifactError> {
        let begun = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(key.as_str())
            .set_checksum_algorithm(bucket.checksum_algorithm())
            .send()
            .await
            .map_err(|error| bucket.error(error, &bucket.about("s3:PutObject", key)))?;
        let Some(id) = begun.upload_id else {
            return Err(ArtifactError::Unavailable {
                reason: format!("the server gave no id for the upload of {key}; try again"),
                source: None,
            });
        };
        Ok(Self {
            key: key.clone(),
            id,
            bucket: Arc::clone(bucket),
            runtime: Handle::current(),
            is_open: true,
        })
    }

    /// The object is there, and nothing is left to abort.
    pub(crate) fn completed(mut self) {
        self.is_open = false;
    }

    /// Takes away what has been sent.
    pub(crate) async fn abort(mut self) {
        self.bucket.abort(&self.key, &self.id).await;
        self.is_open = false;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_open {
            let bucket = Arc::clone(&self.bucket);
            let (key, id) = (self.key.clone(), mem::take(&mut self.id));
            self.runtime
                .spawn(async move { bucket.abort(&key, &id).await });
        }
    }
}

impl Bucket {
    /// Aborts an upload until its parts are gone: one that was on its way may be kept all the
    /// same, says AWS. Nobody waits for what comes of it; what is left in spite of all, the
    /// bucket's lifecycle rule removes.
    async fn abort(&self, key: &ArtifactKey, id: &str) {
        for _ in 0..ABORTS {
            let abort = self.client.abort_multipart_upload().bucket(&self.name);
            let aborted = abort.key(key.as_str()).upload_id(id).send().await;
            if aborted.is_err() || self.has_no_parts(key, id).await {
                return;
            }
        }
    }

    async fn has_no_parts(&self, key: &ArtifactKey, id: &str) -> bool {
        let list = self.client.list_parts().bucket(&self.name);
        match list.key(key.as_str()).upload_id(id).send().await {
            Ok(left) => left.parts().is_empty(),
            Err(error) => {
                let request = self.about("s3:ListMultipartUploadParts", key);
                // Who may not ask can't know, and has to trust the abort.
                !matches!(self.failure(error, &request).meaning, Meaning::NotNow(_))
            }
        }
    }
}
