//! What the queues hold, for sweeps.

use std::collections::BTreeMap;

use batchway_domain::Timestamp;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, Settlement};
use batchway_domain::ports::{Queue, QueuePage, QueuedJob, Submission};

use super::stage::Stage;
use super::{ComputeBackendFixture, Program, Queues};

/// A target has the same queue each time. Where there are no queues, none has one, and a look-up
/// by name sees everything.
pub async fn a_target_has_one_queue_or_nothing_lies_unseen(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let submission = stage.submission(Program::RunsUntilStopped);
    let first = stage.backend().queue_of(&submission.target);
    assert_eq!(stage.backend().queue_of(&submission.target), first);
    match first {
        Some(Queue(name)) => {
            assert_ne!(fixture.capabilities().queues, Queues::None);
            assert!((1..=512).contains(&name.len()), "{name:?}");
        }
        None => {
            assert_eq!(fixture.capabilities().queues, Queues::None);
            let settlement = stage.backend().settlement();
            assert_eq!(settlement, Settlement::Authoritative);
        }
    }
}

/// The pages of a queue, joined, hold every job once that has not ended, as it was taken.
pub async fn pages_joined_hold_every_living_job_once(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let jobs = run(&stage, 5).await;
    if let Some(queue) = queue(&stage, &jobs[0].0) {
        let listed = until_all_are_listed(&stage, &queue, &jobs).await;
        for (submission, id) in &jobs {
            let found = stage.find(submission).await;
            let taken_at = found.iter().find(|one| one.id == *id);
            let job = listed.iter().find(|job| job.id == *id);
            let job = job.expect("all are listed");
            assert_eq!(job.name, submission.name);
            assert_eq!(Some(job.created_at), taken_at.map(|one| one.created_at));
        }
    }
    stop(&stage, jobs).await;
}

/// The newest comes first, and each page says how far back it goes: no later one holds anything
/// newer. Where the order is another, there is but one page.
pub async fn the_newest_job_is_on_the_first_page(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let jobs = run(&stage, 5).await;
    if let Some(queue) = queue(&stage, &jobs[0].0) {
        until_all_are_listed(&stage, &queue, &jobs).await;
        let pages = pages(&stage, &queue, &fixture.deployment()).await;
        for page in &pages {
            let back_to = page.back_to.unwrap_or(Timestamp::MAX);
            assert!(page.jobs.iter().all(|job| job.created_at >= back_to));
        }
        let is_ordered = fixture.capabilities().queues
            != Queues::Marked {
                newest_first: false,
            };
        if is_ordered {
            let ends: Vec<Timestamp> = pages.iter().filter_map(|page| page.back_to).collect();
            let jobs = pages.iter().flat_map(|page| &page.jobs);
            let ages: Vec<Timestamp> = jobs.map(|job| job.created_at).collect();
            for times in [ends, ages] {
                let in_order = times.is_sorted_by(|newer, older| newer >= older);
                assert!(in_order, "{times:?}");
            }
        } else {
            assert_eq!(pages.len(), 1);
        }
    }
    stop(&stage, jobs).await;
}

/// What has ended is not there any more, and what goes on still is.
pub async fn what_has_ended_is_not_listed(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let mut jobs = run(&stage, 2).await;
    let (submission, ended) = jobs.remove(0);
    stage.until_running(&ended).await;
    stage.terminate(&ended).await;
    stage.until_ended(&ended).await;
    if let Some(queue) = queue(&stage, &submission) {
        let deployment = fixture.deployment();
        let mut listed = until_all_are_listed(&stage, &queue, &jobs).await;
        while listed.iter().any(|job| job.id == ended) {
            fixture.settle().await;
            listed = list(&stage, &queue, &deployment).await;
        }
    }
    stop(&stage, jobs).await;
}

/// Each installation is shown what bears its own name, be it the beginning of another's.
pub async fn other_installations_are_not_listed(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let ours = fixture.deployment();
    let other: DeploymentId = "specimens".parse().expect("a valid name");
    let mut jobs = run(&stage, 1).await;
    let theirs = fixture.submission(
        TryName {
            deployment: other.clone(),
            ..stage.name()
        },
        Program::RunsUntilStopped,
    );
    let id = stage.submit(&theirs).await;
    if let Some(queue) = queue(&stage, &theirs) {
        let listed = until_all_are_listed(&stage, &queue, &jobs).await;
        assert!(listed.iter().all(|job| job.id != id), "{listed:?}");
        let mut listed = list(&stage, &queue, &other).await;
        while listed.iter().all(|job| job.id != id) {
            fixture.settle().await;
            listed = list(&stage, &queue, &other).await;
        }
        assert!(listed.iter().all(|job| job.id != jobs[0].1), "{listed:?}");
        assert!(
            list(&stage, &queue, &ours)
                .await
                .iter()
                .all(|job| job.id != id)
        );
    }
    jobs.push((theirs, id));
    stop(&stage, jobs).await;
}

