//! No more at once than was asked for.

use serde_json::json;

use crate::gateway::{Installation, text};

#[test]
fn a_user_has_at_most_so_many_active_jobs() {
    let installation =
        Installation::with_test_job_types().set("BATCHWAY_MAX_ACTIVE_JOBS_PER_USER", "2");
    let (key, other) = (
        installation.create_key("user123"),
        installation.create_key("user456"),
    );
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let (first, _second) = (
        api.submit("linger", &json!({})),
        api.submit("linger", &json!({})),
    );

    let body = json!({"job_type": "linger", "params": {}}).to_string();
    let refused = api.post("/api/v1/jobs", &body, &[]);
    assert!(refused.header("retry-after").is_some());
    refused.expect(429);
    gateway.api(&other).submit("linger", &json!({}));

    api.cancel_until_stopped(&first);
    api.submit("linger", &json!({}));
}

#[test]
fn jobs_beyond_the_concurrency_wait_for_a_slot_and_then_run() {
    let installation = Installation::with_test_job_types().set("BATCHWAY_PROCESS_CONCURRENCY", "1");
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let first = api.submit("linger", &json!({}));
    api.wait_for_status(&first, "running");
    let second = api.submit("linger", &json!({}));
    let waiting = api.job(&second);
    assert_eq!(text(&waiting, "status"), "queued");
    assert_eq!(waiting["waiting_reason"]["code"], "turn");
    assert!(api.job(&first)["waiting_reason"].is_null());
    api.cancel_until_stopped(&first);
    api.wait_for_status(&second, "running");
    api.cancel_until_stopped(&second);
}
