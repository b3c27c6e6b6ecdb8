//! Jobs are entered by the steps that change them.

use std::slice;

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{Admission, AdmissionLimits, AdmitError, CommitError};

use super::MirrorBacklogFixture;
use super::stage::{LEASE, Stage};
use crate::specimens;

/// A job is behind from its admission on.
pub async fn a_new_job_is_behind(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    assert_eq!(stage.take_all().await, []);
    let job = stage.scene.admit(&ada).await;
    assert_eq!(stage.take_all().await, [job]);
}

/// A job that was mirrored is behind again with its next change, whichever it is.
pub async fn a_change_enters_its_job(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    stage.mirror_all().await;
    let claimed = stage.scene.claim(&job).await;
    assert_eq!(stage.take_all().await, slice::from_ref(&claimed));
    stage.mirrored(slice::from_ref(&claimed)).await;
    let sent = stage
        .scene
        .observe(&claimed, specimens::taken(&claimed))
        .await;
    assert_eq!(stage.take_all().await, [sent]);
}

/// However often they change while nobody mirrors them, jobs stand there once.
pub async fn a_hundred_changes_are_one_entry(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut ended = Vec::new();
    for job in stage.scene.admit_many(&ada, 20).await {
        ended.push(stage.scene.complete(&job).await);
    }
    let mut taken = stage.take_all().await;
    taken.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(taken, ended, "each once, as it is now");
}

/// A request that is sent again makes nothing, and enters nothing.
pub async fn a_replay_enters_nothing(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let keyed = || Admission {
        idempotency: Some(specimens::idempotency("once", 1)),
        ..stage.scene.admission(&ada)
    };
    let first = stage.scene.submit(&ada, keyed()).await;
    stage.mirror_all().await;
    let again = stage.scene.submit(&ada, keyed()).await;
    assert_eq!((again.replayed, again.job), (true, first.job));
    assert_eq!(stage.take_all().await, []);
}

/// Nor does a job that is not admitted.
pub async fn what_is_not_admitted_enters_nothing(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let mut beyond = stage.scene.admission(&ada);
    beyond.limits = AdmissionLimits {
        queued: 1_000,
        active_of_user: Some(0),
    };
    let refused = stage.scene.jobs().admit(&ada.key, beyond).await;
    assert!(
        matches!(refused, Err(AdmitError::TooManyActive { .. })),
        "{refused:?}"
    );
    let stranger = stage.scene.unregistered("bob");
    let admission = stage.scene.admission(&stranger);
    let refused = stage.scene.jobs().admit(&stranger.key, admission).await;
    assert!(
        matches!(refused, Err(AdmitError::Unauthorized)),
        "{refused:?}"
    );
    assert_eq!(stage.take_all().await, []);
}

/// A commit whose reply was lost is made again, and enters nothing again.
pub async fn a_repeated_commit_enters_nothing_again(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let commit = stage.scene.commit_of(&job, &Observation::CancelRequested);
    let first = stage.scene.jobs().commit(commit.clone()).await;
    first.expect("the change is committed");
    stage.mirror_all().await;
    let again = stage.scene.jobs().commit(commit).await;
    again.expect("the change is committed");
    assert_eq!(stage.take_all().await, []);
    fixture.advance(LEASE * 2);
    assert_eq!(stage.take_all().await, []);
}

/// A change that comes too late is refused, and enters nothing.
pub async fn a_refused_commit_enters_nothing(fixture: &dyn MirrorBacklogFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let job = stage.scene.admit(&ada).await;
    let late = stage.scene.commit_of(&job, &Observation::CancelRequested);
    stage.scene.send(&job).await;
    stage.mirror_all().await;
    let refused = stage.scene.jobs().commit(late).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(stage.take_all().await, []);
}
