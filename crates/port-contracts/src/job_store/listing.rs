//! A caller's jobs, page by page.

use std::time::Duration;

use batchway_domain::ports::JobQuery;

use super::JobStoreFixture;
use super::scene::{Scene, ids, newest_first, page_of};
use crate::concurrency::all_at_once;
use crate::specimens;

/// The newest job comes first, in the order of ids, whatever was recorded or changed last.
pub async fn the_newest_job_comes_first(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let now = scene.now();
    let mut jobs = Vec::new();
    for age in [3, 1, 4, 0, 2] {
        let created_at = now.minus(Duration::from_secs(age));
        let job = specimens::new_job(&ada.name, created_at, scene.serial());
        jobs.push(scene.submit(&ada, specimens::admission(job)).await.job);
    }
    jobs.sort_by(|a, b| a.id.cmp(&b.id));
    jobs[0] = scene.start(&jobs[0]).await;
    jobs[2] = scene.complete(&jobs[2]).await;

    let page = scene.list(&ada, &page_of(10)).await;
    assert_eq!(ids(&page.jobs), newest_first(&jobs));
    jobs.reverse();
    assert_eq!(page.jobs, jobs, "records are shown as they are now");
}

/// Jobs of one millisecond are all there, in the order of their ids.
pub async fn jobs_of_one_millisecond_are_all_there(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let mut jobs = Vec::new();
    for _ in 0..7 {
        jobs.push(scene.admit(&ada).await);
    }
    assert_eq!(scene.pages(&ada, &page_of(2)).await, newest_first(&jobs));
}

/// Pages joined hold every job once; a full last page is the last.
pub async fn pages_joined_hold_every_job_once(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let bob = scene.caller("bob").await;
    let mut jobs = Vec::new();
    for _ in 0..12 {
        jobs.extend(scene.admit_many(&ada, 1).await);
        scene.admit(&bob).await;
    }
    for limit in [1, 3, 4, 5, 11, 12, 13, 100] {
        let joined = scene.pages(&ada, &page_of(limit)).await;
        assert_eq!(joined, newest_first(&jobs), "{limit} a page");
    }
    let page = scene.list(&ada, &page_of(12)).await;
    assert_eq!(page.next, None, "nothing is older than the oldest");
    let page = scene.list(&ada, &page_of(5)).await;
    assert_eq!(page.jobs.len(), 5, "a page without filters is full");
    assert_eq!(page.next.as_ref(), page.jobs.last().map(|job| &job.id));
}

/// Whoever has no jobs gets an empty page, and so does who asks beyond the oldest.
pub async fn nothing_is_an_empty_page(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let page = scene.list(&ada, &page_of(10)).await;
    assert_eq!((page.jobs, page.next), (vec![], None));
    let job = scene.admit(&ada).await;
    let beyond = JobQuery {
        before: Some(job.id),
        ..page_of(10)
    };
    let page = scene.list(&ada, &beyond).await;
    assert_eq!((page.jobs, page.next), (vec![], None));
}

/// A page can begin at a job that is not there any more, or never was the caller's.
pub async fn a_page_can_begin_at_a_job_that_is_gone(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 4).await;
    let gone = &jobs[2];
    let removed = scene.jobs().remove(&gone.id, gone.version).await;
    removed.expect("it is removed at its version");
    let query = JobQuery {
        before: Some(gone.id.clone()),
        ..page_of(10)
    };
    assert_eq!(scene.pages(&ada, &query).await, newest_first(&jobs[..2]));
}

/// What exists throughout is listed once, while jobs are added and changed between pages.
pub async fn jobs_added_between_pages_disturb_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 10).await;
    let mut query = page_of(3);
    let mut seen = Vec::new();
    for job in &jobs {
        let page = scene.list(&ada, &query).await;
        seen.extend(ids(&page.jobs));
        let Some(next) = page.next else { break };
        query.before = Some(next);
        scene.admit_many(&ada, 2).await;
        scene.start(job).await;
    }
    assert_eq!(seen, newest_first(&jobs));
}

/// The same while others add jobs at the very same time.
pub async fn jobs_added_at_the_same_time_disturb_nothing(fixture: &dyn JobStoreFixture) {
    let scene = Scene::new(fixture);
    let ada = scene.caller("ada").await;
    let jobs = scene.admit_many(&ada, 30).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (store, key, admission) = (scene.jobs(), ada.key, scene.admission(&ada));
            async move { store.admit(&key, admission).await }
        })
        .collect();
    let adding = tokio::spawn(all_at_once(calls));
    let old: Vec<_> = scene
        .pages(&ada, &page_of(4))
        .await
        .into_iter()
        .filter(|id| jobs.iter().any(|job| job.id == *id))
        .collect();
    assert_eq!(old, newest_first(&jobs));
    for answer in adding.await.expect("all calls return") {
        answer.expect("the job is admitted");
    }
    assert_eq!(scene.pages(&ada, &page_of(7)).await.len(), 80);
}
