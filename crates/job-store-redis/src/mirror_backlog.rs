//! Which jobs have changed since they were mirrored: entered by the scripts that change them,
//! taken when they are due, and off once they were mirrored as they are.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, Shard};
use batchway_domain::job::Job;
use batchway_domain::ports::StoreError;
use fred::types::Value;
use futures_util::future::try_join_all;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::due::{ROUNDS, WantedByTime, read};
use crate::due_set::DueSet;
use crate::keyspace::Key;
use crate::outlook::by_shard;
use crate::script::Script;

impl Core {
    /// What scripts need to enter a job: the backlog's key, where this store keeps one. It comes
    /// last among the keys.
    pub(crate) fn mirror_key(&self, shard: Shard) -> Option<Key> {
        self.keeps_mirror_backlog
            .then(|| self.keyspace.of_shard(shard).mirror_backlog())
    }

    /// And whether they do.
    pub(crate) fn is_mirrored(&self) -> Value {
        argument(if self.keeps_mirror_backlog { "1" } else { "" })
    }

    pub(crate) async fn take_changed(
        &self,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Job>, StoreError> {
        let set = DueSet::Mirror;
        let mut taken = Vec::new();
        for _ in 0..ROUNDS {
            let wanted = WantedByTime {
                set: &set,
                limit: limit - taken.len(),
                lease,
            };
            let prospects = self.prospects(&set).await?;
            let (batch, is_short) = self.take_by_time(wanted, &prospects).await?;
            taken.extend(batch);
            if !is_short || taken.len() >= limit {
                break;
            }
        }
        Ok(taken.iter().filter_map(read).collect())
    }

    /// Waits for no barrier: what is forgotten of it is mirrored once more.
    pub(crate) async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        let groups = by_shard(versions.iter().map(|(id, version)| {
            let arguments = [argument(id.as_str()), argument(version.to_be_bytes())];
            (id.shard(), arguments)
        }));
        let calls = groups.into_iter().map(|(shard, versions)| async move {
            let place = self.keyspace.of_shard(shard);
            let keys = [place.jobs(), place.mirror_backlog()];
            let mut arguments = vec![self.time.argument()];
            arguments.extend(versions.into_iter().flatten());
            self.link.run(Script::Mirrored, &keys, arguments).await?;
            self.outlook.saw_take(shard);
            Ok(())
        });
        try_join_all(calls).await.map(drop)
    }

    pub(crate) async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        let groups = by_shard(jobs.iter().map(|id| {
            // Whose it is matters only where tenants take turns.
            let arguments = [
                argument(""),
                argument(id.as_str()),
                number(until.as_millis()),
            ];
            (id.shard(), arguments)
        }));
        let calls = groups.into_iter().map(|(shard, moves)| async move {
            let keys = DueSet::Mirror.keys(self.keyspace.of_shard(shard));
            let moves = moves.into_iter().flatten().collect();
            self.link.run(Script::Reschedule, &keys, moves).await?;
            self.outlook.saw_take(shard);
            Ok(())
        });
        try_join_all(calls).await.map(drop)
    }
}
