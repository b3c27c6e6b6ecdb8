//! API keys: 256 random bits that a caller shows and the gateway knows only by digest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::identity::{CROCKFORD, Shard, UserName};

/// A caller's key: `bw_{shard}_{secret}{checksum}`.
///
/// The shard puts the key's record beside everything else of its user. The checksum, eight
/// characters, lets a mistyped key be refused without asking a store. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

const PREFIX: &str = "bw_";
const SHARD: std::ops::Range<usize> = 3..5;
const SECRET_START: usize = 6;
const CHECKSUM_START: usize = SECRET_START + 52;
const LENGTH: usize = CHECKSUM_START + 8;

impl ApiKey {
    /// Bytes of randomness that go into a key.
    pub const ENTROPY_BYTES: usize = 32;

    /// Makes the key of a user out of randomness.
    pub fn new(user: &UserName, entropy: [u8; Self::ENTROPY_BYTES]) -> Self {
        let body = format!(
            "{PREFIX}{}_{}",
            Shard::of_user(user),
            CROCKFORD.encode(&entropy)
        );
        let checksum = checksum(&body);
        Self(body + &checksum)
    }

    /// The shard of the key's user.
    pub fn shard(&self) -> Shard {
        self.0[SHARD]
            .parse()
            .expect("checked when the key was read")
    }

    /// What the gateway stores instead of the key.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest {
            shard: self.shard(),
            sha256: Sha256::digest(self.0.as_bytes()).into(),
        }
    }

    /// The key itself, to be shown once to the person who made it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn checksum(body: &str) -> String {
    CROCKFORD.encode(&Sha256::digest(body.as_bytes())[..5])
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        let well_formed = text.len() == LENGTH
            && text.is_ascii()
            && text.starts_with(PREFIX)
            && text[SHARD].parse::<Shard>().is_ok()
            && checksum(&text[..CHECKSUM_START]) == text[CHECKSUM_START..];
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidApiKey)
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiKey(bw_{}_…)", self.shard())
    }
}

/// The text can't be an API key of this gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key of this gateway")]
pub struct InvalidApiKey;

/// What is stored of an API key: its shard and the SHA-256 of the whole of it.
///
/// A plain hash is enough, as the key holds 256 random bits: there is nothing to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyDigest {
    /// Where the key's record lies.
    pub shard: Shard,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
}

impl KeyDigest {
    /// The first eight hex digits: enough to tell one's keys apart, useless to anyone else.
    pub fn short(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.sha256[..4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey::new(&"user123".parse().unwrap(), [0xa5; 32])
    }

    #[test]
    fn a_key_knows_its_users_shard() {
        let read: ApiKey = key().reveal().parse().unwrap();
        assert_eq!(read.shard(), Shard::of_user(&"user123".parse().unwrap()));
        assert_eq!(read.digest(), key().digest());
    }

    #[test]
    fn any_changed_character_is_noticed_without_a_store() {
        let text = key().reveal().to_owned();
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(
                changed.parse::<ApiKey>(),
                Err(InvalidApiKey),
                "position {position}"
            );
        }
        assert!("".parse::<ApiKey>().is_err());
        assert!("é".repeat(33).parse::<ApiKey>().is_err());
    }

    #[test]
    fn a_key_is_never_printed_by_accident() {
        let key = key();
        let secret = &key.reveal()[SECRET_START..];
        assert!(!format!("{key:?} {:?}", key.digest()).contains(secret));
    }
}
