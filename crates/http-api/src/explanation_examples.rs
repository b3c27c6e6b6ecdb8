//! Explanations for the document's examples.

use batchway_domain::diagnosis::KnownCode;
use batchway_domain::job::FailureClass;
use serde_json::{Value, json};

use crate::job_examples::failed_job;
use crate::job_object::EXAMPLE_JOB_ID;

/// Of a job that waits in AWS Batch for what it will never get.
pub(crate) fn waiting_job() -> Value {
    let code = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE";
    let meaning = KnownCode::of(code).map_or("", |known| known.meaning);
    json!({
        "job_id": EXAMPLE_JOB_ID,
        "job_type": "run_simulation",
        "status": "queued",
        "phase": "submitted",
        "since": "2026-03-01T12:00:02.100Z",
        "cause": code,
        "summary": format!("The job waits at its backend: {meaning}"),
        "mends": [{
            "by": "operator",
            "advice": "Raise maxvCpus of the compute environment live2-compute-environment.",
            "command": "aws batch describe-compute-environments --region eu-central-1 \
                        --compute-environments live2-compute-environment"
        }],
        "evidence": {
            "backend": "aws-batch",
            "backend_id": "5a1d7c2f-9e60-4be1-87a2-d90f4f6c8e3b",
            "waiting_reason": {"code": code, "message": meaning},
            "failure": null,
            "attempts": [],
            "cancel_requested_at": null,
            "last_checked_at": "2026-03-01T12:20:21.400Z",
            "backend_unreachable_since": null,
            "heartbeat_at": null,
            "in_reach": true,
            "free_slots": null,
            "obstacles": [{
                "code": "environment_too_small",
                "message": "The job asks for 32 vCPUs, and the largest compute environment of \
                            the queue may have 16.",
                "blocks_all": true
            }],
            "not_looked_at": null,
            "log": {
                "attempt": null,
                "lines": [],
                "reason": "The job's program has not been started yet."
            }
        },
        "next_step_at": "2026-03-01T12:21:21.400Z",
        "gives_up_at": null
    })
}

/// Of a job that failed on AWS Batch.
pub(crate) fn failed_job_explained() -> Value {
    let job = failed_job();
    json!({
        "job_id": EXAMPLE_JOB_ID,
        "job_type": "run_simulation",
        "status": "failed",
        "phase": "failed",
        "since": job["completed_at"],
        "cause": FailureClass::OutOfMemory.as_str(),
        "summary": "The job failed: The program took more memory than it was given.",
        "mends": [
            {
                "by": "owner",
                "advice": FailureClass::OutOfMemory.remedy(),
                "command": null
            },
            {
                "by": "operator",
                "advice": "See what AWS Batch says of it.",
                "command": "aws batch describe-jobs --jobs 5a1d7c2f-9e60-4be1-87a2-d90f4f6c8e3b"
            }
        ],
        "evidence": {
            "backend": "aws-batch",
            "backend_id": job["aws_batch_job_id"],
            "waiting_reason": null,
            "failure": job["failure"],
            "attempts": job["attempts"],
            "cancel_requested_at": null,
            "last_checked_at": job["last_checked_at"],
            "backend_unreachable_since": null,
            "heartbeat_at": job["heartbeat_at"],
            "in_reach": true,
            "free_slots": null,
            "obstacles": [],
            "not_looked_at": null,
            "log": {
                "attempt": 1,
                "lines": [
                    {"at": "2026-03-01T12:07:12.950Z", "text": "step 21000 of 50000"},
                    {"at": "2026-03-01T12:07:13.410Z", "text": "allocating 12 GiB for the trajectory"}
                ],
                "reason": null
            }
        },
        "next_step_at": null,
        "gives_up_at": null
    })
}
