//! What is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use batchway_domain::job::Target;
use batchway_domain::ports::{ComputeBackend, ParamsDelivery, Submission, SubmitError};
use batchway_port_contracts::specimens;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::gateway::{QUEUE, TARGET, backend, submission};
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

const ID: &str = "8f2b0b4e-0000-4000-8000-000000000001";

async fn sent(submission: &Submission) -> Asked {
    let accepted = json!({"jobId": ID, "jobName": "x"});
    let aws = ScriptedAws::start(move |_| Reply::ok(&accepted)).await;
    let id = backend(&aws.url()).submit(submission).await.unwrap();
    assert_eq!(id.0, ID);
    assert_eq!(aws.count(), 1, "one call for one job");
    aws.asked("submitjob").remove(0)
}

fn environment(request: &Value) -> BTreeMap<&str, &str> {
    let variables = request["containerOverrides"]["environment"].as_array();
    variables
        .unwrap()
        .iter()
        .map(|variable| {
            (
                variable["name"].as_str().unwrap(),
                variable["value"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_try_under_the_runner() {
    let submission = submission();
    let request = sent(&submission).await.json();
    let name = &submission.name;
    assert_eq!(request["jobName"], name.to_string());
    assert_eq!(request["jobQueue"], QUEUE);
    assert_eq!(request["jobDefinition"], "simulation:3");
    assert_eq!(
        request["tags"],
        json!({
            "batchway:deployment": name.deployment.to_string(),
            "batchway:job": name.job.to_string(),
            "batchway:try": "1",
            "batchway:request-hash": "5e".repeat(32),
            "batchway:runner": "true",
        })
    );
    assert_eq!(request["timeout"]["attemptDurationSeconds"], 90 + 1800);
    assert_eq!(request["retryStrategy"]["attempts"], 3);
    assert_eq!(
        request["containerOverrides"]["command"],
        json!(["simulate"])
    );
    assert_eq!(
        environment(&request),
        BTreeMap::from([
            ("BATCHWAY_GATED", "1"),
            ("BATCHWAY_TIMEOUT_SECONDS", "90"),
            ("BATCHWAY_TRY", "1"),
            ("JOB_ID", name.job.as_str()),
            ("JOB_PARAMS", specimens::PARAMS),
            ("S3_BUCKET", "bucket"),
            ("USER_ID", "ada"),
        ])
    );
    assert_eq!(request.get("shareIdentifier"), None);
}

#[tokio::test]
async fn a_try_of_an_image_that_knows_no_runner() {
    let submission = Submission {
        gated: false,
        timeout: Some(Duration::from_secs(5)),
        ..submission()
    };
    let request = sent(&submission).await.json();
    assert_eq!(request["timeout"]["attemptDurationSeconds"], 60);
    assert_eq!(request["retryStrategy"], json!({"attempts": 1}));
    assert_eq!(request["tags"]["batchway:runner"], "false");
    let seen = environment(&request);
    assert_eq!(seen["JOB_PARAMS"], specimens::PARAMS);
    assert!(seen.keys().all(|name| !name.starts_with("BATCHWAY")));
}

#[tokio::test]
async fn what_the_definition_says_stays_where_nothing_is_asked_for() {
    let mut submission = submission();
    submission.timeout = None;
    if let batchway_domain::job_type::Execution::AwsBatch(execution) = &mut submission.execution {
        execution.command = None;
    }
    let request = sent(&submission).await.json();
    assert_eq!(request.get("timeout"), None);
    assert_eq!(request["containerOverrides"].get("command"), None);
    assert_eq!(
        request["containerOverrides"].get("resourceRequirements"),
        None
    );
}

#[tokio::test]
async fn a_fair_share_queue_gets_the_tenant() {
    let submission = Submission {
        target: Target(format!("{TARGET} fair-share")),
        tenant: "ada-1".parse().unwrap(),
        ..submission()
    };
    let request = sent(&submission).await.json();
    assert_eq!(request["shareIdentifier"], "adaZd1");
}

/// The size is measured on our own JSON; the SDK writes its own.
#[tokio::test]
async fn what_is_measured_is_what_is_sent() {
    #[derive(Deserialize)]
    struct Request {
        #[serde(rename = "containerOverrides")]
        overrides: Box<RawValue>,
    }
    let params = "{\"text\":\"\\\"\\\\ \\n \u{7f}\u{1} é € 𝄞 </script>\"}\u{8}\t\r\n";
    let mut submission = submission();
    submission.params = ParamsDelivery::Inline(params.into());
    let aws = ScriptedAws::start(|_| Reply::ok(&json!({"jobId": ID}))).await;
    let backend = backend(&aws.url());
    backend.submit(&submission).await.unwrap();
    let request: Request = serde_json::from_str(&aws.asked("submitjob")[0].body).unwrap();
    let sent = request.overrides.get().encode_utf16().count();
    let measured = backend
        .request_size(&submission.execution, &submission.environment, params)
        .unwrap();
    // A try and a timeout of other lengths than the longest.
    let slack = (u32::MAX.to_string().len() - 1) + ("123456789.123".len() - "90".len());
    assert_eq!(measured.characters, sent + slack);
}

#[tokio::test]
async fn params_that_lie_elsewhere_need_a_runner_to_fetch_them() {
    let stored = Submission {
        params: ParamsDelivery::Stored,
        ..submission()
    };
    let request = sent(&stored).await.json();
    assert!(!environment(&request).contains_key("JOB_PARAMS"));

    let aws = ScriptedAws::start(|_| Reply::Drop).await;
    let unable = Submission {
        gated: false,
        ..stored
    };
    let answer = backend(&aws.url()).submit(&unable).await;
    assert!(
        matches!(answer, Err(SubmitError::Refused { .. })),
        "{answer:?}"
    );
    assert_eq!(aws.count(), 0);
}

#[tokio::test]
async fn what_belongs_elsewhere_is_not_sent() {
    let aws = ScriptedAws::start(|_| Reply::Drop).await;
    let backend = backend(&aws.url());
    for target in [
        "process:host",
        "aws-batch:arn:aws:batch:us-east-1:123456789012:job-queue/simulations simulation:3",
    ] {
        let target = Target(target.to_owned());
        assert!(!backend.looks_after(&target));
        let submission = Submission {
            target,
            ..submission()
        };
        let answer = backend.submit(&submission).await;
        assert!(matches!(answer, Err(SubmitError::Held(_))), "{answer:?}");
    }
    assert!(backend.looks_after(&Target(TARGET.to_owned())));
    assert_eq!(aws.count(), 0);
}
