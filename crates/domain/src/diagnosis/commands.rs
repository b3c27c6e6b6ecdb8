//! Commands of AWS's own program that show an operator what an advice is about.

use crate::job::{BackendId, Job};

/// The queues with what is wrong with them.
pub(super) const QUEUES: &str = "aws batch describe-job-queues --query 'jobQueues[].[jobQueueName,state,status,statusReason]' --output table";

/// The compute environments with what is wrong with them, and how large they may grow.
pub(super) const ENVIRONMENTS: &str = "aws batch describe-compute-environments --query 'computeEnvironments[].[computeEnvironmentName,state,status,statusReason,computeResources.maxvCpus]' --output table";

/// The active revisions of all job definitions.
pub(super) const DEFINITIONS: &str = "aws batch describe-job-definitions --status ACTIVE --query 'jobDefinitions[].[jobDefinitionName,revision,type]' --output table";

/// Who the credentials are.
pub(super) const WHO: &str = "aws sts get-caller-identity";

/// Whether the clock is kept right.
pub(super) const CLOCK: &str = "timedatectl";

/// What a queue does with jobs that wait too long.
pub(super) const TIME_LIMITS: &str =
    "aws batch describe-job-queues --query 'jobQueues[].[jobQueueName,jobStateTimeLimitActions]'";

/// What the account may have of Fargate.
pub(super) const QUOTAS: &str = "aws service-quotas list-service-quotas --service-code fargate --query 'Quotas[].[QuotaName,Value]' --output table";

/// Everything that AWS Batch says of a job; `None` where it has no id there.
pub(super) fn describe(job: &Job) -> Option<String> {
    let BackendId(id) = job.backend_id()?;
    Some(format!("aws batch describe-jobs --jobs {id}"))
}

/// The first jobs of the queue that a job is in, in the order in which they come.
pub(super) fn queue_ahead(job: &Job) -> Option<String> {
    let described = describe(job)?;
    Some(format!(
        "aws batch get-job-queue-snapshot --job-queue \"$({described} --query 'jobs[0].jobQueue' \
         --output text)\""
    ))
}
