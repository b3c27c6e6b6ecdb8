//! What the gateway is for: a job on AWS Batch, followed to its results.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::job_types;
use super::stack::Stack;
use crate::api::Api;
use crate::gateway::{text, wait_within};

/// A job that was being sent by a replica which died is looked for when its lease of a minute is
/// over, and AWS Batch must have answered without it for two more before it is sent again.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(450);

/// Each file is a request to moto, which answers one after the other.
const STORED_WITHIN: Duration = Duration::from_secs(450);

/// It computes for ten seconds on a core of its own.
const COMPUTED_WITHIN: Duration = Duration::from_secs(450);

/// The parameters of the requirements.
fn simulation() -> Value {
    json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": 1000, "temperature": 300, "steps": 50_000,
    }}})
}

#[test]
fn a_simulation_runs_on_aws_batch_from_post_to_artifacts() {
    let stack = Stack::start();
    let key = stack.create_key("user123");
    let (one, other) = (stack.serve(), stack.serve_another());
    let id = one.api(&key).submit("run_simulation", &simulation());

    let (statuses, progress, job) = watched(&other.api(&key), &id);
    // By the time of the first look, it may run already.
    let seen = statuses.strip_prefix(&["queued".to_owned()]);
    assert_eq!(seen.unwrap_or(&statuses), ["running", "completed"]);
    assert!(
        progress.len() >= 3,
        "progress was seen to move: {progress:?}"
    );
    assert_eq!(job["progress"], 100);
    assert!(job["failure"].is_null(), "{job:#}");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(job["aws_batch_job_id"], job["attempts"][0]["backend_id"]);

    let api = other.api(&key);
    let results = api.fetch(text(&job, "result_url"));
    assert_eq!(results.status, 200);
    assert_eq!(results.bytes, api.artifact(&id, "results.h5"));
    let results = hdf5_pure::File::from_bytes(results.bytes).unwrap();
    assert!(!results.root().groups().unwrap().is_empty());
    for artifact in api.artifacts(&id) {
        let key = text(&artifact, "key");
        assert!(key.starts_with(&format!("prod/user123/{id}/")), "{key}");
        assert!(!key.contains("_batchway"), "{key}");
        let whole = api.fetch(text(&artifact, "url"));
        assert_eq!(whole.bytes.len() as u64, artifact["size"].as_u64().unwrap());
    }
}

/// The statuses of a job in the order in which they were seen, its progress, and its end.
fn watched(api: &Api, id: &str) -> (Vec<String>, BTreeSet<u64>, Value) {
    let (mut statuses, mut progress) = (Vec::new(), BTreeSet::new());
    let job = wait_within(COMPUTED_WITHIN, "the job to end", || {
        let job = api.get(&format!("/api/v1/jobs/{id}?wait=2s")).expect(200);
        let status = text(&job, "status").to_owned();
        if statuses.last() != Some(&status) {
            statuses.push(status.clone());
        }
        progress.insert(job["progress"].as_u64().unwrap());
        (!["queued", "running"].contains(&status.as_str())).then_some(job)
    });
    (statuses, progress, job)
}

#[test]
fn a_job_that_is_cancelled_while_it_runs_has_no_container_any_more() {
    let stack = Stack::with_job_types(job_types::FILE);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let id = api.submit("linger", &json!({}));
    api.wait_for_status(&id, "running");
    stack.wait_for_containers_of(&id, 1);

    let answer = api.cancel(&id);
    assert!([200, 202].contains(&answer.status), "{answer:?}");
    assert!(answer.json()["cancel_requested_at"].is_string());
    let job = api.wait_for_status(&id, "cancelled");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(stack.containers_of(&id), Vec::<String>::new());
}

#[test]
fn when_a_replica_is_killed_the_other_carries_on() {
    let stack = Stack::with_job_types(job_types::FILE);
    let key = stack.create_key("user123");
    let (one, other) = (stack.serve(), stack.serve_another());
    let running = one.api(&key).submit("work", &json!({"seconds": 8}));
    one.api(&key).wait_for_status(&running, "running");
    let waiting: Vec<String> = (0..5)
        .map(|_| one.api(&key).submit("work", &json!({"seconds": 0})))
        .collect();
    one.kill();

    let api = other.api(&key);
    for id in waiting.iter().chain([&running]) {
        let job = api.wait_for_status_within(TAKEN_OVER_WITHIN, id, "completed");
        assert_eq!(job["attempts"].as_array().unwrap().len(), 1, "{job:#}");
    }
    assert_eq!(stack.jobs_at_batch(), 6, "each was submitted once");
}

#[test]
fn every_one_of_1500_artifacts_is_listed() {
    let stack = Stack::with_job_types(job_types::FILE);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let id = api.submit("scatter", &json!({"files": 1500}));
    api.wait_for_status_within(STORED_WITHIN, &id, "completed");
    let artifacts = api.artifacts(&id);
    let keys: BTreeSet<&str> = artifacts.iter().map(|one| text(one, "key")).collect();
    let expected: Vec<String> = (1..=1500)
        .map(|number| format!("prod/user123/{id}/{number}.txt"))
        .collect();
    assert_eq!(keys, expected.iter().map(String::as_str).collect());
    assert_eq!(artifacts.len(), 1500);
}
