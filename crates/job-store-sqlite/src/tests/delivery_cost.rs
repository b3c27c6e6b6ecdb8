//! What a batch of deliveries costs does not grow with the number that wait.

use std::time::Duration;

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{DeliveryRequest, Receiver, WebhookOutbox};
use batchway_domain::security::KeyDigest;
use batchway_domain::webhooks::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryId, RetrySchedule,
};
use rusqlite::Connection;

use super::cost::{assert_equal_costs, steps};
use super::fixture::Fixture;

const FEW: u32 = 1_000;
const MANY: u32 = 200_000;

const CROWDED: &str = "https://crowded.example.com";

/// A store with a backlog of one receiver.
struct Stage {
    fixture: Fixture,
    key: KeyDigest,
    first: Delivery,
}

impl Stage {
    async fn with_backlog(size: u32) -> Self {
        let fixture = Fixture::new();
        let key = fixture.key_of("ann").await;
        let first = post(&fixture, &key, CROWDED).await;
        seed(&fixture.connection(), size);
        Self {
            fixture,
            key,
            first,
        }
    }

    /// A delivery to each of three receivers that wait for nothing else.
    async fn post_to_others(&self) {
        for name in ["a", "b", "z"] {
            let origin = format!("https://{name}.example.com");
            post(&self.fixture, &self.key, &origin).await;
        }
    }

    async fn take(&self, except: &[Receiver]) -> usize {
        let request = DeliveryRequest {
            limit: 20,
            per_receiver: 4,
            except: except.to_vec(),
            lease: Duration::from_secs(30),
        };
        let taken = WebhookOutbox::take_due(&self.fixture.store, &request).await;
        taken.unwrap().len()
    }

    async fn record(&self) {
        let attempt = DeliveryAttempt {
            at: self.first.event.at,
            took: Duration::ZERO,
            outcome: AttemptOutcome::Answered { status: 204 },
        };
        let delivered = self
            .first
            .after(attempt, None, &RetrySchedule::default(), 0);
        let store = &self.fixture.store;
        store.record(&delivered, self.first.version).await.unwrap();
    }
}

async fn post(fixture: &Fixture, key: &KeyDigest, origin: &str) -> Delivery {
    let job = fixture.admit_with_webhook(key, origin).await;
    let job = fixture.observe(&job, Observation::CancelRequested).await;
    let id = DeliveryId::new(job.id, 2);
    let written = WebhookOutbox::load(&fixture.store, &id).await;
    written.unwrap().unwrap()
}

/// Copies of the only delivery, each due a little longer than the one before.
fn seed(connection: &Connection, size: u32) {
    let copies = format!(
        "PRAGMA synchronous = off;
         BEGIN;
         INSERT INTO deliveries (job, event, version, record)
         WITH RECURSIVE copy (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < {size})
         SELECT job, event + copy.number, version, record FROM copy, deliveries;
         INSERT INTO outbox (delivery, tenant, origin, due_at)
         SELECT number, tenant, origin, due_at - number
         FROM deliveries, outbox WHERE number > 1;
         COMMIT;"
    );
    connection.execute_batch(&copies).unwrap();
}

/// The cost of each kind of call, by name.
async fn costs(size: u32) -> Vec<(&'static str, i64)> {
    let stage = Stage::with_backlog(size).await;
    let store = &stage.fixture.store;
    let crowded = [Receiver::of(&stage.first)];
    let mut costs = Vec::new();
    macro_rules! cost {
        ($name:literal, $call:expr) => {{
            let before = steps(store).await;
            $call;
            costs.push(($name, steps(store).await - before));
        }};
    }

    stage.post_to_others().await;
    cost!("batch", assert_eq!(stage.take(&[]).await, 4 + 3));
    stage.post_to_others().await;
    cost!(
        "batch without the crowded one",
        assert_eq!(stage.take(&crowded).await, 3)
    );
    cost!(
        "batch of the crowded one",
        assert_eq!(stage.take(&[]).await, 4)
    );
    cost!("record", stage.record().await);
    cost!(
        "deliveries of a job",
        assert_eq!(
            store.of_job(stage.first.id.job(), 20).await.unwrap().len(),
            20
        )
    );
    let job = stage.fixture.admit_with_webhook(&stage.key, CROWDED).await;
    cost!(
        "commit that tells",
        stage
            .fixture
            .observe(&job, Observation::CancelRequested)
            .await
    );
    costs
}

#[tokio::test]
async fn no_batch_becomes_dearer_with_the_number_of_deliveries() {
    assert_equal_costs((FEW, costs(FEW).await), (MANY, costs(MANY).await));
}
