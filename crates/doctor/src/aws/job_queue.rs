//! A job queue: whether it takes jobs, and what behind it runs them.

use serde::Deserialize;
use serde_json::json;

use super::call::{AwsServices, Call, Trouble, ask_json};
use super::compute_environment::{self, Environment};
use super::{Configured, Target};
use crate::check::{About, Check, Mend};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    job_queues: Vec<Queue>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Queue {
    state: String,
    status: String,
    status_reason: Option<String>,
    job_queue_type: Option<String>,
    compute_environment_order: Vec<Ordered>,
    job_state_time_limit_actions: Vec<serde_json::Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Ordered {
    compute_environment: String,
}

/// The queue, and its compute environments.
pub(crate) async fn examine(
    aws: &dyn AwsServices,
    configured: &Configured,
    name: String,
    targets: Vec<&Target>,
) -> Vec<Check> {
    let about = About::new("batch.queue", format!("job queue {name}"));
    let call = Call::batch("DescribeJobQueues", &json!({"jobQueues": [name]}));
    let answer: Answer = match ask_json(aws, call).await {
        Ok(answer) => answer,
        Err(trouble) => return vec![not_described(&about, &trouble)],
    };
    let Some(queue) = answer.job_queues.into_iter().next() else {
        return vec![missing(&about, configured)];
    };
    let mut checks = vec![judge(&about, &name, configured, &queue)];
    checks.push(judge_limits(&name, configured, &queue));
    let order = &queue.compute_environment_order;
    let named: Vec<String> = order
        .iter()
        .map(|one| one.compute_environment.clone())
        .collect();
    checks.extend(compute_environment::examine(aws, configured, &name, &named, &targets).await);
    checks
}

fn not_described(about: &About, trouble: &Trouble) -> Check {
    if trouble.is_denied() {
        return about.failed(
            trouble.to_string(),
            "the gateway has to see the queue before it sends jobs to it",
            Mend::by("allow it in the policy of the service").policy(
                json!({"Effect": "Allow", "Action": "batch:DescribeJobQueues", "Resource": "*"}),
            ),
        );
    }
    about.failed(
        trouble.to_string(),
        "AWS Batch can't be asked; jobs wait until it can",
        Mend::by("check this machine's way to AWS Batch, AWS_REGION and AWS_ENDPOINT_URL"),
    )
}

fn missing(about: &About, configured: &Configured) -> Check {
    let region = &configured.region;
    about.failed(
        format!("there is none in {region}"),
        "jobs wait for it, and are not failed",
        Mend::by(
            "make it (infra/aws/batchway.yaml does), or name another in AWS_BATCH_JOB_QUEUE or \
             the file of job types, or another region in AWS_REGION",
        )
        .command(format!(
            "aws batch describe-job-queues --region {region} --query 'jobQueues[].jobQueueName'"
        )),
    )
}

fn judge(about: &About, name: &str, configured: &Configured, queue: &Queue) -> Check {
    let region = &configured.region;
    let seen = format!("{}, {}", queue.state, queue.status);
    if matches!(queue.status.as_str(), "DELETING" | "DELETED") {
        return missing(about, configured);
    }
    if queue.status == "INVALID" {
        let reason = queue.status_reason.as_deref().unwrap_or("no reason given");
        return about.failed(
            format!("{seen}: {reason}"),
            "no job of it starts",
            Mend::by("mend what the reason names; often a compute environment is gone").command(
                format!("aws batch describe-job-queues --region {region} --job-queues {name}"),
            ),
        );
    }
    if queue.state == "DISABLED" {
        return about.failed(
            seen,
            "it takes no jobs",
            Mend::by("enable it").command(format!(
                "aws batch update-job-queue --region {region} --job-queue {name} --state ENABLED"
            )),
        );
    }
    if let Some(kind @ ("EKS" | "SAGEMAKER_TRAINING")) = queue.job_queue_type.as_deref() {
        return about.failed(
            format!("it is one for {kind}"),
            "the gateway runs jobs on ECS and Fargate only",
            Mend::by("name a queue of ECS or Fargate in AWS_BATCH_JOB_QUEUE"),
        );
    }
    if queue.compute_environment_order.is_empty() {
        return about.failed(
            format!("{seen}, without a compute environment"),
            "nothing runs its jobs",
            Mend::by("give it a compute environment").command(format!(
                "aws batch update-job-queue --region {region} --job-queue {name} \
                 --compute-environment-order order=1,computeEnvironment=NAME"
            )),
        );
    }
    about.passed(seen)
}

/// A job that can never start blocks all behind it unless the queue ends it.
fn judge_limits(name: &str, configured: &Configured, queue: &Queue) -> Check {
    let about = About::new("batch.time_limits", format!("job queue {name}"));
    match queue.job_state_time_limit_actions.len() {
        0 => about.warning(
            "no limit to how long a job may block it",
            "a job that can never start holds up all behind it",
            Mend::by("let the queue end such jobs; infra/aws/batchway.yaml has all the reasons")
                .command(format!(
                    "aws batch update-job-queue --region {} --job-queue {name} \
                     --job-state-time-limit-actions 'reason=MISCONFIGURATION:\
                     JOB_RESOURCE_REQUIREMENT,state=RUNNABLE,maxTimeSeconds=3600,action=CANCEL'",
                    configured.region
                )),
        ),
        number => about.passed(format!("{number} limits to how long a job may block it")),
    }
}

/// Of the environments in the order of a queue, those that can start jobs.
pub(crate) fn usable(environments: &[Environment]) -> impl Iterator<Item = &Environment> {
    environments
        .iter()
        .filter(|environment| environment.is_usable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;
    use serde_json::Value;

    async fn queue(fields: Value) -> Check {
        let mut queue = json!({
            "jobQueueName": "q", "state": "ENABLED", "status": "VALID",
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "arn:ce"}],
        });
        for (name, value) in fields.as_object().unwrap() {
            queue[name] = value.clone();
        }
        let answer = json!({"jobQueues": [queue]}).to_string();
        examined(Aws::default().answers("batch:DescribeJobQueues", 200, &answer)).await
    }

    async fn examined(aws: Aws) -> Check {
        let configured = Configured {
            region: "eu-central-1".to_owned(),
            ..Configured::default()
        };
        let checks = examine(&aws, &configured, "q".to_owned(), vec![]).await;
        checks.into_iter().next().unwrap()
    }

    #[tokio::test]
    async fn each_fault_of_a_queue_has_its_mend() {
        assert_eq!(queue(json!({})).await.verdict, Verdict::Passed);
        for (fields, mend) in [
            (json!({"state": "DISABLED"}), "--state ENABLED"),
            (json!({"status": "INVALID"}), "describe-job-queues"),
            (json!({"status": "DELETING"}), "describe-job-queues"),
            (
                json!({"computeEnvironmentOrder": []}),
                "--compute-environment-order",
            ),
        ] {
            let check = queue(fields).await;
            assert_eq!(check.verdict, Verdict::Failed);
            let command = check.mend.unwrap().command.unwrap();
            assert!(command.contains(mend), "{command}");
        }
        assert_eq!(
            queue(json!({"jobQueueType": "EKS"})).await.verdict,
            Verdict::Failed
        );
    }

    #[tokio::test]
    async fn a_queue_that_is_not_there_or_may_not_be_seen() {
        let none = Aws::default().answers("batch:DescribeJobQueues", 200, r#"{"jobQueues": []}"#);
        assert!(examined(none).await.seen.contains("none in eu-central-1"));
        let denied = examined(Aws::default().denies("batch:DescribeJobQueues")).await;
        let statement = denied.mend.unwrap().policy.unwrap();
        assert_eq!(statement["Action"], "batch:DescribeJobQueues");
        assert_eq!(examined(Aws::default()).await.verdict, Verdict::Failed);
    }
}
