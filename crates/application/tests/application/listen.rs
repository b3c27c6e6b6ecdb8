//! Events of a backend: hints where to look, and nothing that is taken as true.

use std::sync::Arc;

use batchway_domain::identity::{DeploymentId, JobId, TryName};
use batchway_domain::job::{BackendId, Failure, FailureClass, JobState, JobStatus};
use batchway_domain::ports::{ChangedJob, ComputeBackend};
use batchway_memory_adapters::{ComputeBackendCall, Fault, JobStoreCall};
use tokio::time::timeout;

use crate::feed::Feed;
use crate::job_types::REMOTE;
use crate::scene::{MINUTE, SECOND, Scene, Setup, World};

const LISTEN: &str = "listen";
const WATCH: &str = "watch:aws-batch";

fn scene() -> (Scene, Arc<Feed>) {
    let feed = Arc::new(Feed::default());
    let world = World::new(8);
    let gateway = world.replica(Setup {
        feed: Some(feed.clone()),
        ..Setup::default()
    });
    (Scene { world, gateway }, feed)
}

fn changed(job: &JobId, try_number: u32, copy: &str) -> ChangedJob {
    of_deployment("test0000", job, try_number, copy)
}

fn of_deployment(deployment: &str, job: &JobId, number: u32, copy: &str) -> ChangedJob {
    let deployment: DeploymentId = deployment.parse().unwrap();
    ChangedJob {
        backend_id: BackendId(copy.to_owned()),
        name: TryName {
            deployment,
            job: job.clone(),
            number,
        },
    }
}

/// Another copy of the job is at the backend, under the name of this try.
async fn other_copy(scene: &Scene, of: &BackendId, try_number: u32) -> BackendId {
    let mut submission = scene.world.batch.submission(of).unwrap();
    submission.name.number = try_number;
    scene.world.batch.submit(&submission).await.unwrap()
}

#[tokio::test]
async fn a_job_that_changed_is_looked_at_at_once() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    // By its own pace it would be looked at in a minute.
    scene.world.clock.advance(60 * MINUTE);
    scene.run(WATCH).await;
    scene.world.clock.advance(10 * SECOND);
    assert_eq!(scene.run(WATCH).await.taken, 0);
    scene.world.finish_runner(&scene.job(&id), &copy);
    feed.tell(Some(changed(&id, 1, &copy.0)));
    let report = scene.run(LISTEN).await;
    assert_eq!((report.taken, report.more), (1, true));
    assert_eq!(
        scene.status(&id),
        JobStatus::Running,
        "the backend has the word"
    );
    // The loop is woken, and finds it.
    scene.gateway.find_loop(WATCH).nudged().await;
    scene.run(WATCH).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(feed.left(), 0);
    let report = scene.run(LISTEN).await;
    assert_eq!((report.taken, report.more), (0, false));
}

#[tokio::test]
async fn what_an_event_says_is_not_taken_as_true() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    for _ in 0..5 {
        feed.tell(Some(changed(&id, 1, &copy.0)));
    }
    scene.run(LISTEN).await;
    scene.run(WATCH).await;
    assert_eq!(scene.status(&id), JobStatus::Running);
}

#[tokio::test]
async fn many_events_of_one_job_are_one_look_in_two_seconds() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let faults = scene.gateway.jobs.faults();
    let looks = || faults.calls(JobStoreCall::Reschedule);
    let before = looks();
    for _ in 0..25 {
        feed.tell(Some(changed(&id, 1, &copy.0)));
    }
    while feed.left() > 0 {
        scene.run(LISTEN).await;
    }
    // One now, and one for those that came after it.
    assert!(looks() - before <= 2, "{}", looks() - before);
    scene.world.clock.advance(5 * SECOND);
    feed.tell(Some(changed(&id, 1, &copy.0)));
    let before = looks();
    scene.run(LISTEN).await;
    assert_eq!(looks() - before, 1);
}

#[tokio::test]
async fn an_unknown_copy_of_the_present_try_is_a_candidate() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let stranger = other_copy(&scene, &copy, 1).await;
    feed.tell(Some(changed(&id, 1, &stranger.0)));
    scene.run(LISTEN).await;
    let job = scene.job(&id);
    assert_eq!(job.candidates, [stranger]);
    assert_eq!(job.state.backend_id(), Some(&copy), "and no more than that");
    assert_eq!(job.stops(), []);
    assert_eq!(feed.left(), 0);
}

#[tokio::test]
async fn an_unknown_copy_of_another_try_must_not_go_on() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let another = other_copy(&scene, &copy, 2).await;
    feed.tell(Some(changed(&id, 2, &another.0)));
    scene.run(LISTEN).await;
    let job = scene.job(&id);
    assert_eq!(job.stops(), [another]);
    assert_eq!(job.candidates, []);
    assert_eq!(job.state.backend_id(), Some(&copy));
    // Whatever is said of the copy that counts, it goes on.
    feed.tell(Some(changed(&id, 2, &copy.0)));
    scene.run(LISTEN).await;
    assert_eq!(scene.job(&id).version, job.version);
    assert_eq!(feed.left(), 0);
}

#[tokio::test]
async fn a_copy_of_an_earlier_try_is_stopped_while_the_job_waits_to_be_sent() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let lost = Failure::new(FailureClass::HostLost, "The machine went away.");
    scene.world.batch.fail(&copy, lost);
    scene.watch_all(&id).await;
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
    let submission = scene.world.batch.submission(&copy).unwrap();
    let late = scene.world.batch.submit(&submission).await.unwrap();
    scene.world.batch.hold_stops();
    feed.tell(Some(changed(&id, 1, &late.0)));
    scene.run(LISTEN).await;
    assert!(scene.world.batch.is_stopping(&late));
    assert!(matches!(scene.job(&id).state, JobState::Accepted { .. }));
}

