//! Starting a job: what is refused and why, and what it costs.

use batchway_application::RequestError;
use batchway_application::use_cases::SubmitRequest;
use batchway_domain::job::JobStatus;
use batchway_domain::ports::{AdmissionLimits, JobStore};
use batchway_domain::security::KeyDigest;
use batchway_memory_adapters::{Fault, JobStoreCall};
use tokio::time::timeout;

use crate::job_types::{COLLECT, FOREIGN, REMOTE, SIMULATE};
use crate::mock_backend::backend_without_limits;
use crate::scene::{SECOND, Scene, Setup, request, request_with, violations};

/// Pointers of what is wrong with a request.
async fn pointers(scene: &Scene, request: SubmitRequest) -> Vec<String> {
    let application = &scene.gateway.application;
    let answer = application.submit_job(&scene.world.key, request).await;
    assert_eq!(scene.world.jobs.all_jobs(), [], "nothing is recorded");
    let violations = violations(answer);
    violations.into_iter().map(|one| one.pointer).collect()
}

pub(crate) fn unknown_key() -> KeyDigest {
    KeyDigest {
        shard: "00".parse().unwrap(),
        sha256: [0; 32],
    }
}

#[tokio::test]
async fn an_accepted_job_is_recorded_as_it_was_asked_for() {
    let scene = Scene::new();
    let mut request = request_with(SIMULATE, r#"{ "steps":1e3 }"#);
    request.webhook_url = Some("https://hooks.example.org/x".to_owned());
    let application = &scene.gateway.application;
    let submitted = application.submit_job(&scene.world.key, request).await;
    let submitted = submitted.unwrap();
    assert!(!submitted.replayed);
    let job = scene.job(&submitted.job_id);
    assert_eq!(job.status(), JobStatus::Queued);
    assert_eq!(job.user.as_str(), "ada");
    assert_eq!(job.environment.as_str(), "prod");
    assert_eq!(job.created_at, scene.world.now());
    let webhook = job.webhook.unwrap();
    assert_eq!(webhook.as_str(), "https://hooks.example.org/x");
    let params = scene.gateway.jobs.params(&job.id).await.unwrap().unwrap();
    assert_eq!(&*params, r#"{ "steps":1e3 }"#, "byte for byte");
}

#[tokio::test]
async fn each_violation_names_its_place() {
    let scene = Scene::new();
    let cases = [
        (request("no_such_type"), vec!["/job_type"]),
        (request("../etc"), vec!["/job_type"]),
        (request_with(SIMULATE, "[1]"), vec!["/params"]),
        (request_with(SIMULATE, "{}"), vec!["/params"]),
        (
            request_with(SIMULATE, r#"{"steps": 0}"#),
            vec!["/params/steps"],
        ),
        (
            request_with(SIMULATE, r#"{"steps": 1, "color": 2}"#),
            vec!["/params"],
        ),
        (
            request_with(SIMULATE, r#"{"steps": "x", "temperature": -1}"#),
            vec!["/params/steps", "/params/temperature"],
        ),
        (
            SubmitRequest {
                idempotency_key: Some("two words".to_owned()),
                ..request(SIMULATE)
            },
            vec!["/idempotency_key"],
        ),
        (
            SubmitRequest {
                idempotency_key: Some("one".to_owned()),
                idempotency_header: Some("two".parse().unwrap()),
                ..request(SIMULATE)
            },
            vec!["/idempotency_key"],
        ),
        (
            SubmitRequest {
                webhook_url: Some("http://169.254.169.254/latest".to_owned()),
                ..request(SIMULATE)
            },
            vec!["/webhook_url"],
        ),
    ];
    for (request, expected) in cases {
        let asked = format!("{request:?}");
        let mut found = pointers(&scene, request).await;
        found.sort();
        assert_eq!(found, expected, "{asked}");
    }
}

#[tokio::test]
async fn all_violations_are_told_at_once() {
    let scene = Scene::new();
    let request = SubmitRequest {
        idempotency_key: Some(String::new()),
        webhook_url: Some("ftp://x.example.org".to_owned()),
        ..request_with(SIMULATE, r#"{"steps": 0}"#)
    };
    let mut found = pointers(&scene, request).await;
    found.sort();
    assert_eq!(found, ["/idempotency_key", "/params/steps", "/webhook_url"]);
}

#[tokio::test]
async fn a_refusal_of_a_long_value_is_short() {
    let scene = Scene::new();
    let long = "x".repeat(100_000);
    let cases = [
        format!(r#"{{"steps": "{long}"}}"#),
        format!(r#"{{"steps": 1, "{long}": 2}}"#),
    ];
    for params in cases {
        let application = &scene.gateway.application;
        let request = request_with(SIMULATE, &params);
        let answer = application.submit_job(&scene.world.key, request).await;
        for violation in violations(answer) {
            assert!(violation.detail.chars().count() <= 300);
            assert!(!violation.detail.is_empty());
        }
    }
}

#[tokio::test]
async fn whoever_has_no_key_is_not_told_what_is_wrong() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    for request in [
        request(SIMULATE),
        request("no_such_type"),
        request_with(COLLECT, r#"{"steps": 1, "runs": ["job_x"]}"#),
    ] {
        let answer = application.submit_job(&unknown_key(), request).await;
        assert!(
            matches!(answer, Err(RequestError::Unauthorized)),
            "{answer:?}"
        );
    }
    assert_eq!(scene.world.jobs.all_jobs(), []);
}

/// A request with this key in the header, the body, or both.
pub(crate) fn keyed(header: Option<&str>, field: Option<&str>) -> SubmitRequest {
    SubmitRequest {
        idempotency_key: field.map(str::to_owned),
        idempotency_header: header.map(|key| key.parse().unwrap()),
        ..request(SIMULATE)
    }
}

#[tokio::test]
async fn inputs_must_be_the_callers_own_completed_runs() {
    let scene = Scene::new();
    let world = &scene.world;
    let bob = world.register("bob");
    let (done, copy) = scene.start(SIMULATE).await;
    world.finish_runner(&scene.job(&done), &copy);
    scene.watch_all(&done).await;
    assert_eq!(scene.status(&done), JobStatus::Completed);
    let unfinished = scene.submit(SIMULATE).await;
    let foreign = scene.gateway.submit(&bob, SIMULATE).await;
    let before = world.jobs.all_jobs().len();

    let runs = format!(r#"["{done}", "{foreign}", "{unfinished}", "job_unknown", "{done}"]"#);
    let params = format!(r#"{{"steps": 1, "runs": {runs}}}"#);
    let application = &scene.gateway.application;
    let answer = application.submit_job(&world.key, request_with(COLLECT, &params));
    let found = violations(answer.await);
    let pointers: Vec<&str> = found.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/params/runs/1", "/params/runs/2", "/params/runs/3"]
    );
    for (violation, name) in
        found
            .iter()
            .zip([foreign.as_str(), unfinished.as_str(), "job_unknown"])
    {
        assert!(violation.detail.contains(name), "{violation:?}");
    }
    assert!(found[1].detail.contains("queued"));
    assert_eq!(world.jobs.all_jobs().len(), before, "nothing is recorded");

    let params = format!(r#"{{"steps": 1, "runs": ["{done}"]}}"#);
    let answer = application.submit_job(&world.key, request_with(COLLECT, &params));
    assert!(answer.await.is_ok());
}

#[tokio::test]
async fn limits_hold_and_a_replay_passes_them() {
    let limits = AdmissionLimits {
        queued: 3,
        active_of_user: Some(2),
    };
    let scene = Scene::with(Setup {
        limits,
        ..Setup::default()
    });
    let application = &scene.gateway.application;
    let key = &scene.world.key;
    let bob = scene.world.register("bob");
    let first = application.submit_job(key, keyed(Some("k"), None)).await;
    scene.submit(SIMULATE).await;
    let third = application.submit_job(key, request(SIMULATE)).await;
    assert!(
        matches!(third, Err(RequestError::TooManyActiveJobs { limit: 2 })),
        "{third:?}"
    );
    let replay = application.submit_job(key, keyed(Some("k"), None)).await;
    assert_eq!(replay.unwrap().job_id, first.unwrap().job_id);
    scene.gateway.submit(&bob, SIMULATE).await;
    let more = application.submit_job(&bob, request(SIMULATE)).await;
    assert!(
        matches!(more, Err(RequestError::BacklogFull { limit: 3 })),
        "{more:?}"
    );
    assert_eq!(scene.world.jobs.all_jobs().len(), 3);
}

#[tokio::test]
async fn the_estimate_is_the_formulas_until_there_are_runs_to_learn_from() {
    let scene = Scene::new();
    let estimate = async |kind, params| {
        let application = &scene.gateway.application;
        let request = request_with(kind, params);
        let submitted = application.submit_job(&scene.world.key, request).await;
        submitted.unwrap().estimated_seconds
    };
    assert_eq!(estimate(SIMULATE, r#"{"steps": 1000}"#).await, 15);
    assert_eq!(estimate(SIMULATE, r#"{"steps": 1}"#).await, 6, "rounded up");
    let month = 30 * 24 * 3600;
    let endless = r#"{"steps": 100000000000000}"#;
    assert_eq!(estimate(SIMULATE, endless).await, month, "at most a month");
}

#[tokio::test]
async fn a_new_job_wakes_its_dispatcher_and_a_replay_does_not() {
    let scene = Scene::new();
    let dispatch = scene.gateway.find_loop("dispatch:process");
    let elsewhere = scene.gateway.find_loop("dispatch:aws-batch");
    let application = &scene.gateway.application;
    let request = || keyed(Some("k"), None);
    application
        .submit_job(&scene.world.key, request())
        .await
        .unwrap();
    assert!(timeout(SECOND, dispatch.nudged()).await.is_ok());
    application
        .submit_job(&scene.world.key, request())
        .await
        .unwrap();
    tokio::time::pause();
    assert!(timeout(SECOND, dispatch.nudged()).await.is_err());
    assert!(timeout(SECOND, elsewhere.nudged()).await.is_err());
}

#[tokio::test]
async fn no_backend_is_asked_for_a_post() {
    // It says what it is, and is not asked to do anything.
    let scene = Scene::with_backend(backend_without_limits());
    scene.submit(SIMULATE).await;
    let refused = scene.gateway.application.submit_job(
        &scene.world.key,
        request_with(COLLECT, r#"{"steps": 1, "runs": ["job_x"]}"#),
    );
    assert!(refused.await.is_err());
}

#[tokio::test]
async fn a_post_is_one_call_to_the_store() {
    let scene = Scene::new();
    for kind in [SIMULATE, REMOTE, FOREIGN] {
        scene.submit(kind).await;
    }
    let faults = scene.gateway.jobs.faults();
    for call in JobStoreCall::ALL {
        let expected = if call == JobStoreCall::Admit { 3 } else { 0 };
        assert_eq!(faults.calls(call), expected, "{call:?}");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_said_and_the_request_can_be_repeated() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let request = || keyed(Some("k"), None);
    for fault in [Fault::Declined, Fault::RequestLost, Fault::ReplyLost] {
        let faults = scene.gateway.jobs.faults();
        faults.fail_next(JobStoreCall::Admit, fault);
        let answer = application.submit_job(&scene.world.key, request()).await;
        assert!(
            matches!(answer, Err(RequestError::JobStoreUnavailable(_))),
            "{answer:?}"
        );
    }
    let answer = application.submit_job(&scene.world.key, request()).await;
    assert!(answer.unwrap().replayed, "the last one took effect");
    assert_eq!(scene.world.jobs.all_jobs().len(), 1);
}
