//! The main path: the simulation of the requirements, and a dataset made from it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::gateway::{Installation, text};

fn simulation(steps: u32) -> Value {
    json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": 200, "temperature": 300, "steps": steps,
    }}})
}

#[test]
fn a_simulation_goes_from_post_to_artifacts() {
    let installation = Installation::new();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);

    let id = api.submit("run_simulation", &simulation(60_000));
    let queued = api.job(&id);
    assert!(
        ["queued", "running"].contains(&text(&queued, "status")),
        "{queued:#}"
    );
    assert!(queued["completed_at"].is_null() && queued["error"].is_null());

    let mut seen = BTreeSet::new();
    let job = loop {
        let job = api.get(&format!("/api/v1/jobs/{id}?wait=10s")).expect(200);
        let progress = job["progress"].as_u64().unwrap();
        seen.insert(progress);
        match text(&job, "status") {
            "completed" => break job,
            "queued" | "running" => assert!(progress < 100, "{job:#}"),
            _ => panic!("{job:#}"),
        }
    };
    assert!(seen.len() >= 3, "progress was seen to move: {seen:?}");
    assert_eq!(job["progress"], 100);
    assert!(job["completed_at"].is_string() && job["failure"].is_null());

    let keys: Vec<String> = api
        .artifacts(&id)
        .iter()
        .map(|artifact| text(artifact, "key").to_owned())
        .collect();
    for name in [
        "results.h5",
        "summary.json",
        "reactions.csv",
        "molecules.csv",
    ] {
        assert!(
            keys.contains(&format!("prod/user123/{id}/{name}")),
            "{name} in {keys:?}"
        );
    }
    assert!(
        keys.iter().filter(|key| key.ends_with(".svg")).count() >= 2,
        "{keys:?}"
    );
    assert!(
        keys.iter().all(|key| !key.contains("_batchway")),
        "{keys:?}"
    );

    let results = api.fetch(text(&job, "result_url"));
    assert_eq!(results.status, 200);
    assert!(
        results.bytes.starts_with(b"\x89HDF\r\n\x1a\n"),
        "an HDF5 file"
    );
    assert_eq!(results.bytes, api.artifact(&id, "results.h5"));
    serde_json::from_slice::<Value>(&api.artifact(&id, "summary.json")).unwrap();
}

#[test]
fn a_dataset_is_made_of_completed_runs_of_the_same_user() {
    let installation = Installation::new();
    let key = installation.create_key("user123");
    let stranger = installation.create_key("user456");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let run = api.submit("run_simulation", &simulation(2_000));
    api.wait_for_status(&run, "completed");

    for (kind, format) in [
        ("reaction_trajectories", "parquet"),
        ("autocatalysis_network", "json"),
        ("novel_molecules", "csv"),
    ] {
        let params = json!({"dataset_type": kind, "runs": [run], "output_format": format});
        let dataset = api.submit("generate_dataset", &params);
        let job = api.wait_for_status(&dataset, "completed");
        let name = format!("dataset.{format}");
        assert!(text(&job, "result_url").contains(&name), "{job:#}");
        assert!(!api.artifact(&dataset, &name).is_empty());
    }

    let body = |run: &str| {
        json!({"job_type": "generate_dataset", "params": {
            "dataset_type": "novel_molecules", "runs": [run],
        }})
        .to_string()
    };
    let foreign = gateway
        .api(&stranger)
        .post("/api/v1/jobs", &body(&run), &[])
        .expect(422);
    assert_eq!(foreign["errors"][0]["pointer"], "/params/runs/0");
    assert!(
        text(&foreign["errors"][0], "detail").contains(&run),
        "{foreign:#}"
    );

    let unfinished = api.submit("run_simulation", &simulation(10_000_000));
    let refused = api
        .post("/api/v1/jobs", &body(&unfinished), &[])
        .expect(422);
    assert!(
        text(&refused["errors"][0], "detail").contains(&unfinished),
        "{refused:#}"
    );
    api.cancel_until_stopped(&unfinished);
}
