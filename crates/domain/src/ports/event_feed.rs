use std::fmt;

use async_trait::async_trait;

use crate::identity::TryName;
use crate::job::BackendId;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Tells that something changed at a backend, sooner than asking would.
///
/// It refuses to be relied on: events may come late, twice, in any order or never, and nothing
/// in them is taken as true. They say only where to look.
///
/// Guarantees:
/// * An event MUST come again, to this or another replica, until it was settled.
/// * What can't be read MUST NOT hide what can, and MUST NOT come for ever: the feed puts it
///   aside where an operator finds it.
/// * `receive` MUST return within a minute, also where nothing happens.
#[async_trait]
pub trait EventFeed: Send + Sync + fmt::Debug {
    /// Waits for events, and answers those that have come: at most ten, perhaps none.
    ///
    /// # Errors
    /// [`FeedError`].
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError>;

    /// These events have been looked after and need not come again.
    ///
    /// # Errors
    /// [`FeedError`]. Some may come again.
    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError>;
}

/// A hint that a job has changed at its backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// What it is settled by.
    pub receipt: Receipt,
    /// What changed; `None` where it concerns nothing that bears a name of ours.
    pub job: Option<ChangedJob>,
}

/// A job at a backend that bears a name of ours, perhaps another deployment's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedJob {
    /// The backend's id of it.
    pub backend_id: BackendId,
    /// The name of its try.
    pub name: TryName,
}

/// Stands for one delivery of an event. Opaque to all but its feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub String);

/// A feed could not be read, or gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("the event feed can't be read: {reason}")]
pub struct FeedError {
    /// A sentence for the operator.
    pub reason: String,
    /// The cause.
    #[source]
    pub source: Option<Source>,
}
