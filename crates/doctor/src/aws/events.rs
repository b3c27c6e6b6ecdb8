//! The queue with the events of AWS Batch.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Configured;
use super::call::{AwsServices, Call, Service, ask_json};
use crate::check::{About, Check, Mend};
use crate::rights::partition_of;

/// Who puts the events there.
const EVENT_BRIDGE: &str = "events.amazonaws.com";
/// So many are not left lying by a gateway that reads.
const BACKLOG: u64 = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

pub(crate) async fn examine(aws: &dyn AwsServices, configured: &Configured) -> Vec<Check> {
    let Some(url) = configured.events_queue_url.as_deref() else {
        return vec![];
    };
    let about = About::new("events.queue", url);
    let question = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let origin = Url::parse(url).ok();
    let origin = origin.map(|url| url.origin().ascii_serialization());
    let call = Call::json(Service::Sqs, "GetQueueAttributes", &question).at(origin);
    let cause = "changes of jobs are seen later, by asking alone";
    let trouble = match ask_json::<Answer>(aws, call).await {
        Ok(answer) => return vec![judge(&about, configured, url, &answer.attributes)],
        Err(trouble) => trouble,
    };
    let code = trouble.refusal().map(|refusal| refusal.code.as_str());
    let mend = match code {
        Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue") => Mend::by(
            "make it (infra/aws/batchway.yaml does), or name another in BATCHWAY_EVENTS_QUEUE_URL",
        )
        .command(format!(
            "aws sqs list-queues --region {}",
            configured.region
        )),
        _ if trouble.is_denied() => {
            Mend::by("allow it in the policy of the service").policy(json!({
                "Effect": "Allow",
                "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                "Resource": arn(url, partition_of(&configured.region), &configured.region),
            }))
        }
        _ => Mend::by("check this machine's way to SQS, and BATCHWAY_EVENTS_QUEUE_URL"),
    };
    vec![about.failed(trouble.to_string(), cause, mend)]
}

fn judge(
    about: &About,
    configured: &Configured,
    url: &str,
    attributes: &BTreeMap<String, String>,
) -> Check {
    let number = |name: &str| {
        attributes
            .get(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let waiting = number("ApproximateNumberOfMessages").unwrap_or(0);
    let policy = attributes.get("Policy");
    if !policy.is_some_and(|policy| lets_events_in(policy)) {
        return about.failed(
            format!("its policy does not let {EVENT_BRIDGE} put messages there"),
            "no event ever comes; changes of jobs are seen later, by asking alone",
            Mend::by("add this to the policy of the queue").policy(json!({
                "Effect": "Allow",
                "Principal": {"Service": EVENT_BRIDGE},
                "Action": "sqs:SendMessage",
                "Resource": arn(url, partition_of(&configured.region), &configured.region),
            })),
        );
    }
    let seen = format!("{waiting} messages wait in it");
    if waiting > BACKLOG {
        return about.warning(
            seen,
            "nobody takes them",
            Mend::by("start a gateway or a worker with this BATCHWAY_EVENTS_QUEUE_URL"),
        );
    }
    about.passed(seen)
}

fn lets_events_in(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let one_or_more = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    one_or_more(&policy["Statement"]).iter().any(|statement| {
        let principal = &statement["Principal"];
        let services = one_or_more(&principal["Service"]);
        statement["Effect"] == "Allow"
            && (principal == "*" || services.iter().any(|service| service == EVENT_BRIDGE))
            && one_or_more(&statement["Action"]).iter().any(|action| {
                let action = action.as_str().unwrap_or_default().to_lowercase();
                matches!(
                    action.as_str(),
                    "sqs:sendmessage" | "sqs:*" | "*" | "sendmessage"
                )
            })
    })
}

/// Of a URL such as `https://sqs.eu-central-1.amazonaws.com/123456789012/events`.
pub(crate) fn arn(url: &str, partition: &str, region: &str) -> String {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let name = parts.next().unwrap_or("*");
    let is_account = |part: &&str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
    let account = parts.next().filter(is_account).unwrap_or("*");
    let host = Url::parse(url).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    let region = host
        .strip_prefix("sqs.")
        .and_then(|rest| rest.split(".amazonaws.com").next())
        .filter(|region| !region.contains('.'))
        .unwrap_or(region);
    format!("arn:{partition}:sqs:{region}:{account}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;

    const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/live2-events";
    const ARN: &str = "arn:aws:sqs:eu-central-1:123456789012:live2-events";

    async fn examined(aws: Aws) -> Check {
        let configured = Configured {
            region: "eu-central-1".to_owned(),
            events_queue_url: Some(URL.to_owned()),
            ..Configured::default()
        };
        examine(&aws, &configured).await.remove(0)
    }

    async fn with(waiting: &str, service: &str) -> Check {
        let policy = json!({"Statement": {
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
        }});
        let attributes = json!({"Attributes": {
            "ApproximateNumberOfMessages": waiting, "Policy": policy.to_string(),
        }});
        let answer = attributes.to_string();
        examined(Aws::default().answers("sqs:GetQueueAttributes", 200, &answer)).await
    }

    #[tokio::test]
    async fn a_queue_that_events_reach_and_that_is_read() {
        assert_eq!(with("3", EVENT_BRIDGE).await.verdict, Verdict::Passed);
        assert_eq!(with("1001", EVENT_BRIDGE).await.verdict, Verdict::Warning);
        let shut = with("0", "sns.amazonaws.com").await;
        assert_eq!(shut.verdict, Verdict::Failed);
        assert_eq!(shut.mend.unwrap().policy.unwrap()["Resource"], ARN);
    }

    #[tokio::test]
    async fn a_queue_that_is_not_there_or_may_not_be_read() {
        let gone = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist"}"#;
        let gone = examined(Aws::default().answers("sqs:GetQueueAttributes", 400, gone)).await;
        assert!(gone.mend.unwrap().command.unwrap().contains("list-queues"));
        let denied = examined(Aws::default().denies("sqs:GetQueueAttributes")).await;
        assert_eq!(denied.mend.unwrap().policy.unwrap()["Resource"], ARN);
    }

    #[test]
    fn arns_of_urls() {
        assert_eq!(arn(URL, "aws", "us-east-1"), ARN);
        let local = "http://127.0.0.1:5000/123456789012/e";
        assert_eq!(
            arn(local, "aws", "us-east-1"),
            "arn:aws:sqs:us-east-1:123456789012:e"
        );
    }
}
