//! Buckets of calls, kept in memory: only one gateway works on a data folder. One that is
//! started anew begins with full buckets, and learns from the service's complaints.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use batchway_domain::ports::{
    CallBucket, CallBudget, CallGrant, CallLimit, StoreError, TokenBucket,
};

use crate::SqliteJobStore;

/// Every bucket that was used since the store was opened. There are as many as the gateway has
/// backends and kinds of calls.
#[derive(Debug, Default)]
pub(crate) struct CallBuckets(Mutex<HashMap<CallBucket, TokenBucket>>);

#[async_trait]
impl CallBudget for SqliteJobStore {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        Ok(self.on_bucket(bucket, limit, |kept, now| kept.take(limit, wanted, now)))
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        self.on_bucket(bucket, limit, |kept, now| kept.slow_down(limit, now));
        Ok(())
    }
}

impl SqliteJobStore {
    /// The clock is read under the lock: no step is made at a time before another's.
    fn on_bucket<T>(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        step: impl FnOnce(&mut TokenBucket, i64) -> T,
    ) -> T {
        // A bucket is whole between any two steps, also where a step panicked.
        let mut buckets = self
            .call_buckets
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().as_millis();
        let kept = buckets.entry(bucket.clone());
        step(kept.or_insert_with(|| TokenBucket::full(limit, now)), now)
    }
}
