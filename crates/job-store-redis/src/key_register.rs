//! API keys: registering, listing, revoking.

use batchway_domain::Timestamp;
use batchway_domain::identity::{Shard, UserName};
use batchway_domain::ports::{KeyError, KeyRecord, StoreError};
use batchway_domain::security::KeyDigest;
use fred::types::Value;
use futures_util::future::try_join_all;

use crate::connection::argument;
use crate::core::Core;
use crate::keyspace::shards;
use crate::reply::{array, bytes, optional_bytes, pairs, text, unexpected};
use crate::script::Script;

/// What is kept of a key, beside its digest: `A` or `R`, when it was made and revoked (15 digits
/// each), the call that registered it (16 bytes), its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) user: UserName,
    created_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    operation: [u8; 16],
}

const ACTIVE: u8 = b'A';
const REVOKED: u8 = b'R';
/// Digits of a time.
const DIGITS: usize = 15;

impl KeyValue {
    pub(crate) fn read(value: &[u8]) -> Result<Self, StoreError> {
        Self::try_read(value).ok_or_else(|| unexpected("an API key"))
    }

    fn try_read(value: &[u8]) -> Option<Self> {
        let (state, rest) = value.split_first()?;
        let (created_at, rest) = rest.split_at_checked(DIGITS)?;
        let (revoked_at, rest) = rest.split_at_checked(DIGITS)?;
        let (operation, user) = rest.split_at_checked(16)?;
        let revoked_at = match *state {
            ACTIVE => None,
            REVOKED => Some(time(revoked_at)?),
            _ => return None,
        };
        Some(Self {
            user: std::str::from_utf8(user).ok()?.parse().ok()?,
            created_at: time(created_at)?,
            revoked_at,
            operation: operation.try_into().ok()?,
        })
    }

    fn write(&self) -> Vec<u8> {
        let state = match self.revoked_at {
            None => ACTIVE,
            Some(_) => REVOKED,
        };
        let mut value = vec![state];
        value.extend(digits(self.created_at).into_bytes());
        value.extend(digits(self.revoked_at.unwrap_or(Timestamp::EPOCH)).into_bytes());
        value.extend(self.operation);
        value.extend(self.user.as_str().as_bytes());
        value
    }
}

fn time(digits: &[u8]) -> Option<Timestamp> {
    let millis = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}

fn digits(time: Timestamp) -> String {
    format!("{:0DIGITS$}", time.as_millis())
}

impl Core {
    pub(crate) async fn register(&self, record: &KeyRecord) -> Result<(), KeyError> {
        let shard = record.digest.shard;
        let value = KeyValue {
            user: record.user.clone(),
            created_at: record.created_at,
            revoked_at: record.revoked_at,
            operation: self.operations.next().to_be_bytes(),
        };
        let arguments = vec![argument(record.digest.sha256), argument(value.write())];
        let keys = [self.keyspace.of_shard(shard).api_keys()];
        let answer = self.link.run(Script::Register, &keys, arguments).await?;
        if text(answer, "a registration")? == "E" {
            return Err(KeyError::Exists);
        }
        Ok(self.barrier(shard).await?)
    }

    /// Keys in the order of their making.
    pub(crate) async fn keys(&self, user: Option<&UserName>) -> Result<Vec<KeyRecord>, StoreError> {
        let shards: Vec<Shard> = match user {
            Some(user) => vec![Shard::of_user(user)],
            None => shards().collect(),
        };
        let found = try_join_all(shards.into_iter().map(|shard| self.keys_of(shard))).await?;
        let mut records: Vec<KeyRecord> = found
            .into_iter()
            .flatten()
            .filter(|record| user.is_none_or(|user| record.user == *user))
            .collect();
        records.sort_by_key(|record| (record.created_at, record.digest));
        Ok(records)
    }

    async fn keys_of(&self, shard: Shard) -> Result<Vec<KeyRecord>, StoreError> {
        let api_keys = self.keyspace.of_shard(shard).api_keys();
        let found = self.link.read("HGETALL", &api_keys, Vec::new()).await?;
        pairs(array(found, "API keys")?)
            .map(|(digest, value)| key_record(shard, digest, value))
            .collect()
    }

    pub(crate) async fn revoke(
        &self,
        short: &str,
        at: Timestamp,
    ) -> Result<Vec<KeyRecord>, StoreError> {
        let mut revoked = Vec::new();
        for record in self.keys(None).await? {
            if record.digest.short() == short {
                revoked.extend(self.revoke_one(&record.digest, at).await?);
            }
        }
        Ok(revoked)
    }

    async fn revoke_one(
        &self,
        digest: &KeyDigest,
        at: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let keys = [self.keyspace.of_shard(digest.shard).api_keys()];
        let arguments = vec![argument(digest.sha256), argument(digits(at))];
        let value = self.link.run(Script::Revoke, &keys, arguments).await?;
        self.barrier(digest.shard).await?;
        optional_bytes(value, "an API key")?
            .map(|value| key_record(digest.shard, argument(digest.sha256), Value::Bytes(value)))
            .transpose()
    }
}

fn key_record(shard: Shard, digest: Value, value: Value) -> Result<KeyRecord, StoreError> {
    let sha256 = bytes(digest, "the digest of an API key")?;
    let sha256 = sha256
        .as_ref()
        .try_into()
        .map_err(|_| unexpected("the digest of an API key"))?;
    let kept = KeyValue::read(&bytes(value, "an API key")?)?;
    Ok(KeyRecord {
        digest: KeyDigest { shard, sha256 },
        user: kept.user,
        created_at: kept.created_at,
        revoked_at: kept.revoked_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back() {
        let mut kept = KeyValue {
            user: "ada".parse().unwrap(),
            created_at: Timestamp::from_millis(1_772_366_400_250),
            revoked_at: None,
            operation: [0xff; 16],
        };
        assert_eq!(KeyValue::read(&kept.write()).unwrap(), kept);
        assert!(kept.write().starts_with(b"A001772366400250000000000000000"));
        kept.revoked_at = Some(Timestamp::MAX);
        assert_eq!(KeyValue::read(&kept.write()).unwrap(), kept);
    }

    #[test]
    fn what_is_not_a_key_is_not_read() {
        for value in [
            &b""[..],
            b"A",
            b"A00177236640025000000000000000",
            &[b'Z'; 60],
        ] {
            assert!(KeyValue::read(value).is_err(), "{value:?}");
        }
    }
}
