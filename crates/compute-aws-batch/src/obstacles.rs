//! What keeps the jobs of a queue from being started, where AWS Batch flags nothing: a queue or an
//! environment that is disabled, invalid or gone, or that may never be large enough.
//!
//! One look at the queue, one at its compute environments, and one at the definition where only
//! that says how many vCPUs a job has: [`Obstacles::CALLS`]. Source: AWS Batch user guide,
//! "Troubleshooting: jobs stuck in RUNNABLE".

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{
    CeState, CeStatus, ComputeEnvironmentDetail, JobQueueDetail, JqState, JqStatus,
};
use batchway_domain::Timestamp;
use batchway_domain::diagnosis::{Mend, Obstacle, Obstacles, Unseen};

use crate::accounts::without_accounts;
use crate::call::CallFailure;
use crate::catalog::Catalog;
use crate::classification::{HeldCause, Verdict};
use crate::target::{BatchTarget, QueueArn};

const DESCRIBE_QUEUES: &str = "batch:DescribeJobQueues";
const DESCRIBE_ENVIRONMENTS: &str = "batch:DescribeComputeEnvironments";

/// Looks at a queue. `vcpus` is what its job asks for, where its job type says so.
pub(crate) async fn look(
    client: &Client,
    catalog: &Catalog,
    target: &BatchTarget,
    vcpus: Option<&str>,
    now: Timestamp,
) -> Result<Obstacles, CallFailure> {
    let queue = match queue(client, &target.queue).await {
        Ok(queue) => queue,
        Err(failure) => return unseen(Vec::new(), failure, now),
    };
    let place = Place::of(&target.queue);
    let Some(queue) = queue.filter(is_there) else {
        return Ok(only(vec![place.queue_missing()]));
    };
    let mut found = Vec::from_iter(place.judge_queue(&queue));
    let named = names_of_environments(&queue);
    if named.is_empty() {
        found.push(place.queue_without_environments());
        return Ok(only(found));
    }
    let environments = match environments(client, &named).await {
        Ok(environments) => environments,
        Err(failure) => return unseen(found, failure, now),
    };
    found.extend(place.judge_environments(&named, &environments));
    if let Some(largest) = largest(&environments) {
        let asked_for = match vcpus {
            Some(vcpus) => Some(vcpus.to_owned()),
            None => catalog.vcpus_of(&target.queue, &target.definition).await,
        };
        found.extend(place.judge_room(largest, asked_for.as_deref()));
    }
    Ok(only(found))
}

const fn only(found: Vec<Obstacle>) -> Obstacles {
    Obstacles {
        found,
        unseen: None,
    }
}

/// A right to look that is missing is told with the statement that gives it.
fn unseen(
    found: Vec<Obstacle>,
    failure: CallFailure,
    now: Timestamp,
) -> Result<Obstacles, CallFailure> {
    if failure.verdict(now) != Verdict::Held(HeldCause::AccessDenied) {
        return Err(failure);
    }
    let action = failure.action;
    tracing::warn!("{}", failure.reason());
    let what = if action == DESCRIBE_QUEUES {
        "The job queue"
    } else {
        "The queue's compute environments"
    };
    let advice = format!(
        "Let the gateway look, by this statement in the policy of its user or role: \
         {{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"*\"}}"
    );
    Ok(Obstacles {
        found,
        unseen: Some(Unseen {
            reason: format!(
                "{what} could not be looked at: AWS does not let the gateway do {action}."
            ),
            mend: Mend::by_operator(advice).command("batchway doctor --policy"),
        }),
    })
}

async fn queue(client: &Client, queue: &QueueArn) -> Result<Option<JobQueueDetail>, CallFailure> {
    let request = client.describe_job_queues().job_queues(queue.as_str());
    let answer = request.send().await;
    let answer = answer.map_err(|error| CallFailure::of(DESCRIBE_QUEUES, true, error))?;
    let is_asked_for = |found: &&JobQueueDetail| found.job_queue_arn() == Some(queue.as_str());
    Ok(answer.job_queues().iter().find(is_asked_for).cloned())
}

async fn environments(
    client: &Client,
    named: &[String],
) -> Result<Vec<ComputeEnvironmentDetail>, CallFailure> {
    let request = client
        .describe_compute_environments()
        .set_compute_environments(Some(named.to_vec()));
    let answer = request.send().await;
    let answer = answer.map_err(|error| CallFailure::of(DESCRIBE_ENVIRONMENTS, true, error))?;
    Ok(answer.compute_environments.unwrap_or_default())
}

fn is_there(queue: &JobQueueDetail) -> bool {
    !matches!(queue.status(), Some(JqStatus::Deleting | JqStatus::Deleted))
}

fn names_of_environments(queue: &JobQueueDetail) -> Vec<String> {
    let order = queue.compute_environment_order().iter();
    order
        .filter_map(|one| one.compute_environment().map(str::to_owned))
        .collect()
}

/// An ARN ends with the name; a name is one.
fn name_of(arn_or_name: &str) -> &str {
    arn_or_name.rsplit('/').next().unwrap_or(arn_or_name)
}

fn is_called(environment: &ComputeEnvironmentDetail, name: &str) -> bool {
    [
        environment.compute_environment_arn(),
        environment.compute_environment_name(),
    ]
    .contains(&Some(name))
}

fn is_usable(environment: &ComputeEnvironmentDetail) -> bool {
    environment.state() != Some(&CeState::Disabled)
        && !matches!(
            environment.status(),
            Some(CeStatus::Invalid | CeStatus::Deleting | CeStatus::Deleted)
        )
}

