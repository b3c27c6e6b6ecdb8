//! Recording what became of a delivery, by whoever knows its present version.

use std::slice;
use std::time::Duration;

use batchway_domain::ports::CommitError;
use batchway_domain::webhooks::{AttemptOutcome, Delivery, DeliveryId, DeliveryState};

use super::WebhookOutboxFixture;
use super::stage::{LEASE, Stage, URL, YEAR, answered};
use crate::concurrency::all_at_once;

const MILLISECOND: Duration = Duration::from_millis(1);

/// What is recorded is read back in every field, at each of many steps.
pub async fn a_recorded_delivery_comes_back_in_every_field(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut delivery = stage.post(&ada, URL).await;
    let silence = AttemptOutcome::Unanswered {
        reason: "it did not answer: \"äöü\u{1F980}\u{0}\n\"".to_owned(),
    };
    for step in 0..2 * Delivery::MAX_ATTEMPTS_KEPT {
        delivery = match step % 8 {
            7 => delivery.replayed(stage.scene.now()),
            6 => stage.attempted(&delivery, answered(410)),
            5 => stage.attempted(&delivery, answered(204)),
            3 => stage.attempted(&delivery, silence.clone()),
            _ => stage.attempted(&delivery, answered(503)),
        };
        stage.record(&delivery).await;
        fixture.advance(Duration::from_millis(1234));
        assert_eq!(stage.load(&delivery.id).await.as_ref(), Some(&delivery));
        let of_job = stage.of_job(delivery.id.job(), 10).await;
        assert_eq!(of_job, slice::from_ref(&delivery), "step {step}");
    }
}

/// After a failed attempt it is due when the delivery says so, be the lease over before or after.
pub async fn a_failed_attempt_is_due_when_it_says(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut delivery = stage.post(&ada, URL).await;
    for attempts in 1..10 {
        assert_eq!(stage.take_all().await, slice::from_ref(&delivery));
        delivery = stage.attempted(&delivery, answered(503));
        stage.record(&delivery).await;
        let due_at = delivery.due_at().expect("there is another attempt");
        let wait = due_at.since(stage.scene.now());
        assert!(attempts != 1 || wait < LEASE, "sooner than the lease");
        fixture.advance(wait - MILLISECOND);
        assert!(stage.take_all().await.is_empty());
        fixture.advance(MILLISECOND);
    }
}

/// What the receiver took is never due again.
pub async fn what_is_delivered_is_never_due_again(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let other = stage.post(&ada, URL).await;
    assert_eq!(stage.take(1, 1).await, slice::from_ref(&written));
    let delivered = stage.attempted(&written, answered(204));
    assert!(matches!(delivered.state, DeliveryState::Delivered { .. }));
    stage.record(&delivered).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&other));
    fixture.advance(YEAR);
    assert_eq!(stage.take_all().await, [other]);
    assert_eq!(stage.load(&written.id).await, Some(delivered));
}

/// What is not tried any more is never due again.
pub async fn what_is_given_up_is_never_due_again(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    stage.take_all().await;
    let given_up = stage.attempted(&written, answered(410));
    assert!(matches!(given_up.state, DeliveryState::Failed { .. }));
    stage.record(&given_up).await;
    fixture.advance(YEAR);
    assert!(stage.take_all().await.is_empty());
    assert_eq!(stage.load(&written.id).await, Some(given_up));
}

/// A replay is due at once, whatever came of the delivery, also while a lease on it holds.
pub async fn a_replay_is_due_at_once(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut delivery = stage.post(&ada, URL).await;
    for outcome in [204, 410, 503] {
        assert_eq!(stage.take_all().await, slice::from_ref(&delivery));
        delivery = stage.attempted(&delivery, answered(outcome));
        stage.record(&delivery).await;
        delivery = delivery.replayed(stage.scene.now());
        stage.record(&delivery).await;
    }
    assert_eq!(stage.take_all().await, slice::from_ref(&delivery));
    delivery = delivery.replayed(stage.scene.now());
    stage.record(&delivery).await;
    assert_eq!(stage.take_all().await, [delivery]);
}

/// A change decided on another version is refused, and leaves no trace.
pub async fn a_change_on_another_version_changes_nothing(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let present = stage.attempted(&written, answered(503));
    stage.record(&present).await;
    let late = stage.attempted(&written, answered(204));
    let early = stage.attempted(&stage.attempted(&present, answered(503)), answered(204));
    for (stale, expected_version) in [(&late, 1), (&late, 0), (&early, 3), (&late, u64::MAX)] {
        let refused = stage.try_record(stale, expected_version).await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
        assert_eq!(stage.load(&written.id).await.as_ref(), Some(&present));
    }
    assert!(stage.take_all().await.is_empty());
    fixture.advance(LEASE);
    assert_eq!(stage.take_all().await, [present], "due as it was");
}

/// The very same again is a success, and stays what it is: the first reply was lost. Another change
/// that makes the same version comes too late.
pub async fn the_very_same_again_is_a_success(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let attempted = stage.attempted(&written, answered(503));
    for _ in 0..3 {
        stage.record(&attempted).await;
        assert_eq!(stage.load(&written.id).await.as_ref(), Some(&attempted));
    }
    let other = stage.attempted(&written, answered(204));
    let refused = stage.try_record(&other, written.version).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(stage.load(&written.id).await, Some(attempted));
}

/// A repetition that comes late does not make due what another replica has taken meanwhile.
pub async fn a_repetition_leaves_a_lease_alone(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let replayed = written.replayed(stage.scene.now());
    stage.record(&replayed).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&replayed));
    stage.record(&replayed).await;
    assert!(stage.take_all().await.is_empty(), "the lease holds");
    fixture.advance(LEASE);
    assert_eq!(stage.take_all().await, [replayed]);
}

/// Of twenty different outcomes recorded on one version, one is made.
pub async fn of_concurrent_records_one_is_made(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let calls: Vec<_> = (500..520)
        .map(|status| {
            let outbox = stage.outbox();
            let attempted = stage.attempted(&written, answered(status));
            async move { (outbox.record(&attempted, 1).await, attempted) }
        })
        .collect();
    let mut made = Vec::new();
    for (answer, attempted) in all_at_once(calls).await {
        match answer {
            Ok(()) => made.push(attempted),
            Err(error) => assert!(matches!(error, CommitError::Conflict), "{error:?}"),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(stage.load(&written.id).await, made.pop());
}

/// What is not there can't be recorded, and does not come to be by trying.
pub async fn what_is_not_there_is_not_found(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let unknown_job = stage.scene.new_job(&ada).id;
    for id in [
        DeliveryId::new(unknown_job, written.id.event()),
        DeliveryId::new(written.id.job().clone(), written.id.event() + 1),
    ] {
        let absent = Delivery {
            id: id.clone(),
            ..stage.attempted(&written, answered(503))
        };
        for expected_version in [0, 1] {
            let refused = stage.try_record(&absent, expected_version).await;
            assert!(matches!(refused, Err(CommitError::NotFound)), "{refused:?}");
        }
        assert_eq!(stage.load(&id).await, None);
    }
    assert_eq!(stage.take_all().await, [written]);
}
