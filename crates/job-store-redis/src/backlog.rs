//! How many jobs wait to be sent, of all users: one counter a shard in the store, and here what
//! this process last heard of each.

use std::sync::atomic::{AtomicI64, Ordering};

use batchway_domain::identity::Shard;

use crate::keyspace::SHARDS;

/// The counters of all shards.
#[derive(Debug)]
pub(crate) struct Backlog(Vec<Counters>);

/// Of one shard.
#[derive(Debug, Default)]
struct Counters {
    /// Jobs that wait, as last told.
    queued: AtomicI64,
    /// Admissions on their way.
    expected: AtomicI64,
}

impl Default for Backlog {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Counters::default()).collect())
    }
}

impl Backlog {
    fn of(&self, shard: Shard) -> &Counters {
        &self.0[usize::from(shard.number())]
    }

    pub(crate) fn saw_queued(&self, shard: Shard, queued: i64) {
        self.of(shard).queued.store(queued, Ordering::Relaxed);
    }

    pub(crate) fn expect_admission(&self, shard: Shard) {
        self.of(shard).expected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn forget_expected(&self, shard: Shard, answered: usize) {
        let answered = i64::try_from(answered).unwrap_or(i64::MAX);
        self.of(shard)
            .expected
            .fetch_sub(answered, Ordering::Relaxed);
    }

    /// How many jobs wait in the other shards. What this process did counts at once, what others
    /// did within about a second, and what is on its way as done.
    pub(crate) fn elsewhere(&self, shard: Shard) -> u64 {
        let all: i64 = self.0.iter().map(Counters::count).sum();
        let here = self.of(shard).count();
        u64::try_from(all.saturating_sub(here)).unwrap_or(0)
    }
}

impl Counters {
    fn count(&self) -> i64 {
        let expected = self.expected.load(Ordering::Relaxed);
        (self.queued.load(Ordering::Relaxed) + expected).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::shards;

    #[test]
    fn it_adds_up_the_others_and_what_is_on_its_way() {
        let backlog = Backlog::default();
        let all: Vec<Shard> = shards().collect();
        backlog.saw_queued(all[0], 5);
        backlog.saw_queued(all[1], 7);
        backlog.expect_admission(all[2]);
        assert_eq!(backlog.elsewhere(all[0]), 8);
        assert_eq!(backlog.elsewhere(all[1]), 6);
        assert_eq!(backlog.elsewhere(all[3]), 13);
        backlog.forget_expected(all[2], 1);
        backlog.saw_queued(all[1], 6);
        assert_eq!(backlog.elsewhere(all[2]), 11);
    }
}
