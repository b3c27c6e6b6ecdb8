//! Jobs with webhooks on the stage of one case.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{
    Admission, CommitError, DeliveryRequest, JobCommit, Receiver, WebhookOutbox,
};
use batchway_domain::security::WebhookTarget;
use batchway_domain::webhooks::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryId, RetrySchedule,
};

use super::WebhookOutboxFixture;
use crate::job_store::scene::{Caller, Scene};
use crate::specimens;

/// How long [`Stage::take`] puts deliveries off.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Longer than any delivery is tried.
pub(super) const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A receiver, where it does not matter which.
pub(super) const URL: &str = "https://hooks.example.com/jobs";

/// A scene whose jobs have webhooks.
pub(super) struct Stage<'a> {
    pub(super) scene: Scene<'a>,
    fixture: &'a dyn WebhookOutboxFixture,
}

impl<'a> Stage<'a> {
    pub(super) fn new(fixture: &'a dyn WebhookOutboxFixture) -> Self {
        Self {
            scene: Scene::new(fixture),
            fixture,
        }
    }

    pub(super) fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        self.fixture.outbox()
    }

    /// The admission of a job whose end is told to this URL.
    pub(super) fn admission(&self, caller: &Caller, url: &str) -> Admission {
        let mut job = self.scene.new_job(caller);
        job.webhook = Some(WebhookTarget::parse(url).expect("a public URL"));
        specimens::admission(job)
    }

    pub(super) async fn admit(&self, caller: &Caller, url: &str) -> Job {
        let admission = self.admission(caller, url);
        self.scene.submit(caller, admission).await.job
    }

    /// Makes something to be told: a job with a webhook that is cancelled at once.
    pub(super) async fn post(&self, caller: &Caller, url: &str) -> Delivery {
        let job = self.admit(caller, url).await;
        let commit = self.cancellation_of(&job);
        self.commit(&commit).await
    }

    /// The same so many times, one a second.
    pub(super) async fn post_many(
        &self,
        caller: &Caller,
        url: &str,
        count: usize,
    ) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(count);
        for _ in 0..count {
            deliveries.push(self.post(caller, url).await);
            self.fixture.advance(Duration::from_secs(1));
        }
        deliveries
    }

    pub(super) fn cancellation_of(&self, job: &Job) -> JobCommit {
        self.scene.commit_of(job, &Observation::CancelRequested)
    }

    /// Commits a change that is told once.
    pub(super) async fn commit(&self, commit: &JobCommit) -> Delivery {
        let committed = self.scene.jobs().commit(commit.clone()).await;
        committed.expect("the change is committed");
        only(commit.deliveries())
    }

    pub(super) async fn take(&self, limit: usize, per_receiver: usize) -> Vec<Delivery> {
        self.take_except(limit, per_receiver, &[]).await
    }

    pub(super) async fn take_except(
        &self,
        limit: usize,
        per_receiver: usize,
        except: &[Receiver],
    ) -> Vec<Delivery> {
        let request = DeliveryRequest {
            limit,
            per_receiver,
            except: except.to_vec(),
            lease: LEASE,
        };
        let taken = self.outbox().take_due(&request).await;
        taken.expect("the store is read")
    }

    /// Takes all that is due.
    pub(super) async fn take_all(&self) -> Vec<Delivery> {
        self.take(10_000, 10_000).await
    }

    pub(super) async fn load(&self, id: &DeliveryId) -> Option<Delivery> {
        let loaded = self.outbox().load(id).await;
        loaded.expect("the store is read")
    }

    pub(super) async fn of_job(&self, job: &JobId, limit: usize) -> Vec<Delivery> {
        let deliveries = self.outbox().of_job(job, limit).await;
        deliveries.expect("the store is read")
    }

    /// A delivery after an attempt that was made just now.
    pub(super) fn attempted(&self, delivery: &Delivery, outcome: AttemptOutcome) -> Delivery {
        let attempt = DeliveryAttempt {
            at: self.scene.now(),
            took: Duration::ZERO,
            outcome,
        };
        delivery.after(attempt, None, &RetrySchedule::default(), 0)
    }

    /// Records what became of a delivery that nobody else has changed.
    pub(super) async fn record(&self, delivery: &Delivery) {
        let recorded = self.try_record(delivery, delivery.version - 1).await;
        recorded.expect("the delivery is recorded");
    }

    pub(super) async fn try_record(
        &self,
        delivery: &Delivery,
        expected_version: u64,
    ) -> Result<(), CommitError> {
        self.outbox().record(delivery, expected_version).await
    }
}

/// The receiver answered with this status.
pub(super) const fn answered(status: u16) -> AttemptOutcome {
    AttemptOutcome::Answered { status }
}

pub(super) fn only(deliveries: Vec<Delivery>) -> Delivery {
    let count = deliveries.len();
    let mut deliveries = deliveries.into_iter();
    match (deliveries.next(), count) {
        (Some(delivery), 1) => delivery,
        _ => panic!("one delivery was expected and there are {count}"),
    }
}

pub(super) fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|one| one.id.clone()).collect()
}
