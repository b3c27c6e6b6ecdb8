//! Whether the store can serve requests now.

use batchway_domain::ports::StoreError;
use futures_util::future::try_join_all;

use crate::connection::argument;
use crate::core::Core;
use crate::keyspace::shards;
use crate::reply::optional_bytes;
use crate::settings::DEPLOYMENT;

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
        try_join_all(tries).await?;
        self.check_that_it_is_the_same_store().await
    }

    /// A server that came back empty takes requests, and knows none of the keys and jobs.
    async fn check_that_it_is_the_same_store(&self) -> Result<(), StoreError> {
        let Some(deployment) = self.deployment.get() else {
            return Ok(());
        };
        let settings = self.keyspace.of_store("settings");
        let kept = self
            .link
            .read("HGET", &settings, vec![argument(DEPLOYMENT)])
            .await?;
        let kept = optional_bytes(kept, "a setting of the store")?;
        if kept.is_some_and(|kept| kept == deployment.as_str()) {
            return Ok(());
        }
        Err(StoreError::Unavailable {
            reason: format!(
                "Redis has lost the store of deployment {deployment}, its keys and its jobs: restore \
                 its files, and start the gateways again"
            ),
            source: None,
        })
    }
}
