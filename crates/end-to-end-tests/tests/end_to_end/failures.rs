//! A job that failed says why.

use serde_json::json;

use crate::gateway::{Installation, text};

#[test]
fn a_program_that_failed_is_quoted() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let id = api.submit("fail", &json!({}));
    let job = api.wait_for_status(&id, "failed");
    let failure = &job["failure"];
    assert_eq!(failure["class"], "program_exit");
    assert_eq!(failure["exit_code"], 3);
    assert!(
        text(failure, "message").contains("out of cheese"),
        "{job:#}"
    );
    assert_eq!(job["error"], failure["message"]);
}

#[test]
fn a_job_that_waits_says_why() {
    let installation = Installation::with_test_job_types().set("BATCHWAY_PROCESS_CONCURRENCY", "1");
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let first = api.submit("linger", &json!({}));
    api.wait_for_status(&first, "running");
    let second = api.submit("linger", &json!({}));
    assert_eq!(api.job(&second)["waiting_reason"]["code"], "turn");
    assert!(api.job(&first)["waiting_reason"].is_null());
}
