//! Keys of objects.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The key of an object, such as `prod/user123/job_abc123/results.h5`.
///
/// At most 1024 bytes of UTF-8 (the limit of Amazon S3), in parts joined by `/`, none of which
/// is empty, `.` or `..`, longer than 255 bytes, or holds a control character or a backslash.
/// So a key can be a path below a folder without ever leaving it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactKey(String);

impl ArtifactKey {
    /// The longest key in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part of the key.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The key as the path of a URL: everything but RFC 3986's unreserved characters and `/`
    /// is percent-encoded.
    pub fn percent_encoded(&self) -> String {
        self.0
            .bytes()
            .fold(String::with_capacity(self.0.len()), |mut text, byte| {
                if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                    text.push(char::from(byte));
                } else {
                    write!(text, "%{byte:02X}").expect("a String takes everything");
                }
                text
            })
    }

    /// The key of something below this one.
    ///
    /// # Errors
    /// [`InvalidArtifactKey`] where the whole would not be a key.
    pub fn join(&self, name: &str) -> Result<Self, InvalidArtifactKey> {
        format!("{}/{name}", self.0).parse()
    }
}

fn is_valid_part(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
        && part.len() <= 255
        && !part.chars().any(|c| c.is_control() || c == '\\')
}

impl FromStr for ArtifactKey {
    type Err = InvalidArtifactKey;

    fn from_str(text: &str) -> Result<Self, InvalidArtifactKey> {
        if text.len() <= Self::MAX_BYTES && text.split('/').all(is_valid_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArtifactKey)
        }
    }
}

impl TryFrom<String> for ArtifactKey {
    type Error = InvalidArtifactKey;

    fn try_from(text: String) -> Result<Self, InvalidArtifactKey> {
        text.parse()
    }
}

impl From<ArtifactKey> for String {
    fn from(key: ArtifactKey) -> Self {
        key.0
    }
}

impl fmt::Display for ArtifactKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text can't be the key of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an artifact's name is at most 1024 bytes of parts joined by /, none of them empty, . or .., \
     longer than 255 bytes, or with a control character or a backslash"
)]
pub struct InvalidArtifactKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_can_not_leave_their_folder() {
        for good in [
            "a",
            "prod/u/job_1/results.h5",
            "a/..b",
            "a/b..",
            "ü/日本 x",
            "a/%2e%2e",
        ] {
            assert!(good.parse::<ArtifactKey>().is_ok(), "{good}");
        }
        let long_part = "x".repeat(256);
        let long = ["x".repeat(200), "y".repeat(200)].join("/").repeat(3);
        for bad in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\\..\\b", "a\0b", "a\nb",
            &long_part, &long,
        ] {
            assert!(bad.parse::<ArtifactKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn odd_names_survive_a_url() {
        let key: ArtifactKey = "a/ü ?#%.h5".parse().unwrap();
        assert_eq!(key.percent_encoded(), "a/%C3%BC%20%3F%23%25.h5");
    }
}
