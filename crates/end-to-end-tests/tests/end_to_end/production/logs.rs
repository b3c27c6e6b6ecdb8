//! What containers write is read out of CloudWatch, and put beside the artifacts.

use serde_json::{Value, json};

use super::stack::Stack;
use crate::api::Api;
use crate::gateway::{text, wait_for};

const JOB_TYPES: &str = r#"
[talk]
summary = "Talks."
params_schema = { type = "object" }
example = {}
aws_batch.command = ["sh", "-c", "echo to standard output; echo to standard error >&2; seq 1200"]
"#;

/// `None` where logs are asked for more often than AWS is to be.
fn logs(api: &Api, id: &str, query: &str) -> Option<Value> {
    let answer = api.get(&format!("/api/v1/jobs/{id}/logs{query}"));
    (answer.status != 503).then(|| answer.expect(200))
}

/// What the program wrote: its runner speaks in JSON.
fn lines(page: &Value) -> Vec<String> {
    let lines = page["lines"].as_array().unwrap().iter();
    lines
        .map(|line| text(line, "text").to_owned())
        .filter(|line| !line.starts_with(['{', '[']))
        .collect()
}

#[test]
fn a_jobs_log_is_read_from_the_beginning_to_the_end_wherever_it_lies() {
    let stack = Stack::with_job_types(JOB_TYPES);
    let key = stack.create_key("user123");
    let gateway = stack.serve();
    let api = gateway.api(&key);
    let id = api.submit("talk", &json!({}));
    let job = api.wait_for_status(&id, "completed");

    // moto shows a log after the end of its container.
    let (mut query, mut seen, mut sources) = (String::new(), Vec::new(), Vec::new());
    wait_for("the end of the log", || {
        let page = logs(&api, &id, &query)?;
        seen.extend(lines(&page));
        sources.push(page["source"].clone());
        if page["complete"] == true {
            return Some(());
        }
        query = format!("?cursor={}", text(&page, "next_cursor"));
        None
    });
    let mut expected: Vec<String> = (1..=1200).map(|number| number.to_string()).collect();
    expected.extend([
        "to standard output".to_owned(),
        "to standard error".to_owned(),
    ]);
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "each line once, out of {sources:?}");

    let archived = wait_for("the log to be archived", || {
        let page = logs(&api, &id, "?tail=1000")?;
        (page["source"] == "archive").then_some(page)
    });
    assert_eq!(archived["complete"], true);
    assert!(lines(&archived).contains(&"1200".to_owned()), "{job:#}");
    let times = archived["lines"].as_array().unwrap().iter();
    assert!(times.clone().all(|line| line["at"].is_string()));
}
