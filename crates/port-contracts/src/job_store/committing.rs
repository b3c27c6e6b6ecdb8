//! Changing a record, by whoever knows its present version.

use std::slice;

use batchway_domain::job::machine::Observation;
use batchway_domain::job::{FailureClass, JobStatus};
use batchway_domain::ports::{CommitError, JobCommit};

use super::JobStoreFixture;
use super::scene::{Scene, dispatch, page_of, watch};
use crate::concurrency::all_at_once;
use crate::specimens;

/// A committed record is what every read gives from then on.
pub async fn a_committed_record_is_read_everywhere(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let running = scene.start(&job).await;
    assert_eq!(running.status(), JobStatus::Running);
    assert_eq!(scene.load(&job.id).await.as_ref(), Some(&running));
    let found = scene.jobs().find(&ada.key, &job.id).await;
    assert_eq!(found.expect("the store is read").as_ref(), Some(&running));
    assert_eq!(scene.list(&ada, &page_of(10)).await.jobs, [running]);
    let params = scene.jobs().params(&job.id).await;
    assert_eq!(
        params.expect("the store is read").as_deref(),
        Some(specimens::PARAMS),
        "params never change"
    );
}

/// A whole life, through every kind of state, comes back field by field at each step.
pub async fn every_step_of_a_life_comes_back(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut job = scene.admit(&ada).await;
    for step in 0..9 {
        let now = scene.now();
        let observation = match step {
            0 | 4 => specimens::claimed(now),
            1 => Observation::SubmitUnknown {
                epoch: job.current_try.epoch,
            },
            2 => Observation::LookedUp {
                found: vec![specimens::backend_id(&job)],
                gate: batchway_domain::job::machine::GateReading::NoGate,
            },
            3 => specimens::failed(&job, FailureClass::SpotReclaim, now),
            5 => specimens::taken(&job),
            6 => specimens::running(&job, now),
            7 => Observation::CancelRequested,
            _ => specimens::failed(&job, FailureClass::OutOfMemory, now),
        };
        job = scene.observe(&job, observation).await;
        assert_eq!(
            scene.load(&job.id).await.as_ref(),
            Some(&job),
            "step {step}"
        );
    }
    assert_eq!(job.status(), JobStatus::Failed);
}

/// A change decided on another version is refused, and leaves no trace.
pub async fn a_change_on_another_version_changes_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let late = scene.commit_of(&job, &Observation::CancelRequested);
    let sent = scene.send(&job).await;
    let events = scene.events(&ada.name).await;
    let early = JobCommit {
        expected_version: sent.version + 1,
        ..scene.commit_of(&sent, &Observation::CancelRequested)
    };
    for stale in [late.clone(), early, late] {
        let refused = scene.jobs().commit(stale).await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
        assert_eq!(scene.load(&job.id).await.as_ref(), Some(&sent));
        assert_eq!(scene.events(&ada.name).await, events);
    }
    assert_eq!(
        scene.take(watch(), 10).await,
        [job.id],
        "still to be watched"
    );
}

/// A job that was never admitted can't be changed, and does not come to be by trying.
pub async fn an_unknown_job_is_not_found(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let unknown = scene.new_job(&ada).admit(ada.name.clone()).job;
    let commit = scene.commit_of(&unknown, &Observation::CancelRequested);
    let refused = scene.jobs().commit(commit).await;
    assert!(matches!(refused, Err(CommitError::NotFound)), "{refused:?}");
    assert_eq!(scene.load(&unknown.id).await, None);
    assert!(scene.events(&ada.name).await.is_empty());
}

/// The same operation again is a success again, and changes nothing: the first reply was lost.
pub async fn a_repeated_operation_answers_as_the_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let commit = scene.commit_of(&job, &Observation::CancelRequested);
    for _ in 0..3 {
        let answer = scene.jobs().commit(commit.clone()).await;
        answer.expect("the same change is committed");
        assert_eq!(scene.load(&job.id).await.as_ref(), Some(&commit.job));
        assert_eq!(scene.events(&ada.name).await.len(), 2);
    }
}

/// Another operation that makes the very same change is another change, and comes too late.
pub async fn an_equal_change_by_another_operation_conflicts(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let mut commit = scene.commit_of(&job, &specimens::claimed(scene.now()));
    commit.operation = u128::MAX;
    let first = scene.jobs().commit(commit.clone()).await;
    first.expect("the change is committed");
    // Differs in the highest bit only: the whole id counts.
    commit.operation = u128::MAX >> 1;
    let second = scene.jobs().commit(commit).await;
    assert!(matches!(second, Err(CommitError::Conflict)), "{second:?}");
}

/// Of fifty changes decided on one version, one is made.
pub async fn of_concurrent_changes_one_is_made(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let commit = scene.commit_of(&job, &Observation::CancelRequested);
            let jobs = scene.jobs();
            async move { jobs.commit(commit).await }
        })
        .collect();
    let answers = all_at_once(calls).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(made, 1);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Ok(()) | Err(CommitError::Conflict)))
    );
    assert_eq!(scene.events(&ada.name).await.len(), 2);
}

/// Of fifty repetitions of one operation at the same time, all succeed and one takes effect.
pub async fn concurrent_repetitions_take_effect_once(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let commit = scene.commit_of(&job, &Observation::CancelRequested);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (jobs, commit) = (scene.jobs(), commit.clone());
            async move { jobs.commit(commit).await }
        })
        .collect();
    for answer in all_at_once(calls).await {
        answer.expect("the same change is committed");
    }
    assert_eq!(scene.load(&job.id).await, Some(commit.job));
    assert_eq!(scene.events(&ada.name).await.len(), 2);
}

/// The due entry goes where the record says, and is left nowhere else.
pub async fn the_due_entry_moves_with_the_record(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let sent = scene.send(&job).await;
    assert_eq!(sent.due().lane, watch());
    assert!(scene.take(dispatch(), 10).await.is_empty());
    assert_eq!(scene.take(watch(), 10).await, slice::from_ref(&job.id));

    let lost = specimens::failed(&sent, FailureClass::HostLost, scene.now());
    let waiting = scene.observe(&sent, lost).await;
    assert_eq!(waiting.due().lane, dispatch());
    assert!(scene.take(dispatch(), 10).await.is_empty(), "it backs off");
    fixture.advance(waiting.due().at.since(scene.now()));
    assert!(scene.take(watch(), 10).await.is_empty());
    assert_eq!(scene.take(dispatch(), 10).await, [job.id]);
}
