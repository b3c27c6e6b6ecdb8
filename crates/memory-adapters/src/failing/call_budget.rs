//! A call budget that fails on request.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::ports::{CallBucket, CallBudget, CallGrant, CallLimit, StoreError};

use super::{Faults, store_error};

/// The calls of a [`CallBudget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum CallBudgetCall {
    Take,
    SlowDown,
}

impl CallBudgetCall {
    /// Every call.
    pub const ALL: [Self; 2] = [Self::Take, Self::SlowDown];
}

/// A call budget before which calls fail as its [`Faults`] say, with the errors of
/// [`FailingJobStore`](super::FailingJobStore).
#[derive(Debug)]
pub struct FailingCallBudget {
    inner: Arc<dyn CallBudget>,
    faults: Faults<CallBudgetCall>,
}

impl FailingCallBudget {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn CallBudget>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<CallBudgetCall> {
        &self.faults
    }
}

#[async_trait]
impl CallBudget for FailingCallBudget {
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError> {
        let work = self.inner.take(bucket, limit, wanted);
        self.faults
            .around(CallBudgetCall::Take, work, store_error)
            .await
    }

    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError> {
        let work = self.inner.slow_down(bucket, limit);
        self.faults
            .around(CallBudgetCall::SlowDown, work, store_error)
            .await
    }
}
