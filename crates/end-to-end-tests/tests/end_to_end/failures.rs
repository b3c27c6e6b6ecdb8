//! A job that failed says why.

use serde_json::{Value, json};

use crate::gateway::{Installation, text};

#[test]
fn a_program_that_failed_is_quoted() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let mut gateway = installation.serve();
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
    let line = gateway.wait_for_line("\"to\":\"failed\"");
    assert!(
        !line.contains("out of cheese"),
        "what it said is its owner's: {line}"
    );
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["job"], job["job_id"]);
    assert_eq!(line["failure"], "program_exit");
    assert_eq!(line["exit_code"], 3);
    assert_eq!(line["backend_id"], job["attempts"][0]["backend_id"]);
}
