//! What an operator sets.

use std::time::Duration;

use batchway_domain::identity::{DeploymentId, Environment};
use batchway_domain::ports::AdmissionLimits;
use batchway_domain::security::{LinkSigner, SigningSecrets, WebhookPolicy};
use batchway_domain::webhooks::RetrySchedule;

/// Settings of an [`crate::Application`]. All have been checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// First part of every key in the artifact store.
    pub environment: Environment,
    /// This installation.
    pub deployment: DeploymentId,
    /// Signs job tokens and cursors, and seals webhook secrets.
    pub secrets: SigningSecrets,
    /// Checks links to artifacts that the gateway serves itself; `None` where the artifact
    /// store serves its own.
    pub links: Option<LinkSigner>,
    /// Where runners reach the gateway.
    pub gateway_url: String,
    /// How long a link to an artifact lives.
    pub link_ttl: Duration,
    /// How long an idempotency key is known.
    pub idempotency_ttl: Duration,
    /// How long a job is kept after its end.
    pub retention: Duration,
    /// Limits of admission.
    pub limits: AdmissionLimits,
    /// Whom webhooks may call, and how often.
    pub webhooks: WebhookSettings,
}

/// Settings of webhooks. The default is what the open internet may be called with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Which targets are taken.
    pub policy: WebhookPolicy,
    /// When a delivery is tried again.
    pub retries: RetrySchedule,
}
