//! The operations, each as the reference of Amazon S3 has it.

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use s3s::checksum::ChecksumHasher;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::contents::{self, Object as Kept, Part as KeptPart};
use super::{BUCKET, CheckingServer};

const PAGE: i32 = 1000;

fn in_bucket(bucket: &str) -> S3Result<()> {
    if bucket == BUCKET {
        Ok(())
    } else {
        Err(s3_error!(NoSuchBucket))
    }
}

/// The whole body; `crc32` as the client has it.
async fn received(body: Option<StreamingBlob>, crc32: Option<&String>) -> S3Result<Bytes> {
    let body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let pieces: Vec<Bytes> = body
        .try_collect()
        .await
        .map_err(|_| s3_error!(IncompleteBody))?;
    let content = Bytes::from(pieces.concat());
    if let Some(told) = crc32 {
        let mut hasher = ChecksumHasher {
            crc32: Some(Default::default()),
            ..Default::default()
        };
        hasher.update(&content);
        if hasher.finalize().checksum_crc32.as_ref() != Some(told) {
            return Err(s3_error!(BadDigest));
        }
    }
    Ok(content)
}

/// In pieces, as it comes over a network.
fn delivered(content: Bytes) -> StreamingBlob {
    let pieces: Vec<S3Result<Bytes>> = content
        .chunks(64 * 1024)
        .map(|piece| Ok(content.slice_ref(piece)))
        .collect();
    StreamingBlob::wrap(stream::iter(pieces))
}

/// As a form has it, with `+` for a space.
fn encoded(key: &str) -> String {
    key.bytes()
        .map(|byte| match char::from(byte) {
            ' ' => "+".to_owned(),
            plain if plain.is_ascii_alphanumeric() || "-_./*".contains(plain) => plain.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

impl CheckingServer {
    fn kept(&self, bucket: &str, key: &str) -> S3Result<Kept> {
        in_bucket(bucket)?;
        let found = self.contents().objects.get(key).cloned();
        found.ok_or_else(|| s3_error!(NoSuchKey))
    }
}

#[async_trait::async_trait]
impl S3 for CheckingServer {
    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        in_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        let object = Kept::new(received(input.body, input.checksum_crc32.as_ref()).await?);
        let mut contents = self.contents();
        let must_be_new = input
            .if_none_match
            .is_some_and(|condition| condition.is_any());
        if must_be_new && contents.objects.contains_key(&input.key) {
            return Err(s3_error!(PreconditionFailed));
        }
        let output = PutObjectOutput {
            e_tag: Some(contents::etag(&object.etag)),
            checksum_crc32: input.checksum_crc32,
            ..Default::default()
        };
        contents.objects.insert(input.key, object);
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let kept = self.kept(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(kept.content.len() as i64),
            e_tag: Some(contents::etag(&kept.etag)),
            last_modified: Some(kept.written),
            ..Default::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let kept = self.kept(&input.bucket, &input.key)?;
        let etag = contents::etag(&kept.etag);
        if let Some(ETagCondition::ETag(expected)) = &input.if_match
            && !etag.strong_cmp(expected)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let size = kept.content.len() as u64;
        let range = input.range.map(|range| range.check(size)).transpose()?;
        let content_range = range
            .as_ref()
            .map(|range| format!("bytes {}-{}/{size}", range.start, range.end - 1));
        let content = range.map_or(kept.content.clone(), |range| {
            kept.content.slice(range.start as usize..range.end as usize)
        });
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(content.len() as i64),
            content_range,
            content_disposition: input.response_content_disposition,
            content_type: input.response_content_type,
            e_tag: Some(etag),
            last_modified: Some(kept.written),
            body: Some(delivered(content)),
            ..Default::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        in_bucket(&request.input.bucket)?;
        self.contents().objects.remove(&request.input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.unwrap_or_default();
        let limit = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE) as usize;
        let contents = self.contents();
        let mut rest = contents
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix) && (after.is_empty() || **key > after));
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let is_truncated = rest.next().is_some();
        let last = page.last().map(|(key, _)| (*key).clone());
        let is_encoded = input.encoding_type.is_some();
        let objects = page.iter().map(|(key, kept)| Object {
            key: Some(if is_encoded {
                encoded(key)
            } else {
                (*key).clone()
            }),
            size: Some(kept.content.len() as i64),
            e_tag: Some(contents::etag(&kept.etag)),
            last_modified: Some(kept.written.clone()),
            ..Default::default()
        });
        Ok(S3Response::new(ListObjectsV2Output {
            contents: Some(objects.collect()),
            is_truncated: Some(is_truncated),
            next_continuation_token: last.filter(|_| is_truncated),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        in_bucket(&input.bucket)?;
        let has_checksums = input.checksum_algorithm.is_some();
        let id = self.contents().begin_upload(input.key, has_checksums);
        Ok(S3Response::new(CreateMultipartUploadOutput {
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let crc32 = input.checksum_crc32;
        let content = received(input.body, crc32.as_ref()).await?;
        let etag = Kept::new(content.clone()).etag;
        let mut contents = self.contents();
        let upload = contents.upload(&input.upload_id)?;
        if upload.has_checksums != crc32.is_some() {
            return Err(s3_error!(InvalidRequest, "Checksum Type mismatch occurred"));
        }
        let part = KeptPart {
            content,
            crc32: crc32.clone(),
        };
        upload.parts.insert(input.part_number, part);
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(contents::etag(&etag)),
            checksum_crc32: crc32,
            ..Default::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let parts = input.multipart_upload.and_then(|all| all.parts);
        let parts: Vec<_> = parts
            .unwrap_or_default()
            .into_iter()
            .map(|part| {
                let etag = part.e_tag.map(ETag::into_value).unwrap_or_default();
                (part.part_number.unwrap_or(0), etag, part.checksum_crc32)
            })
            .collect();
        let etag = self.contents().complete_upload(&input.upload_id, &parts)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            e_tag: Some(contents::etag(&etag)),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let mut contents = self.contents();
        contents.upload(&request.input.upload_id)?;
        contents.uploads.remove(&request.input.upload_id);
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let mut contents = self.contents();
        let parts = &contents.upload(&request.input.upload_id)?.parts;
        let parts = parts.keys().map(|number| Part {
            part_number: Some(*number),
            ..Default::default()
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(parts.collect()),
            ..Default::default()
        }))
    }
}
