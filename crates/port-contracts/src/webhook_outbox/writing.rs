//! Deliveries are written by the commits of their events, and read by their job.

use std::slice;

use batchway_domain::job::{EventKind, FailureClass, Job};
use batchway_domain::ports::CommitError;
use batchway_domain::webhooks::{Delivery, DeliveryId};

use super::WebhookOutboxFixture;
use super::stage::{LEASE, Stage, URL, YEAR, answered, only};
use crate::concurrency::all_at_once;
use crate::specimens;

/// Where an event that counts is committed, its delivery is there, in every field as the domain
/// makes it; events that nobody is told of have none.
pub async fn a_delivery_is_written_with_its_event(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, "https://example.com:8443/a?b=c#d").await;
    let sent = stage.scene.send(&job).await;
    assert!(stage.of_job(&job.id, 10).await.is_empty());

    let now = stage.scene.now();
    let running = stage
        .scene
        .commit_of(&sent, &specimens::running(&sent, now));
    let first = stage.commit(&running).await;
    assert_eq!(first.event.kind, EventKind::Running);
    assert_eq!(stage.of_job(&job.id, 10).await, slice::from_ref(&first));

    let succeeded = specimens::succeeded(&running.job, now, LEASE);
    let completed = stage.scene.commit_of(&running.job, &succeeded);
    let second = stage.commit(&completed).await;
    assert_eq!(second.event.kind, EventKind::Completed);
    for written in [&first, &second] {
        assert_eq!(stage.load(&written.id).await.as_ref(), Some(written));
    }
    assert_eq!(stage.of_job(&job.id, 10).await, [first, second]);
}

/// A job that fails is told of, and one that is cancelled.
pub async fn every_end_is_told(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let cancelled = stage.post(&ada, URL).await;
    assert_eq!(cancelled.event.kind, EventKind::Cancelled);

    let job = stage.admit(&ada, URL).await;
    let sent = stage.scene.send(&job).await;
    let exit = specimens::failed(&sent, FailureClass::ProgramExit, stage.scene.now());
    let failed = stage.commit(&stage.scene.commit_of(&sent, &exit)).await;
    assert_eq!(failed.event.kind, EventKind::Failed);
    for told in [cancelled, failed] {
        assert_eq!(stage.of_job(told.id.job(), 10).await, [told]);
    }
}

/// Nobody is told of a job that has no webhook.
pub async fn a_job_without_a_webhook_tells_nobody(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let ended = stage.scene.complete(&job).await;
    assert!(stage.of_job(&ended.id, 10).await.is_empty());
    assert!(stage.take_all().await.is_empty());
}

/// A commit whose reply was lost is made again, and writes nothing again: neither a second
/// delivery nor the first one anew.
pub async fn a_repeated_commit_writes_nothing_again(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, URL).await;
    let commit = stage.cancellation_of(&job);
    let written = stage.commit(&commit).await;
    assert_eq!(stage.commit(&commit).await, written);
    assert_eq!(stage.take_all().await, slice::from_ref(&written));
    stage.commit(&commit).await;
    assert!(stage.take_all().await.is_empty(), "the lease holds");

    let delivered = stage.attempted(&written, answered(204));
    stage.record(&delivered).await;
    stage.commit(&commit).await;
    assert_eq!(stage.of_job(&job.id, 10).await, [delivered]);
    fixture.advance(YEAR);
    assert!(stage.take_all().await.is_empty());
}

/// A change that comes too late is refused, and nobody is told of it.
pub async fn a_refused_commit_writes_nothing(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, URL).await;
    let late = stage.cancellation_of(&job);
    stage.scene.send(&job).await;
    let refused = stage.scene.jobs().commit(late.clone()).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");

    let unknown = stage.admission(&ada, URL).job.admit(ada.name.clone()).job;
    let unknown = stage.cancellation_of(&unknown);
    let refused = stage.scene.jobs().commit(unknown.clone()).await;
    assert!(matches!(refused, Err(CommitError::NotFound)), "{refused:?}");

    for refused in [late, unknown] {
        let told = only(refused.deliveries());
        assert_eq!(stage.load(&told.id).await, None);
        assert!(stage.of_job(told.id.job(), 10).await.is_empty());
    }
    assert!(stage.take_all().await.is_empty());
}

/// Of fifty changes decided on one version one is made, and that one is told.
pub async fn of_concurrent_changes_one_is_told(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, URL).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (jobs, commit) = (stage.scene.jobs(), stage.cancellation_of(&job));
            async move { jobs.commit(commit).await }
        })
        .collect();
    let answers = all_at_once(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let told = only(stage.cancellation_of(&job).deliveries());
    assert_eq!(
        stage.of_job(&job.id, 10).await,
        slice::from_ref(&told),
        "it is told"
    );
    assert_eq!(stage.take_all().await, [told]);
}

/// The deliveries of a job come in the order of its events, whichever were made first.
pub async fn deliveries_come_in_the_order_of_events(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let (job, mut told) = live_through_many_events(&stage, fixture).await;
    assert_eq!(stage.of_job(&job.id, 100).await, told);
    for place in [2, 0] {
        told[place] = stage.attempted(&told[place], answered(204));
        stage.record(&told[place]).await;
    }
    stage.post(&ada, URL).await;
    assert_eq!(stage.of_job(&job.id, 100).await, told);
}

/// Where there are more than the limit, the last ones are given.
pub async fn the_last_deliveries_are_kept_within_the_limit(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let (job, told) = live_through_many_events(&stage, fixture).await;
    for limit in [1, 2, told.len() - 1, told.len()] {
        let last = &told[told.len() - limit..];
        assert_eq!(stage.of_job(&job.id, limit).await, last, "{limit}");
    }
}

/// What was never written is not there.
pub async fn what_was_never_written_is_absent(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let written = stage.post(&ada, URL).await;
    let unknown = stage.scene.new_job(&ada).id;
    assert!(stage.of_job(&unknown, 10).await.is_empty());
    for absent in [
        DeliveryId::new(unknown, written.id.event()),
        DeliveryId::new(written.id.job().clone(), written.id.event() + 1),
        DeliveryId::new(written.id.job().clone(), written.id.event() - 1),
        DeliveryId::new(written.id.job().clone(), u64::MAX),
    ] {
        assert_eq!(stage.load(&absent).await, None, "{absent}");
    }
}

/// A job whose machine is taken away twice, so that it runs three times; its numbers of events
/// have one digit and two. Answers it and what was told.
async fn live_through_many_events(
    stage: &Stage<'_>,
    fixture: &dyn WebhookOutboxFixture,
) -> (Job, Vec<Delivery>) {
    let scene = &stage.scene;
    let bob = scene.caller("bob").await;
    let mut job = stage.admit(&bob, URL).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        let sent = scene.send(&job).await;
        let running = scene.commit_of(&sent, &specimens::running(&sent, scene.now()));
        told.push(stage.commit(&running).await);
        let lost = specimens::failed(&running.job, FailureClass::SpotReclaim, scene.now());
        let commit = scene.commit_of(&running.job, &lost);
        scene.observe(&running.job, lost).await;
        told.extend(commit.deliveries());
        job = commit.job;
        fixture.advance(YEAR);
    }
    assert_eq!(told.len(), 4, "it ran three times, and failed");
    assert!(scene.load(&job.id).await.is_some_and(|kept| kept == job));
    (job, told)
}
