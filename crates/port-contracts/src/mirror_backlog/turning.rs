//! Whose turn it is to be mirrored.

use std::collections::BTreeSet;
use std::slice;
use std::time::Duration;

use super::MirrorBacklogFixture;
use super::stage::{LEASE, Stage};
use crate::concurrency::all_at_once;
use crate::job_store::scene::ids;

const MILLISECOND: Duration = Duration::from_millis(1);

/// What is mirrored is the job as it is when it is taken, not as it was when it was entered.
pub async fn a_job_comes_as_it_is_now(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let running = stage.scene.start(&job).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&running));
    assert_eq!(
        stage.scene.load(&job.id).await,
        Some(running),
        "taking changes nothing of it"
    );
}

/// Those first that have been behind for the longest time, whoever they belong to.
pub async fn the_longest_behind_come_first(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let mut entered = Vec::new();
    for name in ["ada", "bob", "cleo", "ada2", "dan"] {
        let caller = stage.scene.caller(name).await;
        entered.push(stage.scene.admit(&caller).await);
        fixture.advance(Duration::from_secs(1));
    }
    assert_eq!(stage.take(2).await, entered[..2]);
    assert_eq!(stage.take(10).await, entered[2..]);
}

/// Who changes often does not go to the end of the queue each time.
pub async fn a_changed_job_keeps_its_place(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let entered = stage.scene.admit_many(&ada, 3).await;
    let changed = stage.scene.claim(&entered[0]).await;
    let expected = [changed, entered[1].clone(), entered[2].clone()];
    assert_eq!(stage.take_all().await, expected);
}

/// A batch is no larger than asked for, and the rest is still due.
pub async fn a_mirror_batch_is_no_larger_than_asked(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let entered = stage.scene.admit_many(&ada, 5).await;
    assert_eq!(stage.take(0).await, []);
    assert_eq!(stage.take(2).await, entered[..2]);
    assert_eq!(stage.take(2).await, entered[2..4]);
    assert_eq!(stage.take(2).await, entered[4..]);
    assert_eq!(stage.take(2).await, []);
}

/// A taken job is hidden for the length of the lease, and due again after it.
pub async fn a_taken_job_returns_after_its_time(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    for _ in 0..3 {
        assert_eq!(stage.take_all().await, slice::from_ref(&job));
        assert_eq!(stage.take_all().await, []);
        fixture.advance(LEASE - MILLISECOND);
        assert_eq!(stage.take_all().await, []);
        fixture.advance(MILLISECOND);
    }
}

/// While one replica mirrors a job, its changes are not for others to mirror: they would come in
/// any order.
pub async fn a_change_does_not_end_a_lease(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    assert_eq!(stage.take_all().await.len(), 1);
    let sent = stage.scene.send(&job).await;
    assert_eq!(stage.take_all().await, []);
    fixture.advance(LEASE);
    assert_eq!(stage.take_all().await, [sent]);
}

/// Those who take at the same time get different ones, and none is left out.
pub async fn concurrent_takers_mirror_different_jobs(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let mut entered = Vec::new();
    for name in ["ada", "bob"] {
        let caller = stage.scene.caller(name).await;
        entered.extend(stage.scene.admit_many(&caller, 20).await);
    }
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let backlog = stage.backlog();
            async move { backlog.take_changed(5, LEASE).await }
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
    assert_eq!(taken, ids(&entered).into_iter().collect());
}
