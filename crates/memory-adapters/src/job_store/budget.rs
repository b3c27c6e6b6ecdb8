//! The buckets of calls.

use async_trait::async_trait;
use batchway_domain::ports::{CallBucket, CallBudget, CallGrant, CallLimit, StoreError};

use super::MemoryJobStore;

// The clock is read under the lock: no step is made at a time before another's.
#[async_trait]
impl CallBudget for MemoryJobStore {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        let mut contents = self.contents();
        let now = self.clock.now();
        Ok(contents.call_buckets.take(bucket, limit, wanted, now))
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        let mut contents = self.contents();
        let now = self.clock.now();
        contents.call_buckets.slow_down(bucket, limit, now);
        Ok(())
    }
}