/// What bears our name without our marks is not ours, and neither is what is not known. Where
/// there are no marks to be seen, the name is all there is.
pub async fn a_name_without_our_marks_is_not_listed(fixture: &dyn ComputeBackendFixture) {
    let stage = Stage::new(fixture);
    let unmarked = stage.submission(Program::RunsUntilStopped);
    let id = fixture.submit_unmarked(&unmarked).await;
    let mut jobs = run(&stage, 1).await;
    if let Some(queue) = queue(&stage, &unmarked) {
        let listed = until_all_are_listed(&stage, &queue, &jobs).await;
        let is_listed = listed.iter().any(|job| job.id == id);
        assert_eq!(is_listed, fixture.capabilities().queues == Queues::Named);
        let deployment = fixture.deployment();
        for (id, is_ours) in [(&id, is_listed), (&jobs[0].1, true)] {
            let is_marked = stage.backend().is_marked(id, &deployment).await;
            assert_eq!(is_marked.expect("the backend answers"), is_ours);
        }
        let unknown = BackendId("no-such-job".to_owned());
        let is_marked = stage.backend().is_marked(&unknown, &deployment).await;
        assert!(!is_marked.expect("the backend answers"));
    }
    jobs.push((unmarked, id));
    stop(&stage, jobs).await;
}

async fn run(stage: &Stage<'_>, count: usize) -> Vec<(Submission, BackendId)> {
    let room = if stage.fixture.capabilities().has_slots {
        count.min(2)
    } else {
        count
    };
    let mut jobs = Vec::new();
    for _ in 0..room {
        let submission = stage.submission(Program::RunsUntilStopped);
        let id = stage.submit(&submission).await;
        jobs.push((submission, id));
    }
    jobs
}

async fn stop(stage: &Stage<'_>, jobs: Vec<(Submission, BackendId)>) {
    for (_, id) in &jobs {
        // Only what runs is sure to be stopped everywhere.
        stage.until_running(id).await;
        stage.terminate(id).await;
    }
    for (_, id) in &jobs {
        stage.until_ended(id).await;
    }
}

/// `None` where there are no queues, which is a case of its own.
fn queue(stage: &Stage<'_>, submission: &Submission) -> Option<Queue> {
    let queue = stage.backend().queue_of(&submission.target);
    let has_none = stage.fixture.capabilities().queues == Queues::None;
    assert_eq!(queue.is_none(), has_none);
    queue
}

/// Looks again and again until every one of these is there.
async fn until_all_are_listed(
    stage: &Stage<'_>,
    queue: &Queue,
    jobs: &[(Submission, BackendId)],
) -> Vec<QueuedJob> {
    let deployment = stage.fixture.deployment();
    loop {
        let listed = list(stage, queue, &deployment).await;
        let is_there = |id: &BackendId| listed.iter().any(|job| job.id == *id);
        if jobs.iter().all(|(_, id)| is_there(id)) {
            return listed;
        }
        stage.fixture.settle().await;
    }
}

/// Everything that the pages hold, each job once.
async fn list(stage: &Stage<'_>, queue: &Queue, deployment: &DeploymentId) -> Vec<QueuedJob> {
    let mut listed: BTreeMap<BackendId, QueuedJob> = BTreeMap::new();
    for page in pages(stage, queue, deployment).await {
        for job in page.jobs {
            assert_eq!(job.name.deployment, *deployment);
            let before = listed.insert(job.id.clone(), job);
            assert_eq!(before, None, "listed twice");
        }
    }
    listed.into_values().collect()
}

async fn pages(stage: &Stage<'_>, queue: &Queue, deployment: &DeploymentId) -> Vec<QueuePage> {
    let backend = stage.backend();
    let mut pages: Vec<QueuePage> = Vec::new();
    loop {
        let from = pages.last().and_then(|page| page.next.clone());
        let page = backend.list_queue(queue, deployment, from.as_ref()).await;
        let page = page.expect("the backend answers");
        let is_last = page.next.is_none();
        pages.push(page);
        if is_last {
            return pages;
        }
    }
}
