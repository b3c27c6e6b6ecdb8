//! Stopping in the right order, and working without serving.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::gateway::{Installation, text};

#[test]
fn a_stop_answers_those_who_wait_and_leaves_jobs_running() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let mut gateway = installation.serve();
    let api = gateway.api(&key);
    let id = api.submit("linger", &json!({}));
    api.wait_for_status(&id, "running");

    let began = Instant::now();
    let mut waiting = TcpStream::connect(gateway.url().trim_start_matches("http://")).unwrap();
    write!(
        waiting,
        "GET /api/v1/jobs/{id}?wait=60s HTTP/1.1\r\nhost: gateway\r\n\
         authorization: Bearer {key}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    // Whoever comes later is answered, so the one who waits has been heard.
    for _ in 0..5 {
        api.job(&id);
    }
    gateway.signal(Signal::TERM);
    gateway.wait_for_line("stopping");
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"running\""),
        "{answer}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "the wait was cut short"
    );
    assert_eq!(gateway.exit_code(), Some(0));

    let gateway = installation.serve();
    assert_eq!(text(&gateway.api(&key).job(&id), "status"), "running");
    gateway.api(&key).cancel_until_stopped(&id);
}

#[test]
fn a_gateway_whose_log_nobody_reads_any_more_serves_and_stops() {
    let installation = Installation::new();
    let key = installation.create_key("user123");
    let mut gateway = installation.serve();
    gateway.close_log();
    for _ in 0..10 {
        gateway.api(&key).get("/api/v1/jobs").expect(200);
    }
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn one_process_serves_and_another_works() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.start(&["serve", "--no-worker", "--listen", "127.0.0.1:0"]);
    let api = gateway.api(&key);
    let witness = installation.path().join("witness");
    let id = api.submit("note", &json!({"text": "x", "witness": witness}));
    assert_eq!(
        text(
            &api.get(&format!("/api/v1/jobs/{id}?wait=2s")).expect(200),
            "status"
        ),
        "queued"
    );

    let mut worker = installation.command(&["worker"]).spawn().unwrap();
    api.wait_for_status(&id, "completed");
    worker.kill().unwrap();
    worker.wait().unwrap();
}
