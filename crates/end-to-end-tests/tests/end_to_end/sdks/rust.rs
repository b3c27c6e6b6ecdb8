//! Rust: the crate as it is compiled here.

use std::process::Command;
use std::time::Duration;

use batchway_client::types::{JobPhase, JobStatus, SubmitJobRequest, WebhookDeliveryStatus};
use batchway_client::{CarriesProblem, Client};
use serde_json::json;
use tokio::time::timeout;

use super::installed::Workplace;
use crate::gateway::{PATIENCE, program};

/// As many steps as a simulation may have.
const FOR_LONG: u64 = 10_000_000;

fn simulation(steps: u64) -> SubmitJobRequest {
    let config = json!({"num_particles": 50, "temperature": 300, "steps": steps});
    let body = json!({
        "job_type": "run_simulation",
        "params": {"simulation_config": {"mode": "open_chemistry", "config": config}},
    });
    serde_json::from_value(body).unwrap()
}

struct Scene {
    _workplace: Workplace,
    client: Client,
}

impl Scene {
    fn new() -> Self {
        let workplace = Workplace::new();
        let client = Client::new(workplace.url(), workplace.key()).unwrap();
        Self {
            _workplace: workplace,
            client,
        }
    }

    async fn start(&self, steps: u64) -> String {
        let submission = self.client.submit_job().body(simulation(steps)).send();
        submission.await.unwrap().into_inner().job_id
    }
}

#[tokio::test]
async fn a_job_runs_to_its_end_and_leaves_its_results() {
    let scene = Scene::new();
    let job_id = scene.start(200).await;
    let waiting = scene.client.wait_until_ended(&job_id);
    let job = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!((job.status, job.progress), (JobStatus::Completed, 100));
    assert!(job.completed_at.unwrap() >= job.created_at);

    let list = scene.client.list_artifacts().job_id(&job_id).send().await;
    let list = list.unwrap().into_inner();
    let is_result = |key: &str| key.ends_with("/results.h5");
    let mut artifacts = list.artifacts.into_iter();
    let mut results = artifacts.find(|one| is_result(&one.key)).unwrap();
    let mut bytes = Vec::new();
    scene.client.download(&results, &mut bytes).await.unwrap();
    assert_eq!(&bytes[1..4], b"HDF");
    let stored = results.sha256.replace("0".repeat(64));
    assert!(stored.is_some(), "the list has checksums");
    let forged = scene.client.download(&results, &mut Vec::new()).await;
    assert!(forged.unwrap_err().to_string().contains("with the SHA-256"));

    let logs = scene.client.read_logs().job_id(&job_id).send().await;
    let logs = logs.unwrap().into_inner();
    assert!(logs.complete && logs.next_cursor.is_none());
    assert!(!logs.lines.is_empty() || logs.reason.is_some());

    results.size += 1;
    let cut = scene.client.download(&results, &mut Vec::new()).await;
    assert!(cut.unwrap_err().to_string().contains("results.h5 has"));
}

#[tokio::test]
async fn the_same_request_again_starts_nothing() {
    let scene = Scene::new();
    let submit = |steps| {
        let submission = scene.client.submit_job().idempotency_key("rust-1");
        submission.body(simulation(steps)).send()
    };
    let (first, second) = (submit(10).await.unwrap(), submit(10).await.unwrap());
    assert_eq!(
        (first.status().as_u16(), second.status().as_u16()),
        (202, 200)
    );
    assert_eq!(first.job_id, second.job_id);

    let other_body = submit(11).await.unwrap_err();
    assert_eq!(other_body.problem().unwrap().status, 422);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let scene = Scene::new();
    let mut submitted = Vec::new();
    for _ in 0..3 {
        submitted.push(scene.start(10).await);
    }
    let first = scene.client.list_jobs().limit(2).send().await.unwrap();
    let cursor = first.next_cursor.clone().unwrap();
    let second = scene.client.list_jobs().limit(2).cursor(cursor).send();
    let second = second.await.unwrap();
    assert_eq!(second.next_cursor, None);

    let mut seen: Vec<_> = first.jobs.iter().chain(&second.jobs).collect();
    seen.reverse();
    let seen: Vec<_> = seen.into_iter().map(|job| job.job_id.clone()).collect();
    assert_eq!(seen, submitted);
}

#[tokio::test]
async fn a_job_is_stopped() {
    let scene = Scene::new();
    let job_id = scene.start(FOR_LONG).await;
    scene
        .client
        .cancel_job()
        .job_id(&job_id)
        .send()
        .await
        .unwrap();
    let waiting = scene.client.wait_until_ended(&job_id);
    let job = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(job.status, JobStatus::Cancelled);
    assert!(job.cancel_requested_at.is_some());
    let told = scene.client.explain_job().job_id(&job_id).send().await;
    assert_eq!(told.unwrap().phase, JobPhase::Cancelled);
}

#[tokio::test]
async fn a_webhook_that_nobody_takes_is_sent_again() {
    let scene = Scene::new();
    let client = &scene.client;
    let mut body = simulation(10);
    body.webhook_url = Some("http://127.0.0.1:1/nobody".to_owned());
    let submitted = client.submit_job().body(body).send().await.unwrap();
    let job_id = &submitted.job_id;
    let waiting = client.wait_until_ended(job_id);
    timeout(PATIENCE, waiting).await.unwrap().unwrap();

    let list = client.list_webhook_deliveries().job_id(job_id).send().await;
    let mut deliveries = list.unwrap().into_inner().deliveries.into_iter();
    let completed = deliveries
        .find(|one| one.event_type == "job.completed")
        .unwrap();
    assert_eq!(completed.status, WebhookDeliveryStatus::Pending);
    let replay = client.replay_webhook_delivery().job_id(job_id);
    let again = replay.delivery_id(&completed.delivery_id).send().await;
    let again = again.unwrap().into_inner();
    assert_eq!(again.delivery_id, completed.delivery_id);
    assert_eq!(again.status, WebhookDeliveryStatus::Pending);
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_its_kind() {
    let scene = Scene::new();
    let unknown = format!("job_{}", "0".repeat(28));
    let error = scene.client.wait_until_ended(&unknown).await.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!((problem.status, problem.kind()), (404, "job-not-found"));

    let mut invalid = simulation(10);
    invalid.params.clear();
    let error = scene
        .client
        .submit_job()
        .body(invalid)
        .send()
        .await
        .unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!(problem.status, 422);
    assert!(
        problem.errors[0].pointer.starts_with("/params"),
        "{problem}"
    );

    let stranger = Client::new(scene._workplace.url(), "bw_wrong").unwrap();
    assert!(!format!("{stranger:?}").contains("bw_wrong"));
    let error = stranger.list_jobs().send().await.unwrap_err();
    assert_eq!(error.problem().unwrap().status, 401);
}

#[tokio::test]
async fn a_gateway_that_is_away_is_borne_for_a_while() {
    let nobody = Client::new("http://127.0.0.1:1", "bw_key").unwrap();
    let waiting = nobody.wait_until_ended("job_any");
    timeout(Duration::from_millis(200), waiting)
        .await
        .expect_err("it is asked again");
}

#[test]
fn the_rust_quickstart_fetches_results() {
    let workplace = Workplace::new();
    let printed = workplace.run(&mut Command::new(program("examples/quickstart")));
    workplace.assert_results_are_here(&printed);
}

#[test]
fn the_rust_example_verifies_a_webhook() {
    let mut receiver = Command::new(program("examples/webhook_receiver"));
    Workplace::new().assert_receives_webhooks(&mut receiver);
}
