//! What the service may do, found out without doing it.
//!
//! IAM simulates, where it may be asked. Where not, an action is tried in a form that AWS can only
//! refuse: of what does not exist. Whether it says "you may not" or "there is none" tells the
//! right, as IAM is asked first.
//!
//! | action | tried |
//! |---|---|
//! | `batch:SubmitJob`, `batch:TagResource` | for a revision that no definition can have |
//! | `batch:DescribeJobs` and the like | for an id or a name that nothing has |
//! | `logs:GetLogEvents`, `s3:GetObject` | of what is not there |
//! | `s3:PutObject` | a part of an upload that nobody began |
//! | `s3:AbortMultipartUpload`, `s3:ListMultipartUploadParts` | of the same |
//! | `batch:TerminateJob` | never: the right hangs on a tag, which what is not there has not |
//! | `s3:DeleteObject` | never: a bucket with versions would note it |
//! | `sqs:ReceiveMessage` | never: the queue would count it |
//! | `sqs:DeleteMessage` | never: it may take something away |
//! | `sqs:GetQueueAttributes` | by the check of the queue itself |

use futures_util::future::join_all;
use serde_json::json;

use super::call::{AwsServices, Call, Service, Trouble, ask};
use super::identity::Identity;
use super::simulation::{self, Question};
use crate::check::{About, Check, Mend};
use crate::rights::{Names, On, RIGHTS, Right};

/// No definition has so many revisions.
const ABSENT_REVISION: u32 = i32::MAX as u32;
const ABSENT_JOB: &str = "00000000-0000-0000-0000-000000000000";
const ABSENT: &str = "batchway-doctor-of-what-is-not-there";

/// What is known of the actions of a right.
#[derive(Debug, Default)]
struct Findings {
    allowed: Vec<&'static str>,
    refused: Vec<String>,
    unknown: Vec<&'static str>,
    how: &'static str,
}

pub(crate) async fn examine(
    aws: &dyn AwsServices,
    names: &Names,
    identity: Option<&Identity>,
) -> Vec<Check> {
    let principal = identity.and_then(|caller| simulation::principal_of(&caller.arn));
    let rights = RIGHTS
        .iter()
        .map(|right| examine_one(aws, names, principal.as_deref(), right));
    join_all(rights).await.into_iter().flatten().collect()
}

async fn examine_one(
    aws: &dyn AwsServices,
    names: &Names,
    principal: Option<&str>,
    right: &'static Right,
) -> Option<Check> {
    let resources = right.resources(names);
    if resources.is_empty() {
        return None;
    }
    let simulated = match principal {
        Some(principal) => simulated(aws, principal, right, &resources).await,
        None => None,
    };
    let findings = match simulated {
        Some(findings) => findings,
        None => tried(aws, names, right).await,
    };
    Some(judge(names, principal, right, &resources, &findings))
}

/// `None` where IAM may not be asked, or does not answer.
async fn simulated(
    aws: &dyn AwsServices,
    principal: &str,
    right: &'static Right,
    resources: &[String],
) -> Option<Findings> {
    let context: &[_] = match right.on {
        On::WhatIsTagged => &[("aws:TagKeys", "stringList", "batchway:job")],
        On::OwnJobs => &[("aws:ResourceTag/batchway:deployment", "string", "doctor")],
        _ => &[],
    };
    let question = Question {
        principal,
        actions: right.actions,
        resources,
        context,
    };
    let refused = simulation::refused(aws, &question).await.ok()?;
    let is_allowed = |action: &&&str| !refused.iter().any(|one| one == **action);
    Some(Findings {
        allowed: right.actions.iter().filter(is_allowed).copied().collect(),
        refused,
        unknown: vec![],
        how: "IAM says",
    })
}

async fn tried(aws: &dyn AwsServices, names: &Names, right: &'static Right) -> Findings {
    let attempts = right.actions.iter().map(|action| async {
        let outcome = match attempt(action, names) {
            Some(call) => Some(ask(aws, call).await),
            None => None,
        };
        (*action, outcome)
    });
    let mut findings = Findings {
        how: "tried on what is not there",
        ..Findings::default()
    };
    for (action, outcome) in join_all(attempts).await {
        match outcome.as_ref().and_then(|outcome| may(action, outcome)) {
            Some(true) => findings.allowed.push(action),
            Some(false) => findings.refused.push(action.to_owned()),
            None => findings.unknown.push(action),
        }
    }
    findings
}

