//! What a store of webhook secrets must bring along to be tried.

use std::sync::Arc;

use batchway_domain::ports::WebhookSecrets;

use crate::job_store::JobStoreFixture;

/// A job store that also keeps each user's webhook secrets.
pub trait WebhookSecretsFixture: JobStoreFixture {
    /// The same store's webhook secrets, as it was opened last.
    fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets>;
}
