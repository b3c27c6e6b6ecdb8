//! Webhooks, from the job to whoever receives them, who checks them with the library of Standard
//! Webhooks.

mod receiver;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use batchway_test_servers::RedisServer;
use serde_json::{Value, json};

use crate::api::{Answer, Api};
use crate::gateway::{Installation, text, wait_for, wait_within};
use receiver::{Received, Receiver};

/// What was under way when its gateway died is sent again after a lease of a minute.
const AFTER_A_KILL: Duration = Duration::from_secs(200);

/// `greet` runs until a file is there, which is when its running has been told.
const JOB_TYPES: &str = r#"
[greet]
summary = "Greets when it is told to."
params_schema = { type = "object", required = ["go"], properties = { go = { type = "string" } } }
example = { go = "/tmp/go" }
main_result = ["greeting.txt"]
process.command = ["/bin/sh", "-c", '''
  go=$(sed -n 's/.*"go":"\([^"]*\)".*/\1/p' "$BATCHWAY_PARAMS_FILE")
  until [ -e "$go" ]; do sleep 0.1; done
  echo hello > "$BATCHWAY_OUTPUT_DIR/greeting.txt"
''']
"#;

fn cautious_installation() -> Installation {
    let installation = Installation::new();
    let path = installation.path().join("job-types.toml");
    std::fs::write(&path, JOB_TYPES).unwrap();
    installation.set("BATCHWAY_JOB_TYPES", path.to_str().unwrap())
}

