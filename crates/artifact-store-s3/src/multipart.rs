//! Large objects, part by part.

use std::sync::Arc;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::ArtifactError;
use futures_util::{StreamExt, TryStream, TryStreamExt, stream};
use md5::{Digest, Md5};

use crate::bucket::{self, Bucket};
use crate::connection;
use crate::parts::{Part, Parts};
use crate::refusal::Meaning;
use crate::upload::Upload;

/// So many parts are on their way at the same time.
const PARTS_AT_ONCE: usize = 3;

impl Bucket {
    /// The ETag and the size of what was written. Nothing is left behind where it fails, or where
    /// the caller gives it up.
    pub(crate) async fn put_in_parts(
        self: &Arc<Self>,
        key: &ArtifactKey,
        first: Part,
        rest: Parts,
    ) -> Result<(String, u64), ArtifactError> {
        let upload = Upload::begin(self, key).await?;
        let written = self.send_and_complete(&upload, first, rest).await;
        match written {
            Ok(_) => upload.completed(),
            Err(_) => upload.abort().await,
        }
        written
    }

    async fn send_and_complete(
        &self,
        upload: &Upload,
        first: Part,
        rest: Parts,
    ) -> Result<(String, u64), ArtifactError> {
        let mut sent: Vec<(CompletedPart, u64)> = all(first, rest)
            .map_ok(|part| self.send(upload, part))
            .try_buffer_unordered(PARTS_AT_ONCE)
            .try_collect()
            .await?;
        sent.sort_unstable_by_key(|(part, _)| part.part_number());
        let size = sent.iter().map(|(_, bytes)| bytes).sum();
        let parts: Vec<_> = sent.into_iter().map(|(part, _)| part).collect();
        let etag = self.complete(upload, parts).await?;
        Ok((etag, size))
    }

    async fn send(
        &self,
        upload: &Upload,
        part: Part,
    ) -> Result<(CompletedPart, u64), ArtifactError> {
        let size = part.bytes.len() as u64;
        let number = part.number.cast_signed();
        let sent = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(upload.key.as_str())
            .upload_id(&upload.id)
            .part_number(number)
            .set_checksum_algorithm(self.checksum_algorithm())
            .body(part.bytes.into())
            .customize()
            .config_override(connection::transfer())
            .send()
            .await
            .map_err(|error| self.error(error, &self.about("s3:PutObject", &upload.key)))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .build();
        Ok((part, size))
    }

    /// What a multipart upload and its parts have to agree on.
    pub(crate) fn checksum_algorithm(&self) -> Option<ChecksumAlgorithm> {
        self.has_checksums.then_some(ChecksumAlgorithm::Crc32)
    }

    async fn complete(
        &self,
        upload: &Upload,
        parts: Vec<CompletedPart>,
    ) -> Result<String, ArtifactError> {
        let expected = etag_of(&parts);
        let all = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let completed = self
            .client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(upload.key.as_str())
            .upload_id(&upload.id)
            .multipart_upload(all)
            .customize()
            .config_override(connection::transfer())
            .send()
            .await;
        match completed {
            Ok(output) => Ok(bucket::unquoted(output.e_tag())),
            Err(error) => self.judge(upload, expected, error).await,
        }
    }

    /// Where the answer to a completion is lost, its repetition finds no such upload. Then the
    /// object tells whether it is ours.
    async fn judge(
        &self,
        upload: &Upload,
        expected: Option<String>,
        error: SdkError<CompleteMultipartUploadError>,
    ) -> Result<String, ArtifactError> {
        let request = self.about("s3:PutObject", &upload.key);
        let failure = self.failure(error, &request);
        if failure.meaning == Meaning::NoSuchUpload {
            let found = self.metadata(&upload.key).await.map(|found| found.etag);
            if let (Some(expected), Ok(found)) = (expected, found)
                && expected == found
            {
                return Ok(found);
            }
        }
        Err(failure.into_error(&request))
    }
}

/// Every part, each as its turn comes.
fn all(first: Part, rest: Parts) -> impl TryStream<Ok = Part, Error = ArtifactError> + Send {
    let is_last = first.is_last;
    let following = stream::try_unfold((rest, is_last), async |(mut rest, is_over)| {
        if is_over {
            return Ok(None);
        }
        let part = rest.next().await?;
        let is_over = part.is_last;
        Ok(Some((part, (rest, is_over))))
    });
    stream::iter([Ok(first)]).chain(following)
}

/// The ETag of an object of these parts: the MD5 of their MD5s, and their number. None where the
/// parts' ETags are something else, as with some kinds of encryption.
fn etag_of(parts: &[CompletedPart]) -> Option<String> {
    let mut all = Md5::new();
    for part in parts {
        let etag = bucket::unquoted(part.e_tag());
        all.update(md5_of_hex(&etag)?.to_be_bytes());
    }
    let all = u128::from_be_bytes(all.finalize().into());
    Some(format!("{all:032x}-{}", parts.len()))
}

fn md5_of_hex(etag: &str) -> Option<u128> {
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_md5.then(|| u128::from_str_radix(etag, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(etag: &str) -> CompletedPart {
        CompletedPart::builder().e_tag(etag).build()
    }

    #[test]
    fn the_etag_of_parts_is_that_of_s3() {
        // Of 5 MiB of "a" and of "tail".
        let parts = [
            part("\"79b281060d337b9b2b84ccf390adcf74\""),
            part("\"7aea2552dfe7eb84b9443b6fc9ba6e01\""),
        ];
        let whole = etag_of(&parts);
        assert_eq!(whole.as_deref(), Some("30dcfd3901d1c613b7fb532281748544-2"));
        assert_eq!(etag_of(&[part("\"not-an-md5\"")]), None);
        assert_eq!(etag_of(&[part("+1234567890123456789012345678901")]), None);
    }
}
