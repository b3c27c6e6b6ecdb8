//! The manifest: how a try ended and what it left, written last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::job::BackendId;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum ProgramEnd {
    /// By itself, with this status.
    Exited {
        /// 0 to 255.
        code: i32,
    },
    /// By a signal.
    Signalled {
        /// POSIX number of the signal.
        signal: i32,
    },
    /// Ended by the kernel, or by the runner's watch, for the memory it took.
    OutOfMemory,
    /// Ended for running longer than its time limit.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// Stopped because the runner was told to stop.
    Stopped,
    /// Never started: the command could not be run, an input or the params could not be had.
    NotStarted,
}

impl ProgramEnd {
    /// Whether the program did what it was asked for.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Exited { code: 0 })
    }
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Name below the job's folder, such as `results.h5`.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content, in lower-case hex.
    pub sha256: String,
}

impl ManifestObject {
    /// The checksum; `None` where what stands there is none. The user's program may have had the
    /// right to write there too.
    pub fn checksum(&self) -> Option<&str> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_sha256 = self.sha256.len() == 64 && self.sha256.bytes().all(is_digit);
        is_sha256.then_some(self.sha256.as_str())
    }
}

/// What a runner leaves as its last act. Its presence means that every object in it is
/// complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format; 1.
    pub version: u32,
    /// The copy that wrote it.
    pub backend_id: BackendId,
    /// Which attempt of the try, from 1.
    pub attempt: u32,
    /// How the program ended.
    pub end: ProgramEnd,
    /// One sentence about a failure, or about files that could not be kept; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the program was started, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the program ended.
    pub stopped_at: Timestamp,
    /// Every result.
    pub objects: Vec<ManifestObject>,
}

impl Manifest {
    /// The version that this code writes, and the newest that it reads.
    pub const VERSION: u32 = 1;

    /// The manifest as it is stored.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a manifest holds only text and numbers")
    }

    /// Reads a stored manifest; `None` for anything else and for a newer version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|manifest: &Self| manifest.version <= Self::VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(sha256: &str) -> ManifestObject {
        ManifestObject {
            name: "results.h5".to_owned(),
            size: 3,
            sha256: sha256.to_owned(),
        }
    }

    #[test]
    fn what_is_no_checksum_is_not_called_one() {
        let right = "09af".repeat(16);
        assert_eq!(with(&right).checksum(), Some(right.as_str()));
        for wrong in [&right[1..], &right.to_uppercase(), &format!("{right}0"), ""] {
            assert_eq!(with(wrong).checksum(), None, "{wrong}");
        }
    }
}
