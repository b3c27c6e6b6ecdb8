//! `batchway smoke` beside a gateway on AWS Batch, S3 and Redis, with its environment.

use serde_json::Value;

use super::stack::Stack;
use crate::gateway::{Gateway, text};

/// The exit code, and what it said.
fn smoke(stack: &Stack, gateway: &Gateway) -> (Option<i32>, Value) {
    let output = stack.run(&["smoke", "--json", "--url", gateway.url()]);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), report)
}

fn step<'a>(report: &'a Value, id: &str) -> &'a Value {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["id"] == id);
    found.unwrap_or_else(|| panic!("no step {id}: {report:#}"))
}

#[test]
fn all_of_it_passes_over_containers_buckets_and_links() {
    let stack = Stack::start();
    let gateway = stack.serve();
    let (code, report) = smoke(&stack, &gateway);
    assert_eq!(report["verdict"], "passed", "{report:#}");
    assert_eq!(code, Some(0));
    let downloaded = text(step(&report, "download"), "seen");
    assert!(downloaded.contains("SHA-256 as the runner"), "{downloaded}");
    let jobs = stack.jobs_at_batch();
    assert!(
        (1..=2).contains(&jobs),
        "sent again, none ran twice: {jobs}"
    );
    let keys = stack.run(&["keys", "list", "--user", "smoke"]);
    let keys = String::from_utf8(keys.stdout).unwrap();
    let key = keys.lines().nth(1).unwrap();
    assert!(!key.ends_with('-'), "it is revoked: {keys}");
}

#[test]
fn a_container_that_fails_is_told_with_its_id_at_aws() {
    let stack = Stack::with_job_types(
        r#"
[run_simulation]
summary = "Fails where it is small."
params_schema = { type = "object" }
example = {}
aws_batch.command = ["sh", "-c", '''
  case "$JOB_PARAMS" in *10000000*) while :; do sleep 0.1; done ;; esac
  echo "out of cheese"; exit 3
''']
"#,
    );
    let gateway = stack.serve();
    let (code, report) = smoke(&stack, &gateway);
    assert_eq!(code, Some(1), "{report:#}");
    let failed = step(&report, "wait");
    assert_eq!(failed["verdict"], "failed", "{report:#}");
    assert_eq!(failed["job"]["status"], "failed");
    let at = text(&failed["job"], "backend_id");
    assert!(at.starts_with("aws-batch "), "{at}");
    assert_eq!(step(&report, "cancel")["verdict"], "passed", "{report:#}");
    assert_eq!(step(&report, "clean-up")["verdict"], "passed", "{report:#}");
    let cancelled = text(step(&report, "cancel"), "seen");
    let id = cancelled.split(' ').next().unwrap();
    assert_eq!(stack.containers_of(id), Vec::<String>::new());
}
