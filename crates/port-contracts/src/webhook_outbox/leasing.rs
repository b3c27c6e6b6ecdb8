//! Taking what is due, so that replicas share the work.

use std::collections::BTreeSet;
use std::slice;
use std::time::Duration;

use batchway_domain::job::machine::{Observation, observe};
use batchway_domain::ports::{DeliveryRequest, JobCommit};

use super::WebhookOutboxFixture;
use super::stage::{LEASE, Stage, URL, ids};
use crate::concurrency::all_at_once;
use crate::specimens;

const MILLISECOND: Duration = Duration::from_millis(1);

/// What was written is due, and is taken as it was written.
pub async fn a_delivery_is_due_at_once(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    assert!(stage.take_all().await.is_empty());
    let written = stage.post(&ada, URL).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&written));
    assert_eq!(
        stage.load(&written.id).await,
        Some(written),
        "taking changes nothing of it"
    );
}

/// The store's clock counts: what happened later than it shows, by a clock that is ahead, is not
/// due before.
pub async fn nothing_is_due_before_its_time(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, URL).await;
    let ahead = stage.scene.now().plus(Duration::from_secs(10));
    let cancelled = observe(
        &job,
        &Observation::CancelRequested,
        &specimens::rules(),
        ahead,
    );
    let cancelled = cancelled.expect("a waiting job can be cancelled");
    let commit = JobCommit {
        job: cancelled.job,
        expected_version: job.version,
        operation: 1,
        events: cancelled.events,
    };
    let written = stage.commit(&commit).await;
    assert_eq!(written.due_at(), Some(ahead));
    fixture.advance(Duration::from_millis(9_999));
    assert!(stage.take_all().await.is_empty());
    fixture.advance(MILLISECOND);
    assert_eq!(stage.take_all().await, [written]);
}

/// A taken delivery is hidden for the length of the lease, and due again after it.
pub async fn a_taken_delivery_returns_after_its_lease(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    for _ in 0..3 {
        assert_eq!(stage.take_all().await, slice::from_ref(&written));
        assert!(stage.take_all().await.is_empty());
        fixture.advance(LEASE - MILLISECOND);
        assert!(stage.take_all().await.is_empty());
        fixture.advance(MILLISECOND);
    }
}

/// Of one receiver the longest due comes first, whatever the order in which they were written.
pub async fn the_longest_due_of_a_receiver_comes_first(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post_many(&ada, URL, 5).await;
    let now = stage.scene.now();
    // Sent once more, the second is the youngest of all.
    let again = written[1].replayed(now);
    stage.record(&again).await;
    let expected = [&written[0], &written[2], &written[3], &written[4], &again].map(Clone::clone);
    assert_eq!(stage.take(3, 10).await, expected[..3]);
    assert_eq!(stage.take(3, 10).await, expected[3..]);
}

/// A batch is no larger than asked for, and the rest is still due.
pub async fn a_batch_is_no_larger_than_asked(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post_many(&ada, URL, 5).await;
    assert!(stage.take(0, 10).await.is_empty());
    assert!(stage.take(10, 0).await.is_empty());
    assert_eq!(stage.take(2, 10).await, written[..2]);
    assert_eq!(stage.take(2, 10).await, written[2..4]);
    assert_eq!(stage.take(2, 10).await, written[4..]);
    assert!(stage.take(2, 10).await.is_empty());
}

/// Those who take at the same time get different ones, and none is left out.
pub async fn concurrent_takers_get_different_deliveries(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut written = Vec::new();
    for url in [URL, "https://other.example.com/"] {
        written.extend(stage.post_many(&ada, url, 20).await);
    }
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let outbox = stage.outbox();
            let request = DeliveryRequest {
                limit: 5,
                per_receiver: 3,
                except: Vec::new(),
                lease: LEASE,
            };
            async move { outbox.take_due(&request).await }
        })
        .collect();
    let mut taken = Vec::new();
    for answer in all_at_once(calls).await {
        taken.extend(answer.expect("the store is read"));
    }
    // A taker may have come away empty-handed because of the others.
    taken.extend(stage.take_all().await);
    assert_eq!(taken.len(), 40, "none was taken twice");
    let taken: BTreeSet<_> = ids(&taken).into_iter().collect();
    assert_eq!(taken, ids(&written).into_iter().collect());
}
