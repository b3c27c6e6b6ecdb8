//! The processes that share the work, and whose each shard is.

use std::time::Duration;

use batchway_domain::identity::Shard;
use batchway_domain::ports::StoreError;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::reply::{array, text};
use crate::script::Script;

/// A replica that hasn't been heard of for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);

/// Who lives, as far as this process knows.
#[derive(Debug)]
pub(crate) struct Replicas {
    own: String,
    others: Vec<String>,
}

impl Replicas {
    pub(crate) fn alone(own: String) -> Self {
        Self {
            own,
            others: Vec::new(),
        }
    }

    /// Says that this process lives, and learns who else does.
    pub(crate) async fn beat(&mut self, core: &Core) -> Result<(), StoreError> {
        let keys = [core.keyspace.of_store("replicas")];
        let arguments = vec![argument(&self.own), number(GONE_AFTER.as_millis())];
        let answer = core.link.run(Script::Replicas, &keys, arguments).await?;
        let living = array(answer, "the living replicas")?
            .into_iter()
            .map(|name| text(name, "the name of a replica"))
            .collect::<Result<Vec<_>, _>>()?;
        self.others = living;
        self.others.retain(|name| *name != self.own);
        Ok(())
    }

    /// Whether this process looks after the shard first: all agree on whose it is, and a replica
    /// that comes or goes moves no shards but its own.
    pub(crate) fn is_own(&self, shard: Shard) -> bool {
        let own = weight(&self.own, shard);
        self.others.iter().all(|other| weight(other, shard) < own)
    }
}

/// FNV-1a over the name and the shard, mixed once more so that like names differ: the same in
/// every build of the gateway.
fn weight(replica: &str, shard: Shard) -> u64 {
    let bytes = replica.bytes().chain([b':', shard.number()]);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::shards;

    fn share(own: &str, others: &[&str]) -> Vec<Shard> {
        let replicas = Replicas {
            own: own.to_owned(),
            others: others.iter().map(ToString::to_string).collect(),
        };
        shards().filter(|shard| replicas.is_own(*shard)).collect()
    }

    #[test]
    fn every_shard_is_somebodys_and_the_shares_are_alike() {
        let names = ["1", "2", "3", "4"];
        let mut all = Vec::new();
        for own in names {
            let others: Vec<&str> = names.into_iter().filter(|name| *name != own).collect();
            let share = share(own, &others);
            assert!((40..=90).contains(&share.len()), "{own}: {}", share.len());
            all.extend(share);
        }
        all.sort();
        assert_eq!(all, shards().collect::<Vec<_>>());
    }

    #[test]
    fn who_is_alone_has_all_and_who_comes_takes_only_its_own() {
        assert_eq!(share("1", &[]).len(), 256);
        let before = share("1", &["2"]);
        let after = share("1", &["2", "3"]);
        assert!(after.iter().all(|shard| before.contains(shard)));
        assert!(after.len() < before.len());
    }
}
