//! AWS, played by moto, and AWS that is not there.

use batchway_test_servers::Moto;
use serde_json::json;

use crate::program::Installation;

/// The variables of the requirements, in a `.env` file: the environment has none of them.
fn configured_by_file(endpoint: &str, bucket: &str) -> Installation {
    // On a system without certificate authorities, as in the smallest images.
    let installation = Installation::new(&[("SSL_CERT_FILE", "/dev/null")]);
    let file = format!(
        "AWS_ACCESS_KEY_ID=AKIDEXAMPLE\nAWS_SECRET_ACCESS_KEY=hunter2\nAWS_REGION=eu-central-1\n\
         AWS_ENDPOINT_URL={endpoint}\nAWS_BATCH_JOB_QUEUE=live2-job-queue\n\
         AWS_BATCH_JOB_DEFINITION=live2-simulation\nAWS_S3_BUCKET={bucket}\n"
    );
    std::fs::write(installation.path().join(".env"), file).unwrap();
    installation
}

#[test]
fn what_stands_in_the_file_reaches_aws() {
    let moto = Moto::shared();
    let bucket = format!("gateway-env-{}", std::process::id());
    let made = ureq::put(format!("{}/{bucket}", moto.url())).send_empty();
    assert_eq!(made.unwrap().status().as_u16(), 200);

    let installation = configured_by_file(&moto.url(), &bucket);
    let gateway = installation.serve();
    gateway.wait_for_status("/readyz", "", 200);
    let log = gateway.log();
    for told in [
        "AWS Batch in eu-central-1, queue live2-job-queue, definition live2-simulation",
        &format!("artifacts in s3://{bucket}"),
        "generate_dataset on process, run_simulation on aws-batch",
        "BATCHWAY_PUBLIC_URL is not set",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    // The gateway itself serves no artifacts.
    assert_eq!(
        gateway.get("/artifacts/prod/u/j/x?signature=x", "").status,
        403
    );
}

#[test]
fn while_aws_can_not_be_reached_jobs_are_taken() {
    // Nothing listens on port 1.
    let installation = configured_by_file("http://127.0.0.1:1", "live2-artifacts");
    let gateway = installation.serve();
    let key = installation.create_key("user123");
    assert_eq!(gateway.get("/healthz", "").status, 200);
    let body = json!({"job_type": "run_simulation", "params": {"simulation_config": {
        "mode": "open_chemistry",
        "config": {"num_particles": 10, "temperature": 300, "steps": 10},
    }}});
    let posted = gateway.post("/api/v1/jobs", &key, &body);
    assert_eq!(posted.status, 202, "{posted:?}");
    let id = posted.body["job_id"].as_str().unwrap();
    let job = gateway.get(&format!("/api/v1/jobs/{id}"), &key);
    assert_eq!(job.body["status"], "queued", "{job:?}");
}
