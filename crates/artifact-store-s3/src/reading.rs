//! What is known of an object, and its content.

use std::sync::Arc;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata, ArtifactRead, ByteRange};
use futures_util::stream;

use crate::bucket::{self, Bucket};
use crate::content;
use crate::refusal::Meaning;

/// No object is as long as this: 1 PiB. A range that begins later is not sent, as servers read
/// such numbers in their own ways.
const BEYOND_EVERY_OBJECT: u64 = 1 << 50;

impl Bucket {
    pub(crate) async fn metadata(
        &self,
        key: &ArtifactKey,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let head = self.client.head_object().bucket(&self.name);
        let unexplained = match head.key(key.as_str()).send().await {
            Ok(found) => {
                return Ok(ArtifactMetadata {
                    key: key.clone(),
                    size: bucket::size(found.content_length()),
                    last_modified: bucket::in_seconds(found.last_modified()),
                    etag: bucket::unquoted(found.e_tag()),
                });
            }
            Err(error) => error,
        };
        let request = self.about("s3:GetObject", key);
        if unexplained.raw_response().is_none() {
            return Err(self.error(unexplained, &request));
        }
        // A reply to HEAD has no body, and so says of a missing object what it says of a missing
        // bucket. The same as a GET is explained.
        match self.get(key, Some("bytes=0-0".to_owned()), None).await {
            Ok(output) => Ok(described(key, &output).0),
            Err(error) => Err(self.error(error, &request)),
        }
    }

    pub(crate) async fn read(
        self: &Arc<Self>,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        match range {
            Some(range) if range.start >= BEYOND_EVERY_OBJECT || range.end <= range.start => {
                self.read_nothing(key, range).await
            }
            _ => self.read_something(key, range).await,
        }
    }

    async fn read_something(
        self: &Arc<Self>,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        let request = self.about("s3:GetObject", key);
        let output = match self.get(key, range.map(in_header), None).await {
            Ok(output) => output,
            Err(error) => {
                let failure = self.failure(error, &request);
                return match (&failure.meaning, range) {
                    (Meaning::RangeNotSatisfiable, Some(range)) => {
                        self.read_nothing(key, range).await
                    }
                    _ => Err(failure.into_error(&request)),
                };
            }
        };
        let (metadata, range) = described(key, &output);
        Ok(ArtifactRead {
            content: content::of(Arc::clone(self), key.clone(), output, range),
            metadata,
            range,
        })
    }

    /// A range that begins at the end of an object or beyond, or that is empty.
    async fn read_nothing(
        &self,
        key: &ArtifactKey,
        range: ByteRange,
    ) -> Result<ArtifactRead, ArtifactError> {
        let metadata = self.metadata(key).await?;
        if range.start >= metadata.size {
            return Err(ArtifactError::RangeNotSatisfiable {
                size: metadata.size,
            });
        }
        if range.end > range.start {
            return Err(ArtifactError::Unavailable {
                reason: format!("{key} was replaced while it was opened; try again"),
                source: None,
            });
        }
        Ok(ArtifactRead {
            metadata,
            range: ByteRange {
                start: range.start,
                end: range.start,
            },
            content: Box::pin(stream::empty()),
        })
    }

    /// `range` as the value of the header; `version` is an ETag that the object must have.
    pub(crate) async fn get(
        &self,
        key: &ArtifactKey,
        range: Option<String>,
        version: Option<String>,
    ) -> Result<GetObjectOutput, SdkError<GetObjectError>> {
        self.client
            .get_object()
            .bucket(&self.name)
            .key(key.as_str())
            .set_range(range)
            .set_if_match(version)
            .send()
            .await
    }
}

/// A range as HTTP has it: with its last byte.
pub(crate) fn in_header(range: ByteRange) -> String {
    if range.end >= BEYOND_EVERY_OBJECT {
        format!("bytes={}-", range.start)
    } else {
        format!("bytes={}-{}", range.start, range.end - 1)
    }
}

/// The whole object's metadata and the range that is being delivered, of one reply and so of one
/// version.
fn described(key: &ArtifactKey, output: &GetObjectOutput) -> (ArtifactMetadata, ByteRange) {
    let length = bucket::size(output.content_length());
    let whole = ByteRange {
        start: 0,
        end: length,
    };
    let (range, size) = output
        .content_range()
        .and_then(content_range)
        .unwrap_or((whole, length));
    let metadata = ArtifactMetadata {
        key: key.clone(),
        size,
        last_modified: bucket::in_seconds(output.last_modified()),
        etag: bucket::unquoted(output.e_tag()),
    };
    (metadata, range)
}

/// Reads `bytes 3-6/10`.
fn content_range(header: &str) -> Option<(ByteRange, u64)> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (start, last) = range.split_once('-')?;
    let (start, last): (u64, u64) = (start.parse().ok()?, last.parse().ok()?);
    let end = last.checked_add(1)?;
    Some((ByteRange { start, end }, size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_and_read_as_http_has_them() {
        let range = |start, end| ByteRange { start, end };
        assert_eq!(in_header(range(3, 7)), "bytes=3-6");
        assert_eq!(in_header(range(3, u64::MAX)), "bytes=3-");
        assert_eq!(content_range("bytes 3-6/10"), Some((range(3, 7), 10)));
        for unreadable in ["bytes */10", "bytes 3-6/*", "3-6/10", "bytes a-6/10", ""] {
            assert_eq!(content_range(unreadable), None, "{unreadable}");
        }
        let last = format!("bytes 0-{}/1", u64::MAX);
        assert_eq!(content_range(&last), None);
    }
}
