//! The compute environments behind a queue: whether they can start machines, and how many.

use serde::Deserialize;
use serde_json::json;

use super::call::{AwsServices, Call, ask_json};
use super::job_queue::usable;
use super::{Configured, Target};
use crate::check::{About, Check, Mend};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    compute_environments: Vec<Environment>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Environment {
    compute_environment_name: String,
    state: String,
    status: String,
    status_reason: Option<String>,
    compute_resources: Resources,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Resources {
    r#type: String,
    /// `None`: an environment that Batch does not manage.
    #[serde(rename = "maxvCpus")]
    max_vcpus: Option<f64>,
}

impl Environment {
    pub(crate) fn is_usable(&self) -> bool {
        self.state == "ENABLED"
            && !matches!(self.status.as_str(), "INVALID" | "DELETING" | "DELETED")
    }
}

pub(crate) async fn examine(
    aws: &dyn AwsServices,
    configured: &Configured,
    queue: &str,
    named: &[String],
    targets: &[&Target],
) -> Vec<Check> {
    let about = About::new(
        "batch.environment",
        format!("compute environments of {queue}"),
    );
    if named.is_empty() {
        return vec![about.skipped("there are none")];
    }
    let call = Call::batch(
        "DescribeComputeEnvironments",
        &json!({"computeEnvironments": named}),
    );
    let environments = match ask_json::<Answer>(aws, call).await {
        Ok(answer) => answer.compute_environments,
        Err(trouble) if trouble.is_denied() => {
            return vec![about.may_not_look("batch:DescribeComputeEnvironments")];
        }
        Err(trouble) => return vec![about.skipped(trouble.to_string())],
    };
    if environments.is_empty() {
        return vec![about.failed(
            format!("none of {} is there", named.join(", ")),
            "nothing runs the jobs of the queue",
            Mend::by("make them (infra/aws/batchway.yaml does), and give them to the queue"),
        )];
    }
    let others = usable(&environments).count() > 0;
    let mut checks: Vec<Check> = environments
        .iter()
        .map(|environment| judge(environment, others, configured))
        .collect();
    checks.extend(judge_room(queue, &environments, targets, configured));
    checks
}

/// `others`: whether the queue has one that works.
fn judge(environment: &Environment, others: bool, configured: &Configured) -> Check {
    let name = &environment.compute_environment_name;
    let about = About::new("batch.environment", format!("compute environment {name}"));
    let seen = match environment.compute_resources.max_vcpus {
        Some(most) => format!(
            "{}, {}, {} up to {most} vCPUs",
            environment.state, environment.status, environment.compute_resources.r#type
        ),
        None => format!("{}, {}", environment.state, environment.status),
    };
    if environment.is_usable() {
        return about.passed(seen);
    }
    let region = &configured.region;
    let (seen, mend) = if environment.state == "DISABLED" {
        let command = format!(
            "aws batch update-compute-environment --region {region} --compute-environment {name} \
             --state ENABLED"
        );
        (seen, Mend::by("enable it").command(command))
    } else {
        let reason = environment.status_reason.as_deref();
        let mend =
            Mend::by("mend what the reason names: often a role, a subnet or a group is gone")
                .command(format!(
                    "aws batch describe-compute-environments --region {region} \
                 --compute-environments {name}"
                ));
        (
            format!("{seen}: {}", reason.unwrap_or("no reason given")),
            mend,
        )
    };
    if others {
        about.warning(seen, "the queue has only its others", mend)
    } else {
        about.failed(seen, "nothing runs the jobs of its queue", mend)
    }
}

/// Whether the largest job that a type asks for fits into any of them.
fn judge_room(
    queue: &str,
    environments: &[Environment],
    targets: &[&Target],
    configured: &Configured,
) -> Option<Check> {
    let (most, name) = usable(environments)
        .filter_map(|one| {
            Some((
                one.compute_resources.max_vcpus?,
                &one.compute_environment_name,
            ))
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    let largest = targets
        .iter()
        .filter_map(|target| {
            Some((
                target.vcpus.as_ref()?.parse::<f64>().ok()?,
                &target.job_types,
            ))
        })
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let about = About::new("batch.room", format!("job queue {queue}"));
    let seen = match largest {
        Some((needed, job_types)) if needed > most => {
            format!(
                "room for {most} vCPUs, and {} asks for {needed}",
                job_types.join(", ")
            )
        }
        _ if most > 0.0 => return Some(about.passed(format!("room for {most} vCPUs at once"))),
        _ => "maxvCpus is 0".to_owned(),
    };
    Some(about.failed(
        seen,
        "such a job waits for ever (MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE)",
        Mend::by("raise maxvCpus, or let the job type ask for less").command(format!(
            "aws batch update-compute-environment --region {} --compute-environment {name} \
             --compute-resources maxvCpus=64",
            configured.region
        )),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fake::Aws;
    use crate::check::Verdict;
    use serde_json::Value;

    async fn examined(environments: &[Value], vcpus: &str) -> Vec<Check> {
        let answer = json!({"computeEnvironments": environments}).to_string();
        let aws = Aws::default().answers("batch:DescribeComputeEnvironments", 200, &answer);
        let target = Target {
            vcpus: Some(vcpus.to_owned()),
            job_types: vec!["run_simulation".to_owned()],
            ..Target::default()
        };
        let configured = Configured::default();
        examine(&aws, &configured, "q", &["ce".to_owned()], &[&target]).await
    }

    fn environment(state: &str, status: &str, most: u32) -> Value {
        json!({
            "computeEnvironmentName": "ce", "state": state, "status": status,
            "computeResources": {"type": "FARGATE", "maxvCpus": most},
        })
    }

    fn verdicts(checks: &[Check]) -> Vec<(&str, Verdict)> {
        let of = |check: &Check| (check.id, check.verdict);
        checks.iter().map(of).collect()
    }

    #[tokio::test]
    async fn one_that_works_is_enough() {
        use Verdict::{Failed, Passed, Warning};
        let (good, disabled) = (
            environment("ENABLED", "VALID", 64),
            environment("DISABLED", "VALID", 64),
        );
        let invalid = environment("ENABLED", "INVALID", 64);
        let found = examined(&[good, disabled.clone(), invalid.clone()], "4").await;
        assert_eq!(
            verdicts(&found),
            [
                ("batch.environment", Passed),
                ("batch.environment", Warning),
                ("batch.environment", Warning),
                ("batch.room", Passed),
            ]
        );
        let found = examined(&[disabled, invalid], "4").await;
        assert_eq!(
            verdicts(&found),
            [("batch.environment", Failed), ("batch.environment", Failed)]
        );
        let command = found[0].mend.clone().unwrap().command.unwrap();
        assert!(command.ends_with("--state ENABLED"), "{command}");
    }

    #[tokio::test]
    async fn a_job_that_never_fits_is_found_before_it_waits() {
        for (most, vcpus, verdict) in [
            (4, "4", Verdict::Passed),
            (4, "8", Verdict::Failed),
            (0, "0", Verdict::Failed),
        ] {
            let found = examined(&[environment("ENABLED", "VALID", most)], vcpus).await;
            assert_eq!(found[1].verdict, verdict, "{most} {vcpus}");
        }
    }

    #[tokio::test]
    async fn not_being_allowed_to_look_is_no_fault() {
        let aws = Aws::default().denies("batch:DescribeComputeEnvironments");
        let found = examine(&aws, &Configured::default(), "q", &["ce".to_owned()], &[]).await;
        assert_eq!(found[0].verdict, Verdict::Skipped);
        assert!(found[0].mend.as_ref().unwrap().policy.is_some());
    }
}
