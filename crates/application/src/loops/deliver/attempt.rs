//! One attempt to deliver.

use batchway_domain::Timestamp;
use batchway_domain::artifacts::JobFolder;
use batchway_domain::ports::{CommitError, StoreError, WebhookRequest};
use batchway_domain::webhooks::{
    AttemptOutcome, Delivery, DeliveryAttempt, RetryAfter, signature_header,
};
use bytes::Bytes;

use crate::causes::WithCauses;
use crate::lost_answers::once_more_if_lost;
use crate::use_cases::WebhookSecretError;
use crate::{Application, RequestError};

/// Why a delivery can't be sent, for reasons of our own.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSent {
    /// The link to the job's result can't be made.
    #[error(transparent)]
    Link(#[from] RequestError),
    /// There is nothing to sign with.
    #[error(transparent)]
    Secret(#[from] WebhookSecretError),
    /// What came of it can't be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Application {
    /// Sends a delivery once and records what came of it. Says whether its receiver answered.
    ///
    /// # Errors
    /// [`NotSent`]: it is tried again once its lease is over, and that is no attempt of the
    /// receiver's.
    pub(super) async fn attempt(&self, delivery: &Delivery) -> Result<bool, NotSent> {
        let body = self.body_of(delivery).await?;
        let began_at = self.now();
        let request = self.sign(delivery, began_at, body).await?;
        let (outcome, retry_after) = self.send(delivery, &request).await;
        let answered = matches!(outcome, AttemptOutcome::Answered { .. });
        let attempt = DeliveryAttempt {
            at: began_at,
            took: self.now().since(began_at),
            outcome,
        };
        let webhooks = &self.settings().webhooks;
        let [chance] = self.0.ports.entropy.bytes::<1>();
        let next = delivery.after(attempt, retry_after, &webhooks.retries, chance);
        self.record_surely(&next, delivery.version).await?;
        log_attempt(&next);
        Ok(answered)
    }

    async fn body_of(&self, delivery: &Delivery) -> Result<Bytes, RequestError> {
        let event = &delivery.event;
        let folder = JobFolder::new(&delivery.environment, &delivery.user, &event.job);
        let view = self.view_of(event.snapshot.clone(), &folder).await?;
        Ok((self.0.ports.webhooks.encode)(event, view))
    }

    async fn sign(
        &self,
        delivery: &Delivery,
        at: Timestamp,
        body: Bytes,
    ) -> Result<WebhookRequest, WebhookSecretError> {
        let secrets = self.signing_webhook_secrets(&delivery.user).await?;
        Ok(WebhookRequest {
            target: delivery.target.clone(),
            id: delivery.id.to_string(),
            timestamp: at.as_secs(),
            signature: signature_header(&secrets, &delivery.id, at, &body),
            body,
        })
    }

    async fn send(
        &self,
        delivery: &Delivery,
        request: &WebhookRequest,
    ) -> (AttemptOutcome, Option<RetryAfter>) {
        match self.0.ports.webhooks.sender.send(request).await {
            Ok(answer) => {
                let status = answer.status;
                (AttemptOutcome::Answered { status }, answer.retry_after)
            }
            Err(error) => {
                let error = WithCauses(&error);
                tracing::debug!(delivery = %delivery.id, %error, "a webhook was not answered");
                let reason = error.0.to_string();
                (AttemptOutcome::Unanswered { reason }, None)
            }
        }
    }

    /// One that changed meanwhile was recorded by the call before, was replayed, or was sent by
    /// another replica as well, and goes on from there.
    async fn record_surely(&self, next: &Delivery, expected: u64) -> Result<(), StoreError> {
        let outbox = &self.0.ports.webhooks.outbox;
        match once_more_if_lost(|| outbox.record(next, expected)).await {
            Ok(()) | Err(CommitError::Conflict | CommitError::NotFound) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

fn log_attempt(delivery: &Delivery) {
    let Some(last) = delivery.attempts.last() else {
        return;
    };
    let answer = match &last.outcome {
        AttemptOutcome::Answered { status } => status.to_string(),
        AttemptOutcome::Unanswered { reason } => reason.clone(),
    };
    tracing::info!(
        delivery = %delivery.id,
        user = %delivery.user,
        event = %delivery.event.kind,
        attempt = delivery.attempts_made,
        answer,
        next = delivery.due_at().map(tracing::field::display),
        "webhook sent"
    );
}
