//! AWS, played by moto, and AWS that is not there.

use batchway_test_servers::Moto;
use serde_json::{Value, json};

use crate::program::Installation;

/// The variables of the requirements, in a `.env` file: the environment has none of them.
fn configured_by_file(endpoint: &str, bucket: &str) -> Installation {
    // On a system without certificate authorities, as in the smallest images.
    let installation = Installation::new(&[("SSL_CERT_FILE", "/dev/null")]);
    installation.add_to_file(&format!(
        "AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=hunter2\nAWS_REGION=eu-central-1\n\
         AWS_ENDPOINT_URL={endpoint}\nAWS_BATCH_JOB_QUEUE=live2-job-queue\n\
         AWS_BATCH_JOB_DEFINITION=live2-simulation\nAWS_S3_BUCKET={bucket}\n"
    ));
    installation
}

fn make_bucket(moto: &Moto, bucket: &str) {
    let made = ureq::put(format!("{}/{bucket}", moto.url())).send_empty();
    assert_eq!(made.unwrap().status().as_u16(), 200);
}

/// Its URL.
fn make_queue(moto: &Moto, queue: &str) -> String {
    // moto tells services apart by the scope of a signature, and checks no more of it.
    let scope = "AKIDEXAMPLE/20260101/eu-central-1/sqs/aws4_request";
    let answer = ureq::post(format!("{}/", moto.url()))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}"),
        )
        .header("x-amz-target", "AmazonSQS.CreateQueue")
        .content_type("application/x-amz-json-1.0")
        .send(json!({"QueueName": queue}).to_string());
    let answer: Value = answer.unwrap().body_mut().read_json().unwrap();
    answer["QueueUrl"].as_str().unwrap().to_owned()
}

#[test]
fn what_stands_in_the_file_reaches_aws() {
    let moto = Moto::shared();
    let bucket = format!("gateway-env-{}", std::process::id());
    make_bucket(&moto, &bucket);
    let installation = configured_by_file(&moto.url(), &bucket);
    let mut gateway = installation.serve();
    for told in [
        &format!("the bucket {bucket} can be used"),
        "AWS Batch in eu-central-1, queue live2-job-queue, definition live2-simulation",
        &format!("artifacts in s3://{bucket}"),
        "generate_dataset on process, run_simulation on aws-batch",
        "BATCHWAY_PUBLIC_URL is not set",
    ] {
        gateway.wait_until_logged(told);
    }
    // The gateway itself serves no artifacts.
    assert_eq!(
        gateway.get("/artifacts/prod/u/j/x?signature=x", "").status,
        403
    );
}

#[test]
fn a_queue_of_events_is_used_and_what_it_lacks_is_told() {
    let moto = Moto::shared();
    let name = format!("gateway-events-{}", std::process::id());
    make_bucket(&moto, &name);
    let queue = make_queue(&moto, &name);
    let installation = configured_by_file(&moto.url(), &name);
    installation.add_to_file(&format!("BATCHWAY_EVENTS_QUEUE_URL={queue}\n"));
    let mut gateway = installation.start();
    gateway.wait_until_logged(&format!("events of AWS Batch from {queue}"));
    gateway.wait_until_logged("dead-letter queue");
}

#[test]
fn a_queue_that_is_none_is_refused() {
    let installation = configured_by_file("http://127.0.0.1:1", "live2-artifacts");
    installation.add_to_file("BATCHWAY_EVENTS_QUEUE_URL=batchway-events\n");
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(2));
    assert!(said.contains("BATCHWAY_EVENTS_QUEUE_URL"), "{said}");
}

#[test]
fn while_aws_can_not_be_reached_jobs_are_taken() {
    // Nothing listens on port 1.
    let installation = configured_by_file("http://127.0.0.1:1", "live2-artifacts");
    let mut gateway = installation.serve();
    let key = installation.create_key("user123");
    assert_eq!(gateway.get("/readyz", "").status, 200);
    let body = json!({"job_type": "run_simulation", "params": {"simulation_config": {
        "mode": "open_chemistry",
        "config": {"num_particles": 10, "temperature": 300, "steps": 10},
    }}});
    let posted = gateway.post("/api/v1/jobs", &key, &body);
    assert_eq!(posted.status, 202, "{posted:?}");
    let id = posted.body["job_id"].as_str().unwrap();
    let job = gateway.get(&format!("/api/v1/jobs/{id}"), &key);
    assert_eq!(job.body["status"], "queued", "{job:?}");
    gateway.wait_until_logged("results can't be kept or listed for now");
}
