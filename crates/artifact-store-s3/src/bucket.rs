//! The bucket as all parts of this crate know it.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::DateTime;
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, Clock};

use crate::failure::Failure;
use crate::refusal::Request;
use crate::server_clock::ServerClock;

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) part_bytes: usize,
    /// Whether contents are sent with a checksum of S3's own, besides that of the signature.
    pub(crate) has_checksums: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) server_clock: ServerClock,
}

impl Bucket {
    /// A request about an object, by the right that it needs.
    pub(crate) fn about<'a>(
        &'a self,
        permission: &'static str,
        key: &'a ArtifactKey,
    ) -> Request<'a> {
        Request {
            key: Some(key),
            ..self.about_itself(permission)
        }
    }

    /// A request about the bucket, by the right that it needs.
    pub(crate) fn about_itself(&self, permission: &'static str) -> Request<'_> {
        Request {
            permission,
            bucket: &self.name,
            key: None,
            region: &self.region,
        }
    }

    pub(crate) fn failure<E>(&self, error: SdkError<E>, request: &Request<'_>) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        Failure::of(error, request, self.server_clock.lead())
    }

    pub(crate) fn error<E>(&self, error: SdkError<E>, request: &Request<'_>) -> ArtifactError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.failure(error, request).into_error(request)
    }
}

/// An ETag as the port has it.
pub(crate) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// A point in time in whole seconds, as replies about one object have them; lists may have them
/// finer, and must not differ.
pub(crate) fn in_seconds(time: Option<&DateTime>) -> Timestamp {
    Timestamp::from_millis(time.map_or(0, |time| time.secs().saturating_mul(1000)))
}

/// A size or count of the server's.
pub(crate) fn size(length: Option<i64>) -> u64 {
    length
        .and_then(|length| u64::try_from(length).ok())
        .unwrap_or(0)
}
