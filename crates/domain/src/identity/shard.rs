//! The part of a store that holds everything of one tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::UserName;

/// One of 256 parts of a store. All that belongs to a user lies in one of them, so that one
/// atomic step can check the user's key and do the user's work. Written as two hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(u8);

impl Shard {
    /// The shard of everything that belongs to this user: the first byte of the SHA-256 of the name.
    pub fn of_user(user: &UserName) -> Self {
        Self(Sha256::digest(user.as_str().as_bytes())[0])
    }

    /// The number, from 0 to 255.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02x}", self.0)
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let digits = text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if text.len() != 2 || !digits {
            return Err(InvalidShard);
        }
        u8::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidShard)
    }
}

/// The text is not two lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a shard is two lower-case hex digits")]
pub struct InvalidShard;
