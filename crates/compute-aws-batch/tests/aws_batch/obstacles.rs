//! What is found to keep a queue's jobs from being started.

use batchway_domain::diagnosis::Obstacles;
use batchway_domain::job::Target;
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{BackendError, ComputeBackend};
use batchway_fake_aws_batch::server::{FakeAwsBatch, ServerSettings};
use serde_json::{Value, json};

use crate::gateway::{TARGET, backend, definition, execution, in_order, queue, sdk};
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

const ENVIRONMENT: &str = "arn:aws:batch:eu-central-1:123456789012:compute-environment/machines";

/// An environment as DescribeComputeEnvironments shows it.
fn environment(name: &str, state: &str, status: &str, max_vcpus: u32) -> Value {
    json!({
        "computeEnvironmentName": name,
        "computeEnvironmentArn": ENVIRONMENT.replace("machines", name),
        "type": "MANAGED",
        "state": state,
        "status": status,
        "statusReason": "ClientError - role arn:aws:iam::123456789012:role/gone is missing",
        "computeResources": {"type": "EC2", "maxvCpus": max_vcpus},
    })
}

/// A queue over these environments.
fn over(environments: Vec<Value>) -> impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static {
    let order: Vec<Value> = environments
        .iter()
        .enumerate()
        .map(|(order, one)| {
            json!({"order": order, "computeEnvironment": one["computeEnvironmentArn"]})
        })
        .collect();
    let queue = queue(&json!({ "computeEnvironmentOrder": order }));
    move |asked| match asked.action.as_str() {
        "describejobqueues" => Some(Reply::ok(&queue)),
        "describecomputeenvironments" => {
            // Deleted ones are not told.
            let there: Vec<&Value> = environments
                .iter()
                .filter(|one| one["status"] != "DELETED")
                .collect();
            Some(Reply::ok(&json!({ "computeEnvironments": there })))
        }
        _ => None,
    }
}

