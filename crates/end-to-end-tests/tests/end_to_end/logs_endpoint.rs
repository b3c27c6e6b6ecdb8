//! What programs write is there while they run, after, and for good.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::api::Api;
use crate::gateway::{Installation, text, wait_for};

/// * `talk` writes to both streams, waits for a file, and writes many lines more.
/// * `stumble` writes a line and kills its runner, the first time.
const JOB_TYPES: &str = r#"
[talk]
summary = "Talks."
params_schema = { type = "object", required = ["go"], properties = { go = { type = "string" } } }
example = { go = "/tmp/go" }
process.command = ["/bin/sh", "-c", '''
  go=$(sed -n 's/.*"go":"\([^"]*\)".*/\1/p' "$BATCHWAY_PARAMS_FILE")
  echo "to standard output"
  echo "to standard error" >&2
  until [ -e "$go" ]; do sleep 0.1; done
  seq 1500
  printf 'the last line has no end'
''']

[stumble]
summary = "Fails the first time."
params_schema = { type = "object", required = ["marker"], properties = { marker = { type = "string" } } }
example = { marker = "/tmp/marker" }
process.command = ["/bin/sh", "-c", '''
  marker=$(sed -n 's/.*"marker":"\([^"]*\)".*/\1/p' "$BATCHWAY_PARAMS_FILE")
  if [ -e "$marker" ]; then echo "the second time"; exit 0; fi
  echo "the first time"
  touch "$marker"
  kill -9 $PPID
  sleep 60
''']
"#;

fn installation() -> Installation {
    let installation = Installation::new();
    let path = installation.path().join("job-types.toml");
    std::fs::write(&path, JOB_TYPES).unwrap();
    installation.set("BATCHWAY_JOB_TYPES", path.to_str().unwrap())
}

fn logs(api: &Api, id: &str, query: &str) -> Value {
    api.get(&format!("/api/v1/jobs/{id}/logs{query}"))
        .expect(200)
}

/// What the program wrote, and not its runner.
fn lines(page: &Value) -> Vec<String> {
    let lines = page["lines"].as_array().unwrap().iter();
    lines
        .map(|line| text(line, "text").to_owned())
        .filter(|line| !line.starts_with("[batchway-runner]"))
        .collect()
}

/// Reads on from a page, or the beginning, until it has all lines, or those that suffice.
fn follow(
    api: &Api,
    id: &str,
    from: Option<&Value>,
    suffices: impl Fn(&[String]) -> bool,
) -> (Vec<String>, Value) {
    let mut query = from.map_or_else(String::new, |page| {
        format!("?cursor={}", text(page, "next_cursor"))
    });
    let mut seen = Vec::new();
    let last = wait_for("the lines of a program", || {
        let page = logs(api, id, &query);
        seen.extend(lines(&page));
        if page["complete"] == true || suffices(&seen) {
            return Some(page);
        }
        query = format!("?cursor={}", text(&page, "next_cursor"));
        None
    });
    (seen, last)
}

fn archived(api: &Api, id: &str, query: &str) -> Value {
    wait_for("its log to be archived", || {
        let page = logs(api, id, query);
        (page["source"] == "archive").then_some(page)
    })
}

fn object(installation: &Installation, id: &str, try_number: u32) -> PathBuf {
    installation.data().join(format!(
        "artifacts/objects/prod/user123/{id}/_batchway/try-{try_number}/attempt-1.log"
    ))
}

#[test]
fn a_program_is_followed_while_it_runs_and_to_its_end() {
    let installation = installation();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let go = installation.path().join("go");
    let id = api.submit("talk", &json!({"go": go}));
    let (live, page) = follow(&api, &id, None, |lines| lines.len() == 2);
    // Which of two streams is read first, nobody says.
    let mut streams = live.clone();
    streams.sort();
    assert_eq!(streams, ["to standard error", "to standard output"]);
    assert_eq!(
        (&page["source"], &page["attempt"]),
        (&json!("backend"), &json!(1))
    );
    assert_eq!(page["complete"], false);
    let tail = logs(&api, &id, "?tail=1");
    assert_eq!(tail["lines"].as_array().unwrap().len(), 1);
    // Its runner may have had something to say since.
    assert!(lines(&tail).iter().all(|line| *line == live[1]), "{tail:#}");

    std::fs::write(go, "").unwrap();
    let (rest, end) = follow(&api, &id, Some(&page), |_| false);
    let mut expected: Vec<String> = (1..=1500).map(|number| number.to_string()).collect();
    expected.push("the last line has no end".to_owned());
    assert_eq!(rest, expected, "each line comes once");
    assert!(end["next_cursor"].is_null());

    let first = archived(&api, &id, "");
    assert_eq!(first["lines"].as_array().unwrap().len(), 1000);
    let (whole, _) = follow(&api, &id, None, |_| false);
    assert_eq!(whole, [live, rest].concat());
    let tail = logs(&api, &id, "?tail=2");
    assert_eq!(lines(&tail), ["1500", "the last line has no end"]);
    let stored = std::fs::read_to_string(object(&installation, &id, 1)).unwrap();
    assert!(stored.contains("\n-\tto standard error\n"), "{stored:.300}");
}

#[test]
fn every_attempt_has_its_own_log_and_keeps_it() {
    let installation = installation();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let marker = installation.path().join("marker");
    let id = api.submit("stumble", &json!({"marker": marker}));
    let job = api.wait_for_status(&id, "completed");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 2, "{job:#}");
    // Whoever dies before they are archived: they are all the same.
    gateway.kill();
    let gateway = installation.serve();
    let api = gateway.api(&key);
    for (query, line) in [
        ("?attempt=1", "the first time"),
        ("?attempt=2", "the second time"),
        ("", "the second time"),
    ] {
        let page = archived(&api, &id, query);
        assert_eq!(lines(&page), [line], "{page:#}");
        assert_eq!(page["complete"], true);
    }
    for runs in std::fs::read_dir(installation.data().join("runs")).unwrap() {
        let run = runs.unwrap().path();
        if run.is_dir() {
            std::fs::remove_dir_all(run).unwrap();
        }
    }
    assert_eq!(lines(&logs(&api, &id, "?attempt=1")), ["the first time"]);
    let refused = api.get(&format!("/api/v1/jobs/{id}/logs?attempt=3"));
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[test]
fn where_there_is_no_log_yet_or_ever_the_reason_is_told() {
    let installation = installation().set("BATCHWAY_PROCESS_CONCURRENCY", "1");
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let go = installation.path().join("go");
    let first = api.submit("talk", &json!({"go": go}));
    api.wait_for_status(&first, "running");
    let waiting = api.submit("talk", &json!({"go": go}));
    let page = logs(&api, &waiting, "");
    assert_eq!(
        page["reason"],
        "The job's program has not been started yet."
    );
    assert_eq!(
        (&page["source"], &page["complete"]),
        (&Value::Null, &json!(false))
    );
    api.cancel(&waiting).expect(200);
    let query = format!("?cursor={}", text(&page, "next_cursor"));
    let page = logs(&api, &waiting, &query);
    assert_eq!(
        page["reason"],
        "The job ended before its program was started."
    );
    assert_eq!(page["complete"], true);

    let other = gateway.api(&installation.create_key("someone"));
    let theirs = other.get(&format!("/api/v1/jobs/{first}/logs"));
    assert_eq!(theirs.status, 404);
    std::fs::write(go, "").unwrap();
    api.wait_for_status(&first, "completed");
}
