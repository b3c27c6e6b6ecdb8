//! What is there after the store's process died.

use std::slice;

use super::WebhookOutboxFixture;
use super::stage::{LEASE, Stage, URL, YEAR, answered};

/// Everything that was answered with `Ok` is there after the store is opened again: what is due,
/// for how long it is put off, what came of it. A store that does not promise that is empty, and
/// not half full.
pub async fn what_was_acknowledged_is_due_again(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let taken = stage.post(&ada, URL).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&taken));
    let done = stage.post(&ada, URL).await;
    let done = stage.attempted(&done, answered(204));
    stage.record(&done).await;
    let waiting = stage.post(&ada, "https://other.example.com/").await;

    fixture.reopen().await;

    if !fixture.capabilities().durable {
        for absent in [&taken, &done, &waiting] {
            assert_eq!(stage.load(&absent.id).await, None);
        }
        fixture.advance(YEAR);
        assert!(stage.take_all().await.is_empty());
        return;
    }
    for kept in [&taken, &done, &waiting] {
        assert_eq!(stage.load(&kept.id).await.as_ref(), Some(kept));
        assert_eq!(stage.of_job(kept.id.job(), 10).await, slice::from_ref(kept));
    }
    assert_eq!(stage.take_all().await, [waiting], "the lease holds");
    fixture.advance(LEASE);
    assert!(stage.take_all().await.contains(&taken));
}

/// A commit that is repeated because the store died before it answered writes nothing again.
pub async fn a_commit_repeated_after_opening_writes_nothing_again(
    fixture: &dyn WebhookOutboxFixture,
) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.admit(&ada, URL).await;
    let commit = stage.cancellation_of(&job);
    let written = stage.commit(&commit).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&written));
    let delivered = stage.attempted(&written, answered(204));
    stage.record(&delivered).await;

    fixture.reopen().await;

    if fixture.capabilities().durable {
        stage.commit(&commit).await;
        stage.record(&delivered).await;
        assert_eq!(stage.of_job(&job.id, 10).await, [delivered]);
        fixture.advance(YEAR);
        assert!(stage.take_all().await.is_empty());
    } else {
        let ada = stage.scene.caller("ada").await;
        let written = stage.post(&ada, URL).await;
        assert_eq!(stage.take_all().await, [written]);
    }
}
