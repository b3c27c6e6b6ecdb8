//! What the server keeps.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::dto::{ETag, Timestamp};
use s3s::{S3Result, s3_error};

/// Amazon's own: every part but the last has so many bytes at least.
const MIN_PART_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
    uploads_begun: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) content: Bytes,
    pub(super) etag: String,
    pub(super) written: Timestamp,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    /// Whether its parts bring a CRC-32.
    pub(super) has_checksums: bool,
    pub(super) parts: BTreeMap<i32, Part>,
}

#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) content: Bytes,
    pub(super) crc32: Option<String>,
}

impl Object {
    pub(super) fn new(content: Bytes) -> Self {
        let etag = hex(&Md5::digest(&content));
        Self::with_etag(content, etag)
    }

    fn with_etag(content: Bytes, etag: String) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a server has a clock of its own")]
        let now = SystemTime::now();
        Self {
            content,
            etag,
            written: now.into(),
        }
    }
}

impl Contents {
    pub(super) fn begin_upload(&mut self, key: String, has_checksums: bool) -> String {
        self.uploads_begun += 1;
        let id = format!("upload-{}", self.uploads_begun);
        let upload = Upload {
            key,
            has_checksums,
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id.clone(), upload);
        id
    }

    pub(super) fn upload(&mut self, id: &str) -> S3Result<&mut Upload> {
        let upload = self.uploads.get_mut(id);
        upload.ok_or_else(|| s3_error!(NoSuchUpload))
    }

    /// Makes an object of the parts named by number, ETag and CRC-32.
    pub(super) fn complete_upload(
        &mut self,
        id: &str,
        named: &[(i32, String, Option<String>)],
    ) -> S3Result<String> {
        let upload = self.upload(id)?;
        let mut content = Vec::new();
        let mut md5s = Md5::new();
        for (index, (number, etag, crc32)) in named.iter().enumerate() {
            let part = upload.parts.get(number);
            let part = part.ok_or_else(|| s3_error!(InvalidPart))?;
            let md5 = Md5::digest(&part.content);
            if hex(&md5) != *etag || (upload.has_checksums && part.crc32 != *crc32) {
                return Err(s3_error!(InvalidPart));
            }
            if part.content.len() < MIN_PART_BYTES && index + 1 < named.len() {
                return Err(s3_error!(EntityTooSmall));
            }
            if index > 0 && named[index - 1].0 >= *number {
                return Err(s3_error!(InvalidPartOrder));
            }
            md5s.update(md5);
            content.extend_from_slice(&part.content);
        }
        let etag = format!("{}-{}", hex(&md5s.finalize()), named.len());
        let key = upload.key.clone();
        let object = Object::with_etag(content.into(), etag.clone());
        self.objects.insert(key, object);
        self.uploads.remove(id);
        Ok(etag)
    }
}

pub(super) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
