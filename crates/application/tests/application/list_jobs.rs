//! Pages of a caller's jobs.

use batchway_application::RequestError;
use batchway_application::use_cases::{JobList, ListRequest};
use batchway_domain::job::JobStatus;
use batchway_domain::security::KeyDigest;

use crate::job_types::{HURRY, SIMULATE};
use crate::scene::{SECOND, Scene};

async fn list(scene: &Scene, key: &KeyDigest, request: ListRequest) -> JobList {
    let application = &scene.gateway.application;
    application.list_jobs(key, request).await.unwrap()
}

fn page(limit: usize, cursor: Option<String>) -> ListRequest {
    ListRequest {
        limit,
        cursor,
        ..ListRequest::default()
    }
}

#[tokio::test]
async fn pages_joined_hold_every_job_once_newest_first() {
    let scene = Scene::new();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, scene.submit(SIMULATE).await);
        scene.world.clock.advance(SECOND);
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(&scene, &scene.world.key, page(2, cursor)).await;
        assert!(page.jobs.len() <= 2);
        found.extend(page.jobs.into_iter().map(|view| view.snapshot.job_id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn conditions_hold_together() {
    let scene = Scene::new();
    let start = scene.world.now();
    scene.submit(SIMULATE).await;
    scene.world.clock.advance(SECOND);
    let wanted = scene.submit(HURRY).await;
    scene.world.clock.advance(SECOND);
    scene.submit(SIMULATE).await;
    let request = ListRequest {
        limit: 10,
        cursor: None,
        status: Some(JobStatus::Queued),
        job_type: Some(HURRY.parse().unwrap()),
        created_after: Some(start),
        created_before: Some(scene.world.now()),
    };
    let found = list(&scene, &scene.world.key, request.clone()).await;
    assert_eq!(found.jobs.len(), 1);
    assert_eq!(found.jobs[0].snapshot.job_id, wanted);
    let running = ListRequest {
        status: Some(JobStatus::Running),
        ..request
    };
    assert_eq!(list(&scene, &scene.world.key, running).await.jobs, []);
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_is_refused() {
    let scene = Scene::new();
    let first = scene.submit(SIMULATE).await;
    scene.world.clock.advance(SECOND);
    let second = scene.submit(SIMULATE).await;
    let genuine = list(&scene, &scene.world.key, page(1, None)).await;
    let genuine = genuine.next_cursor.unwrap();
    let other_job = genuine.replace(second.as_str(), first.as_str());
    assert_ne!(genuine, other_job);
    let application = &scene.gateway.application;
    let cut = &genuine[..genuine.len() - 1];
    for cursor in [&other_job, cut, first.as_str(), "", ".", "ä.ä", "a.b.c"] {
        let request = page(1, Some(cursor.to_owned()));
        let answer = application.list_jobs(&scene.world.key, request).await;
        assert!(
            matches!(answer, Err(RequestError::InvalidCursor)),
            "{cursor}: {answer:?}"
        );
        let nobody = KeyDigest {
            sha256: [0; 32],
            ..scene.world.key
        };
        let request = page(1, Some(cursor.to_owned()));
        let answer = application.list_jobs(&nobody, request).await;
        assert!(
            matches!(answer, Err(RequestError::Unauthorized)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn another_users_cursor_shows_nothing_of_theirs() {
    let scene = Scene::new();
    let bob = scene.world.register("bob");
    for _ in 0..3 {
        scene.submit(SIMULATE).await;
        scene.world.clock.advance(SECOND);
    }
    let cursor = list(&scene, &scene.world.key, page(2, None))
        .await
        .next_cursor;
    assert!(cursor.is_some());
    let shown = list(&scene, &bob, page(10, cursor)).await;
    assert_eq!(shown.jobs, []);
    assert_eq!(shown.next_cursor, None);
}
