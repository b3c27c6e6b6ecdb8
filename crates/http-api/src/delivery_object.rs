//! A delivery as JSON.

use batchway_domain::webhooks::{AttemptOutcome, Delivery, DeliveryAttempt, DeliveryState};
use poem_openapi::Object;
use serde::Serialize;
use serde_json::{Value, json};

use crate::scalars::{DateTime, DeliveryWord, EventWord};

/// One event on its way to a job's webhook.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "WebhookDelivery")]
pub(crate) struct DeliveryObject {
    /// Its id: the `webhook-id` that the receiver gets, the same for every attempt and replay.
    delivery_id: String,
    /// What it tells of.
    event_type: EventWord,
    /// When that happened.
    event_at: DateTime,
    /// Where it goes.
    url: String,
    /// Where it is.
    status: DeliveryWord,
    /// When it is sent next; null where it is not.
    #[oai(nullable)]
    next_attempt_at: Option<DateTime>,
    /// The last attempts, oldest first, at most twenty.
    attempts: Vec<DeliveryAttemptObject>,
}

/// One attempt to deliver an event.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "WebhookDeliveryAttempt")]
struct DeliveryAttemptObject {
    /// When it began.
    at: DateTime,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The HTTP status that the receiver answered; null where it did not answer.
    #[oai(nullable)]
    response_status: Option<u16>,
    /// Why there was no answer; null where there was one.
    #[oai(nullable)]
    error: Option<String>,
}

impl From<Delivery> for DeliveryObject {
    fn from(delivery: Delivery) -> Self {
        let next_attempt_at = delivery.due_at();
        let attempts = delivery.attempts.into_iter();
        Self {
            delivery_id: delivery.id.to_string(),
            event_type: EventWord(delivery.event.kind),
            event_at: DateTime(delivery.event.at),
            url: delivery.target.to_string(),
            status: DeliveryWord(word_of(delivery.state)),
            next_attempt_at: next_attempt_at.map(DateTime),
            attempts: attempts.map(DeliveryAttemptObject::from).collect(),
        }
    }
}

/// The statuses of a delivery, as clients see them.
pub(crate) const DELIVERY_WORDS: [&str; 3] = ["pending", "delivered", "failed"];

const fn word_of(state: DeliveryState) -> &'static str {
    let [pending, delivered, failed] = DELIVERY_WORDS;
    match state {
        DeliveryState::Pending { .. } => pending,
        DeliveryState::Delivered { .. } => delivered,
        DeliveryState::Failed { .. } => failed,
    }
}

impl From<DeliveryAttempt> for DeliveryAttemptObject {
    fn from(attempt: DeliveryAttempt) -> Self {
        let (response_status, error) = match attempt.outcome {
            AttemptOutcome::Answered { status } => (Some(status), None),
            AttemptOutcome::Unanswered { reason } => (None, Some(reason)),
        };
        Self {
            at: DateTime(attempt.at),
            duration_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            response_status,
            error,
        }
    }
}

/// The id in the document's examples.
pub(crate) const EXAMPLE_DELIVERY_ID: &str = "msg_0001k3m5z8a7q4x9c2v6b1n8d5f3_4";

/// A delivery that is tried again, for the document's examples.
pub(crate) fn pending_example() -> Value {
    json!({
        "delivery_id": EXAMPLE_DELIVERY_ID,
        "event_type": "job.completed",
        "event_at": "2026-03-01T12:00:40.000Z",
        "url": "https://example.org/hooks/batchway",
        "status": "pending",
        "next_attempt_at": "2026-03-01T12:00:45.400Z",
        "attempts": [{
            "at": "2026-03-01T12:00:40.100Z",
            "duration_ms": 212,
            "response_status": 503,
            "error": null
        }]
    })
}
