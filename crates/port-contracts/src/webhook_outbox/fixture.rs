//! What an outbox must bring along to be tried.

use std::sync::Arc;

use batchway_domain::ports::WebhookOutbox;

use crate::job_store::JobStoreFixture;

/// A job store that also keeps deliveries: they are written by its commits.
pub trait WebhookOutboxFixture: JobStoreFixture {
    /// The same store's outbox, as it was opened last.
    fn outbox(&self) -> Arc<dyn WebhookOutbox>;
}
