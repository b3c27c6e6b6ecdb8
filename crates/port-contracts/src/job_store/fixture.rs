//! What a job store must bring along to be tried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ApiKeys, CallBudget, JobStore, RunHistory};

/// An empty job store of its own, and what a case needs to do to it from outside.
#[async_trait]
pub trait JobStoreFixture: Send + Sync {
    /// The store, as it was opened last.
    fn jobs(&self) -> Arc<dyn JobStore>;

    /// The same store's register of keys.
    fn keys(&self) -> Arc<dyn ApiKeys>;

    /// The same store's past runs.
    fn runs(&self) -> Arc<dyn RunHistory>;

    /// The same store's buckets of calls.
    fn budget(&self) -> Arc<dyn CallBudget>;

    /// What the store's clock shows. It stands still unless it is advanced, and begins at least
    /// a year after [`Timestamp::EPOCH`].
    fn now(&self) -> Timestamp;

    /// Moves the store's clock on.
    fn advance(&self, by: Duration);

    /// Closes the store, as abruptly as can be had, and opens it again: what
    /// [`JobStoreFixture::jobs`] and the others give from now on is the store opened anew.
    async fn reopen(&self);

    /// What this store can do.
    fn capabilities(&self) -> JobStoreCapabilities;
}

/// What job stores differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobStoreCapabilities {
    /// What was answered with `Ok` is there after [`JobStoreFixture::reopen`]. A store without
    /// this is empty then, and as good as new.
    pub durable: bool,
}
