//! What a queue holds of one deployment, for sweeps.

use std::collections::BTreeSet;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{JobStatus, JobSummary, KeyValuesPair};
use batchway_domain::Timestamp;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::BackendId;
use batchway_domain::ports::{QueuePage, QueuePosition, QueuedJob};

use crate::call::CallFailure;
use crate::description::moment;
use crate::lookup::{self, JOB_NAME};
use crate::tags;
use crate::target::QueueArn;

/// One page of ListJobs, less what has ended, bears another name, or lacks our mark.
pub(crate) async fn page(
    client: &Client,
    queue: &QueueArn,
    deployment: &DeploymentId,
    from: Option<&QueuePosition>,
) -> Result<QueuePage, CallFailure> {
    let ours = KeyValuesPair::builder()
        .name(JOB_NAME)
        .values(format!("bw-{deployment}-*"))
        .build();
    let listed = client
        .list_jobs()
        .job_queue(queue.as_str())
        .filters(ours)
        .set_next_token(from.map(|position| position.0.clone()))
        .send()
        .await
        .map_err(|error| CallFailure::of("batch:ListJobs", true, error))?;
    let summaries = listed.job_summary_list();
    let named: Vec<QueuedJob> = summaries
        .iter()
        .filter(|job| is_alive(job))
        .filter_map(queued_job)
        .filter(|job| job.name.deployment == *deployment)
        .collect();
    Ok(QueuePage {
        jobs: only_marked(client, named, deployment).await?,
        back_to: summaries
            .iter()
            .filter_map(|job| moment(job.created_at()))
            .min(),
        next: listed
            .next_token()
            .map(|token| QueuePosition(token.to_owned())),
    })
}

fn is_alive(job: &JobSummary) -> bool {
    !matches!(job.status(), Some(JobStatus::Succeeded | JobStatus::Failed))
}

fn queued_job(job: &JobSummary) -> Option<QueuedJob> {
    Some(QueuedJob {
        id: BackendId(job.job_id().filter(|id| !id.is_empty())?.to_owned()),
        name: job.job_name()?.parse::<TryName>().ok()?,
        created_at: moment(job.created_at()).unwrap_or(Timestamp::MAX),
    })
}

/// ListJobs doesn't show tags. What is not described yet is left for the next sweep: nothing is
/// ended that can't be told from someone else's.
async fn only_marked(
    client: &Client,
    mut named: Vec<QueuedJob>,
    deployment: &DeploymentId,
) -> Result<Vec<QueuedJob>, CallFailure> {
    let described = lookup::describe(client, named.iter().map(|job| &job.id)).await?;
    let marked: BTreeSet<&str> = described
        .iter()
        .filter(|job| tags::is_of_deployment(job, deployment))
        .filter_map(|job| job.job_id())
        .collect();
    named.retain(|job| marked.contains(job.id.0.as_str()));
    Ok(named)
}

/// Whether Batch shows this job, and with our mark.
pub(crate) async fn is_marked(
    client: &Client,
    id: &BackendId,
    deployment: &DeploymentId,
) -> Result<bool, CallFailure> {
    let described = lookup::describe(client, [id]).await?;
    Ok(described
        .iter()
        .any(|job| tags::is_of_deployment(job, deployment)))
}
