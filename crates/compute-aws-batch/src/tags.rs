//! The tags that our jobs bear.

use std::collections::HashMap;

use aws_sdk_batch::types::JobDetail;
use batchway_domain::identity::DeploymentId;
use batchway_domain::job::RequestHash;
use batchway_domain::ports::Submission;

const DEPLOYMENT: &str = "batchway:deployment";
const JOB: &str = "batchway:job";
const TRY: &str = "batchway:try";
const REQUEST_HASH: &str = "batchway:request-hash";
/// `true` where the container runs under our runner, so that its exit codes are the runner's.
const RUNNER: &str = "batchway:runner";

pub(crate) fn of(submission: &Submission) -> HashMap<String, String> {
    let name = &submission.name;
    [
        (DEPLOYMENT, name.deployment.to_string()),
        (JOB, name.job.to_string()),
        (TRY, name.number.to_string()),
        (REQUEST_HASH, submission.request_hash.0.clone()),
        (RUNNER, submission.gated.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

pub(crate) fn is_under_runner(job: &JobDetail) -> bool {
    tag(job, RUNNER) == Some("true")
}

/// Whether the job was submitted by this request. A job that has lost its tags counts as ours: its
/// name holds our deployment, the job and the try, and to overlook it would send it twice.
pub(crate) fn is_of_request(job: &JobDetail, hash: &RequestHash) -> bool {
    tag(job, REQUEST_HASH).is_none_or(|tagged| tagged == hash.0)
}

/// Whether the job bears the mark of this deployment, and not its name alone.
pub(crate) fn is_of_deployment(job: &JobDetail, deployment: &DeploymentId) -> bool {
    tag(job, DEPLOYMENT) == Some(deployment.as_str())
}

fn tag<'a>(job: &'a JobDetail, key: &str) -> Option<&'a str> {
    job.tags()?.get(key).map(String::as_str)
}
