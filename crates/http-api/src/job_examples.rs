//! Jobs for the document's examples, one for each status.

use batchway_domain::job::FailureClass;
use serde_json::{Value, json};

use crate::job_object::EXAMPLE_JOB_ID;

/// A job that waits.
pub(crate) fn queued_job() -> Value {
    let mut job = running_job();
    job["status"] = json!("queued");
    job["progress"] = json!(0);
    job["message"] = json!(null);
    job["waiting_reason"] = json!({
        "code": "turn",
        "message": "The job waits for its turn to be given to its backend."
    });
    job["last_checked_at"] = json!(null);
    job["heartbeat_at"] = json!(null);
    job["attempts"] = json!([]);
    job["version"] = json!(1);
    job
}

/// A job that runs.
pub(crate) fn running_job() -> Value {
    json!({
        "job_id": EXAMPLE_JOB_ID,
        "job_type": "run_simulation",
        "status": "running",
        "progress": 42,
        "message": "step 21000 of 50000",
        "error": null,
        "failure": null,
        "waiting_reason": null,
        "result_url": null,
        "result_expires_at": null,
        "created_at": "2026-03-01T12:00:00.250Z",
        "completed_at": null,
        "cancel_requested_at": null,
        "last_checked_at": "2026-03-01T12:00:21.400Z",
        "heartbeat_at": "2026-03-01T12:00:21.100Z",
        "backend_unreachable_since": null,
        "attempts": [{
            "number": 1,
            "backend_id": "host-a/3f2c8d1e",
            "started_at": "2026-03-01T12:00:01.000Z",
            "stopped_at": null,
            "failure": null
        }],
        "backend": "process",
        "aws_batch_job_id": null,
        "version": 9
    })
}

/// A job that is done, and where its result is.
pub(crate) fn completed_job() -> Value {
    let mut job = ended_job("completed", "2026-03-01T12:00:44.100Z");
    let key = format!("prod/user123/{EXAMPLE_JOB_ID}/results.h5");
    job["progress"] = json!(100);
    job["message"] = json!("step 50000 of 50000");
    job["result_url"] = json!(example_link(&key));
    job["result_expires_at"] = json!("2026-03-01T13:00:44.000Z");
    job
}

/// A job on AWS Batch that failed there.
pub(crate) fn failed_job() -> Value {
    let backend_id = "5a1d7c2f-9e60-4be1-87a2-d90f4f6c8e3b";
    let failure = json!({
        "class": FailureClass::OutOfMemory.as_str(),
        "message": "The program took more memory than it was given.",
        "remedy": FailureClass::OutOfMemory.remedy(),
        "exit_code": 137,
        "signal": 9,
        "backend_reason": "OutOfMemoryError: Container killed due to memory usage"
    });
    let mut job = ended_job("failed", "2026-03-01T12:07:13.800Z");
    job["error"] = failure["message"].clone();
    job["attempts"][0]["backend_id"] = json!(backend_id);
    job["attempts"][0]["failure"] = failure.clone();
    job["failure"] = failure;
    job["backend"] = json!("aws-batch");
    job["aws_batch_job_id"] = json!(backend_id);
    job
}

/// A job that was stopped.
pub(crate) fn cancelled_job() -> Value {
    let mut job = ended_job("cancelled", "2026-03-01T12:00:31.200Z");
    job["cancel_requested_at"] = json!("2026-03-01T12:00:30.000Z");
    job
}

/// A job that is being stopped, while its backend does not answer.
pub(crate) fn stopping_job() -> Value {
    let mut job = running_job();
    job["cancel_requested_at"] = json!("2026-03-01T12:00:30.000Z");
    job["backend_unreachable_since"] = json!("2026-03-01T12:00:28.300Z");
    job["version"] = json!(10);
    job
}

/// A link to an artifact, as the gateway serves it itself.
pub(crate) fn example_link(key: &str) -> String {
    format!("http://127.0.0.1:8000/artifacts/{key}?expires=1772370044&signature=h1Qk")
}

fn ended_job(status: &str, at: &str) -> Value {
    let mut job = running_job();
    job["status"] = json!(status);
    job["completed_at"] = json!(at);
    job["last_checked_at"] = json!(at);
    job["attempts"][0]["stopped_at"] = json!(at);
    job["version"] = json!(11);
    job
}
