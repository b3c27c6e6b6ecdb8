//! The names of all keys. What belongs to one shard carries one hash tag, so that Redis Cluster
//! keeps it in one slot and one script can change it whole.

use std::fmt::Display;

use batchway_domain::identity::{BackendName, JobId, JobTypeName, Shard, UserName};
use batchway_domain::job::Lane;
use bytes::Bytes;

use crate::due_set::DueSet;

/// So many shards there are; written down in the store at its first start.
pub(crate) const SHARDS: usize = 256;

/// All shards, in order.
pub(crate) fn shards() -> impl Iterator<Item = Shard> {
    (0..SHARDS).map(|number| {
        format!("{number:02x}")
            .parse()
            .expect("two lower-case hex digits are a shard")
    })
}

/// The keys of one store among others in the same Redis.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    prefix: String,
}

impl Keyspace {
    pub(crate) fn new(namespace: Option<&str>) -> Self {
        let prefix = match namespace {
            Some(namespace) => format!("bw-{namespace}"),
            None => "bw".to_owned(),
        };
        Self { prefix }
    }

    /// A key of the whole store, such as its settings.
    pub(crate) fn of_store(&self, name: impl Display) -> Key {
        Key::new(format!("{{{}}}", self.prefix), name)
    }

    pub(crate) fn of_shard(&self, shard: Shard) -> ShardKeys<'_> {
        ShardKeys { store: self, shard }
    }
}

/// The keys of one shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShardKeys<'a> {
    store: &'a Keyspace,
    shard: Shard,
}

impl ShardKeys<'_> {
    fn key(self, name: impl Display) -> Key {
        Key::new(format!("{{{}:{}}}", self.store.prefix, self.shard), name)
    }

    /// Hash of API keys: digest to what is kept of the key.
    pub(crate) fn api_keys(self) -> Key {
        self.key("keys")
    }

    /// Hash of records: job id to [`crate::envelope::Envelope`].
    pub(crate) fn jobs(self) -> Key {
        self.key("jobs")
    }

    /// Hash of params: job id to JSON.
    pub(crate) fn params(self) -> Key {
        self.key("params")
    }

    /// Hash of counters: `queued`; `active:USER`; `events:USER`.
    pub(crate) fn counts(self) -> Key {
        self.key("counts")
    }

    /// Hash of idempotency keys: user and key to fingerprint, end, job.
    pub(crate) fn idempotency(self) -> Key {
        self.key("idempotency")
    }

    /// List of idempotency keys with their ends, in the order of admission.
    pub(crate) fn idempotency_expiry(self) -> Key {
        self.key("idempotency-expiry")
    }

    /// Sorted set of a user's jobs by status, type and id.
    pub(crate) fn index(self, user: &UserName) -> Key {
        self.key(format_args!("index:{user}"))
    }

    /// Stream of a user's events.
    pub(crate) fn events(self, user: &UserName) -> Key {
        self.key(format_args!("events:{user}"))
    }

    /// Sorted set of a lane's jobs by due time.
    pub(crate) fn due(self, lane: &Lane) -> Key {
        self.key(format_args!("due:{lane}"))
    }

    /// Sorted set of a dispatch lane's jobs by user, due time and id.
    pub(crate) fn turns(self, backend: &BackendName) -> Key {
        self.key(format_args!("turns:{backend}"))
    }

    /// Sorted set of a dispatch lane's jobs by id.
    pub(crate) fn ages(self, backend: &BackendName) -> Key {
        self.key(format_args!("ages:{backend}"))
    }

    /// Sorted set of completed runs of a type by their end.
    pub(crate) fn runs(self, job_type: &JobTypeName) -> Key {
        self.key(format_args!("runs:{job_type}"))
    }

    /// Hash of deliveries: id to version and packed record.
    pub(crate) fn deliveries(self) -> Key {
        self.key("deliveries")
    }

    /// Hash of what is delivered of a job: its id to the numbers of its events.
    pub(crate) fn deliveries_of(self) -> Key {
        self.key("deliveries-of")
    }

    /// Sorted set of deliveries that are to be sent by due time.
    pub(crate) fn deliveries_due(self) -> Key {
        self.key("deliveries-due")
    }

    /// Sorted set of deliveries that are to be sent by receiver, due time and id.
    pub(crate) fn deliveries_turns(self) -> Key {
        self.key("deliveries-turns")
    }

    /// Sorted set of jobs that have changed since they were mirrored, by when they are taken.
    pub(crate) fn mirror_backlog(self) -> Key {
        self.key("mirror-backlog")
    }

    /// Hash of webhook secrets: user to JSON, the secrets in it sealed.
    pub(crate) fn webhook_secrets(self) -> Key {
        self.key("webhook-secrets")
    }

    /// What a replica took last in a lane, or of deliveries; for a minute.
    pub(crate) fn taken(self, replica: &str, set: &DueSet) -> Key {
        self.key(format_args!("taken:{replica}:{set}"))
    }

    /// The call that removed a job; for a minute.
    pub(crate) fn removed(self, id: &JobId) -> Key {
        self.key(format_args!("removed:{id}"))
    }

    /// Counts what the durability barrier waits for.
    pub(crate) fn barrier(self) -> Key {
        self.key("barrier")
    }
}

/// A key and the slot that Redis Cluster keeps it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: Bytes,
    pub(crate) slot: u16,
}

impl Key {
    fn new(tag: String, name: impl Display) -> Self {
        let name = format!("{tag}:{name}");
        let slot = fred::util::redis_keyslot(name.as_bytes());
        Self {
            name: name.into(),
            slot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_shard_lie_in_one_slot() {
        for keyspace in [Keyspace::new(None), Keyspace::new(Some("staging"))] {
            let user: UserName = "user123".parse().unwrap();
            let keys = keyspace.of_shard(Shard::of_user(&user));
            let lane: Lane = "dispatch:process".parse().unwrap();
            let slot = keys.jobs().slot;
            for key in [
                keys.api_keys(),
                keys.params(),
                keys.index(&user),
                keys.events(&user),
                keys.due(&lane),
                keys.deliveries(),
                keys.mirror_backlog(),
                keys.webhook_secrets(),
                keys.barrier(),
            ] {
                assert_eq!(key.slot, slot, "{key:?}");
            }
        }
    }

    #[test]
    fn names_are_as_operators_know_them() {
        let shard: Shard = "a7".parse().unwrap();
        let alone = Keyspace::new(None).of_shard(shard).jobs();
        assert_eq!(alone.name, "{bw:a7}:jobs");
        let keyspace = Keyspace::new(Some("staging"));
        let lane: Lane = "watch:aws-batch".parse().unwrap();
        let due = keyspace.of_shard(shard).due(&lane);
        assert_eq!(due.name, "{bw-staging:a7}:due:watch:aws-batch");
        assert_eq!(keyspace.of_store("settings").name, "{bw-staging}:settings");
    }

    #[test]
    fn there_are_256_shards() {
        let numbers: Vec<u8> = shards().map(Shard::number).collect();
        assert_eq!(numbers, (0..=255).collect::<Vec<u8>>());
    }
}
