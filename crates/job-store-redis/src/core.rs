//! What all calls of a store have in common.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use batchway_domain::Timestamp;
use batchway_domain::identity::{DeploymentId, Shard, UserName};
use batchway_domain::ports::{Clock, ReadError, StoreError};
use batchway_domain::security::KeyDigest;
use fred::types::Value;

use crate::barrier;
use crate::config::Durability;
use crate::connection::{argument, number};
use crate::key_register::KeyValue;
use crate::keyspace::Keyspace;
use crate::link::Link;
use crate::outlook::Outlook;
use crate::reply::optional_bytes;
use crate::turns::Turns;

/// Whose time leases, due times and the ends of idempotency keys go by.
#[derive(Clone, Debug)]
pub enum StoreTime {
    /// The Redis server's own, read inside the scripts. In production: replicas of the gateway
    /// then agree on it, whatever their own clocks show.
    Server,
    /// A clock handed in. For tests, which move it by hand.
    Clock(Arc<dyn Clock>),
}

impl StoreTime {
    /// The first argument of every script that asks for the time.
    pub(crate) fn argument(&self) -> Value {
        match self {
            Self::Server => argument(""),
            Self::Clock(clock) => number(clock.now().as_millis()),
        }
    }

    pub(crate) fn by_hand(&self) -> Option<Timestamp> {
        match self {
            Self::Server => None,
            Self::Clock(clock) => Some(clock.now()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) link: Link,
    pub(crate) keyspace: Keyspace,
    pub(crate) time: StoreTime,
    pub(crate) durability: Durability,
    pub(crate) outlook: Outlook,
    pub(crate) callers: Callers,
    pub(crate) operations: Operations,
    pub(crate) turns: Turns,
    pub(crate) keeps_mirror_backlog: bool,
    /// The deployment whose store this is, once it was asked for.
    pub(crate) deployment: OnceLock<DeploymentId>,
}

impl Core {
    /// Waits until what was written to the shard is as durable as configured.
    pub(crate) async fn barrier(&self, shard: Shard) -> Result<(), StoreError> {
        let key = self.keyspace.of_shard(shard).barrier();
        barrier::wait(&self.link, self.durability, &key).await
    }

    /// The same for what belongs to no shard.
    pub(crate) async fn barrier_of_store(&self) -> Result<(), StoreError> {
        let key = self.keyspace.of_store("barrier");
        barrier::wait(&self.link, self.durability, &key).await
    }

    /// Whose key this is, by the store.
    pub(crate) async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        let api_keys = self.keyspace.of_shard(key.shard).api_keys();
        let value = self
            .link
            .read("HGET", &api_keys, vec![argument(key.sha256)])
            .await?;
        let value = optional_bytes(value, "an API key")?.ok_or(ReadError::Unauthorized)?;
        let kept = KeyValue::read(&value)?;
        if kept.revoked_at.is_some() {
            return Err(ReadError::Unauthorized);
        }
        self.callers.remember(key, &kept.user);
        Ok(kept.user)
    }

    /// Whose key this was when it was last asked about. Not whether it still is: that is for the
    /// script to say that does the work.
    pub(crate) async fn caller(&self, key: &KeyDigest) -> Result<UserName, ReadError> {
        match self.callers.known(key) {
            Some(user) => Ok(user),
            None => self.authenticate(key).await,
        }
    }
}

/// Whose the API keys are that were seen last. A key never changes hands, so that what is here
/// is true; a key that was revoked is still here.
#[derive(Debug, Default)]
pub(crate) struct Callers(Mutex<HashMap<[u8; 32], UserName>>);

impl Callers {
    /// Above it all are forgotten, and asked for again.
    const MOST: usize = 100_000;

    fn known(&self, key: &KeyDigest) -> Option<UserName> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key.sha256).cloned()
    }

    pub(crate) fn remember(&self, key: &KeyDigest, user: &UserName) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(key.sha256, user.clone());
    }
}

/// Names for calls that no other call of any process has, so that a script knows a repetition.
#[derive(Debug)]
pub(crate) struct Operations {
    process: u64,
    next: AtomicU64,
}

impl Operations {
    /// For the process with this number, which the store gives to nobody else.
    pub(crate) fn of_process(process: u64) -> Self {
        Self {
            process,
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn next(&self) -> u128 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        u128::from(self.process) << 64 | u128::from(number)
    }
}