/// The action, on what does not exist; `None` where even that could have an effect.
fn attempt(action: &str, names: &Names) -> Option<Call> {
    let queue = names.queues.first();
    let definition = names.definitions.first();
    let submission = |tags: serde_json::Value| {
        let name = definition?
            .rsplit('/')
            .next()?
            .split(':')
            .next()
            .unwrap_or_default();
        let body = json!({
            "jobName": ABSENT,
            "jobQueue": queue?,
            "jobDefinition": format!("{name}:{ABSENT_REVISION}"),
            "tags": tags,
        });
        Some(Call::batch("SubmitJob", &body))
    };
    let object = |action: &str, method, query: &str| {
        let bucket = names.bucket.as_ref()?;
        let path = format!("/{bucket}/{}/{ABSENT}/{ABSENT}{query}", names.environment);
        Some(Call::s3(action, method, path))
    };
    match action {
        "batch:SubmitJob" => submission(json!({})),
        "batch:TagResource" => submission(json!({"batchway:job": "doctor"})),
        "batch:DescribeJobs" => Some(Call::batch("DescribeJobs", &json!({"jobs": [ABSENT_JOB]}))),
        "batch:ListJobs" => Some(Call::batch(
            "ListJobs",
            &json!({"jobQueue": queue?, "maxResults": 1}),
        )),
        "batch:DescribeJobQueues" => Some(Call::batch(
            "DescribeJobQueues",
            &json!({"jobQueues": [ABSENT]}),
        )),
        "batch:DescribeJobDefinitions" => Some(Call::batch(
            "DescribeJobDefinitions",
            &json!({"jobDefinitionName": ABSENT}),
        )),
        "batch:DescribeComputeEnvironments" => Some(Call::batch(
            "DescribeComputeEnvironments",
            &json!({"computeEnvironments": [ABSENT]}),
        )),
        "logs:GetLogEvents" => {
            let group = names.log_groups.first()?;
            let body = json!({"logGroupName": group, "logStreamName": ABSENT, "limit": 1});
            Some(Call::json(Service::Logs, "GetLogEvents", &body))
        }
        "s3:GetObject" => object(action, "GET", ""),
        "s3:PutObject" => object(action, "PUT", &format!("?partNumber=1&uploadId={ABSENT}")),
        "s3:AbortMultipartUpload" => object(action, "DELETE", &format!("?uploadId={ABSENT}")),
        "s3:ListMultipartUploadParts" => object(action, "GET", &format!("?uploadId={ABSENT}")),
        "s3:ListBucket" => {
            let path = format!("/{}?list-type=2&max-keys=1", names.bucket.as_ref()?);
            Some(Call::s3(action, "GET", path))
        }
        _ => None,
    }
}

/// What the answer says of the right; `None`: nothing.
fn may(action: &str, outcome: &Result<super::Reply, Trouble>) -> Option<bool> {
    let refusal = match outcome {
        Ok(_) => return Some(true),
        Err(Trouble::Refused(refusal)) => refusal,
        Err(_) => return None,
    };
    if refusal.is_denied() {
        // A request with tags asks for both rights.
        let is_of_the_other =
            action == "batch:TagResource" && refusal.to_string().contains("batch:SubmitJob");
        return (!is_of_the_other).then_some(false);
    }
    let is_an_answer = (400..500).contains(&refusal.status) && !refusal.is_about_credentials();
    is_an_answer.then_some(true)
}