/// Receivers of this machine are allowed, and tried again soon.
fn installation() -> Installation {
    cautious_installation()
        .set("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "127.0.0.1/32")
        .set("BATCHWAY_WEBHOOK_RETRIES", &["2s"; 19].join(","))
}

fn on(redis: &RedisServer, installation: Installation) -> Installation {
    installation
        .set("REDIS_HOST", "127.0.0.1")
        .set("REDIS_PORT", &redis.port().to_string())
}

#[test]
fn on_sqlite_the_standards_own_library_takes_them_for_ours() {
    are_verified(&installation());
}

#[test]
fn on_redis_the_standards_own_library_takes_them_for_ours() {
    let redis = RedisServer::start();
    are_verified(&on(&redis, installation()));
}

fn are_verified(installation: &Installation) {
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let receiver = Receiver::start();
    let secret = webhook_secret(installation, "show", "user123");
    assert_eq!(webhook_secret(installation, "show", "user123"), secret);
    let others = webhook_secret(installation, "show", "someone");

    let go = installation.path().join("go");
    let id = submit(&api, &go, &receiver);
    let running = of(&receiver.wait_for(1), "job.running");
    std::fs::write(go, "").unwrap();
    let completed = of(&receiver.wait_for(2), "job.completed");
    for event in [&running, &completed] {
        assert!(is_verified(event, &secret), "{event:?}");
        assert!(!is_verified(event, &others), "{event:?}");
        assert_eq!(event.header("content-type"), "application/json");
        assert_eq!(event.json()["data"]["job_id"], json!(id));
    }
    assert_eq!(running.json()["data"]["status"], "running");
    let (told, shown) = (&completed.json()["data"], api.job(&id));
    let result = api.fetch(text(told, "result_url"));
    assert_eq!(result.bytes, b"hello\n");
    assert_eq!(names_of(told), names_of(&shown));
    for name in [
        "status",
        "job_type",
        "attempts",
        "created_at",
        "completed_at",
    ] {
        assert_eq!(told[name], shown[name], "{name}");
    }

    let new = webhook_secret(installation, "rotate", "user123");
    assert_ne!(new, secret);
    assert_eq!(webhook_secret(installation, "show", "user123"), new);
    let list = wait_for("both to be delivered", || all_delivered(&api, &id));
    let delivery = completed.header("webhook-id");
    assert!(list.iter().any(|one| one["delivery_id"] == delivery));
    let replay = format!("/api/v1/jobs/{id}/webhook-deliveries/{delivery}/replay");
    api.post(&replay, "", &[]).expect(202);
    let again = &receiver.wait_for(3)[2];
    assert_eq!(again.header("webhook-id"), delivery);
    for known in [&secret, &new] {
        assert!(is_verified(again, known), "{again:?}");
    }
    assert!(!is_verified(again, &others), "{again:?}");
    assert!(
        !is_verified(&completed, &new),
        "it was signed before there was a new secret"
    );
}

#[test]
fn on_sqlite_an_event_outlives_its_gateway() {
    outlive_the_gateway(&installation());
}

#[test]
fn on_redis_an_event_outlives_its_gateway() {
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    outlive_the_gateway(&on(&redis, installation()));
}

fn outlive_the_gateway(installation: &Installation) {
    let key = installation.create_key("user123");
    let receiver = Receiver::start();
    receiver.set_up(false);
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let id = submit(&api, &installation.path().join("go"), &receiver);
    let tried = wait_for("an attempt", || {
        let first = deliveries(&api, &id).into_iter().next()?;
        (!first["attempts"].as_array()?.is_empty()).then_some(first)
    });
    assert_eq!(text(&tried, "status"), "pending");
    gateway.kill();
    assert!(receiver.received().is_empty());

    let gateway = installation.serve();
    let api = gateway.api(&key);
    receiver.set_up(true);
    api.cancel_until_stopped(&id);
    let delivered = wait_within(AFTER_A_KILL, "what happened before the kill", || {
        all_delivered(&api, &id)
    });
    let kinds: Vec<&str> = delivered
        .iter()
        .map(|one| text(one, "event_type"))
        .collect();
    assert_eq!(kinds, ["job.running", "job.cancelled"]);
    let running = of(&receiver.received(), "job.running");
    assert_eq!(running.header("webhook-id"), text(&tried, "delivery_id"));
    let secret = webhook_secret(installation, "show", "user123");
    assert!(is_verified(&running, &secret), "{running:?}");
}

#[test]
fn receivers_of_ones_own_network_are_called_only_where_they_are_allowed() {
    let installation = cautious_installation();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let receiver = Receiver::start();
    for url in [receiver.url(), "http://localhost/", "http://[::1]/"] {
        let refused = post(&api, &installation.path().join("go"), url).expect(422);
        assert!(
            text(&refused, "type").ends_with("/invalid-request"),
            "{refused:#}"
        );
        assert!(refused.to_string().contains("webhook_url"), "{refused:#}");
    }
    assert_eq!(api.get("/api/v1/jobs").expect(200)["jobs"], json!([]));
    assert!(receiver.received().is_empty());
}

fn post(api: &Api, go: &Path, url: &str) -> Answer {
    let job = json!({"job_type": "greet", "params": {"go": go}, "webhook_url": url});
    api.post("/api/v1/jobs", &job.to_string(), &[])
}

fn submit(api: &Api, go: &Path, receiver: &Receiver) -> String {
    let job = post(api, go, receiver.url()).expect(202);
    text(&job, "job_id").to_owned()
}

fn deliveries(api: &Api, id: &str) -> Vec<Value> {
    let path = format!("/api/v1/jobs/{id}/webhook-deliveries");
    let list = api.get(&path).expect(200);
    list["deliveries"].as_array().unwrap().clone()
}

/// Both of a job, once they are.
fn all_delivered(api: &Api, id: &str) -> Option<Vec<Value>> {
    let list = deliveries(api, id);
    let is_delivered = |one: &Value| one["status"] == "delivered";
    (list.len() == 2 && list.iter().all(is_delivered)).then_some(list)
}

/// The event of this kind.
fn of(received: &[Received], kind: &str) -> Received {
    let mut of_kind = received.iter().filter(|one| one.json()["type"] == kind);
    of_kind
        .next()
        .unwrap_or_else(|| panic!("no {kind} among {received:#?}"))
        .clone()
}

fn names_of(object: &Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}

/// What the command line says, which is the secret alone.
fn webhook_secret(installation: &Installation, command: &str, user: &str) -> String {
    let output = installation.run(&["webhook-secret", command, "--user", user]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let secret = said.strip_suffix('\n').unwrap();
    assert!(
        secret.starts_with("whsec_") && secret.len() > 32,
        "{said:?}"
    );
    assert!(!secret.contains(char::is_whitespace), "{said:?}");
    secret.to_owned()
}

/// What the reference library of Standard Webhooks says of a request.
fn is_verified(request: &Received, secret: &str) -> bool {
    let python = std::env::var("BATCHWAY_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let input = json!({"secret": secret, "headers": request.headers, "body": request.body});
    let mut child = Command::new(&python)
        .args(["-c", include_str!("verify_webhook.py")])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python} does not start: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() || said.starts_with("refused: "),
        "{python} can't judge a webhook: `pip install standardwebhooks` into a virtual \
         environment and set BATCHWAY_TEST_PYTHON to its interpreter, or run `cargo xtask test`, \
         which does both; it said {said}"
    );
    output.status.success()
}
