//! AWS on a bad day: jobs wait and say why, and none is lost.

use serde_json::json;

use super::faulty_aws::{Fault, FaultyAws};
use super::job_types;
use super::stack::Stack;
use crate::api::Api;
use crate::gateway::{text, wait_for};

/// Returns once a job that waits gives this reason, with its sentence.
fn wait_for_reason(api: &Api, id: &str, code: &str) -> String {
    wait_for("the reason to wait", || {
        let job = api.job(id);
        assert_eq!(text(&job, "status"), "queued", "{job:#}");
        let reason = &job["waiting_reason"];
        (reason["code"] == code).then(|| text(reason, "message").to_owned())
    })
}

#[test]
fn without_their_queue_jobs_wait_until_it_is_there() {
    let stack = Stack::without_queue().of_job_types(job_types::FILE);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let id = api.submit("work", &json!({"seconds": 0}));
    let message = wait_for_reason(&api, &id, "queue_missing");
    assert!(message.contains(stack.queue()), "{message}");

    stack.create_queue();
    api.wait_for_status(&id, "completed");
}

#[test]
fn expired_credentials_hold_jobs_and_do_not_fail_them() {
    let stack = Stack::with_job_types(job_types::FILE);
    let aws = FaultyAws::before(stack.moto().port());
    let key = stack.create_key("user123");
    let gateway = stack.serve_with(&[("AWS_ENDPOINT_URL_BATCH", &aws.url())]);
    let api = gateway.api(&key);
    aws.fail(Fault {
        path: "/v1/",
        status: 403,
        code: "ExpiredTokenException",
    });
    let id = api.submit("work", &json!({"seconds": 0}));
    wait_for_reason(&api, &id, "expired_credentials");
    aws.mend();
    let job = api.wait_for_status(&id, "completed");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn while_aws_throttles_jobs_are_taken_and_sent_later() {
    let stack = Stack::with_job_types(job_types::FILE);
    let aws = FaultyAws::before(stack.moto().port());
    let key = stack.create_key("user123");
    let gateway = stack.serve_with(&[("AWS_ENDPOINT_URL_BATCH", &aws.url())]);
    let api = gateway.api(&key);
    aws.fail(Fault {
        path: "/v1/submitjob",
        status: 429,
        code: "TooManyRequestsException",
    });
    let ids: Vec<String> = (0..5)
        .map(|_| api.submit("work", &json!({"seconds": 0})))
        .collect();
    for id in &ids {
        assert_eq!(text(&api.job(id), "status"), "queued");
    }
    aws.mend();
    for id in &ids {
        api.wait_for_status(id, "completed");
    }
    assert_eq!(stack.jobs_at_batch(), 5, "each was submitted once");
}

#[test]
fn a_job_that_may_not_be_stopped_is_not_called_cancelled() {
    let stack = Stack::with_job_types(job_types::FILE);
    let aws = FaultyAws::before(stack.moto().port());
    let key = stack.create_key("user123");
    // The runner can't hear of the cancel from the gateway, and ends by itself.
    let gateway = stack.serve_with(&[
        ("AWS_ENDPOINT_URL_BATCH", &aws.url()),
        ("BATCHWAY_PUBLIC_URL", "http://gateway.invalid"),
    ]);
    let api = gateway.api(&key);
    let id = api.submit("linger", &json!({}));
    api.wait_for_status(&id, "running");
    stack.wait_for_containers_of(&id, 1);
    aws.fail(Fault {
        path: "/v1/terminatejob",
        status: 403,
        code: "AccessDeniedException",
    });
    let answer = api.cancel(&id).expect(202);
    assert_eq!(text(&answer, "status"), "running");
    assert!(answer["cancel_requested_at"].is_string());
    stack.wait_for_containers_of(&id, 1);
    aws.mend();
    api.wait_for_status(&id, "cancelled");
}

#[test]
fn a_bucket_that_is_gone_is_named() {
    let stack = Stack::with_job_types(job_types::FILE);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let id = api.submit("work", &json!({"seconds": 0}));
    api.wait_for_status(&id, "completed");
    stack.delete_bucket();
    let answer = api.get(&format!("/api/v1/jobs/{id}/artifacts"));
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    answer.expect(503);
    // What needs no bucket goes on.
    assert_eq!(text(&api.job(&id), "status"), "completed");
}
