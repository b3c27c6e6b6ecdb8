//! Jobs whose owners are told, on the stage.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::Job;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{
    Admission, CommitError, DeliveryRequest, JobStore, WebhookOutbox, WebhookSecrets,
};
use batchway_domain::security::{KeyDigest, SigningSecrets, WebhookTarget};
use batchway_domain::webhooks::{
    AttemptOutcome, Delivery, DeliveryAttempt, RetrySchedule, SealedSecret, SealedSecrets,
    WebhookSecret,
};

use super::stage::{Stage, admission, commit_of, now};

/// A receiver, where it does not matter which.
pub(crate) const URL: &str = "https://hooks.example.com/jobs";

impl Stage {
    pub(crate) fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        self.store.clone()
    }

    pub(crate) fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets> {
        self.store.clone()
    }

    /// A job that is told of at this URL.
    pub(crate) async fn admit_told(&self, user: &str, key: &KeyDigest, url: &str) -> Job {
        let admitted = self.store.admit(key, told(admission(user), url)).await;
        admitted.unwrap().job
    }

    /// Makes something to be told: a job that is cancelled at once.
    pub(crate) async fn post(&self, user: &str, key: &KeyDigest, url: &str) -> Delivery {
        let job = self.admit_told(user, key, url).await;
        self.cancel(&job).await.unwrap()
    }

    /// Cancels a job that is told of.
    pub(crate) async fn cancel(&self, job: &Job) -> Result<Delivery, CommitError> {
        let commit = commit_of(job, &Observation::CancelRequested);
        let told = commit.deliveries().remove(0);
        self.store.commit(commit).await.map(|()| told)
    }

    pub(crate) async fn take_deliveries(&self, limit: usize) -> Vec<Delivery> {
        self.outbox().take_due(&deliveries(limit)).await.unwrap()
    }
}

/// An admission of a job that is told of at this URL.
pub(crate) fn told(mut admission: Admission, url: &str) -> Admission {
    admission.job.webhook = Some(WebhookTarget::parse(url).unwrap());
    admission
}

pub(crate) fn deliveries(limit: usize) -> DeliveryRequest {
    DeliveryRequest {
        limit,
        per_receiver: limit,
        except: Vec::new(),
        lease: Duration::from_secs(300),
    }
}

/// A delivery that its receiver took just now.
pub(crate) fn delivered(delivery: &Delivery) -> Delivery {
    let attempt = DeliveryAttempt {
        at: now(),
        took: Duration::ZERO,
        outcome: AttemptOutcome::Answered { status: 204 },
    };
    delivery.after(attempt, None, &RetrySchedule::default(), 0)
}

/// Secrets of ada's; another byte makes others.
pub(crate) fn secrets(byte: u8) -> SealedSecrets {
    let gateway = SigningSecrets::new(vec![vec![7; SigningSecrets::MIN_BYTES]]).unwrap();
    let secret = WebhookSecret::new([byte; WebhookSecret::BYTES]);
    let nonce = [byte; SealedSecret::NONCE_BYTES];
    SealedSecrets {
        current: SealedSecret::seal(&secret, &"ada".parse().unwrap(), &gateway, nonce),
        former: None,
    }
}
