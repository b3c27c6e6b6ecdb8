//! The queue and the definition that a job type names, as they are now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{
    JobDefinition, JobQueueDetail, JobQueueType, JqState, JqStatus, OrchestrationType,
    PlatformCapability, ResourceType,
};
use batchway_domain::ports::Held;
use tokio::time::Instant;

use crate::accounts::without_accounts;
use crate::call::CallFailure;
use crate::target::{BatchTarget, QueueArn};

/// How long what was found is taken for true.
const FRESH: Duration = Duration::from_secs(60);

/// How long a failure is: those who waited for the same look share it.
const FAILURE_FRESH: Duration = Duration::from_secs(1);

/// How many pairs of queue and definition are remembered. There are as many as job types.
const REMEMBERED: usize = 256;

/// A revision of a job definition can't be found by this name where it is no longer active.
const ACTIVE: &str = "ACTIVE";

/// What a job type's queue and definition are.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) target: BatchTarget,
    pub(crate) definition: DefinitionFacts,
}

/// What matters of a revision of a job definition.
#[derive(Clone, Debug, Default)]
pub(crate) struct DefinitionFacts {
    /// `name:revision`.
    pub(crate) name: String,
    pub(crate) on_fargate: bool,
    pub(crate) vcpus: Option<String>,
    pub(crate) memory_mib: Option<u64>,
}

/// Why there are no facts.
#[derive(Debug)]
pub(crate) enum NotUsable {
    /// There is something wrong with the queue or the definition.
    Held(Held),
    /// AWS could not be asked.
    Call(CallFailure),
}

type Found = Result<Facts, Arc<NotUsable>>;
type Entry = Arc<tokio::sync::Mutex<Option<(Instant, Found)>>>;

/// Remembers for a minute.
#[derive(Debug)]
pub(crate) struct Catalog {
    client: Client,
    entries: Mutex<HashMap<(String, String), Entry>>,
}

impl Catalog {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            entries: Mutex::default(),
        }
    }

    /// The facts, at most a minute old. Those who ask for the same at once share one look.
    pub(crate) async fn facts(&self, queue: &str, definition: &str) -> Found {
        let entry = self.entry(queue, definition);
        let mut known = entry.lock().await;
        if let Some((at, found)) = &*known {
            let fresh = if found.is_ok() { FRESH } else { FAILURE_FRESH };
            if at.elapsed() < fresh {
                return found.clone();
            }
        }
        let found = self.look(queue, definition).await.map_err(Arc::new);
        *known = Some((Instant::now(), found.clone()));
        found
    }

    fn entry(&self, queue: &str, definition: &str) -> Entry {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (queue.to_owned(), definition.to_owned());
        if entries.len() >= REMEMBERED && !entries.contains_key(&key) {
            entries.clear();
        }
        entries.entry(key).or_default().clone()
    }

    /// The facts as they are now.
    pub(crate) async fn look(&self, queue: &str, definition: &str) -> Result<Facts, NotUsable> {
        let found = self.queue(queue).await?;
        let arn = usable_queue(queue, found.as_ref()).map_err(NotUsable::Held)?;
        let found_definition = self.definition(&arn, definition).await?;
        let definition =
            usable_definition(definition, found_definition.as_ref()).map_err(NotUsable::Held)?;
        Ok(Facts {
            target: BatchTarget {
                queue: arn,
                definition: definition.name.clone(),
                fair_share: found
                    .as_ref()
                    .and_then(JobQueueDetail::scheduling_policy_arn)
                    .is_some_and(|arn| !arn.is_empty()),
            },
            definition,
        })
    }

    /// How many vCPUs a revision gives its jobs; `None` where that can't be found out.
    pub(crate) async fn vcpus_of(&self, queue: &QueueArn, revision: &str) -> Option<String> {
        let found = self.definition(queue, revision).await.ok().flatten()?;
        facts_of(&found).vcpus
    }

    async fn queue(&self, queue: &str) -> Result<Option<JobQueueDetail>, NotUsable> {
        let answer = self.client.describe_job_queues().job_queues(queue).send();
        let answer = answer.await.map_err(|error| {
            NotUsable::Call(CallFailure::of("batch:DescribeJobQueues", true, error))
        })?;
        Ok(answer
            .job_queues()
            .iter()
            .find(|found| is_named(found, queue))
            .cloned())
    }

    /// The revision that is named, or the newest; an inactive one only where no other is there.
    async fn definition(
        &self,
        queue: &QueueArn,
        definition: &str,
    ) -> Result<Option<JobDefinition>, NotUsable> {
        let name = definition
            .rsplit_once("job-definition/")
            .map_or(definition, |(_, name)| name);
        if let Some((_, revision)) = name.split_once(':') {
            let arn = queue.of_definition(name);
            let request = self.client.describe_job_definitions().job_definitions(arn);
            let answer = request.send().await.map_err(not_described)?;
            let is_revision = |found: &&JobDefinition| {
                found
                    .revision()
                    .is_some_and(|number| number.to_string() == revision)
            };
            return Ok(answer.job_definitions().iter().find(is_revision).cloned());
        }
        match self.newest(name, Some(ACTIVE)).await? {
            Some(active) => Ok(Some(active)),
            None => self.newest(name, None).await,
        }
    }

    async fn newest(
        &self,
        name: &str,
        status: Option<&str>,
    ) -> Result<Option<JobDefinition>, NotUsable> {
        let mut pages = self
            .client
            .describe_job_definitions()
            .job_definition_name(name)
            .set_status(status.map(str::to_owned))
            .into_paginator()
            .send();
        let mut newest: Option<JobDefinition> = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(not_described)?;
            for found in page.job_definitions.unwrap_or_default() {
                let is_asked_for = found.job_definition_name() == Some(name);
                if is_asked_for
                    && newest
                        .as_ref()
                        .is_none_or(|best| best.revision < found.revision)
                {
                    newest = Some(found);
                }
            }
        }
        Ok(newest)
    }
}

