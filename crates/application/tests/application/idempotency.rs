//! One key, one job: what makes two requests the same, and what a repetition is answered.

use std::sync::Arc;

use batchway_application::RequestError;
use batchway_application::use_cases::SubmitRequest;
use batchway_domain::identity::JobId;
use batchway_domain::job_type::{JobType, JobTypes};
use batchway_domain::ports::JobStore;
use serde_json::json;

use crate::job_types::{COLLECT, SIMULATE, job_types};
use crate::scene::{DAY, Scene, Setup, request_with, violations};
use crate::submit_job::{keyed, unknown_key};

#[tokio::test]
async fn one_key_makes_one_job_wherever_it_stands() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let places = [
        keyed(Some("k"), None),
        keyed(None, Some("k")),
        keyed(Some("k"), Some("k")),
    ];
    let mut made: Option<JobId> = None;
    for request in places {
        let answer = application.submit_job(&scene.world.key, request).await;
        let answer = answer.unwrap();
        assert_eq!(answer.replayed, made.is_some());
        let first = made.get_or_insert(answer.job_id.clone());
        assert_eq!(answer.job_id, *first);
    }
    assert_eq!(scene.world.jobs.all_jobs().len(), 1);
}

#[tokio::test]
async fn the_same_request_written_otherwise_is_the_same() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let key = &scene.world.key;
    let with = |params| SubmitRequest {
        idempotency_key: Some("k".to_owned()),
        ..request_with(SIMULATE, params)
    };
    let first = with(r#"{"steps": 10, "temperature": 300}"#);
    let again = with("{\"temperature\":3e2,\n\"steps\":10}");
    let other = with(r#"{"steps": 10, "temperature": 301}"#);
    let first = application.submit_job(key, first).await.unwrap();
    let again = application.submit_job(key, again).await.unwrap();
    assert!(again.replayed && again.job_id == first.job_id);
    let other = application.submit_job(key, other).await;
    assert!(
        matches!(other, Err(RequestError::IdempotencyKeyReused { ref job }) if *job == first.job_id),
        "{other:?}"
    );
    let other_webhook = SubmitRequest {
        webhook_url: Some("https://hooks.example.org".to_owned()),
        ..with(r#"{"steps": 10, "temperature": 300}"#)
    };
    let other = application.submit_job(key, other_webhook).await;
    assert!(matches!(
        other,
        Err(RequestError::IdempotencyKeyReused { .. })
    ));
}

/// A canonical form of doubles alone would take these for one request, and hand out results of
/// another seed.
#[tokio::test]
async fn whole_numbers_that_differ_in_a_digit_are_different_requests() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let with = |steps: &str| SubmitRequest {
        idempotency_key: Some("k".to_owned()),
        ..request_with(SIMULATE, &format!(r#"{{"steps": {steps}}}"#))
    };
    let key = &scene.world.key;
    let first = application.submit_job(key, with("9007199254740993")).await;
    let first = first.unwrap();
    for other in ["9007199254740992", "9007199254740994"] {
        let answer = application.submit_job(key, with(other)).await;
        assert!(
            matches!(answer, Err(RequestError::IdempotencyKeyReused { ref job }) if *job == first.job_id),
            "{answer:?}"
        );
    }
    let again = application.submit_job(key, with("9007199254740993")).await;
    assert!(again.unwrap().replayed);
}

/// What has become of its inputs changes nothing about a job that was accepted.
#[tokio::test]
async fn a_replay_is_answered_also_when_its_inputs_are_gone() {
    let scene = Scene::new();
    let world = &scene.world;
    let application = &scene.gateway.application;
    let (done, copy) = scene.start(SIMULATE).await;
    world.finish_runner(&scene.job(&done), &copy);
    scene.watch_all(&done).await;
    let collect = |steps: u8| SubmitRequest {
        idempotency_key: Some("k".to_owned()),
        ..request_with(
            COLLECT,
            &format!(r#"{{"steps": {steps}, "runs": ["{done}"]}}"#),
        )
    };
    let first = application.submit_job(&world.key, collect(1)).await;
    let first = first.unwrap();
    let version = scene.job(&done).version;
    scene.gateway.jobs.remove(&done, version).await.unwrap();

    let again = application.submit_job(&world.key, collect(1)).await;
    let again = again.unwrap();
    assert!(again.replayed && again.job_id == first.job_id);
    assert_eq!(again.estimated_seconds, first.estimated_seconds);
    let other = application.submit_job(&world.key, collect(2)).await;
    assert!(
        matches!(other, Err(RequestError::IdempotencyKeyReused { ref job }) if *job == first.job_id),
        "{other:?}"
    );
    let unheard_of = SubmitRequest {
        idempotency_key: Some("another".to_owned()),
        ..collect(1)
    };
    let before = world.jobs.all_jobs().len();
    let refused = application.submit_job(&world.key, unheard_of.clone());
    assert_eq!(violations(refused.await)[0].pointer, "/params/runs/0");
    let stranger = application.submit_job(&unknown_key(), unheard_of).await;
    assert!(matches!(stranger, Err(RequestError::Unauthorized)));
    assert_eq!(world.jobs.all_jobs().len(), before, "nothing is recorded");
}

/// A gateway that was started again with a stricter schema owes the old answer all the same.
#[tokio::test]
async fn a_replay_is_answered_also_when_the_schema_has_changed() {
    let scene = Scene::new();
    let world = &scene.world;
    let first = scene
        .gateway
        .application
        .submit_job(&world.key, keyed(Some("k"), None));
    let first = first.await.unwrap();
    let job_types = job_types();
    let stricter = job_types.iter().map(|kind| JobType {
        params_schema: Arc::new(json!({"type": "object", "required": ["temperature"]})),
        example: Arc::new(json!({"temperature": 300})),
        ..(**kind).clone()
    });
    let restarted = world.replica(Setup {
        job_types: stricter.collect::<JobTypes>(),
        seed: 2,
        ..Setup::default()
    });
    let submit = |request| restarted.application.submit_job(&world.key, request);
    let again = submit(keyed(Some("k"), None)).await.unwrap();
    assert!(again.replayed && again.job_id == first.job_id);
    for request in [keyed(Some("new"), None), keyed(None, None)] {
        assert_eq!(violations(submit(request).await)[0].pointer, "/params");
    }
    assert_eq!(world.jobs.all_jobs().len(), 1);
}

#[tokio::test]
async fn a_key_is_its_users_own_and_has_an_end() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let bob = scene.world.register("bob");
    let request = || keyed(Some("k"), None);
    let ada = &scene.world.key;
    let first = application.submit_job(ada, request()).await.unwrap();
    let others = application.submit_job(&bob, request()).await.unwrap();
    assert!(!others.replayed);
    scene.world.clock.advance(3 * DAY);
    let later = application.submit_job(ada, request()).await.unwrap();
    assert!(!later.replayed && later.job_id != first.job_id);
}
