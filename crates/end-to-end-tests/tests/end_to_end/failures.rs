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
