//! The gateway dies at any moment; the jobs do not, and none runs twice.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::gateway::{Installation, text, wait_for};

/// How often the gateway is killed while jobs are submitted and run.
const ROUNDS: usize = 25;

/// How many jobs must have been accepted by then. On a busy machine that takes more rounds, in
/// which the kill comes later and later.
const JOBS: usize = 50;

#[test]
fn a_running_job_is_adopted_by_the_next_gateway() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let id = gateway.api(&key).submit("linger", &json!({}));
    let before = gateway.api(&key).wait_for_status(&id, "running");
    gateway.kill();

    let gateway = installation.serve();
    let api = gateway.api(&key);
    let after = api.job(&id);
    assert_eq!(text(&after, "status"), "running");
    assert_eq!(
        after["attempts"][0]["backend_id"],
        before["attempts"][0]["backend_id"]
    );
    let cancelled = api.cancel_until_stopped(&id);
    assert_eq!(
        cancelled["attempts"].as_array().unwrap().len(),
        1,
        "it never ran twice"
    );
}

#[test]
fn a_job_that_ends_while_no_gateway_runs_is_seen_by_the_next() {
    let installation = Installation::new();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let params = json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": 100, "temperature": 300, "steps": 20_000,
    }}});
    let id = gateway.api(&key).submit("run_simulation", &params);
    gateway.api(&key).wait_for_status(&id, "running");
    gateway.kill();
    let manifest = installation.data().join(format!(
        "artifacts/objects/prod/user123/{id}/_batchway/try-1/manifest.json"
    ));
    wait_for("the job to end by itself", || {
        manifest.exists().then_some(())
    });

    let gateway = installation.serve();
    let job = gateway.api(&key).wait_for_status(&id, "completed");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_accepted_is_lost_and_nothing_runs_twice_however_often_the_gateway_is_killed() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let witness = installation.path().join("witness");
    let mut accepted: Vec<String> = Vec::new();
    let mut round = 0;
    while round < ROUNDS || accepted.len() < JOBS {
        round += 1;
        assert!(round < 10 * ROUNDS, "only {} were accepted", accepted.len());
        let gateway = installation.serve();
        let api = gateway.api(&key);
        // The kill comes at another point of the same work in each round.
        let killer = std::thread::spawn(move || {
            after(Duration::from_millis(3 * round as u64 - 3));
            gateway.kill();
        });
        for number in 0..20 {
            let body = json!({"job_type": "note", "params": {
                "text": format!("{round}.{number}"), "witness": witness,
            }});
            match api.try_post("/api/v1/jobs", &body.to_string(), &[]) {
                Ok(answer) if answer.status == 202 => {
                    accepted.push(text(&answer.json(), "job_id").to_owned());
                }
                Ok(answer) => panic!("{answer:?}"),
                Err(_) => break,
            }
        }
        killer.join().unwrap();
    }
    let gateway = installation.serve();
    let api = gateway.api(&key);
    for id in &accepted {
        let job = api.wait_for_status(id, "completed");
        assert_eq!(job["attempts"].as_array().unwrap().len(), 1, "{job:#}");
    }
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for id in std::fs::read_to_string(witness).unwrap().lines() {
        *runs.entry(id.to_owned()).or_default() += 1;
    }
    for id in &accepted {
        assert_eq!(runs.get(id), Some(&1), "{id} ran exactly once");
    }
    assert!(runs.values().all(|count| *count == 1), "{runs:?}");
}

fn after(wait: Duration) {
    std::thread::sleep(wait);
}