async fn look_for(
    vcpus: Option<&str>,
    script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> (Result<Obstacles, BackendError>, usize) {
    let aws =
        ScriptedAws::start(move |asked| script(asked).or_else(|| in_order(asked)).unwrap()).await;
    let execution = Execution::AwsBatch(AwsBatchExecution {
        vcpus: vcpus.map(str::to_owned),
        ..execution()
    });
    let found = backend(&aws.url())
        .obstacles(&Target(TARGET.to_owned()), Some(&execution))
        .await;
    (found, aws.count())
}

async fn codes(
    vcpus: Option<&str>,
    script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> Vec<(String, bool)> {
    let (found, calls) = look_for(vcpus, script).await;
    let found = found.unwrap();
    assert!(calls <= Obstacles::CALLS, "{calls} calls");
    assert_eq!(found.unseen, None);
    for obstacle in &found.found {
        let command = obstacle.mend.command.as_deref().unwrap();
        assert!(
            command.starts_with("aws batch ") && command.ends_with("--region eu-central-1")
                || command.ends_with("--state ENABLED"),
            "{command}"
        );
        assert!(
            !format!("{obstacle:?}").contains("123456789012"),
            "{obstacle:?}"
        );
    }
    let found = found.found.into_iter();
    found.map(|one| (one.code, one.blocks_all)).collect()
}

fn all(code: &str) -> Vec<(String, bool)> {
    vec![(code.to_owned(), true)]
}

#[tokio::test]
async fn nothing_stands_in_the_way_of_what_is_in_order() {
    let script = over(vec![environment("machines", "ENABLED", "VALID", 16)]);
    assert_eq!(codes(Some("16"), script).await, []);
}

#[tokio::test]
async fn a_queue_that_can_not_be_used_is_an_obstacle() {
    let changed = |change: Value| {
        move |asked: &Asked| {
            (asked.action == "describejobqueues").then(|| Reply::ok(&queue(&change)))
        }
    };
    for (change, expected) in [
        (
            json!({"status": "INVALID", "statusReason": "account 123456789012"}),
            "queue_invalid",
        ),
        (json!({"state": "DISABLED"}), "queue_disabled"),
    ] {
        let found = codes(None, changed(change)).await;
        assert_eq!(found[0], all(expected)[0], "{found:?}");
    }
    let deleted = changed(json!({"status": "DELETED"}));
    assert_eq!(codes(None, deleted).await, all("queue_missing"));
    let none = |asked: &Asked| {
        (asked.action == "describejobqueues").then(|| Reply::ok(&json!({"jobQueues": []})))
    };
    assert_eq!(codes(None, none).await, all("queue_missing"));
    assert_eq!(
        codes(None, |_| None).await,
        all("queue_without_environments")
    );
}

#[tokio::test]
async fn an_environment_that_starts_nothing_is_an_obstacle_to_all_only_where_no_other_starts_any() {
    for (state, status, expected) in [
        ("DISABLED", "VALID", "environment_disabled"),
        ("ENABLED", "INVALID", "environment_invalid"),
        ("ENABLED", "DELETED", "environment_missing"),
    ] {
        let broken = environment("machines", state, status, 16);
        let found = codes(Some("1"), over(vec![broken.clone()])).await;
        assert_eq!(found, all(expected));
        let other = environment("others", "ENABLED", "VALID", 4);
        let found = codes(Some("1"), over(vec![broken, other])).await;
        assert_eq!(found, [(expected.to_owned(), false)]);
    }
}

#[tokio::test]
async fn a_job_that_is_larger_than_the_largest_environment_never_starts() {
    let two = || {
        over(vec![
            environment("machines", "ENABLED", "VALID", 4),
            environment("others", "ENABLED", "VALID", 16),
        ])
    };
    assert_eq!(codes(Some("16"), two()).await, []);
    assert_eq!(
        codes(Some("16.5"), two()).await,
        all("environment_too_small")
    );
    // The definition says so where the job type does not.
    let environments = two();
    let of_definition = move |asked: &Asked| {
        if asked.action != "describejobdefinitions" {
            return environments(asked);
        }
        let container = json!({
            "image": "image",
            "resourceRequirements": [{"type": "VCPU", "value": "32"}],
        });
        let change = json!({ "containerProperties": container });
        Some(Reply::ok(
            &json!({"jobDefinitions": [definition(3, &change)]}),
        ))
    };
    assert_eq!(
        codes(None, of_definition).await,
        all("environment_too_small")
    );
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_told_with_the_statement_that_allows_it() {
    for (action, name) in [
        ("describejobqueues", "batch:DescribeJobQueues"),
        (
            "describecomputeenvironments",
            "batch:DescribeComputeEnvironments",
        ),
    ] {
        let environments = over(vec![environment("machines", "ENABLED", "VALID", 16)]);
        let denied = move |asked: &Asked| {
            if asked.action == action {
                let said = "User: arn:aws:iam::123456789012:user/x is not authorized";
                return Some(Reply::error(403, "AccessDeniedException", said));
            }
            environments(asked)
        };
        let (found, _) = look_for(None, denied).await;
        let Obstacles { found, unseen } = found.unwrap();
        assert_eq!(found, []);
        let unseen = unseen.unwrap();
        assert!(unseen.reason.contains(name), "{unseen:?}");
        assert!(!unseen.reason.contains("123456789012"), "{unseen:?}");
        let statement = unseen.mend.advice.split(": ").last().unwrap();
        let expected = json!({"Effect": "Allow", "Action": name, "Resource": "*"});
        assert_eq!(serde_json::from_str::<Value>(statement).unwrap(), expected);
    }
}

#[tokio::test]
async fn other_trouble_is_an_error_and_no_finding() {
    let throttled = |_: &Asked| Some(Reply::error(429, "TooManyRequestsException", ""));
    let (found, _) = look_for(None, throttled).await;
    assert!(found.unwrap_err().throttled);
}

#[tokio::test]
async fn a_queue_that_somebody_disables_is_found_so() {
    let fake = FakeAwsBatch::start(ServerSettings::default())
        .await
        .unwrap();
    fake.add_queue("simulations").unwrap();
    fake.add_definition("simulation", "image", &[]).unwrap();
    let backend = backend(&fake.url());
    let execution = Execution::AwsBatch(execution());
    let target = backend.resolve_target(&execution).await.unwrap();
    let found = backend.obstacles(&target, Some(&execution)).await.unwrap();
    assert_eq!(found, Obstacles::default());
    aws_sdk_batch::Client::new(&sdk(&fake.url(), "eu-central-1"))
        .update_job_queue()
        .job_queue("simulations")
        .state(aws_sdk_batch::types::JqState::Disabled)
        .send()
        .await
        .unwrap();
    let found = backend.obstacles(&target, Some(&execution)).await.unwrap();
    assert_eq!(found.found[0].code, "queue_disabled");
    assert!(found.found[0].blocks_all);
}
