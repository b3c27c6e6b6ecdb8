use std::time::Duration;

use async_trait::async_trait;

use super::{CommitError, StoreError};
use crate::identity::{JobId, UserName};
use crate::security::WebhookTarget;
use crate::webhooks::{Delivery, DeliveryId};

/// Keeps deliveries of events until they have been made, and for as long as their job is kept.
///
/// It refuses to send anything, and to know when something is tried again: that is
/// [`Delivery::after`]'s.
///
/// Guarantees:
/// * A delivery is written in the very step that commits its event
///   ([`crate::ports::JobCommit::deliveries`], by [`crate::ports::JobStore::commit`]): where there
///   is the one, there MUST be the other. A commit that is repeated MUST NOT write it again.
/// * What a call answered with `Ok` MUST be as durable as an admission is.
/// * With its job, a delivery is forgotten.
#[async_trait]
pub trait WebhookOutbox: Send + Sync + std::fmt::Debug {
    /// Takes deliveries that are due by the store's clock, and puts each off by the lease, so that
    /// no other replica sends it meanwhile. A hint to share work, never a right.
    ///
    /// Receivers MUST take turns: a batch holds at most [`DeliveryRequest::per_receiver`] of each,
    /// its longest due first, and none of [`DeliveryRequest::except`], so that the many deliveries
    /// of one hold up nobody else's. A batch MUST NOT hold a delivery twice. MUST cost in
    /// proportion to the batch and the receivers that wait, not to the deliveries that do.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError>;

    /// Puts a changed delivery in place of the one with the expected version; it is due as it says
    /// ([`Delivery::due_at`]). The very same one again MUST be a success.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] where the version there is another, and then nothing is changed;
    /// [`CommitError::NotFound`] where the delivery, or its job, is not there any more.
    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError>;

    /// One delivery.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// The last deliveries of a job, in the order of its events, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError>;
}

/// What to take by [`WebhookOutbox::take_due`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRequest {
    /// At most this many.
    pub limit: usize,
    /// At most this many of one receiver.
    pub per_receiver: usize,
    /// None of these receivers'.
    pub except: Vec<Receiver>,
    /// How long they are put off.
    pub lease: Duration,
}

/// Who takes turns with others: one user's webhooks at one origin (scheme, host and port), as
/// those answer or don't together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receiver {
    /// Whose jobs they are of.
    pub user: UserName,
    /// Such as `https://example.com`.
    pub origin: String,
}

impl Receiver {
    /// The receiver of this target.
    pub fn new(user: &UserName, target: &WebhookTarget) -> Self {
        Self {
            user: user.clone(),
            origin: target.origin(),
        }
    }

    /// The receiver of a delivery.
    pub fn of(delivery: &Delivery) -> Self {
        Self::new(&delivery.user, &delivery.target)
    }
}
