//! An event feed that fails on request.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::ports::{EventFeed, FeedError, FeedEvent, Receipt};

use super::{Fault, Faults, reason};

/// The calls of an [`EventFeed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum EventFeedCall {
    Receive,
    Settle,
}

impl EventFeedCall {
    /// Every call.
    pub const ALL: [Self; 2] = [Self::Receive, Self::Settle];
}

/// An event feed before which calls fail as its [`Faults`] say.
#[derive(Debug)]
pub struct FailingEventFeed {
    inner: Arc<dyn EventFeed>,
    faults: Faults<EventFeedCall>,
}

impl FailingEventFeed {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn EventFeed>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<EventFeedCall> {
        &self.faults
    }
}

fn error(fault: Fault) -> FeedError {
    FeedError {
        reason: reason(fault),
        source: None,
    }
}

#[async_trait]
impl EventFeed for FailingEventFeed {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        let work = self.inner.receive();
        self.faults
            .around(EventFeedCall::Receive, work, error)
            .await
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        let work = self.inner.settle(receipts);
        self.faults.around(EventFeedCall::Settle, work, error).await
    }
}