fn not_described(
    error: aws_sdk_batch::error::SdkError<
        aws_sdk_batch::operation::describe_job_definitions::DescribeJobDefinitionsError,
    >,
) -> NotUsable {
    NotUsable::Call(CallFailure::of("batch:DescribeJobDefinitions", true, error))
}

fn is_named(found: &JobQueueDetail, queue: &str) -> bool {
    [found.job_queue_name(), found.job_queue_arn()].contains(&Some(queue))
}

fn held(code: &str, message: String) -> Held {
    Held {
        code: code.to_owned(),
        // A job type may name its queue by an ARN.
        message: without_accounts(&message),
    }
}

/// Its ARN, where it takes jobs.
fn usable_queue(named: &str, found: Option<&JobQueueDetail>) -> Result<QueueArn, Held> {
    let missing = || {
        held(
            "queue_missing",
            format!(
                "There is no job queue {named} in AWS Batch; it has to be made, or the job type has to name another."
            ),
        )
    };
    let queue = found.ok_or_else(missing)?;
    match queue.status() {
        Some(JqStatus::Deleted | JqStatus::Deleting) => return Err(missing()),
        Some(JqStatus::Invalid) => {
            return Err(held(
                "queue_invalid",
                format!(
                    "The job queue {named} is invalid; its status reason in the AWS console says what to mend."
                ),
            ));
        }
        _ => {}
    }
    if queue.state() == Some(&JqState::Disabled) {
        return Err(held(
            "queue_disabled",
            format!("The job queue {named} is disabled and takes no jobs; it has to be enabled."),
        ));
    }
    if let Some(kind @ (JobQueueType::Eks | JobQueueType::SagemakerTraining)) =
        queue.job_queue_type()
    {
        return Err(held(
            "queue_unsupported",
            format!(
                "The job queue {named} is one for {}; the gateway runs jobs on ECS and Fargate only.",
                kind.as_str()
            ),
        ));
    }
    queue
        .job_queue_arn()
        .and_then(QueueArn::parse)
        .ok_or_else(missing)
}

fn usable_definition(named: &str, found: Option<&JobDefinition>) -> Result<DefinitionFacts, Held> {
    let Some(definition) = found else {
        return Err(held(
            "definition_missing",
            format!(
                "There is no job definition {named} in AWS Batch; it has to be registered, or the job type has to name another."
            ),
        ));
    };
    if definition.status().is_some_and(|status| status != ACTIVE) {
        return Err(held(
            "definition_inactive",
            format!(
                "The job definition {named} is no longer active; a new revision has to be registered, or the job type has to name another."
            ),
        ));
    }
    let is_single_container = definition.container_properties().is_some()
        && definition.container_orchestration_type() != Some(&OrchestrationType::Eks);
    if !is_single_container {
        return Err(held(
            "definition_unsupported",
            format!(
                "The job definition {named} is not one of a single container on ECS or Fargate, which is all that the gateway runs."
            ),
        ));
    }
    Ok(facts_of(definition))
}

fn facts_of(definition: &JobDefinition) -> DefinitionFacts {
    let name = definition.job_definition_name().unwrap_or_default();
    let revision = definition.revision().unwrap_or_default();
    let requirement = |kind: &ResourceType| {
        definition
            .container_properties()?
            .resource_requirements()
            .iter()
            .find(|requirement| requirement.r#type() == Some(kind))?
            .value()
            .map(str::to_owned)
    };
    DefinitionFacts {
        name: format!("{name}:{revision}"),
        on_fargate: definition
            .platform_capabilities()
            .contains(&PlatformCapability::Fargate),
        vcpus: requirement(&ResourceType::Vcpu),
        memory_mib: requirement(&ResourceType::Memory).and_then(|mib| mib.parse().ok()),
    }
}

#[cfg(test)]
mod tests;