fn judge(
    names: &Names,
    principal: Option<&str>,
    right: &Right,
    resources: &[String],
    findings: &Findings,
) -> Check {
    let about = About::new("rights.service", right.sid);
    let Findings {
        allowed,
        refused,
        unknown,
        how,
    } = findings;
    if !refused.is_empty() {
        let seen = format!("the service may not {} ({how})", refused.join(", "));
        let mend = Mend {
            policy: right.statement(names),
            ..Mend::by("add this to the policy of the service; --policy prints all of it")
        };
        return match right.is_vital {
            true => about.failed(seen, right.needed, mend),
            false => about.warning(seen, right.needed, mend),
        };
    }
    if allowed.is_empty() {
        let principal = principal.unwrap_or("ARN_OF_THE_SERVICE");
        let mut check = about.skipped(format!(
            "{} can't be tried without an effect, and IAM may not be asked",
            unknown.join(", ")
        ));
        check.mend = Some(Mend::by("ask IAM as someone who may").command(format!(
            "aws iam simulate-principal-policy --policy-source-arn {principal} --action-names {} \
             --resource-arns {}",
            unknown.join(" "),
            resources.join(" ")
        )));
        return check;
    }
    let rest = match unknown.len() {
        0 => String::new(),
        _ => format!("; not tried: {}", unknown.join(", ")),
    };
    about.passed(format!("{} ({how}){rest}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::aws::simulation::tests::decisions;
    use crate::check::Verdict;
    use std::collections::BTreeSet;

    fn names() -> Names {
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        Names {
            region: "eu-central-1".to_owned(),
            account: Some("123456789012".to_owned()),
            queues: set("live2-job-queue"),
            definitions: set("live2-simulation"),
            log_groups: set("/aws/batch/job"),
            bucket: Some("live2-artifacts".to_owned()),
            environment: "prod".to_owned(),
            events_queue: Some("arn:aws:sqs:eu-central-1:123456789012:live2-events".to_owned()),
        }
    }

    fn service() -> Identity {
        Identity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/live2-service".to_owned(),
        }
    }

    fn of<'a>(checks: &'a [Check], sid: &str) -> &'a Check {
        checks.iter().find(|check| check.subject == sid).unwrap()
    }

    #[tokio::test]
    async fn iam_is_asked_first_and_nothing_else_then() {
        let all = decisions(&[("batch:SubmitJob", "allowed")]);
        let aws = Aws::default().answers("iam:SimulatePrincipalPolicy", 200, &all);
        let checks = examine(&aws, &names(), Some(&service())).await;
        assert_eq!(checks.len(), RIGHTS.len());
        assert!(
            checks.iter().all(|check| check.verdict == Verdict::Passed),
            "{checks:?}"
        );
        let is_simulation = |call: &Call| call.action == "iam:SimulatePrincipalPolicy";
        assert!(aws.calls().iter().all(is_simulation));
    }

    #[tokio::test]
    async fn a_right_that_is_missing_comes_with_its_statement() {
        let refused = decisions(&[("batch:TerminateJob", "implicitDeny")]);
        let aws = Aws::default().answers("iam:SimulatePrincipalPolicy", 200, &refused);
        let checks = examine(&aws, &names(), Some(&service())).await;
        let check = of(&checks, "StopOwnJobs");
        assert_eq!(check.verdict, Verdict::Failed);
        let statement = check.mend.as_ref().unwrap().policy.as_ref().unwrap();
        assert_eq!(statement["Action"], "batch:TerminateJob");
        assert_eq!(
            statement["Condition"]["Null"]["aws:ResourceTag/batchway:deployment"],
            "false"
        );
    }

    #[tokio::test]
    async fn a_right_that_jobs_run_without_is_no_failure() {
        let refused = decisions(&[("batch:DescribeComputeEnvironments", "implicitDeny")]);
        let aws = Aws::default().answers("iam:SimulatePrincipalPolicy", 200, &refused);
        let checks = examine(&aws, &names(), Some(&service())).await;
        let check = of(&checks, "WhyTheyWait");
        assert_eq!(check.verdict, Verdict::Warning);
        let statement = check.mend.as_ref().unwrap().policy.as_ref().unwrap();
        assert_eq!(statement["Action"], "batch:DescribeComputeEnvironments");
    }

    #[tokio::test]
    async fn without_iam_what_is_harmless_is_tried() {
        let aws = Aws::default()
            .denies("iam:SimulatePrincipalPolicy")
            .answers("batch:SubmitJob", 400, r#"{"__type": "ClientException"}"#)
            .denies("logs:GetLogEvents")
            .answers("s3:GetObject", 404, "<Error><Code>NoSuchKey</Code></Error>")
            .answers(
                "s3:PutObject",
                403,
                "<Error><Code>AccessDenied</Code></Error>",
            );
        let checks = examine(&aws, &names(), Some(&service())).await;
        assert_eq!(of(&checks, "Submit").verdict, Verdict::Passed);
        assert_eq!(of(&checks, "SubmitWithTags").verdict, Verdict::Passed);
        assert_eq!(of(&checks, "LastLines").verdict, Verdict::Failed);
        assert!(of(&checks, "Objects").seen.contains("may not s3:PutObject"));
        let stop = of(&checks, "StopOwnJobs");
        assert_eq!(stop.verdict, Verdict::Skipped);
        let command = stop.mend.as_ref().unwrap().command.as_ref().unwrap();
        assert!(command.contains("simulate-principal-policy"), "{command}");
    }

    /// The promise of the doctor.
    #[tokio::test]
    async fn nothing_is_tried_that_could_have_an_effect() {
        let aws = Aws::default();
        examine(&aws, &names(), None).await;
        for call in aws.calls() {
            let harmless = match call.action.as_str() {
                "batch:SubmitJob" => call.body.contains(":2147483647\""),
                "s3:PutObject" | "s3:AbortMultipartUpload" => {
                    call.path.contains(&format!("uploadId={ABSENT}"))
                }
                action => {
                    let verb = action.split(':').nth(1).unwrap_or_default();
                    ["Describe", "List", "Get"]
                        .iter()
                        .any(|word| verb.starts_with(word))
                }
            };
            assert!(harmless, "{call:?}");
        }
    }

    #[tokio::test]
    async fn the_right_to_tag_is_told_from_the_right_to_send() {
        let denial = |action: &str| {
            let message = format!("User x is not authorized to perform: {action} on resource y");
            format!(r#"{{"__type": "AccessDeniedException", "message": "{message}"}}"#)
        };
        let aws = Aws::default().answers("batch:SubmitJob", 403, &denial("batch:SubmitJob"));
        let checks = examine(&aws, &names(), None).await;
        assert_eq!(of(&checks, "Submit").verdict, Verdict::Failed);
        assert_eq!(of(&checks, "SubmitWithTags").verdict, Verdict::Skipped);
        let aws = Aws::default().answers("batch:SubmitJob", 403, &denial("batch:TagResource"));
        let checks = examine(&aws, &names(), None).await;
        assert_eq!(of(&checks, "SubmitWithTags").verdict, Verdict::Failed);
    }
}
