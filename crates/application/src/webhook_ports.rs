//! What deliveries of events need of the world.

use std::sync::Arc;

use batchway_domain::job::Event;
use batchway_domain::ports::{WebhookOutbox, WebhookSecrets, WebhookSender};
use bytes::Bytes;

use crate::use_cases::JobView;

/// Writes an event as receivers get it. Its form belongs to the HTTP edge, which has that of a job;
/// the view is the job as it was right after the event, with a link that is new.
pub type EncodeEvent = fn(&Event, JobView) -> Bytes;

/// The adapters that deliver events.
#[derive(Clone, Debug)]
pub struct WebhookPorts {
    /// Keeps deliveries.
    pub outbox: Arc<dyn WebhookOutbox>,
    /// Keeps the secrets that sign them.
    pub secrets: Arc<dyn WebhookSecrets>,
    /// Sends them.
    pub sender: Arc<dyn WebhookSender>,
    /// Writes their bodies.
    pub encode: EncodeEvent,
}
