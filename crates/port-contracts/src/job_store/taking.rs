//! Taking what is due, so that replicas share the work.

use std::collections::BTreeSet;
use std::slice;
use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::DueRequest;

use super::JobStoreFixture;
use super::scene::{LEASE, Scene, dispatch, due, ids, watch};
use crate::concurrency::all_at_once;
use crate::specimens;

/// Taken jobs come with their records as they are.
pub async fn taken_jobs_come_with_their_records(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let sent = scene.send(&job).await;
    let taken = scene.jobs().take_due(&due(watch(), 10)).await;
    assert_eq!(taken.expect("the store is read"), slice::from_ref(&sent));
    assert_eq!(
        scene.load(&job.id).await,
        Some(sent),
        "taking changes no record"
    );
}

/// What is due later is not taken before its time, and is at its time.
pub async fn nothing_is_taken_before_its_time(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let later = scene.now().plus(Duration::from_secs(10));
    reschedule(&scene, &job, later).await;
    fixture.advance(Duration::from_millis(9_999));
    assert!(scene.take(dispatch(), 10).await.is_empty());
    fixture.advance(Duration::from_millis(1));
    assert_eq!(scene.take(dispatch(), 10).await, [job.id]);
}

/// A taken job is hidden for the length of the lease, and due again after it.
pub async fn a_taken_job_returns_after_its_lease(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    for _ in 0..3 {
        assert_eq!(scene.take(dispatch(), 10).await, slice::from_ref(&job.id));
        assert!(scene.take(dispatch(), 10).await.is_empty());
        fixture.advance(LEASE - Duration::from_millis(1));
        assert!(scene.take(dispatch(), 10).await.is_empty());
        fixture.advance(Duration::from_millis(1));
    }
}

/// A commit ends the lease: the record says when the job is due next.
pub async fn a_commit_ends_the_lease(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    scene.take(dispatch(), 10).await;
    let sent = scene.send(&job).await;
    assert!(sent.due().at <= scene.now());
    assert_eq!(scene.take(watch(), 10).await, [job.id]);
}

/// A lease is no right: a job that another has taken can be changed all the same.
pub async fn a_taken_job_can_be_changed_by_others(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    assert_eq!(scene.take(dispatch(), 10).await, slice::from_ref(&job.id));
    let cancelled = scene.cancel(&job).await;
    assert_eq!(scene.load(&job.id).await, Some(cancelled));
    fixture.advance(LEASE);
    assert!(
        scene.take(dispatch(), 10).await.is_empty(),
        "it has left the lane"
    );
}

/// The longest due comes first, whatever the age of the job.
pub async fn the_longest_due_comes_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut sent = Vec::new();
    for job in scene.admit_many(&ada, 5).await {
        sent.push(scene.send(&job).await);
    }
    let order = [3, 0, 4, 1, 2];
    for (seconds, number) in (1..).zip(order) {
        let at = scene.now().plus(Duration::from_secs(seconds));
        reschedule(&scene, &sent[number], at).await;
    }
    fixture.advance(Duration::from_secs(5));
    let expected: Vec<JobId> = order.map(|number| sent[number].id.clone()).into();
    assert_eq!(scene.take(watch(), 2).await, expected[..2]);
    assert_eq!(scene.take(watch(), 10).await, expected[2..]);
}

/// No batch holds more than it may, and none holds a job twice.
pub async fn a_batch_is_no_larger_than_asked(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let mut jobs = scene.admit_many(&ada, 7).await;
    jobs.extend(scene.admit_many(&bob, 3).await);
    let mut seen = BTreeSet::new();
    for expected in [4, 4, 2, 0] {
        let batch = scene.take(dispatch(), 4).await;
        assert_eq!(batch.len(), expected);
        for id in batch {
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
    assert_eq!(seen, ids(&jobs).into_iter().collect());
}

/// Each lane has its own jobs: by what is to be done, and by backend.
pub async fn lanes_are_kept_apart(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let other = || "aws-batch".parse().expect("a valid name");
    let mut elsewhere = scene.admission(&ada);
    elsewhere.job.backend = other();
    let elsewhere = scene.submit(&ada, elsewhere).await.job;
    let waiting = scene.admit(&ada).await;
    let unsure = scene.admit(&ada).await;
    let unsure = scene.claim(&unsure).await;
    let sent = scene.admit(&ada).await;
    let sent = scene.send(&sent).await;
    let ended = scene.admit(&ada).await;
    let ended = scene.cancel(&ended).await;
    // Far enough for all of them to be due, the removal as well.
    fixture.advance(Duration::from_secs(100 * 24 * 3600));

    let lanes = [
        (dispatch(), &waiting),
        (Lane::Dispatch(other()), &elsewhere),
        (Lane::Resolve(specimens::backend()), &unsure),
        (watch(), &sent),
        (Lane::Remove, &ended),
    ];
    for (lane, job) in lanes {
        assert_eq!(job.due().lane, lane);
        let taken = scene.take(lane.clone(), 10).await;
        assert_eq!(taken, slice::from_ref(&job.id), "{lane}");
    }
    assert!(scene.take(Lane::Watch(other()), 10).await.is_empty());
    assert!(scene.take(Lane::Resolve(other()), 10).await.is_empty());
}

/// Those that have waited too long are found by their age, due or not, oldest or taken.
pub async fn those_that_wait_too_long_are_found(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 4).await;
    let tomorrow = scene.now().plus(Duration::from_secs(24 * 3600));
    reschedule(&scene, &jobs[0], tomorrow).await;
    scene.send(&jobs[1]).await;
    let by_age = DueRequest {
        created_before: Some(jobs[3].created_at),
        ..due(dispatch(), 10)
    };
    let found: BTreeSet<JobId> = scene.take_by(&by_age).await.into_iter().collect();
    let expected = [&jobs[0], &jobs[2]].map(|job| job.id.clone());
    assert_eq!(found, expected.into(), "created before, and still waiting");
    assert_eq!(
        scene.take(dispatch(), 10).await,
        [jobs[3].id.clone()],
        "those that were found are put off like any others"
    );
    let limited = DueRequest { limit: 1, ..by_age };
    assert_eq!(scene.take_by(&limited).await.len(), 1);
}

/// Replicas that take at the same time get different jobs, and none is forgotten.
pub async fn concurrent_takers_get_different_jobs(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 60).await;
    let takers: Vec<_> = (0..20)
        .map(|_| {
            let store = scene.jobs();
            async move { store.take_due(&due(dispatch(), 3)).await }
        })
        .collect();
    let taken: Vec<Job> = all_at_once(takers)
        .await
        .into_iter()
        .flat_map(|batch| batch.expect("the store is read"))
        .collect();
    let different: BTreeSet<&JobId> = taken.iter().map(|job| &job.id).collect();
    assert_eq!(taken.len(), different.len(), "none was given to two");
    assert_eq!(different.len(), jobs.len(), "none was left");
}

async fn reschedule(scene: &Scene<'_>, job: &Job, at: batchway_domain::Timestamp) {
    let moved = scene.jobs().reschedule(&[(job.id.clone(), at)]).await;
    moved.expect("the due time is moved");
}
