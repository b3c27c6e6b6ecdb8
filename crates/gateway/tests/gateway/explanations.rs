//! `batchway doctor --job`, beside a gateway that runs jobs on this machine.

use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Gateway, Installation};

/// How long a job may take to be where a test wants it: its runner has to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// `[31m` makes a terminal red.
const JOB_TYPES: &str = r#"
[breaks]
summary = "Fails."
params_schema = { type = "object" }
example = {}
process.command = ["sh", "-c", "echo begins; printf 'no such \\033[31mfile\\n'; exit 3"]

[stays]
summary = "Runs on."
params_schema = { type = "object" }
example = {}
process.command = ["sh", "-c", "echo stays; exec sleep 900"]
"#;

fn installation() -> Installation {
    let installation = Installation::new(&[("BATCHWAY_PROCESS_CONCURRENCY", "1")]);
    let file = installation.path().join("job-types.toml");
    std::fs::write(&file, JOB_TYPES).unwrap();
    installation.set("BATCHWAY_JOB_TYPES", file.to_str().unwrap())
}

fn submit(gateway: &Gateway, key: &str, kind: &str) -> String {
    let answer = gateway.post(
        "/api/v1/jobs",
        key,
        &json!({"job_type": kind, "params": {}}),
    );
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.body["job_id"].as_str().unwrap().to_owned()
}

fn wait_until(gateway: &Gateway, key: &str, job: &str, status: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = gateway.get(&format!("/api/v1/jobs/{job}"), key);
        if answer.body["status"] == status {
            return;
        }
        assert!(Instant::now() < deadline, "never {status}: {answer:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_job_that_failed_shows_its_exit_code_and_its_last_lines_to_person_and_program() {
    let installation = installation();
    let gateway = installation.serve();
    let key = installation.create_key("user123");
    let job = submit(&gateway, &key, "breaks");
    wait_until(&gateway, &key, &job, "failed");
    let (code, told, complaint) = said(&installation.run(&["doctor", "--job", &job]));
    assert_eq!(code, Some(0), "{told}{complaint}");
    for part in [
        "program_exit",
        "exit code 3",
        "begins",
        "what helps",
        "[owner]",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(
        told.contains("no such \u{fffd}[31mfile"),
        "a terminal obeys nothing: {told}"
    );

    let (code, told, _) = said(&installation.run(&["doctor", "--job", &job, "--json"]));
    assert_eq!(code, Some(0));
    let told: Value = serde_json::from_str(&told).unwrap();
    let answered = gateway.get(&format!("/api/v1/jobs/{job}/explain"), &key);
    assert_eq!(told, answered.body);
    let lines = told["evidence"]["log"]["lines"].as_array().unwrap();
    assert_eq!(lines.last().unwrap()["text"], "no such \u{1b}[31mfile");
}

#[test]
fn a_job_behind_full_slots_is_told_so_and_jobs_that_are_not_there_are_told_too() {
    let installation = installation();
    let gateway = installation.serve();
    let key = installation.create_key("user123");
    let first = submit(&gateway, &key, "stays");
    wait_until(&gateway, &key, &first, "running");
    let second = submit(&gateway, &key, "stays");
    let (code, told, _) = said(&installation.run(&["doctor", "--job", &second]));
    assert_eq!(code, Some(0));
    assert!(
        told.contains("slots_full") && told.contains("free slots        0"),
        "{told}"
    );
    let (code, told, _) = said(&installation.run(&["doctor", "--job", &first, "--json"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["cause"]), (Some(0), &json!("running")));

    for absent in ["job_0000000000000000000000000000", "no-id"] {
        let (code, told, complaint) = said(&installation.run(&["doctor", "--job", absent]));
        assert_eq!((code, told.as_str()), (Some(1), ""));
        let expected = format!("there is no job {absent} in this store");
        assert!(complaint.contains(&expected), "{complaint}");
    }
    for job in [&second, &first] {
        gateway.post(&format!("/api/v1/jobs/{job}/cancel"), &key, &json!({}));
        wait_until(&gateway, &key, job, "cancelled");
    }
}

#[test]
fn where_no_gateway_ever_was_nothing_is_made_and_what_can_not_be_meant_is_refused() {
    let installation = Installation::new(&[]);
    let job = "job_0000000000000000000000000000";
    let (code, _, complaint) = said(&installation.run(&["doctor", "--job", job]));
    assert_eq!(code, Some(1));
    assert!(complaint.contains(job), "{complaint}");
    assert!(!installation.path().join("data").exists(), "it was made");
    let output = installation.run(&["doctor", "--job", job, "--policy"]);
    assert_eq!(said(&output).0, Some(2));
    let halved = installation.set("AWS_BATCH_JOB_QUEUE", "live2-job-queue");
    let (code, _, complaint) = said(&halved.run(&["doctor", "--job", job]));
    assert_eq!(code, Some(2), "{complaint}");
    assert!(
        complaint.contains("AWS_BATCH_JOB_DEFINITION"),
        "{complaint}"
    );
}
