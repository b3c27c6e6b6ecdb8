//! `cancelled` means stopped.

use std::path::Path;

use serde_json::json;

use crate::api::Api;
use crate::gateway::{Installation, text, wait_for};

/// The process that the `linger` job runs in, once it has said so.
fn process_of(installation: &Installation, id: &str) -> String {
    wait_for("the program's process id", || {
        let runs = std::fs::read_dir(installation.data().join("runs")).ok()?;
        let run = runs
            .flatten()
            .find(|run| run.file_name().to_string_lossy().contains(id))?;
        find_file(&run.path(), "pid")
            .and_then(|path| std::fs::read_to_string(path).ok())
            .filter(|pid| pid.ends_with('\n'))
            .map(|pid| pid.trim().to_owned())
    })
}

fn find_file(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find_file(&path, name)
        } else {
            path.ends_with(name).then_some(path)
        }
    })
}

fn is_alive(pid: &str) -> bool {
    // A process that has ended and was not yet waited for is a zombie: it runs nothing.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim()
            .starts_with('Z')
    })
}

fn running(installation: &Installation, api: &Api, stubborn: bool) -> (String, String) {
    let id = api.submit("linger", &json!({"stubborn": stubborn}));
    api.wait_for_status(&id, "running");
    let pid = process_of(installation, &id);
    assert!(is_alive(&pid));
    (id, pid)
}

#[test]
fn a_running_job_is_stopped_before_it_is_called_cancelled() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let (id, pid) = running(&installation, &api, false);

    let cancelled = api.cancel_until_stopped(&id);
    assert_eq!(text(&cancelled, "status"), "cancelled");
    assert!(cancelled["cancel_requested_at"].is_string() && cancelled["completed_at"].is_string());
    assert!(!is_alive(&pid), "the program has ended");

    let again = api.cancel(&id).expect(200);
    assert_eq!(again, cancelled, "twice is the same as once");
}

#[test]
fn a_program_that_ignores_sigterm_is_killed_and_not_called_cancelled_before() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let (id, pid) = running(&installation, &api, true);

    let answer = api.cancel(&id);
    let (status, job) = (answer.status, answer.json());
    if status == 202 {
        assert_eq!(
            text(&job, "status"),
            "running",
            "the answer does not lie: {job:#}"
        );
        assert!(job["cancel_requested_at"].is_string());
    } else {
        assert_eq!((status, text(&job, "status")), (200, "cancelled"));
    }
    api.wait_for_status(&id, "cancelled");
    assert!(!is_alive(&pid), "the program has ended");
}

#[test]
fn a_waiting_job_is_cancelled_at_once_and_never_starts() {
    let installation = Installation::with_test_job_types().set("BATCHWAY_PROCESS_CONCURRENCY", "1");
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let (first, _) = running(&installation, &api, false);

    let witness = installation.path().join("witness");
    let waiting = api.submit("note", &json!({"text": "x", "witness": witness}));
    assert_eq!(
        text(&api.cancel(&waiting).expect(200), "status"),
        "cancelled"
    );
    api.cancel_until_stopped(&first);

    let last = api.submit("note", &json!({"text": "x", "witness": witness}));
    api.wait_for_status(&last, "completed");
    assert_eq!(std::fs::read_to_string(witness).unwrap().trim(), last);
    assert_eq!(text(&api.job(&waiting), "status"), "cancelled");
}

#[test]
fn after_the_end_a_cancel_changes_nothing() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let witness = installation.path().join("witness");
    let id = api.submit("note", &json!({"text": "x", "witness": witness}));
    let completed = api.wait_for_status(&id, "completed");

    let mut answer = api.cancel(&id).expect(200);
    let mut expected = completed;
    // Links are made anew for each answer.
    for field in ["result_url", "result_expires_at"] {
        answer[field].take();
        expected[field].take();
    }
    assert_eq!(answer, expected);
}
