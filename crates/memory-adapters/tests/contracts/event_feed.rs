//! The event feed in memory.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::ports::{EventFeed, FeedError, FeedEvent, Receipt};
use batchway_memory_adapters::{EventFeedCall, FailingEventFeed, Fault, MemoryEventFeed};
use batchway_port_contracts::event_feed::{EventFeedFixture, Published};

struct Fixture {
    truth: Arc<MemoryEventFeed>,
    feed: Arc<dyn EventFeed>,
}

#[async_trait]
impl EventFeedFixture for Fixture {
    fn feed(&self) -> Arc<dyn EventFeed> {
        self.feed.clone()
    }

    async fn publish(&self, published: Published) {
        match published {
            Published::Changed(job) => self.truth.push(job),
            Published::Foreign => self.truth.push_foreign(),
            Published::Unreadable => self.truth.push_unreadable(),
        }
    }

    async fn until_redelivery(&self) {
        self.truth.redeliver();
    }

    async fn put_aside(&self) -> usize {
        self.truth.put_aside()
    }
}

async fn behind(decorate: fn(Arc<MemoryEventFeed>) -> Arc<dyn EventFeed>) -> Fixture {
    let truth = Arc::new(MemoryEventFeed::new());
    Fixture {
        feed: decorate(truth.clone()),
        truth,
    }
}

/// Tries again whenever a call fails.
#[derive(Debug)]
struct Retrying(FailingEventFeed);

#[async_trait]
impl EventFeed for Retrying {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        loop {
            if let Ok(events) = self.0.receive().await {
                return Ok(events);
            }
        }
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        while self.0.settle(receipts.clone()).await.is_err() {}
        Ok(())
    }
}

fn failing(feed: Arc<MemoryEventFeed>, fault: Fault, calls: &[EventFeedCall]) -> Retrying {
    let failing = FailingEventFeed::new(feed);
    for call in calls {
        failing.faults().fail_every_other(*call, fault);
    }
    Retrying(failing)
}

mod plain {
    use super::*;
    batchway_port_contracts::event_feed_contract!(behind(|feed| feed));
}

mod behind_idle_decorator {
    use super::*;
    batchway_port_contracts::event_feed_contract!(behind(|feed| Arc::new(FailingEventFeed::new(
        feed
    ))));
}

mod request_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::event_feed_contract!(behind(|feed| Arc::new(failing(
        feed,
        Fault::RequestLost,
        &EventFeedCall::ALL
    ))));
}

/// What is received and lost on the way comes again later; what is settled is settled.
mod settled_without_a_reply {
    use super::*;
    batchway_port_contracts::event_feed_contract!(behind(|feed| Arc::new(failing(
        feed,
        Fault::ReplyLost,
        &[EventFeedCall::Settle]
    ))));
}
