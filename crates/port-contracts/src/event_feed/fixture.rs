//! What an event feed must bring along to be tried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{ChangedJob, EventFeed, FeedEvent};

use crate::specimens;

/// An event feed of its own with nothing in it, and what happens at its backend.
#[async_trait]
pub trait EventFeedFixture: Send + Sync {
    /// The feed.
    fn feed(&self) -> Arc<dyn EventFeed>;

    /// Something happens at the backend.
    async fn publish(&self, published: Published);

    /// Lets time go by until events that were delivered and not settled are due again.
    async fn until_redelivery(&self);

    /// How many events an operator finds put aside.
    async fn put_aside(&self) -> usize;
}

/// What can come to a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// A job that bears a name of ours has changed.
    Changed(ChangedJob),
    /// A job of somebody else has changed.
    Foreign,
    /// Something that can't be read.
    Unreadable,
}

/// A job that bears a name of ours.
pub(super) fn job(serial: u64) -> ChangedJob {
    let created_at = Timestamp::from_millis(1_772_366_400_000);
    let job = specimens::job_id(&specimens::tenant(), created_at, serial);
    ChangedJob {
        backend_id: BackendId(format!("00000000-0000-4000-8000-{serial:012}")),
        name: specimens::try_name(specimens::deployment(), job, 1),
    }
}

pub(super) async fn publish_jobs(fixture: &dyn EventFeedFixture, serials: &[u64]) {
    for serial in serials {
        fixture.publish(Published::Changed(job(*serial))).await;
    }
}

/// What comes next. A feed is asked again and again, as events may be late.
pub(super) async fn next(fixture: &dyn EventFeedFixture) -> Vec<FeedEvent> {
    loop {
        let events = receive(fixture).await;
        if !events.is_empty() {
            return events;
        }
    }
}

/// So many events, in whatever portions they come.
pub(super) async fn next_of(fixture: &dyn EventFeedFixture, count: usize) -> Vec<FeedEvent> {
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(next(fixture).await);
    }
    assert_eq!(events.len(), count, "{events:?}");
    events
}

pub(super) async fn receive(fixture: &dyn EventFeedFixture) -> Vec<FeedEvent> {
    let received = tokio::time::timeout(Duration::from_secs(60), fixture.feed().receive()).await;
    let events = received.expect("it answers within a minute");
    events.expect("the feed is read")
}

pub(super) async fn settle<'a>(
    fixture: &dyn EventFeedFixture,
    events: impl IntoIterator<Item = &'a FeedEvent>,
) {
    let receipts = events.into_iter().map(|event| event.receipt.clone());
    let settled = fixture.feed().settle(receipts.collect()).await;
    settled.expect("the feed takes it");
}

/// The jobs of these events, in a fixed order.
pub(super) fn jobs_of(events: &[FeedEvent]) -> Vec<ChangedJob> {
    let mut jobs: Vec<_> = events
        .iter()
        .filter_map(|event| event.job.clone())
        .collect();
    jobs.sort_by(|a, b| a.backend_id.cmp(&b.backend_id));
    jobs
}
