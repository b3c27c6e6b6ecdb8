//! Events, numbered without gaps, per job and per user.

use std::collections::BTreeMap;

use batchway_domain::identity::JobId;
use batchway_domain::job::EventKind;
use batchway_domain::job::machine::Observation;

use super::JobStoreFixture;
use super::scene::{Caller, Scene};
use crate::concurrency::all_at_once;
use crate::specimens;

/// Events are read back as they were made, in the order of their making.
pub async fn events_are_read_back_in_order(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let first = scene.admit(&ada).await;
    let second = scene.admit(&ada).await;
    let cancelled = scene.commit_of(&first, &Observation::CancelRequested);
    let answer = scene.jobs().commit(cancelled.clone()).await;
    answer.expect("the change is committed");
    scene.start(&second).await;

    let events = scene.events(&ada.name).await;
    let told: Vec<_> = events
        .iter()
        .map(|(_, event)| (&event.job, event.kind))
        .collect();
    let expected = [
        (&first.id, EventKind::Queued),
        (&second.id, EventKind::Queued),
        (&first.id, EventKind::Cancelled),
        (&second.id, EventKind::Submitted),
        (&second.id, EventKind::Running),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[2].1, cancelled.events[0], "word for word");
    assert_counts_without_gaps(&scene, &ada, 5).await;
}

/// A change without events takes no number.
pub async fn a_silent_change_takes_no_number(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let claimed = scene.claim(&job).await;
    assert_eq!(scene.events(&ada.name).await.len(), 1);
    let taken = specimens::taken(&claimed);
    scene.observe(&claimed, taken).await;
    assert_counts_without_gaps(&scene, &ada, 2).await;
}

/// Every user's events are counted on their own, from 1.
pub async fn every_user_has_a_counting_of_their_own(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    for _ in 0..3 {
        scene.admit(&ada).await;
        let job = scene.admit(&bob).await;
        scene.cancel(&job).await;
    }
    assert_counts_without_gaps(&scene, &ada, 3).await;
    assert_counts_without_gaps(&scene, &bob, 6).await;
    let stranger = "carol".parse().expect("a valid name");
    assert!(scene.events(&stranger).await.is_empty());
}

/// Refused and repeated changes leave no gap behind.
pub async fn refusals_and_repetitions_leave_no_gap(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let commit = scene.commit_of(&job, &Observation::CancelRequested);
    let stale = scene.commit_of(&job, &Observation::CancelRequested);
    for commit in [commit.clone(), commit, stale] {
        // Whether each is taken is another case's matter.
        drop(scene.jobs().commit(commit).await);
    }
    let mut refused = scene.admission(&ada);
    refused.limits.queued = 0;
    let refused = scene.jobs().admit(&ada.key, refused).await;
    refused.expect_err("the backlog is full");
    scene.admit(&ada).await;
    assert_counts_without_gaps(&scene, &ada, 3).await;
}

/// Fifty jobs of one user change at the same time, and no number is missing or given twice.
pub async fn concurrent_changes_are_numbered_without_gaps(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let admissions: Vec<_> = (0..50)
        .map(|_| {
            let (jobs, key, admission) = (scene.jobs(), ada.key, scene.admission(&ada));
            async move { jobs.admit(&key, admission).await }
        })
        .collect();
    let mut commits = Vec::new();
    for admitted in all_at_once(admissions).await {
        let job = admitted.expect("the job is admitted").job;
        let commit = scene.commit_of(&job, &Observation::CancelRequested);
        let jobs = scene.jobs();
        commits.push(async move { jobs.commit(commit).await });
    }
    for answer in all_at_once(commits).await {
        answer.expect("the change is committed");
    }
    assert_counts_without_gaps(&scene, &ada, 100).await;
}

/// Events are read page by page, from any place, and never twice.
pub async fn events_are_read_page_by_page(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    for _ in 0..7 {
        scene.admit(&ada).await;
        scene.admit(&bob).await;
    }
    let numbers = async |after, limit| -> Vec<u64> {
        let page = scene.jobs().events_of_user(&ada.name, after, limit).await;
        let page = page.expect("the store is read");
        page.into_iter().map(|(number, _)| number).collect()
    };
    assert_eq!(numbers(0, 3).await, [1, 2, 3]);
    assert_eq!(numbers(3, 3).await, [4, 5, 6]);
    assert_eq!(numbers(6, 3).await, [7]);
    assert!(numbers(7, 3).await.is_empty());
    assert!(numbers(u64::MAX, 3).await.is_empty());
    assert_eq!(numbers(2, 100).await, [3, 4, 5, 6, 7]);
}

async fn assert_counts_without_gaps(scene: &Scene<'_>, caller: &Caller, count: u64) {
    let events = scene.events(&caller.name).await;
    let numbers: Vec<u64> = events.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "per user");
    let mut per_job: BTreeMap<&JobId, u64> = BTreeMap::new();
    for (_, event) in &events {
        let last = per_job.entry(&event.job).or_default();
        assert_eq!(event.number, *last + 1, "per job, in order");
        *last = event.number;
    }
}
