//! The control endpoint over HTTP.

use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::types::JobStatus;
use batchway_fake_aws_batch::server::{Executor, Outcome, ServerSettings};
use serde_json::{Value, json};

use crate::fixture::{QUEUE, Stage};

/// Jobs run until they are told to end.
async fn stage() -> Stage {
    Stage::with(ServerSettings {
        executor: Executor::None(Outcome {
            run_time: None,
            exit_code: 0,
        }),
        ..ServerSettings::default()
    })
    .await
}

/// Status and body.
async fn ask(stage: &Stage, method: &'static str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/_control{path}", stage.fake.url());
    let call = move || {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let answer = match method {
            "GET" => agent.get(&url).call(),
            "DELETE" => agent.delete(&url).call(),
            _ => agent.post(&url).send(body.to_string()),
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (answer.status().as_u16(), value)
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

async fn get(stage: &Stage, path: &str) -> Value {
    let (status, body) = ask(stage, "GET", path, Value::Null).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn post(stage: &Stage, path: &str, body: Value) -> Value {
    let (status, body) = ask(stage, "POST", path, body).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn it_says_itself_what_there_is() {
    let stage = stage().await;
    let help = get(&stage, "").await;
    assert!(help.as_str().unwrap().contains("POST   /_control/faults"));
}

#[tokio::test]
async fn the_truth_about_a_job_has_who_asked_for_what() {
    let stage = stage().await;
    let id = stage.submit("simulation-1").await;
    stage.submit("other").await;
    stage.terminate(&id).await;
    let jobs = get(&stage, "/jobs?name=simul").await;
    let job = &jobs["jobs"][0];
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(job["jobName"], "simulation-1");
    assert_eq!(job["status"], "FAILED");
    assert_eq!(job["requests"][0]["operation"], "SubmitJob");
    assert_eq!(job["requests"][1]["reason"], "enough");
    let caller = &job["requests"][1]["caller"];
    assert_eq!(caller["accessKeyId"], "AKIATEST");
    assert!(
        caller["userAgent"]
            .as_str()
            .unwrap()
            .contains("aws-sdk-rust")
    );
    assert_eq!(job["runs"][0]["exitCode"], 143);
    assert_eq!(get(&stage, &format!("/jobs/{id}")).await, *job);
    assert_eq!(get(&stage, "/calls").await["SubmitJob"], 2);
}

#[tokio::test]
async fn faults_are_added_shown_and_forgotten() {
    let stage = stage().await;
    let rules = json!([
        {"operation": "SubmitJob", "fault": "throttle"},
        {"operation": "DescribeJobs", "fault": {"delay": 1}, "times": 7},
    ]);
    post(&stage, "/faults", rules).await;
    post(
        &stage,
        "/faults",
        json!({"operation": "ListJobs", "fault": "cutReply"}),
    )
    .await;
    let left = get(&stage, "/faults").await;
    assert_eq!(left["faults"].as_array().unwrap().len(), 3);
    let request = stage.client.submit_job().job_name("x").job_queue(QUEUE);
    let error = request.job_definition("d").send().await.unwrap_err();
    assert_eq!(error.code(), Some("TooManyRequestsException"));
    ask(&stage, "DELETE", "/faults", Value::Null).await;
    assert_eq!(get(&stage, "/faults").await["faults"], json!([]));
}

#[tokio::test]
async fn an_attempt_is_ended_reclaimed_and_hidden() {
    let stage = stage().await;
    let ended = stage.submit("ended").await;
    post(&stage, &format!("/jobs/{ended}/exit"), json!({"code": 0})).await;
    assert_eq!(stage.status(&ended).await, JobStatus::Succeeded);

    let reclaimed = stage.submit("reclaimed").await;
    post(&stage, &format!("/jobs/{reclaimed}/reclaim"), Value::Null).await;
    let job = stage.describe(&reclaimed).await;
    assert_eq!(job.status(), Some(&JobStatus::Failed));
    assert_eq!(job.status_reason(), Some("Your Spot Task was interrupted."));

    let lost = stage.submit("lost").await;
    post(&stage, &format!("/jobs/{lost}/lose-host"), Value::Null).await;
    let reason = stage.describe(&lost).await.status_reason.unwrap();
    assert!(!reason.is_empty());

    let hidden = stage.submit("hidden").await;
    post(
        &stage,
        &format!("/jobs/{hidden}/hide"),
        json!({"millis": 60_000}),
    )
    .await;
    let described = stage.client.describe_jobs().jobs(&hidden).send().await;
    assert!(described.unwrap().jobs().is_empty());
    post(&stage, "/time", json!({"advanceMillis": 60_001})).await;
    assert_eq!(stage.status(&hidden).await, JobStatus::Running);

    let vanished = stage.submit("vanished").await;
    post(&stage, &format!("/jobs/{vanished}/vanish"), Value::Null).await;
    assert_eq!(
        get(&stage, &format!("/jobs/{vanished}")).await["vanished"],
        true
    );
}

#[tokio::test]
async fn a_blocked_queue_says_why_and_goes_on_when_it_is_free() {
    let stage = stage().await;
    let reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY";
    post(
        &stage,
        "/blocked",
        json!({"jobQueue": QUEUE, "reason": reason}),
    )
    .await;
    let id = stage.submit("waits").await;
    let job = stage.describe(&id).await;
    assert_eq!(job.status(), Some(&JobStatus::Runnable));
    assert!(job.status_reason().unwrap().starts_with(reason));
    post(&stage, "/blocked", json!({"jobQueue": QUEUE})).await;
    stage.until(&id, &JobStatus::Running).await;
}

#[tokio::test]
async fn a_list_that_lags_does_not_show_a_new_job() {
    let stage = stage().await;
    post(&stage, "/lag", json!({"listMillis": 60_000})).await;
    let id = stage.submit("new").await;
    stage.until(&id, &JobStatus::Running).await;
    let list = || stage.client.list_jobs().job_queue(QUEUE).send();
    assert!(list().await.unwrap().job_summary_list().is_empty());
    post(&stage, "/time", json!({"advanceMillis": 60_001})).await;
    assert_eq!(list().await.unwrap().job_summary_list().len(), 1);
}

#[tokio::test]
async fn attempts_end_as_the_outcome_says() {
    let stage = stage().await;
    post(&stage, "/outcome", json!({"runMillis": 1, "exitCode": 9})).await;
    let id = stage.submit("fails").await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(job.container().unwrap().exit_code(), Some(9));
}

#[tokio::test]
async fn what_cant_be_is_refused_with_a_sentence() {
    let stage = stage().await;
    let id = stage.submit("job").await;
    stage.terminate(&id).await;
    for (method, path, body, status) in [
        ("GET", "/nothing", json!({}), 404),
        ("GET", "/jobs/unknown", json!({}), 404),
        ("POST", "/jobs/unknown/reclaim", json!({}), 404),
        ("POST", &format!("/jobs/{id}/reclaim"), json!({}), 409),
        ("POST", &format!("/jobs/{id}/explode"), json!({}), 404),
        (
            "POST",
            "/faults",
            json!({"operation": "SubmitJob", "fault": "flood"}),
            400,
        ),
        ("POST", "/lag", json!({"seconds": 1}), 400),
        (
            "POST",
            "/blocked",
            json!({"jobQueue": QUEUE, "reason": "BECAUSE"}),
            400,
        ),
        ("POST", "/events", json!({}), 404),
    ] {
        let (answered, answer) = ask(&stage, method, path, body).await;
        assert_eq!(answered, status, "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().len() > 10, "{answer}");
    }
}
