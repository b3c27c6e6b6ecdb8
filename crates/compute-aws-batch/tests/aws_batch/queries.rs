//! Describing, finding, stopping.

use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::ports::{BackendState, ComputeBackend};
use serde_json::{Value, json};

use crate::gateway::{QUEUE, TARGET, backend, name};
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

fn id(text: &str) -> BackendId {
    BackendId(text.to_owned())
}

fn job(id: &str, change: &Value) -> Value {
    let mut job = json!({
        "jobId": id,
        "jobName": name(1).to_string(),
        "jobQueue": QUEUE,
        "jobDefinition": "d",
        "status": "RUNNABLE",
        "createdAt": 1_772_366_400_000_i64,
    });
    for (name, value) in change.as_object().unwrap() {
        job[name] = value.clone();
    }
    job
}

/// Describes each job that is asked for, as RUNNABLE.
fn describe_all(asked: &Asked) -> Reply {
    let ids = asked.json()["jobs"].clone();
    let jobs: Vec<Value> = ids
        .as_array()
        .unwrap()
        .iter()
        .map(|id| job(id.as_str().unwrap(), &json!({})))
        .collect();
    Reply::ok(&json!({ "jobs": jobs }))
}

#[tokio::test]
async fn jobs_are_described_in_hundreds() {
    let aws = ScriptedAws::start(describe_all).await;
    let ids: Vec<BackendId> = (0..250).map(|number| id(&format!("id-{number}"))).collect();
    let described = backend(&aws.url()).describe(&ids).await.unwrap();
    assert_eq!(described.len(), 250);
    let sizes: Vec<usize> = aws
        .asked("describejobs")
        .iter()
        .map(|asked| asked.json()["jobs"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test]
async fn nothing_is_asked_where_there_is_nothing_to_ask() {
    // An emulator answers an empty list with all that it has.
    let everything = json!({"jobs": [job("someone-elses", &json!({}))]});
    let aws = ScriptedAws::start(move |_| Reply::ok(&everything)).await;
    let backend = backend(&aws.url());
    for ids in [vec![], vec![id(""), id("../../x"), id("é\0")]] {
        assert_eq!(backend.describe(&ids).await.unwrap(), []);
    }
    assert_eq!(aws.count(), 0);
    let asked = backend.describe(&[id("mine")]).await.unwrap();
    assert_eq!(asked, [], "what was not asked for is not told");
}

#[tokio::test]
async fn one_failure_leaves_nothing_known() {
    let aws = ScriptedAws::start(|asked| {
        if asked.body.contains("id-200") {
            Reply::error(500, "ServerException", "Something broke.")
        } else {
            describe_all(asked)
        }
    })
    .await;
    let ids: Vec<BackendId> = (0..250).map(|number| id(&format!("id-{number}"))).collect();
    let error = backend(&aws.url()).describe(&ids).await.unwrap_err();
    assert!(!error.throttled);
}

#[tokio::test]
async fn throttling_is_told() {
    let aws =
        ScriptedAws::start(|_| Reply::error(429, "TooManyRequestsException", "Slow down.")).await;
    let backend = backend(&aws.url());
    assert!(backend.describe(&[id("x")]).await.unwrap_err().throttled);
    assert!(
        backend
            .terminate(&id("x"), "Why.")
            .await
            .unwrap_err()
            .throttled
    );
    assert_eq!(aws.count(), 2, "the budget counts each call");
}

#[tokio::test]
async fn a_job_without_a_start_has_none() {
    let never_started =
        json!({"jobs": [job("a", &json!({"status": "FAILED", "isTerminated": true}))]});
    let aws = ScriptedAws::start(move |_| Reply::ok(&never_started)).await;
    let described = backend(&aws.url()).describe(&[id("a")]).await.unwrap();
    assert!(matches!(described[0].state, BackendState::Failed { .. }));
    assert_eq!(described[0].attempts, []);
}

async fn find(aws: &ScriptedAws) -> Vec<String> {
    let found = backend(&aws.url())
        .find_by_name(
            &name(1),
            &Target(TARGET.to_owned()),
            &RequestHash("5e".repeat(32)),
        )
        .await
        .unwrap();
    found.into_iter().map(|candidate| candidate.id.0).collect()
}

#[tokio::test]
async fn every_page_is_read_and_the_very_name_counts_oldest_first() {
    let ours = name(1).to_string();
    let aws = ScriptedAws::start(move |asked| {
        if asked.action == "describejobs" {
            return describe_all(asked);
        }
        let asked = asked.json();
        assert_eq!(asked["jobQueue"], QUEUE);
        assert_eq!(asked["filters"], json!([{"name": "JOB_NAME", "values": [ours]}]));
        assert_eq!(asked.get("jobStatus"), None);
        let summary = |id: &str, name: &str, created: i64| json!({"jobId": id, "jobName": name, "createdAt": created});
        Reply::ok(&match asked["nextToken"].as_str() {
            None => json!({
                "jobSummaryList": [
                    summary("newest", &ours, 3000),
                    summary("shouting", &ours.to_uppercase(), 2500),
                ],
                "nextToken": "empty",
            }),
            Some("empty") => json!({"jobSummaryList": [], "nextToken": "last"}),
            Some(_) => json!({"jobSummaryList": [
                summary("middle", &ours, 2000),
                summary("oldest", &ours, 1000),
                summary("longer", &format!("{ours}1"), 500),
            ]}),
        })
    })
    .await;
    assert_eq!(find(&aws).await, ["oldest", "middle", "newest"]);
}

#[tokio::test]
async fn another_requests_job_is_left_out_and_a_doubtful_one_kept() {
    let ours = name(1).to_string();
    let aws = ScriptedAws::start(move |asked| {
        if asked.action == "describejobs" {
            return Reply::ok(&json!({"jobs": [
                job("ours", &json!({"tags": {"batchway:request-hash": "5e".repeat(32)}})),
                job("foreign", &json!({"tags": {"batchway:request-hash": "00".repeat(32)}})),
                job("untagged", &json!({})),
            ]}));
        }
        let ids = ["foreign", "ours", "undescribed", "untagged"];
        let jobs: Vec<Value> = ids
            .iter()
            .map(|id| json!({"jobId": id, "jobName": ours, "createdAt": 1000}))
            .collect();
        Reply::ok(&json!({"jobSummaryList": jobs}))
    })
    .await;
    assert_eq!(find(&aws).await, ["ours", "undescribed", "untagged"]);
}

#[tokio::test]
async fn nothing_by_that_name_costs_one_call() {
    let aws = ScriptedAws::start(|_| Reply::ok(&json!({"jobSummaryList": []}))).await;
    assert_eq!(find(&aws).await, Vec::<String>::new());
    assert_eq!(aws.count(), 1);
}

#[tokio::test]
async fn a_stop_bears_our_mark_and_its_reason_fits() {
    let aws = ScriptedAws::start(|_| Reply::ok(&json!({}))).await;
    let backend = backend(&aws.url());
    backend
        .terminate(&id("a"), &"é".repeat(2000))
        .await
        .unwrap();
    for unknown in ["", "../../x", "é\0"] {
        backend.terminate(&id(unknown), "Why.").await.unwrap();
    }
    let asked = aws.asked("terminatejob");
    assert_eq!(asked.len(), 1, "what can't be an id is not asked for");
    let reason = asked[0].json()["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("Batchway: é"));
    assert_eq!(reason.chars().count(), 1024);
}

#[tokio::test]
async fn stopping_what_is_over_succeeds_and_what_is_not_does_not() {
    for (status, is_over) in [
        (None, true),
        (Some("FAILED"), true),
        (Some("RUNNING"), false),
    ] {
        let aws = ScriptedAws::start(move |asked| match asked.action.as_str() {
            "terminatejob" => Reply::error(400, "ClientException", "Job not found."),
            _ => {
                let jobs: Vec<Value> = status
                    .map(|status| job("a", &json!({ "status": status })))
                    .into_iter()
                    .collect();
                Reply::ok(&json!({ "jobs": jobs }))
            }
        })
        .await;
        let answer = backend(&aws.url()).terminate(&id("a"), "Why.").await;
        assert_eq!(answer.is_ok(), is_over, "{status:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let aws = ScriptedAws::start(|_| Reply::error(403, "AccessDeniedException", "No.")).await;
    let error = backend(&aws.url()).terminate(&id("a"), "Why.").await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("batch:TerminateJob") && error.contains("IAM"),
        "{error}"
    );
}
