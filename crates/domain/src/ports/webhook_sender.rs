use async_trait::async_trait;
use bytes::Bytes;

use crate::security::WebhookTarget;
use crate::webhooks::RetryAfter;

/// Calls receivers of webhooks.
///
/// It refuses to retry, to follow redirects, to keep cookies, and to go through a proxy that it
/// was not told of.
///
/// Guarantees:
/// * It MUST connect only to an address that it has judged itself by the rules for webhook targets
///   ([`crate::security::WebhookPolicy`]): every address that a name resolves to is judged, and
///   what is connected to is one of those, not what a second look-up says. Nothing is ever sent to
///   another, not even the beginning of a TLS handshake.
/// * It MUST answer within a bounded time, whatever the receiver does.
/// * What it reads of an answer is bounded.
#[async_trait]
pub trait WebhookSender: Send + Sync + std::fmt::Debug {
    /// One POST.
    ///
    /// # Errors
    /// [`WebhookUnanswered`] where there was no answer. Whether the receiver got the request is
    /// not known then.
    async fn send(&self, request: &WebhookRequest) -> Result<WebhookAnswer, WebhookUnanswered>;
}

/// One attempt to deliver an event. The media type of the body is `application/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where it goes.
    pub target: WebhookTarget,
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`: seconds since 1970-01-01T00:00:00Z.
    pub timestamp: i64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The event as JSON.
    pub body: Bytes,
}

/// What a receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// When it wants to be asked again, where it says so.
    pub retry_after: Option<RetryAfter>,
}

/// A receiver did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct WebhookUnanswered {
    /// A sentence for the job's owner. Says nothing of what is inside the gateway's network.
    pub reason: String,
    /// The cause, for the gateway's log alone.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
