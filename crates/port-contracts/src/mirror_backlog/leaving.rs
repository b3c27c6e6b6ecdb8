//! How a job leaves the backlog, and how it doesn't.

use std::slice;
use std::time::Duration;

use batchway_domain::job::Job;
use batchway_domain::ports::CommitError;

use super::MirrorBacklogFixture;
use super::stage::{LEASE, Stage};

/// A job that was mirrored as it is leaves for good; the others stay.
pub async fn a_mirrored_job_leaves(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let jobs = stage.scene.admit_many(&ada, 3).await;
    assert_eq!(stage.take_all().await, jobs);
    stage.mirrored(&jobs[..2]).await;
    // Said twice, as by one whose reply was lost.
    stage.mirrored(&jobs[..2]).await;
    fixture.advance(LEASE);
    assert_eq!(stage.take_all().await, jobs[2..]);
}

/// What changed while it was mirrored is behind still, and is not kept waiting for its lease.
pub async fn a_job_that_changed_since_is_due_at_once(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let taken = stage.take_all().await;
    let sent = stage.scene.send(&job).await;
    stage.mirrored(&taken).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&sent));
    stage.mirrored(&[sent]).await;
    fixture.advance(LEASE * 2);
    assert_eq!(stage.take_all().await, []);
}

/// A job comes back with its next change.
pub async fn a_job_that_changes_again_enters_again(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut job = stage.scene.admit(&ada).await;
    stage.mirror_all().await;
    for _ in 0..2 {
        job = match job.version {
            1 => stage.scene.claim(&job).await,
            _ => stage.scene.cancel(&job).await,
        };
        assert_eq!(stage.take_all().await, slice::from_ref(&job));
        stage.mirrored(slice::from_ref(&job)).await;
    }
}

/// Whoever comes late with an older version takes nothing off, nor does one with a newer one.
pub async fn another_version_is_not_taken_for_this_one(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let sent = stage.scene.send(&job).await;
    for version in [0, job.version, sent.version + 1, u64::MAX] {
        let other = Job {
            version,
            ..sent.clone()
        };
        stage.mirrored(&[other]).await;
        assert_eq!(stage.take_all().await, slice::from_ref(&sent), "{version}");
    }
}

/// A job that is put off is not due before, lease or no lease.
pub async fn a_job_that_is_put_off_waits(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let jobs = stage.scene.admit_many(&ada, 2).await;
    assert_eq!(stage.take(1).await, jobs[..1]);
    let until = stage.scene.now().plus(LEASE * 3);
    let put_off = [jobs[0].id.clone(), jobs[1].id.clone()];
    let done = stage.backlog().put_off(&put_off, until).await;
    done.expect("the store is written");
    fixture.advance(LEASE * 3 - Duration::from_millis(1));
    assert_eq!(stage.take_all().await, []);
    fixture.advance(Duration::from_millis(1));
    assert_eq!(stage.take_all().await.len(), 2);
}

/// What was taken and not mirrored is handed back by putting it off to this moment.
pub async fn a_job_that_is_handed_back_is_due_at_once(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    assert_eq!(stage.take_all().await.len(), 1);
    let id = slice::from_ref(&job.id);
    let done = stage.backlog().put_off(id, stage.scene.now()).await;
    done.expect("the store is written");
    assert_eq!(stage.take_all().await, [job]);
}

/// What is not in the backlog is not put into it, and harms nobody.
pub async fn strangers_are_passed_over(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let known = stage.scene.admit(&ada).await;
    stage.mirror_all().await;
    let unknown = stage.scene.new_job(&ada).id;
    let ids = [unknown.clone(), known.id.clone()];
    let done = stage.backlog().put_off(&ids, stage.scene.now()).await;
    done.expect("the store is written");
    let versions = [(unknown, 1), (known.id, known.version + 7)];
    let done = stage.backlog().mirrored(&versions).await;
    done.expect("the store is written");
    assert_eq!(stage.take_all().await, []);
    let done = stage.backlog().mirrored(&[]).await;
    done.expect("there is nothing to do");
}

/// With its removal a job is behind no more, taken or not; the others stay.
pub async fn a_removed_job_leaves(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let jobs = stage.scene.admit_many(&ada, 3).await;
    assert_eq!(stage.take(1).await, jobs[..1]);
    for job in &jobs[..2] {
        let removed = stage.scene.jobs().remove(&job.id, job.version).await;
        removed.expect("the job is removed");
    }
    stage.mirrored(&jobs[..1]).await;
    fixture.advance(LEASE * 2);
    assert_eq!(stage.take_all().await, jobs[2..]);
}

/// A job that changed meanwhile is not removed, and is behind still.
pub async fn a_job_that_is_not_removed_stays(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let sent = stage.scene.send(&job).await;
    let refused = stage.scene.jobs().remove(&job.id, job.version).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(stage.take_all().await, [sent]);
}
