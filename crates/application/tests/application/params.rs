//! Params and the room that requests have.

use std::sync::Arc;

use batchway_application::RequestError;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{ParamsDelivery, Submission};
use batchway_memory_adapters::{ArtifactStoreCall, ComputeBackendCall, Fault, JobStoreCall};

use crate::job_types::{COLLECT, FOREIGN, REMOTE, job_types};
use crate::limited_backend::LimitedBackend;
use crate::scene::{SECOND, Scene, Setup, World, request_with, violations};

const DISPATCH: &str = "dispatch:aws-batch";

/// Both backends take requests with this many characters.
fn scene(characters: usize) -> Scene {
    let world = World::new(8);
    let limited = |inner| {
        let backend = LimitedBackend::new(inner, world.clock.clone());
        Arc::new(backend.with_characters(characters))
    };
    let gateway = world.replica(Setup {
        batch: Some(limited(world.batch.clone())),
        process: Some(limited(world.process.clone())),
        job_types: job_types(),
        ..Setup::default()
    });
    Scene { world, gateway }
}

/// Valid params with so many characters.
fn params(characters: usize) -> String {
    let spaces = characters - r#"{"steps": 1}"#.len();
    format!(r#"{{"steps": 1{}}}"#, " ".repeat(spaces))
}

async fn submit(scene: &Scene, kind: &str, params: &str) -> JobId {
    let application = &scene.gateway.application;
    let answer = application.submit_job(&scene.world.key, request_with(kind, params));
    answer.await.unwrap().job_id
}

fn sent(scene: &Scene, id: &JobId) -> Submission {
    let copy = scene.job(id).state.backend_id().cloned().unwrap();
    scene.world.batch.submission(&copy).unwrap()
}

#[tokio::test]
async fn params_that_are_too_long_are_stored_before_the_job_is_sent() {
    let scene = scene(1000);
    let params = params(900);
    let id = submit(&scene, REMOTE, &params).await;
    let key = scene.job(&id).folder().params();
    assert_eq!(scene.world.artifacts.content(key.as_str()), None);
    scene.run(DISPATCH).await;
    let sent = sent(&scene, &id);
    assert_eq!(sent.params, ParamsDelivery::Stored);
    assert!(
        !sent
            .environment
            .values()
            .any(|value| value.contains("steps"))
    );
    let stored = scene.world.artifacts.content(key.as_str()).unwrap();
    assert_eq!(stored, params.as_bytes(), "byte for byte");
}

#[tokio::test]
async fn params_that_fit_go_with_the_request() {
    let scene = scene(1000);
    let params = params(100);
    let id = submit(&scene, REMOTE, &params).await;
    scene.run(DISPATCH).await;
    let expected = ParamsDelivery::Inline(params.into());
    assert_eq!(sent(&scene, &id).params, expected);
    let key = scene.job(&id).folder().params();
    assert_eq!(scene.world.artifacts.content(key.as_str()), None);
}

#[tokio::test]
async fn nothing_is_sent_before_its_params_are_there() {
    for fault in [Fault::Declined, Fault::RequestLost, Fault::ReplyLost] {
        let scene = scene(1000);
        let id = submit(&scene, REMOTE, &params(900)).await;
        let faults = scene.gateway.artifacts.faults();
        faults.fail_next(ArtifactStoreCall::Create, fault);
        scene.run(DISPATCH).await;
        let submissions = || {
            let calls = scene.gateway.batch.faults();
            calls.calls(ComputeBackendCall::Submit)
        };
        assert_eq!(submissions(), 0, "{fault:?}");
        assert_eq!(scene.job(&id).current_try.epoch, 0, "not even claimed");
        scene.world.clock.advance(11 * SECOND);
        scene.run(DISPATCH).await;
        assert_eq!(sent(&scene, &id).params, ParamsDelivery::Stored);
    }
}

#[tokio::test]
async fn a_type_without_the_runner_is_told_at_once_how_much_too_long_its_params_are() {
    let scene = scene(1000);
    let application = &scene.gateway.application;
    let request = || request_with(FOREIGN, &params(990));
    let answer = application.submit_job(&scene.world.key, request()).await;
    let [violation] = &*violations(answer) else {
        panic!("one thing is wrong");
    };
    assert_eq!(violation.pointer, "/params");
    assert!(violation.detail.contains("1000"), "{violation:?}");
    let figures = violation.detail.split(|c: char| !c.is_ascii_digit());
    let figures: Vec<usize> = figures.filter_map(|text| text.parse().ok()).collect();
    assert!(figures[0] > 1000, "{violation:?}");
    assert_eq!(scene.world.jobs.all_jobs().len(), 0);

    let unknown = scene.world.register("bob");
    let mut nobody = unknown;
    nobody.sha256 = [0; 32];
    let answer = application.submit_job(&nobody, request()).await;
    assert!(
        matches!(answer, Err(RequestError::Unauthorized)),
        "{answer:?}"
    );
    let admits = scene.gateway.jobs.faults().calls(JobStoreCall::Admit);
    assert_eq!(admits, 0);
}

#[tokio::test]
async fn what_was_accepted_without_the_runner_fits_whoever_sent_it() {
    let scene = scene(1000);
    let longest = scene.world.register(&"u".repeat(64));
    // The longest that are accepted.
    let application = &scene.gateway.application;
    let mut accepted = None;
    for characters in (500..1000).rev() {
        let request = request_with(FOREIGN, &params(characters));
        if let Ok(submitted) = application.submit_job(&longest, request).await {
            accepted = Some(submitted.job_id);
            break;
        }
    }
    scene.run(DISPATCH).await;
    let sent = sent(&scene, &accepted.unwrap());
    let ParamsDelivery::Inline(params) = &sent.params else {
        panic!("nobody would fetch them");
    };
    let variables = sent.environment.iter();
    let variables: usize = variables
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert_eq!(variables + params.len(), 1000);
}

#[tokio::test]
async fn an_image_without_the_runner_finds_what_it_asks_for_and_no_more() {
    let scene = Scene::new();
    let id = scene.submit(FOREIGN).await;
    scene.run(DISPATCH).await;
    let sent = sent(&scene, &id);
    let found: Vec<(&str, &str)> = sent
        .environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let expected = [("ENV", "prod"), ("JOB_ID", id.as_str()), ("USER_ID", "ada")];
    assert_eq!(found, expected);
    assert_eq!(
        sent.params,
        ParamsDelivery::Inline(r#"{"steps": 1000}"#.into())
    );
}

#[tokio::test]
async fn more_inputs_than_can_be_named_are_refused_where_they_stand() {
    let scene = scene(1000);
    let runs = vec![format!("\"{}\"", "job_x".repeat(7)); 40].join(",");
    let params = format!(r#"{{"steps": 1, "runs": [{runs}]}}"#);
    let request = request_with(COLLECT, &params);
    let answer = scene
        .gateway
        .application
        .submit_job(&scene.world.key, request);
    let violations = violations(answer.await);
    assert_eq!(violations[0].pointer, "/params/runs");
}
