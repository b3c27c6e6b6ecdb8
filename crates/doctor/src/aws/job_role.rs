//! The role of the containers: who may take it, and what it may do on its prefix.

use serde_json::Value;
use url::form_urlencoded;

use super::call::{AwsServices, Call, Service, ask};
use super::simulation::{self, Question};
use super::xml;
use crate::check::{About, Check, Mend};
use crate::rights::{Names, OF_JOBS, RIGHTS};

/// Who hands roles to containers.
const TASKS: &str = "ecs-tasks.amazonaws.com";

pub(crate) async fn examine(
    aws: &dyn AwsServices,
    names: &Names,
    revision: &str,
    role: Option<&str>,
    brings_credentials: bool,
) -> Vec<Check> {
    let about = About::new("batch.job_role", format!("job definition {revision}"));
    let Some(role) = role.filter(|role| !role.is_empty()) else {
        if brings_credentials {
            return vec![about.skipped("it has none, and credentials in its environment instead")];
        }
        return vec![about.failed(
            "it has no job role",
            "containers can't read or write the bucket: jobs fail, and leave nothing",
            Mend::by("register a revision with jobRoleArn; infra/aws/batchway.yaml has one"),
        )];
    };
    let (trust, rights) = tokio::join!(trust(aws, &about, role), rights(aws, names, role));
    let mut checks = vec![trust];
    checks.extend(rights);
    checks
}

async fn trust(aws: &dyn AwsServices, about: &About, role: &str) -> Check {
    let name = role.rsplit('/').next().unwrap_or_default().to_owned();
    let fields = [("RoleName".to_owned(), name.clone())];
    let reply = match ask(aws, Call::query(Service::Iam, "GetRole", &fields)).await {
        Ok(reply) => reply,
        Err(trouble) if trouble.is_denied() => return about.may_not_look("iam:GetRole"),
        Err(trouble)
            if trouble
                .refusal()
                .is_some_and(|it| it.code == "NoSuchEntity") =>
        {
            return about.failed(
                format!("there is no role {name}"),
                "no container of the definition starts",
                Mend::by("make the role (infra/aws/batchway.yaml does), or name another"),
            );
        }
        Err(trouble) => return about.skipped(trouble.to_string()),
    };
    let document = xml::texts(&reply.body, "AssumeRolePolicyDocument").next();
    if document.is_some_and(|document| trusts_tasks(&document)) {
        return about.passed(role);
    }
    about.failed(
        format!("{role} does not trust {TASKS}"),
        "no container of the definition starts",
        Mend::by("let containers take it").command(format!(
            "aws iam update-assume-role-policy --role-name {name} --policy-document \
             '{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":\
             {{\"Service\":\"{TASKS}\"}},\"Action\":\"sts:AssumeRole\"}}]}}'"
        )),
    )
}

/// IAM gives the document as JSON that is encoded as in a URL.
fn trusts_tasks(document: &str) -> bool {
    // A plus stands for itself there.
    let document = format!("d={}", document.replace('+', "%2B").replace('&', "%26"));
    let decoded = form_urlencoded::parse(document.as_bytes()).next();
    let decoded = decoded.map(|(_, value)| value.into_owned());
    let document: Value = serde_json::from_str(&decoded.unwrap_or_default()).unwrap_or_default();
    list(&document["Statement"]).into_iter().any(|statement| {
        statement["Effect"] == "Allow"
            && list(&statement["Principal"]["Service"])
                .into_iter()
                .any(|service| service == TASKS)
    })
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => vec![],
        one => vec![one],
    }
}

/// On the objects of the environment, and on the bucket.
async fn rights(aws: &dyn AwsServices, names: &Names, role: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    for right in RIGHTS.iter().filter(|right| OF_JOBS.contains(&right.on)) {
        let resources = right.resources(names);
        if resources.is_empty() {
            continue;
        }
        let about = About::new("rights.job", format!("{role} on {}", resources.join(", ")));
        let question = Question {
            principal: role,
            actions: right.actions,
            resources: &resources,
            context: &[],
        };
        checks.push(match simulation::refused(aws, &question).await {
            Ok(refused) if refused.is_empty() => about.passed(right.actions.join(", ")),
            Ok(refused) => about.failed(
                format!("it may not {}", refused.join(", ")),
                "programs can't leave results, or find checkpoints and inputs",
                Mend {
                    policy: right.statement(names),
                    ..Mend::by("add this to the policy of the job role")
                },
            ),
            Err(trouble) if trouble.is_denied() => {
                about.may_not_look("iam:SimulatePrincipalPolicy")
            }
            Err(trouble) => about.skipped(trouble.to_string()),
        });
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::aws::simulation::tests::decisions;
    use crate::check::Verdict;
    use std::collections::BTreeSet;

    const ROLE: &str = "arn:aws:iam::123456789012:role/live2-job";

    fn names() -> Names {
        Names {
            region: "eu-central-1".to_owned(),
            account: None,
            queues: BTreeSet::new(),
            definitions: BTreeSet::new(),
            log_groups: BTreeSet::new(),
            bucket: Some("live2-artifacts".to_owned()),
            environment: "prod".to_owned(),
            events_queue: None,
        }
    }

    fn role_trusting(service: &str) -> String {
        let document = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Principal": {{"Service": ["{service}"]}}, "Action": "sts:AssumeRole"}}]}}"#
        );
        let document: String = form_urlencoded::byte_serialize(document.as_bytes()).collect();
        let document = document.replace('+', "%20");
        format!("<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument>")
    }

    #[tokio::test]
    async fn a_role_that_containers_may_take_and_that_may_what_they_do() {
        let allowed = decisions(&[("s3:GetObject", "allowed")]);
        let aws = Aws::default()
            .answers("iam:GetRole", 200, &role_trusting(TASKS))
            .answers("iam:SimulatePrincipalPolicy", 200, &allowed);
        let checks = examine(&aws, &names(), "d:1", Some(ROLE), false).await;
        assert_eq!(checks.len(), 3);
        assert!(
            checks.iter().all(|check| check.verdict == Verdict::Passed),
            "{checks:?}"
        );
    }

    #[tokio::test]
    async fn what_it_lacks_comes_with_the_statement_for_it() {
        let denied = decisions(&[("s3:PutObject", "implicitDeny")]);
        let aws = Aws::default()
            .answers("iam:GetRole", 200, &role_trusting("ec2.amazonaws.com"))
            .answers("iam:SimulatePrincipalPolicy", 200, &denied);
        let checks = examine(&aws, &names(), "d:1", Some(ROLE), false).await;
        assert!(
            checks.iter().all(|check| check.verdict == Verdict::Failed),
            "{checks:?}"
        );
        let statement = checks[1].mend.as_ref().unwrap().policy.as_ref().unwrap();
        assert_eq!(statement["Resource"], "arn:aws:s3:::live2-artifacts/prod/*");
    }

    #[tokio::test]
    async fn no_role_at_all_and_a_role_that_may_not_be_looked_at() {
        let none = examine(&Aws::default(), &names(), "d:1", None, false).await;
        assert_eq!(none[0].verdict, Verdict::Failed);
        let own = examine(&Aws::default(), &names(), "d:1", None, true).await;
        assert_eq!(own[0].verdict, Verdict::Skipped);
        let aws = Aws::default()
            .denies("iam:GetRole")
            .denies("iam:SimulatePrincipalPolicy");
        let checks = examine(&aws, &names(), "d:1", Some(ROLE), false).await;
        assert!(
            checks.iter().all(|check| check.verdict == Verdict::Skipped),
            "{checks:?}"
        );
    }
}
