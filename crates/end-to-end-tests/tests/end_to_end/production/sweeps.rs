//! `batchway sweep` beside a gateway: jobs at AWS Batch that no record knows.

use serde_json::{Value, json};

use super::stack::Stack;

/// The name of a job like this one, that was never admitted.
fn unknown_job(id: &str) -> String {
    let place = id.len() - 4;
    let other = if &id[place..=place] == "0" { "1" } else { "0" };
    format!("{}{other}{}", &id[..place], &id[place + 1..])
}

fn sweep(stack: &Stack, arguments: &[&str]) -> Value {
    let output = stack.run(&[&["sweep", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_job_without_a_record_is_listed_and_ended_by_hand_and_no_other() {
    let stack = Stack::start();
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let params = json!({"simulation_config": {"mode": "open_chemistry", "config": {
        "num_particles": 10, "temperature": 300, "steps": 1,
    }}});
    let id = gateway.api(&key).submit("run_simulation", &params);
    let unknown = unknown_job(&id);
    let deployment = stack.deployment();
    let ours = format!("bw-{deployment}-{unknown}-1");
    let orphan = stack.submit_stray(&ours, deployment);
    // Somebody else's, one with our name and one with our mark.
    let unmarked = stack.submit_stray(&ours, "other");
    let unnamed = stack.submit_stray(&format!("bw-other-{unknown}-1"), deployment);

    let listed = sweep(&stack, &[]);
    assert!(
        listed["queues"][0]["living_jobs"].as_u64() >= Some(1),
        "{listed:#}"
    );
    let orphans = listed["orphans"].as_array().unwrap();
    assert_eq!(orphans.len(), 1, "{listed:#}");
    assert_eq!(orphans[0]["id"], orphan);
    assert_eq!(orphans[0]["name"], ours);
    assert!(orphans[0]["ends_at"].is_string(), "{listed:#}");
    assert!(!stack.has_ended(&orphan));

    let ended = sweep(&stack, &["--apply"]);
    assert_eq!(ended["orphans"][0]["done"], "ended", "{ended:#}");
    assert!(ended["queues"][0]["swept_until"].is_string(), "{ended:#}");
    assert!(stack.has_ended(&orphan));
    assert!(!stack.has_ended(&unmarked) && !stack.has_ended(&unnamed));
    assert_eq!(sweep(&stack, &[])["orphans"], json!([]));
}
