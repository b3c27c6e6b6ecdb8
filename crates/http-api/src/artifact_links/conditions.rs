//! Whether the caller has the artifact already, and whether it may have a part of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use batchway_domain::ports::ArtifactMetadata;
use poem::http::{HeaderMap, Method, header};
use poem::web::headers::{ETag, HeaderMapExt, IfModifiedSince, IfNoneMatch, IfRange, LastModified};

use super::range::Wanted;

/// What tells one content from another.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) etag: ETag,
    pub(super) last_modified: SystemTime,
}

impl Version {
    pub(super) fn of(metadata: &ArtifactMetadata) -> Self {
        let etag = format!("\"{}\"", metadata.etag);
        let seconds = u64::try_from(metadata.last_modified.as_secs()).unwrap_or(0);
        Self {
            etag: etag
                .parse()
                .expect("stores make tags of letters and digits"),
            last_modified: UNIX_EPOCH + Duration::from_secs(seconds),
        }
    }
}

/// What to answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: the caller has it.
    NotModified,
    /// All of it.
    Whole,
    /// A part of it.
    Part(Wanted),
}

/// In the order of RFC 9110, section 13.2.2. A range counts for GET alone.
pub(super) fn judge(headers: &HeaderMap, method: &Method, version: &Version) -> Verdict {
    let is_known = match headers.typed_get::<IfNoneMatch>() {
        Some(tags) => !tags.precondition_passes(&version.etag),
        None => headers
            .typed_get::<IfModifiedSince>()
            .is_some_and(|since| !since.is_modified(version.last_modified)),
    };
    if is_known {
        return Verdict::NotModified;
    }
    match Wanted::of(headers).filter(|_| method == Method::GET) {
        Some(wanted) if may_have_part(headers, version) => Verdict::Part(wanted),
        _ => Verdict::Whole,
    }
}

fn may_have_part(headers: &HeaderMap, version: &Version) -> bool {
    let last_modified = LastModified::from(version.last_modified);
    match headers.typed_get::<IfRange>() {
        Some(condition) => !condition.is_modified(Some(&version.etag), Some(&last_modified)),
        // One that can't be read can't be met.
        None => !headers.contains_key(header::IF_RANGE),
    }
}
