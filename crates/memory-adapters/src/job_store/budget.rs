//! The buckets of calls.

use async_trait::async_trait;
use batchway_domain::ports::{
    CallBucket, CallBudget, CallGrant, CallLimit, StoreError, TokenBucket,
};

use super::MemoryJobStore;

#[async_trait]
impl CallBudget for MemoryJobStore {
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

impl MemoryJobStore {
    /// The clock is read under the lock: no step is made at a time before another's.
    fn on_bucket<T>(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        step: impl FnOnce(&mut TokenBucket, i64) -> T,
    ) -> T {
        let mut contents = self.contents();
        let now = self.clock.now().as_millis();
        let kept = contents.call_buckets.entry(bucket.clone());
        step(kept.or_insert_with(|| TokenBucket::full(limit, now)), now)
    }
}
