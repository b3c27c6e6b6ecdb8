//! Telling others how a job goes: deliveries of its events, when each is tried, and the secrets
//! that sign them, by the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks>).

mod delivery;
mod delivery_id;
mod schedule;
mod sealed_secrets;
mod secret;

pub use delivery::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryState, RetryAfter, UnreadableDelivery,
};
pub use delivery_id::{DeliveryId, InvalidDeliveryId};
pub use schedule::{InvalidSchedule, RetrySchedule};
pub use sealed_secrets::{FormerSecret, SealedSecret, SealedSecrets, UnsealError};
pub use secret::{InvalidWebhookSecret, WebhookSecret, signature_header};
