//! Deliveries are forgotten with their job.

use std::slice;

use batchway_domain::ports::CommitError;
use batchway_domain::webhooks::Delivery;

use super::WebhookOutboxFixture;
use super::stage::{LEASE, Stage, URL, YEAR, answered};

/// With its job a delivery is gone from everywhere, be it waiting, taken, or done.
pub async fn with_its_job_a_delivery_is_forgotten(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let taken = stage.post(&ada, URL).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&taken));
    let waiting = stage.post(&ada, URL).await;
    let done = stage.post(&ada, URL).await;
    let done = stage.attempted(&done, answered(204));
    stage.record(&done).await;

    for delivery in [&taken, &waiting, &done] {
        remove_job_of(&stage, delivery).await;
        assert_eq!(stage.load(&delivery.id).await, None);
        assert!(stage.of_job(delivery.id.job(), 10).await.is_empty());
        let attempted = stage.attempted(delivery, answered(503));
        let refused = stage.try_record(&attempted, delivery.version).await;
        assert!(matches!(refused, Err(CommitError::NotFound)), "{refused:?}");
    }
    for wait in [LEASE, YEAR] {
        assert!(stage.take_all().await.is_empty());
        fixture.advance(wait);
    }
    assert!(stage.take_all().await.is_empty());
}

/// Those of other jobs stay, of the same receiver too.
pub async fn deliveries_of_other_jobs_stay(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post_many(&ada, URL, 3).await;
    remove_job_of(&stage, &written[1]).await;
    for kept in [&written[0], &written[2]] {
        assert_eq!(stage.load(&kept.id).await.as_ref(), Some(kept));
        assert_eq!(stage.of_job(kept.id.job(), 10).await, slice::from_ref(kept));
    }
    let kept = [written[0].clone(), written[2].clone()];
    assert_eq!(stage.take_all().await, kept);
}

/// A job that changed meanwhile stays, and its deliveries with it.
pub async fn a_job_that_is_not_removed_keeps_its_deliveries(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let refused = stage.scene.jobs().remove(written.id.job(), 1).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(stage.load(&written.id).await.as_ref(), Some(&written));
    assert_eq!(stage.take_all().await, [written]);
}

async fn remove_job_of(stage: &Stage<'_>, delivery: &Delivery) {
    let id = delivery.id.job();
    let job = stage.scene.load(id).await.expect("the job is there");
    let removed = stage.scene.jobs().remove(id, job.version).await;
    removed.expect("the job is removed");
}
