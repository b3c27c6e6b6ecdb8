//! What the SDK for Rust reads out of the fake's answers.

use std::time::Duration;

use aws_sdk_batch::error::ProvideErrorMetadata;
use aws_sdk_batch::types::{JobStatus, KeyValuesPair};
use batchway_fake_aws_batch::server::Outcome;
use batchway_fake_aws_batch::{Exit, Operation};

use crate::fixture::{DEFINITION, QUEUE, Stage};

#[tokio::test]
async fn a_job_goes_from_submission_to_success_as_time_passes() {
    let stage = Stage::by_hand().await;
    let id = stage.submit("simulation-1").await;
    let job = stage.until(&id, &JobStatus::Running).await;
    assert_eq!(job.job_name(), Some("simulation-1"));
    assert!(
        job.job_queue()
            .unwrap()
            .ends_with(":job-queue/live2-job-queue")
    );
    assert!(
        job.job_definition()
            .unwrap()
            .ends_with("/live2-simulation:1")
    );
    assert_eq!(job.started_at(), Some(stage.fake.now().0));
    stage.fake.advance(Duration::from_secs(1));
    let job = stage.describe(&id).await;
    assert_eq!(job.status(), Some(&JobStatus::Succeeded));
    assert_eq!(job.container().unwrap().exit_code(), Some(0));
    assert_eq!(job.attempts().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_nobody_runs_ends_as_a_control_call_says() {
    let stage = Stage::by_hand().await;
    stage.fake.set_outcome(Outcome {
        run_time: None,
        exit_code: 0,
    });
    let id = stage.submit("job").await;
    stage.fake.advance(Duration::from_secs(24 * 3600));
    assert_eq!(stage.status(&id).await, JobStatus::Running);
    assert!(stage.fake.end(&id, Exit::with_code(3)));
    let job = stage.describe(&id).await;
    assert_eq!(job.status(), Some(&JobStatus::Failed));
    assert_eq!(job.container().unwrap().exit_code(), Some(3));
    assert!(!stage.fake.end(&id, Exit::with_code(0)), "it has ended");
}

#[tokio::test]
async fn a_terminated_job_has_failed_with_flag_and_reason() {
    let stage = Stage::by_hand().await;
    let id = stage.submit("job").await;
    stage.until(&id, &JobStatus::Running).await;
    stage.terminate(&id).await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(job.is_terminated(), Some(true));
    assert_eq!(job.status_reason(), Some("enough"));
    let record = &stage.fake.jobs()[0];
    let asked: Vec<Operation> = record.requests.iter().map(|r| r.operation).collect();
    assert_eq!(asked, [Operation::SubmitJob, Operation::TerminateJob]);
    let key = record.requests[1].caller.access_key_id.as_deref();
    assert_eq!(key, Some("AKIATEST"));
    assert_eq!(record.runs[0].signals, ["SIGTERM"]);
}

#[tokio::test]
async fn lists_by_name_have_pages() {
    let stage = Stage::by_hand().await;
    stage.fake.set_outcome(Outcome {
        run_time: None,
        exit_code: 0,
    });
    for serial in 0..120 {
        stage.fake.advance(Duration::from_millis(100));
        stage.submit(&format!("bw-{serial}")).await;
    }
    let filter = KeyValuesPair::builder()
        .name("JOB_NAME")
        .values("BW-*")
        .build();
    let request = stage.client.list_jobs().job_queue(QUEUE).filters(filter);
    let mut pages = request.into_paginator().send();
    let mut lengths = Vec::new();
    while let Some(page) = pages.next().await {
        lengths.push(page.unwrap().job_summary_list().len());
    }
    assert_eq!(lengths, [100, 20]);
}

#[tokio::test]
async fn errors_have_their_types() {
    let stage = Stage::by_hand().await;
    let request = stage.client.submit_job().job_name("x").job_queue("none");
    let error = request.job_definition(DEFINITION).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ClientException"));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert!(error.as_service_error().unwrap().is_client_exception());
    assert!(error.message().is_some_and(|message| !message.is_empty()));
}

#[tokio::test]
async fn the_fifty_first_submission_in_a_second_is_throttled() {
    let stage = Stage::by_hand().await;
    for serial in 0..50 {
        stage.submit(&format!("job-{serial}")).await;
    }
    let request = stage.client.submit_job().job_name("one-too-many");
    let request = request.job_queue(QUEUE).job_definition(DEFINITION);
    let error = request.send().await.unwrap_err();
    assert_eq!(error.code(), Some("TooManyRequestsException"));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 429);
    assert_eq!(stage.fake.jobs().len(), 50);
}

#[tokio::test]
async fn tags_are_told_by_arn() {
    let stage = Stage::by_hand().await;
    let request = stage
        .client
        .submit_job()
        .job_name("tagged")
        .job_queue(QUEUE);
    let submitted = request
        .job_definition(DEFINITION)
        .tags("owner", "ada")
        .send()
        .await;
    let arn = submitted.unwrap().job_arn.unwrap();
    let listed = stage
        .client
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await;
    assert_eq!(listed.unwrap().tags.unwrap()["owner"], "ada");
    let unknown = arn.replace("job/", "job/0");
    let listed = stage
        .client
        .list_tags_for_resource()
        .resource_arn(unknown)
        .send()
        .await;
    assert_eq!(listed.unwrap_err().code(), Some("ClientException"));
}
