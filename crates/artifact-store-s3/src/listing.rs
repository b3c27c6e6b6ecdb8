//! What is there under a prefix.

use aws_sdk_s3::types::{EncodingType, Object};
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata};

use crate::bucket::{self, Bucket};

impl Bucket {
    /// Page by page, 1,000 objects each, to the end.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        let request = self.about_itself("s3:ListBucket");
        if !begins_a_key(prefix) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(prefix)
                // Somebody else's key may hold what XML can't.
                .encoding_type(EncodingType::Url)
                .set_continuation_token(token.clone())
                .send()
                .await
                .map_err(|error| self.error(error, &request))?;
            let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
            let objects = page.contents().iter();
            found.extend(objects.filter_map(|object| described(object, is_encoded)));
            if page.is_truncated() != Some(true) {
                break;
            }
            let next = page.next_continuation_token;
            if next.is_none() || next == token {
                return Err(ArtifactError::Unavailable {
                    reason: format!(
                        "the server broke off its list of {prefix} in {} without saying how it \
                         goes on",
                        self.name
                    ),
                    source: None,
                });
            }
            token = next;
        }
        // Directory buckets and some servers keep another order.
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }
}

/// Whether a key can begin so. What can't need not be asked for, and servers would disagree.
fn begins_a_key(prefix: &str) -> bool {
    let is_part = |part: &str| !matches!(part, "" | "." | "..");
    let parts = prefix.split('/').count() - 1;
    prefix.split('/').take(parts).all(is_part) && !prefix.contains(|c: char| c.is_control())
}

/// None for what has a name that no artifact can have, such as the `folder/` of a console.
fn described(object: &Object, is_encoded: bool) -> Option<ArtifactMetadata> {
    let name = object.key()?;
    let key: ArtifactKey = if is_encoded {
        decoded(name)?.parse().ok()?
    } else {
        name.parse().ok()?
    };
    Some(ArtifactMetadata {
        key,
        size: bucket::size(object.size()),
        last_modified: bucket::in_seconds(object.last_modified()),
        etag: bucket::unquoted(object.e_tag()),
    })
}

/// A key out of a list that is encoded as a form is: `%XX`, and `+` for a space.
fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let ([high, low], after) = rest.split_first_chunk()?;
                rest = after;
                u8::try_from(hex_digit(*high)? * 16 + hex_digit(*low)?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        assert_eq!(decoded("a/b+c%2B%25.h5").unwrap(), "a/b c+%.h5");
        assert_eq!(decoded("%C3%BC").unwrap(), "ü");
        for bad in ["%", "%4", "%zz", "%+1", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_prefix_that_no_key_has_is_not_asked_for() {
        for prefix in ["", "a", "a/", "a/b/.", "..", ".h", "a/..b"] {
            assert!(begins_a_key(prefix), "{prefix}");
        }
        for prefix in ["/", "../", "a//", "./", "a/../b", "/etc", "\0"] {
            assert!(!begins_a_key(prefix), "{prefix:?}");
        }
    }
}
