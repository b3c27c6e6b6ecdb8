//! A job definition: whether there is a revision that can be run, and what it says.

use batchway_domain::runner::variables;
use serde::Deserialize;
use serde_json::json;

use super::call::{AwsServices, Call, Trouble, ask_json};
use super::{Configured, image, job_role, log_group};
use crate::check::{About, Check, Mend};
use crate::rights::Names;

/// Where AWS Batch writes logs of definitions that say nothing of them.
pub(crate) const DEFAULT_LOG_GROUP: &str = "/aws/batch/job";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    job_definitions: Vec<Definition>,
}

/// A revision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Definition {
    job_definition_name: String,
    revision: u32,
    status: Option<String>,
    platform_capabilities: Vec<String>,
    container_properties: Option<Container>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    image: String,
    job_role_arn: Option<String>,
    execution_role_arn: Option<String>,
    environment: Vec<Variable>,
    log_configuration: Option<Log>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Variable {
    name: String,
    value: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Log {
    log_driver: String,
    options: std::collections::BTreeMap<String, String>,
}

impl Definition {
    /// Where its logs lie, unless somewhere that is not CloudWatch.
    pub(crate) fn log_group(&self) -> Option<String> {
        let container = self.container_properties.as_ref()?;
        match &container.log_configuration {
            None => Some(DEFAULT_LOG_GROUP.to_owned()),
            Some(log) if log.log_driver == "awslogs" => {
                let group = log.options.get("awslogs-group");
                Some(group.cloned().unwrap_or(DEFAULT_LOG_GROUP.to_owned()))
            }
            Some(_) => None,
        }
    }

    fn is_on_fargate(&self) -> bool {
        self.platform_capabilities
            .iter()
            .any(|one| one == "FARGATE")
    }
}

/// What there is, or `Ok(Definition::default())`, whose revision is 0, where there is none.
pub(crate) async fn look(aws: &dyn AwsServices, named: &str) -> Result<Definition, Trouble> {
    let is_exact = named.starts_with("arn:") || named.contains(':');
    let question = if is_exact {
        json!({"jobDefinitions": [named]})
    } else {
        json!({"jobDefinitionName": named, "status": "ACTIVE"})
    };
    let call = Call::batch("DescribeJobDefinitions", &question);
    let answer: Answer = ask_json(aws, call).await?;
    let newest = answer
        .job_definitions
        .into_iter()
        .max_by_key(|definition| definition.revision);
    Ok(newest.unwrap_or_default())
}

/// What was found, and what it names: image, roles, log.
pub(crate) async fn examine(
    aws: &dyn AwsServices,
    configured: &Configured,
    names: &Names,
    name: &str,
    found: Result<Definition, Trouble>,
) -> Vec<Check> {
    let about = About::new("batch.definition", format!("job definition {name}"));
    let definition = match found {
        Ok(definition) => definition,
        Err(trouble) => return vec![not_described(&about, &trouble)],
    };
    if let Some(fault) = fault(&about, configured, name, &definition) {
        return vec![fault];
    }
    let container = definition.container_properties.clone().unwrap_or_default();
    let revision = format!("{}:{}", definition.job_definition_name, definition.revision);
    let mut checks = vec![about.passed(format!("{revision}, image {}", container.image))];
    checks.push(judge_variables(&revision, &container));
    checks.extend(judge_execution_role(&revision, &definition, &container));
    let brings_credentials = container
        .environment
        .iter()
        .any(|variable| variable.name == "AWS_ACCESS_KEY_ID");
    let (image, role, log) = tokio::join!(
        image::examine(aws, configured, &container.image),
        job_role::examine(
            aws,
            names,
            &revision,
            container.job_role_arn.as_deref(),
            brings_credentials
        ),
        log_group::examine(aws, configured, &revision, &definition),
    );
    checks.push(image);
    checks.extend(role);
    checks.push(log);
    checks
}

/// What is wrong with it, where it can't be used at all.
fn fault(
    about: &About,
    configured: &Configured,
    name: &str,
    definition: &Definition,
) -> Option<Check> {
    let region = &configured.region;
    if definition.revision == 0 {
        return Some(
            about.failed(
                format!("there is no active one in {region}"),
                "jobs wait for it, and are not failed",
                Mend::by(
                    "register it (infra/aws/batchway.yaml does), or name another in \
                 AWS_BATCH_JOB_DEFINITION or the file of job types",
                )
                .command(format!(
                    "aws batch describe-job-definitions --region {region} --status ACTIVE \
                 --query 'jobDefinitions[].jobDefinitionName'"
                )),
            ),
        );
    }
    if let Some(status) = definition.status.as_deref().filter(|one| *one != "ACTIVE") {
        return Some(about.failed(
            format!("revision {} is {status}", definition.revision),
            "no job can be sent to it",
            Mend::by(format!(
                "register a new revision of {}, or leave the revision out",
                name.split(':').next().unwrap_or(name)
            )),
        ));
    }
    definition.container_properties.is_none().then(|| {
        about.failed(
            "it is not one of a single container on ECS or Fargate",
            "the gateway runs nothing else",
            Mend::by("name one with containerProperties in AWS_BATCH_JOB_DEFINITION"),
        )
    })
}

fn not_described(about: &About, trouble: &Trouble) -> Check {
    let mend = if trouble.is_denied() {
        Mend::by("allow it in the policy of the service").policy(
            json!({"Effect": "Allow", "Action": "batch:DescribeJobDefinitions", "Resource": "*"}),
        )
    } else {
        Mend::by("check this machine's way to AWS Batch, AWS_REGION and AWS_ENDPOINT_URL")
    };
    let cause = "the gateway has to see the definition before it sends jobs to it";
    about.failed(trouble.to_string(), cause, mend)
}

fn judge_execution_role(
    revision: &str,
    definition: &Definition,
    container: &Container,
) -> Option<Check> {
    let about = About::new("batch.execution_role", format!("job definition {revision}"));
    match container.execution_role_arn.as_deref() {
        Some(role) if !role.is_empty() => Some(about.passed(role)),
        _ if definition.is_on_fargate() => Some(about.failed(
            "it has no execution role",
            "Fargate pulls no image from ECR and writes no log without one: jobs fail at once",
            Mend::by("register a revision with executionRoleArn; infra/aws/batchway.yaml has one"),
        )),
        _ => None,
    }
}

/// Anyone who may describe jobs reads the environment of their definition.
fn judge_variables(revision: &str, container: &Container) -> Check {
    let about = About::new(
        "batch.environment_variables",
        format!("job definition {revision}"),
    );
    let is_secret = |name: &str| {
        let name = name.to_uppercase();
        ["SECRET", "PASSWORD", "TOKEN", "_KEY"]
            .iter()
            .any(|part| name.contains(part))
    };
    let (mut secrets, mut ours) = (Vec::new(), Vec::new());
    for variable in &container.environment {
        let has_value = variable
            .value
            .as_deref()
            .is_some_and(|value| !value.is_empty());
        if has_value && is_secret(&variable.name) {
            secrets.push(variable.name.as_str());
        }
        if variable.name == variables::GATEWAY_URL || variable.name == variables::JOB_PARAMS {
            ours.push(variable.name.as_str());
        }
    }
    if !secrets.is_empty() {
        return about.warning(
            format!("{} stand in it as plain text", secrets.join(", ")),
            "whoever may describe jobs reads them",
            Mend::by(
                "put them into Secrets Manager, and name their ARNs under secrets of the \
                 definition; what is for AWS comes by the job role",
            ),
        );
    }
    if !ours.is_empty() {
        return about.warning(
            format!("it sets {}", ours.join(", ")),
            "each job gets its own value in its place",
            Mend::by("take them out of the definition"),
        );
    }
    about.passed(format!(
        "{} set, none a secret",
        container.environment.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn names() -> Names {
        Names {
            region: "eu-central-1".to_owned(),
            account: None,
            queues: BTreeSet::new(),
            definitions: BTreeSet::new(),
            log_groups: BTreeSet::new(),
            bucket: None,
            environment: "prod".to_owned(),
            events_queue: None,
        }
    }

    async fn examined(definitions: Value) -> Vec<Check> {
        let answer = json!({"jobDefinitions": definitions}).to_string();
        let aws = Aws::default().answers("batch:DescribeJobDefinitions", 200, &answer);
        let found = look(&aws, "d").await;
        examine(&aws, &Configured::default(), &names(), "d", found).await
    }

    fn definition(revision: u32, container: Value) -> Value {
        json!({
            "jobDefinitionName": "d", "revision": revision, "status": "ACTIVE",
            "platformCapabilities": ["FARGATE"], "containerProperties": container,
        })
    }

    fn of<'a>(checks: &'a [Check], id: &str) -> &'a Check {
        checks.iter().find(|check| check.id == id).unwrap()
    }

    #[tokio::test]
    async fn the_newest_revision_counts() {
        let found = examined(json!([
            definition(9, json!({"image": "new:1"})),
            definition(10, json!({"image": "newer:1"})),
        ]))
        .await;
        assert_eq!(of(&found, "batch.definition").seen, "d:10, image newer:1");
    }

    #[tokio::test]
    async fn fields_that_are_null_are_left_out() {
        let mut definition = definition(1, json!({"image": "i:1", "logConfiguration": null}));
        definition["platformCapabilities"] = Value::Null;
        let found = examined(json!([definition])).await;
        assert_eq!(of(&found, "batch.definition").verdict, Verdict::Passed);
    }

    #[tokio::test]
    async fn none_an_inactive_one_and_one_of_another_kind() {
        let mut inactive = definition(3, json!({"image": "i:1"}));
        inactive["status"] = json!("INACTIVE");
        let mut several = definition(3, json!({}));
        several["containerProperties"] = Value::Null;
        for definitions in [json!([]), json!([inactive]), json!([several])] {
            let found = examined(definitions).await;
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].verdict, Verdict::Failed);
        }
    }

    #[tokio::test]
    async fn fargate_without_an_execution_role_fails_at_once() {
        let found = examined(json!([definition(1, json!({"image": "i:1"}))])).await;
        assert_eq!(of(&found, "batch.execution_role").verdict, Verdict::Failed);
        let role = json!({"image": "i:1", "executionRoleArn": "arn:aws:iam::1:role/x"});
        let found = examined(json!([definition(1, role)])).await;
        assert_eq!(of(&found, "batch.execution_role").verdict, Verdict::Passed);
    }

    #[tokio::test]
    async fn secrets_are_named_and_not_shown() {
        let container = json!({
            "image": "i:1",
            "environment": [
                {"name": "SUPABASE_KEY", "value": "hunter2"},
                {"name": "MODE", "value": "fast"},
            ],
        });
        let found = examined(json!([definition(1, container)])).await;
        let check = of(&found, "batch.environment_variables");
        assert_eq!(check.verdict, Verdict::Warning);
        assert!(check.seen.contains("SUPABASE_KEY"));
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