/// The most vCPUs that any of them may have; `None` where one is not bounded, or none is usable.
fn largest(environments: &[ComputeEnvironmentDetail]) -> Option<(i32, &str)> {
    let mut largest = None;
    for environment in environments.iter().filter(|one| is_usable(one)) {
        let most = environment.compute_resources()?.maxv_cpus()?;
        let name = environment.compute_environment_name().unwrap_or_default();
        largest = largest.max(Some((most, name)));
    }
    largest
}

/// A queue, for sentences and commands.
struct Place<'a> {
    region: &'a str,
    queue: &'a str,
}

impl<'a> Place<'a> {
    fn of(queue: &'a QueueArn) -> Self {
        Self {
            region: queue.region(),
            queue: name_of(queue.as_str()),
        }
    }

    fn judge_queue(&self, queue: &JobQueueDetail) -> Option<Obstacle> {
        let name = self.queue;
        if queue.state() == Some(&JqState::Disabled) {
            let command = format!(
                "{} --state ENABLED",
                self.command("update-job-queue --job-queue", name)
            );
            let mend = Mend::by_operator("Enable the job queue, which the command does.");
            return Some(obstacle(
                "queue_disabled",
                format!("The job queue {name} is disabled."),
                mend.command(command),
            ));
        }
        (queue.status() == Some(&JqStatus::Invalid)).then(|| {
            obstacle(
                "queue_invalid",
                format!(
                    "The job queue {name} is invalid: {}",
                    said(queue.status_reason())
                ),
                self.look_at_queue("Mend what the job queue's status reason names."),
            )
        })
    }

    fn queue_missing(&self) -> Obstacle {
        let name = self.queue;
        obstacle(
            "queue_missing",
            format!("The job queue {name} is gone, and with it what was in it."),
            self.look_at_queue("Make it anew; its jobs fail and are told from what they left."),
        )
    }

    fn queue_without_environments(&self) -> Obstacle {
        let name = self.queue;
        obstacle(
            "queue_without_environments",
            format!("The job queue {name} has no compute environment."),
            self.look_at_queue("Give the job queue a compute environment."),
        )
    }

    /// Each that can start nothing; it keeps all jobs from starting where no other can.
    fn judge_environments(
        &self,
        named: &[String],
        environments: &[ComputeEnvironmentDetail],
    ) -> Vec<Obstacle> {
        let blocks_all = !environments.iter().any(is_usable);
        let found = named.iter().filter_map(|name| {
            let environment = environments.iter().find(|one| is_called(one, name));
            self.judge_environment(name_of(name), environment)
        });
        found
            .map(|obstacle| Obstacle {
                blocks_all,
                ..obstacle
            })
            .collect()
    }

    fn judge_environment(
        &self,
        name: &str,
        environment: Option<&ComputeEnvironmentDetail>,
    ) -> Option<Obstacle> {
        let look = self.command("describe-compute-environments --compute-environments", name);
        let is_there = |one: &&ComputeEnvironmentDetail| {
            !matches!(one.status(), Some(CeStatus::Deleting | CeStatus::Deleted))
        };
        let Some(environment) = environment.filter(is_there) else {
            let mend = Mend::by_operator("Make it anew, or give the job queue another.");
            return Some(obstacle(
                "environment_missing",
                format!("The compute environment {name} is gone."),
                mend.command(look),
            ));
        };
        if environment.state() == Some(&CeState::Disabled) {
            let update = "update-compute-environment --compute-environment";
            let command = format!("{} --state ENABLED", self.command(update, name));
            let mend = Mend::by_operator("Enable the compute environment, which the command does.");
            return Some(obstacle(
                "environment_disabled",
                format!("The compute environment {name} is disabled."),
                mend.command(command),
            ));
        }
        (environment.status() == Some(&CeStatus::Invalid)).then(|| {
            let reason = said(environment.status_reason());
            let mend = Mend::by_operator(
                "Mend what its status reason names: often a role, a subnet or a group is gone.",
            );
            obstacle(
                "environment_invalid",
                format!("The compute environment {name} is invalid: {reason}"),
                mend.command(look),
            )
        })
    }

    fn judge_room(&self, (most, name): (i32, &str), asked_for: Option<&str>) -> Option<Obstacle> {
        let asked_for = asked_for?;
        let is_too_small = asked_for.parse::<f64>().ok()? > f64::from(most);
        is_too_small.then(|| {
            let mend = Mend::by_operator(format!(
                "Raise maxvCpus of the compute environment {name}, or have the job type ask for \
                 less."
            ));
            let look = "describe-compute-environments --compute-environments";
            obstacle(
                "environment_too_small",
                format!(
                    "The job asks for {asked_for} vCPUs, and the largest compute environment of \
                     the queue may have {most}."
                ),
                mend.command(self.command(look, name)),
            )
        })
    }

    fn look_at_queue(&self, advice: &str) -> Mend {
        let command = self.command("describe-job-queues --job-queues", self.queue);
        Mend::by_operator(advice).command(command)
    }

    fn command(&self, action_and_option: &str, name: &str) -> String {
        let region = self.region;
        format!("aws batch {action_and_option} {name} --region {region}")
    }
}

/// One that keeps all jobs from being started.
fn obstacle(code: &str, message: String, mend: Mend) -> Obstacle {
    Obstacle {
        code: code.to_owned(),
        message,
        blocks_all: true,
        mend,
    }
}

/// The words of AWS, without numbers of accounts.
fn said(reason: Option<&str>) -> String {
    without_accounts(reason.unwrap_or("AWS gives no reason."))
}
