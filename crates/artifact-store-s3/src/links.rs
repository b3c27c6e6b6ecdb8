//! Links by which anyone can read, or write, one object for a time.

use std::time::Duration;

use aws_sdk_s3::presigning::PresignedRequest;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, Disposition, Link};

use crate::bucket::Bucket;
use crate::presentation::Presentation;
use crate::signing::LinkCredentials;

/// S3 takes no more in one request: 5 GiB.
const MAX_UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// A link by which anyone can write one object once or several times until it ends: `PUT`.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// The whole URL.
    pub url: String,
    /// Headers by name and value that must be sent with it, as the signature covers them.
    pub headers: Vec<(String, String)>,
    /// When it ends: not later than asked for, earlier where what signs it ends earlier.
    pub expires_at: Timestamp,
}

/// The URL is a secret while it lives.
impl std::fmt::Debug for UploadLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("UploadLink")
            .field("headers", &self.headers)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    pub(crate) async fn link(
        &self,
        credentials: &LinkCredentials,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        let now = self.clock.now();
        let signer = credentials.signer(&self.client, now).await?;
        let validity = signer.validity(now, valid_for)?;
        let presentation = Presentation::of(key.file_name(), disposition);
        let signed = signer
            .client
            .get_object()
            .bucket(&self.name)
            .key(key.as_str())
            .response_content_disposition(presentation.content_disposition)
            .response_content_type(presentation.content_type)
            .presigned(validity.config)
            .await
            .map_err(|error| self.error(error, &self.about("s3:GetObject", key)))?;
        Ok(Link {
            url: signed.uri().to_owned(),
            expires_at: validity.expires_at,
        })
    }

    pub(crate) async fn upload_link(
        &self,
        credentials: &LinkCredentials,
        key: &ArtifactKey,
        valid_for: Duration,
        size: u64,
    ) -> Result<UploadLink, ArtifactError> {
        let length = i64::try_from(size)
            .ok()
            .filter(|_| size <= MAX_UPLOAD_BYTES);
        let Some(length) = length else {
            return Err(ArtifactError::Full {
                reason: format!("{key} has {size} bytes, and a link takes {MAX_UPLOAD_BYTES}"),
                source: None,
            });
        };
        let now = self.clock.now();
        let signer = credentials.signer(&self.client, now).await?;
        let validity = signer.validity(now, valid_for)?;
        let signed = signer
            .client
            .put_object()
            .bucket(&self.name)
            .key(key.as_str())
            .content_length(length)
            .presigned(validity.config)
            .await
            .map_err(|error| self.error(error, &self.about("s3:PutObject", key)))?;
        Ok(UploadLink {
            url: signed.uri().to_owned(),
            headers: headers_of(&signed),
            expires_at: validity.expires_at,
        })
    }
}

fn headers_of(signed: &PresignedRequest) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    signed.headers().map(owned).collect()
}
