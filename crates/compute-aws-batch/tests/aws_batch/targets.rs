//! What a job type's queue and definition are resolved to.

use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{ComputeBackend, SubmitError};
use serde_json::{Value, json};

use crate::gateway::{QUEUE, TARGET, backend, definition, execution, in_order, queue};
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

async fn resolve(
    execution: AwsBatchExecution,
    script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> Result<String, SubmitError> {
    let aws =
        ScriptedAws::start(move |asked| script(asked).or_else(|| in_order(asked)).unwrap()).await;
    let target = backend(&aws.url())
        .resolve_target(&Execution::AwsBatch(execution))
        .await;
    target.map(|target| target.0)
}

fn code(answer: Result<String, SubmitError>) -> String {
    match answer {
        Err(SubmitError::Held(held)) => held.code,
        other => panic!("it is held: {other:?}"),
    }
}

#[tokio::test]
async fn the_newest_active_revision_of_all_pages_is_pinned() {
    let pages = |asked: &Asked| {
        let asked = (asked.action == "describejobdefinitions").then(|| asked.json())?;
        assert_eq!(asked["status"], "ACTIVE");
        let (revisions, next) = match asked["nextToken"].as_str() {
            None => (vec![2, 9], json!("page 2")),
            Some(_) => (vec![11, 10], Value::Null),
        };
        let definitions: Vec<Value> = revisions
            .into_iter()
            .map(|revision| definition(revision, &json!({})))
            .collect();
        Some(Reply::ok(
            &json!({"jobDefinitions": definitions, "nextToken": next}),
        ))
    };
    let target = resolve(execution(), pages).await.unwrap();
    assert_eq!(target, format!("aws-batch:{QUEUE} simulation:11"));
}

#[tokio::test]
async fn names_and_arns_lead_to_the_same() {
    let arn = "arn:aws:batch:eu-central-1:123456789012:job-definition/simulation";
    for (queue, definition) in [
        ("simulations", "simulation".to_owned()),
        (QUEUE, "simulation:3".to_owned()),
        (QUEUE, arn.to_owned()),
        (QUEUE, format!("{arn}:3")),
    ] {
        let execution = AwsBatchExecution {
            queue: queue.to_owned(),
            definition,
            ..execution()
        };
        assert_eq!(resolve(execution, |_| None).await.unwrap(), TARGET);
    }
}

#[tokio::test]
async fn an_inactive_definition_is_told_from_a_missing_one() {
    let inactive = |asked: &Asked| {
        let asked = (asked.action == "describejobdefinitions").then(|| asked.json())?;
        let found = match asked["status"].as_str() {
            Some("ACTIVE") => json!([]),
            _ => json!([definition(3, &json!({"status": "INACTIVE"}))]),
        };
        Some(Reply::ok(&json!({ "jobDefinitions": found })))
    };
    assert_eq!(
        code(resolve(execution(), inactive).await),
        "definition_inactive"
    );
    let missing = |asked: &Asked| {
        (asked.action == "describejobdefinitions")
            .then(|| Reply::ok(&json!({"jobDefinitions": []})))
    };
    assert_eq!(
        code(resolve(execution(), missing).await),
        "definition_missing"
    );
}

#[tokio::test]
async fn a_fair_share_queue_is_noted() {
    let fair = |asked: &Asked| {
        (asked.action == "describejobqueues").then(|| {
            let policy = "arn:aws:batch:eu-central-1:123456789012:scheduling-policy/fair";
            Reply::ok(&queue(&json!({"schedulingPolicyArn": policy})))
        })
    };
    let target = resolve(execution(), fair).await.unwrap();
    assert_eq!(target, format!("{TARGET} fair-share"));
}

#[tokio::test]
async fn a_size_that_fargate_lacks_holds_the_job_before_it_is_sent() {
    let on_fargate = |asked: &Asked| {
        (asked.action == "describejobdefinitions").then(|| {
            let change = json!({
                "platformCapabilities": ["FARGATE"],
                "containerProperties": {
                    "image": "image",
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "0.5"},
                        {"type": "MEMORY", "value": "1024"},
                    ],
                },
            });
            Reply::ok(&json!({"jobDefinitions": [definition(3, &change)]}))
        })
    };
    let asking = |vcpus: Option<&str>, memory_mib| AwsBatchExecution {
        vcpus: vcpus.map(str::to_owned),
        memory_mib,
        ..execution()
    };
    for good in [
        asking(None, None),
        asking(None, Some(4096)),
        asking(Some("1"), Some(2048)),
    ] {
        assert!(resolve(good, on_fargate).await.is_ok());
    }
    for bad in [asking(Some("4"), None), asking(None, Some(8192))] {
        assert!(
            resolve(bad.clone(), |_| None).await.is_ok(),
            "EC2 takes any"
        );
        let Err(SubmitError::Held(held)) = resolve(bad, on_fargate).await else {
            panic!("Fargate has no such size");
        };
        assert!(held.message.contains("it takes"), "{held:?}");
    }
}

#[tokio::test]
async fn trouble_with_the_look_up_is_told_by_its_kind() {
    let table: [(Reply, &str); 4] = [
        (Reply::error(403, "AccessDeniedException", "No."), "Held"),
        (
            Reply::error(429, "TooManyRequestsException", ""),
            "Throttled",
        ),
        (Reply::error(500, "ServerException", ""), "DidNotHappen"),
        (Reply::Drop, "DidNotHappen"),
    ];
    for (reply, expected) in table {
        let answer = resolve(execution(), move |_| Some(reply.clone())).await;
        let said = format!("{:?}", answer.unwrap_err());
        assert!(said.starts_with(expected), "{said}");
    }
}

/// What AWS allows an account in a region.
#[test]
fn no_second_has_more_than_fifty_calls() {
    let limits = backend("http://aws.invalid").call_limits().unwrap();
    for limit in [limits.submissions, limits.others] {
        assert!(limit.per_second + f64::from(limit.burst) <= 50.0);
    }
}

#[tokio::test]
async fn many_jobs_of_a_type_cost_one_look() {
    let aws = ScriptedAws::start(|asked| in_order(asked).unwrap()).await;
    let backend = backend(&aws.url());
    assert_eq!(backend.call_limits().unwrap().scope, "eu-central-1");
    let execution = Execution::AwsBatch(execution());
    let (a, b, c) = tokio::join!(
        backend.resolve_target(&execution),
        backend.resolve_target(&execution),
        backend.resolve_target(&execution)
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    backend.resolve_target(&execution).await.unwrap();
    assert_eq!(aws.count(), 2, "the queue and the definition, once");
    assert_eq!(
        backend.call_limits().unwrap().scope,
        "123456789012/eu-central-1"
    );
}