#[tokio::test]
async fn a_copy_that_appears_after_the_end_is_stopped() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    let ended = scene.job(&id);
    assert_eq!(ended.status(), JobStatus::Completed);
    feed.tell(Some(changed(&id, 1, &copy.0)));
    scene.run(LISTEN).await;
    assert_eq!(scene.job(&id).version, ended.version, "that one is known");
    let late = other_copy(&scene, &copy, 1).await;
    feed.tell(Some(changed(&id, 1, &late.0)));
    scene.run(LISTEN).await;
    assert_eq!(scene.job(&id).stops(), [late]);
    assert_eq!(scene.job(&id).state, ended.state);
    assert_eq!(feed.left(), 0);
}

#[tokio::test]
async fn what_is_not_ours_is_settled_and_changes_nothing() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let before = scene.job(&id);
    let unknown = JobId::new(scene.world.now(), "00".parse().unwrap(), [9; 10]);
    let faults = scene.gateway.jobs.faults();
    feed.tell(None);
    feed.tell(Some(of_deployment("other000", &id, 1, "stranger")));
    feed.tell(Some(of_deployment("other000", &id, 1, &copy.0)));
    scene.run(LISTEN).await;
    assert_eq!(faults.calls(JobStoreCall::Load), 0, "not even looked for");
    feed.tell(Some(changed(&unknown, 1, "stranger")));
    // Somebody else's, under our very name: the backend does not show our mark on it.
    feed.tell(Some(changed(&id, 1, "stranger")));
    scene.run(LISTEN).await;
    assert_eq!(feed.left(), 0);
    assert_eq!(scene.job(&id), before);
}

#[tokio::test]
async fn an_event_is_settled_only_once_the_store_has_it() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let faults = scene.gateway.jobs.faults();
    let stranger = other_copy(&scene, &copy, 1).await;
    let another = other_copy(&scene, &copy, 1).await;
    let cases = [
        (JobStoreCall::Load, &*stranger.0),
        (JobStoreCall::Load, &*copy.0),
        (JobStoreCall::Commit, &*another.0),
        (JobStoreCall::Reschedule, &*copy.0),
    ];
    for (call, name) in cases {
        scene.world.clock.advance(5 * SECOND);
        feed.tell(None);
        feed.tell(Some(changed(&id, 1, name)));
        faults.fail_next_of(call, 2, Fault::RequestLost);
        let report = scene.gateway.run(LISTEN).await;
        assert!(report.failure.is_some(), "{call:?}");
        assert_eq!(feed.left(), 1, "{call:?}: the other one is done");
        faults.clear();
        let looks = faults.calls(JobStoreCall::Reschedule);
        scene.run(LISTEN).await;
        assert_eq!(feed.left(), 0);
        let looked = faults.calls(JobStoreCall::Reschedule) > looks;
        let known = scene
            .job(&id)
            .candidates
            .contains(&BackendId(name.to_owned()));
        assert!(looked || known, "{call:?}: it is not lost");
    }
}

#[tokio::test]
async fn an_event_comes_again_until_the_backend_says_whose_it_is() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    let stranger = other_copy(&scene, &copy, 1).await;
    let faults = scene.gateway.batch.faults();
    faults.fail_next(ComputeBackendCall::IsMarked, Fault::RequestLost);
    feed.tell(Some(changed(&id, 1, &stranger.0)));
    assert!(scene.gateway.run(LISTEN).await.failure.is_some());
    assert_eq!((feed.left(), scene.job(&id).candidates), (1, Vec::new()));
    scene.run(LISTEN).await;
    assert_eq!(
        (feed.left(), scene.job(&id).candidates),
        (0, vec![stranger])
    );
}

#[tokio::test]
async fn an_event_that_comes_before_the_backends_answer_is_not_lost() {
    let (scene, feed) = scene();
    scene.world.batch.lose_replies(1);
    let id = scene.submit(REMOTE).await;
    scene.run("dispatch:aws-batch").await;
    assert!(matches!(scene.job(&id).state, JobState::Unresolved { .. }));
    let copy = scene.world.batch.ids()[0].clone();
    feed.tell(Some(changed(&id, 1, &copy.0)));
    scene.run(LISTEN).await;
    // Look-ups by name still show nothing.
    scene.world.batch.hide_from_lookups(true);
    scene.run("resolve:aws-batch").await;
    assert_eq!(scene.job(&id).state.backend_id(), Some(&copy));
}

#[tokio::test]
async fn a_feed_that_fails_is_told_and_loses_nothing() {
    let (scene, feed) = scene();
    let (id, copy) = scene.start(REMOTE).await;
    feed.tell(Some(changed(&id, 1, &copy.0)));
    feed.fail(true);
    assert!(scene.gateway.run(LISTEN).await.failure.is_some());
    feed.fail(false);
    assert_eq!(scene.run(LISTEN).await.taken, 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_events() {
    let world = World::new(8);
    let feed = Feed::that_waits();
    let gateway = world.replica(Setup {
        feed: Some(Arc::new(feed)),
        ..Setup::default()
    });
    let round = gateway.run(LISTEN);
    let (report, ()) = tokio::join!(timeout(MINUTE, round), async {
        gateway.application.drain();
    });
    assert_eq!(report.unwrap().failure, None);
}

#[tokio::test]
async fn without_a_feed_nobody_listens() {
    let names: Vec<String> = Scene::new()
        .gateway
        .application
        .loops()
        .iter()
        .map(|one| one.name())
        .collect();
    assert!(!names.contains(&LISTEN.to_owned()));
}
