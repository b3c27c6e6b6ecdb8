//! Moving the due time of jobs.

use std::slice;
use std::time::Duration;

use batchway_domain::Timestamp;

use super::JobStoreFixture;
use super::scene::{Scene, dispatch, watch};
use crate::specimens;

/// A job can be pulled forward, also one that someone has taken.
pub async fn a_job_can_be_pulled_forward(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let running = scene.start(&job).await;
    let checked = specimens::running(&running, scene.now());
    fixture.advance(Duration::from_secs(10));
    let checked = scene.observe(&running, checked).await;
    assert!(
        checked.due().at > scene.now(),
        "it is to be looked at later"
    );
    assert!(scene.take(watch(), 10).await.is_empty());
    for _ in 0..2 {
        reschedule(&scene, &[(checked.id.clone(), scene.now())]).await;
        assert_eq!(scene.take(watch(), 10).await, slice::from_ref(&checked.id));
    }
}

/// A job can be put off.
pub async fn a_job_can_be_put_off(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let hour = Duration::from_secs(3600);
    reschedule(&scene, &[(job.id.clone(), scene.now().plus(hour))]).await;
    assert!(scene.take(dispatch(), 10).await.is_empty());
    fixture.advance(hour);
    assert_eq!(scene.take(dispatch(), 10).await, [job.id]);
}

/// The record and its version stay as they are, and so do the events.
pub async fn the_record_is_left_alone(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let job = scene.admit(&ada).await;
    let hour = Duration::from_secs(3600);
    reschedule(&scene, &[(job.id.clone(), scene.now().plus(hour))]).await;
    assert_eq!(scene.load(&job.id).await.as_ref(), Some(&job));
    assert_eq!(scene.events(&ada.name).await.len(), 1);
    let cancelled = scene.cancel(&job).await;
    assert_eq!(
        scene.load(&job.id).await,
        Some(cancelled),
        "its version still holds"
    );
}

/// A job that is not there is passed over, and the others are moved all the same.
pub async fn an_absent_job_is_passed_over(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 2).await;
    let absent = scene.new_job(&ada).id;
    let later = scene.now().plus(Duration::from_secs(60));
    let times = [&jobs[0].id, &absent, &jobs[1].id].map(|id| (id.clone(), later));
    reschedule(&scene, &times).await;
    assert!(scene.take(dispatch(), 10).await.is_empty());
    assert_eq!(scene.load(&absent).await, None);
    fixture.advance(Duration::from_secs(60));
    assert_eq!(scene.take(dispatch(), 10).await.len(), 2);
    reschedule(&scene, &[]).await;
}

async fn reschedule(scene: &Scene<'_>, times: &[(batchway_domain::identity::JobId, Timestamp)]) {
    let moved = scene.jobs().reschedule(times).await;
    moved.expect("the due times are moved");
}
