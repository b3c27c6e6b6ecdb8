//! Whether the store can serve requests now.

use batchway_domain::ports::StoreError;
use futures_util::future::try_join_all;

use crate::core::Core;
use crate::keyspace::shards;

/// Every so many shards one is tried: enough to meet every server of a cluster.
const EVERY: usize = 8;

impl Core {
    /// Tries both connections and several servers. `PERSIST` is a write for Redis, so that a
    /// read-only replica or a full disk is noticed, and changes nothing: no key of ours expires.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        let tried: Vec<_> = shards()
            .step_by(EVERY)
            .map(|shard| self.keyspace.of_shard(shard).counts())
            .collect();
        let tries = tried.iter().map(|key| async {
            self.link.write("PERSIST", key, Vec::new()).await?;
            self.link.read("EXISTS", key, Vec::new()).await
        });
        try_join_all(tries).await.map(drop)
    }
}
