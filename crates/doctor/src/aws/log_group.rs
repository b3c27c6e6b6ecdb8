//! Where the programs' output goes.

use serde::Deserialize;
use serde_json::json;

use super::Configured;
use super::call::{AwsServices, Call, Service, ask_json};
use super::definition::{DEFAULT_LOG_GROUP, Definition};
use crate::check::{About, Check, Mend};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    log_groups: Vec<Group>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Group {
    log_group_name: String,
    retention_in_days: Option<u32>,
}

pub(crate) async fn examine(
    aws: &dyn AwsServices,
    configured: &Configured,
    revision: &str,
    definition: &Definition,
) -> Check {
    let about = About::new("batch.logs", format!("job definition {revision}"));
    let Some(name) = definition.log_group() else {
        return about.warning(
            "its logs don't go to CloudWatch",
            "the gateway can't show them, but for those that the runner keeps",
            Mend::by("register a revision whose logConfiguration has the driver awslogs"),
        );
    };
    let call = Call::json(
        Service::Logs,
        "DescribeLogGroups",
        &json!({"logGroupNamePrefix": name}),
    );
    let groups = match ask_json::<Answer>(aws, call).await {
        Ok(answer) => answer.log_groups,
        Err(trouble) if trouble.is_denied() => {
            return about.may_not_look("logs:DescribeLogGroups");
        }
        Err(trouble) => return about.skipped(trouble.to_string()),
    };
    let group = groups.iter().find(|group| group.log_group_name == name);
    judge(&about, &name, configured, group)
}

fn judge(about: &About, name: &str, configured: &Configured, group: Option<&Group>) -> Check {
    let region = &configured.region;
    match group {
        Some(Group {
            retention_in_days: Some(days),
            ..
        }) => about.passed(format!("{name}, kept for {days} days")),
        Some(_) => about.warning(
            format!("{name}, kept for ever"),
            "what lies there costs money, and the gateway keeps logs beside the artifacts",
            Mend::by("let CloudWatch forget them after a while").command(format!(
                "aws logs put-retention-policy --region {region} --log-group-name {name} \
                 --retention-in-days 30"
            )),
        ),
        // AWS Batch makes this one by itself.
        None if name == DEFAULT_LOG_GROUP => {
            about.passed(format!("{name}, which is made with the first job"))
        }
        None => about.failed(
            format!("there is no log group {name}"),
            "containers don't start: ResourceInitializationError",
            Mend::by("make it").command(format!(
                "aws logs create-log-group --region {region} --log-group-name {name}"
            )),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;
    use serde_json::Value;

    async fn examined(log: Value, groups: Value) -> Check {
        let definition = json!({
            "jobDefinitionName": "d", "revision": 1,
            "containerProperties": {"image": "i:1", "logConfiguration": log},
        });
        let definition: Definition = serde_json::from_value(definition).unwrap();
        let answer = json!({"logGroups": groups}).to_string();
        let aws = Aws::default().answers("logs:DescribeLogGroups", 200, &answer);
        examine(&aws, &Configured::default(), "d:1", &definition).await
    }

    #[tokio::test]
    async fn groups_that_are_there_or_made_or_missing() {
        let own = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}});
        let kept = json!([{"logGroupName": "/mine", "retentionInDays": 30}]);
        let for_ever = json!([{"logGroupName": "/mine"}]);
        let near = json!([{"logGroupName": "/mine-too"}]);
        for (log, groups, verdict) in [
            (own.clone(), kept, Verdict::Passed),
            (own.clone(), for_ever, Verdict::Warning),
            (own, near, Verdict::Failed),
            (Value::Null, json!([]), Verdict::Passed),
            (json!({"logDriver": "splunk"}), json!([]), Verdict::Warning),
        ] {
            let check = examined(log, groups).await;
            assert_eq!(check.verdict, verdict, "{check:?}");
        }
    }
}
