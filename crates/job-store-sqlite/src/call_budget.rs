//! Buckets of calls, kept in memory: only one gateway works on a data folder. One that is
//! started anew begins with full buckets, and learns from the service's complaints.

use std::sync::{MutexGuard, PoisonError};

use async_trait::async_trait;
use batchway_domain::ports::{
    CallBucket, CallBudget, CallGrant, CallLimit, StoreError, TokenBuckets,
};

use crate::SqliteJobStore;

// The clock is read under the lock: no step is made at a time before another's.
#[async_trait]
impl CallBudget for SqliteJobStore {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        let mut buckets = self.buckets();
        Ok(buckets.take(bucket, limit, wanted, self.clock.now()))
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        let mut buckets = self.buckets();
        buckets.slow_down(bucket, limit, self.clock.now());
        Ok(())
    }
}

impl SqliteJobStore {
    /// A bucket is whole between any two steps, also where a step panicked.
    fn buckets(&self) -> MutexGuard<'_, TokenBuckets> {
        let buckets = self.call_buckets.lock();
        buckets.unwrap_or_else(PoisonError::into_inner)
    }
}
