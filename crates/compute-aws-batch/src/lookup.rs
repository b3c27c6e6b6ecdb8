//! Finding jobs by their ids and by their names.

use std::collections::BTreeSet;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{JobDetail, JobSummary, KeyValuesPair};
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash};
use batchway_domain::ports::Candidate;

use crate::call::CallFailure;
use crate::description::moment;
use crate::tags;
use crate::target::QueueArn;

/// How many ids DescribeJobs takes.
const DESCRIBED_AT_ONCE: usize = 100;

/// The filter by which ListJobs looks at names; it then looks at every status.
pub(crate) const JOB_NAME: &str = "JOB_NAME";

/// Whether AWS Batch could have given this id: a UUID, with the index of an array's member behind
/// it. Emulators have others of the same letters. What can't be one is not asked for.
pub(crate) fn is_id(id: &BackendId) -> bool {
    let is_of_ids = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'#');
    (1..=128).contains(&id.0.len()) && id.0.bytes().all(is_of_ids)
}

/// The jobs with these ids. Those that Batch does not know are absent.
pub(crate) async fn describe(
    client: &Client,
    ids: impl IntoIterator<Item = &BackendId>,
) -> Result<Vec<JobDetail>, CallFailure> {
    // An empty list is never sent: an emulator answers it with every job there is.
    let ids: BTreeSet<&BackendId> = ids.into_iter().filter(|id| is_id(id)).collect();
    let ids: Vec<String> = ids.into_iter().map(|id| id.0.clone()).collect();
    let mut jobs = Vec::with_capacity(ids.len());
    for some in ids.chunks(DESCRIBED_AT_ONCE) {
        let request = client.describe_jobs().set_jobs(Some(some.to_vec()));
        let answer = request
            .send()
            .await
            .map_err(|error| CallFailure::of("batch:DescribeJobs", true, error))?;
        let described = answer.jobs.unwrap_or_default();
        jobs.extend(described.into_iter().filter(|job| {
            job.job_id()
                .is_some_and(|id| some.iter().any(|asked| asked == id))
        }));
    }
    Ok(jobs)
}

/// What bears this very name in the queue and was submitted by this request, oldest first.
pub(crate) async fn find_by_name(
    client: &Client,
    name: &TryName,
    queue: &QueueArn,
    hash: &RequestHash,
) -> Result<Vec<Candidate>, CallFailure> {
    let listed = list_by_name(client, &name.to_string(), queue).await?;
    let ids: Vec<BackendId> = listed
        .iter()
        .map(|candidate| candidate.id.clone())
        .collect();
    let foreign: BTreeSet<String> = describe(client, &ids)
        .await?
        .into_iter()
        .filter(|job| !tags::is_of_request(job, hash))
        .filter_map(|job| job.job_id)
        .collect();
    let mut candidates = listed;
    // What is listed and not described yet is kept: to overlook a job would send it twice.
    candidates.retain(|candidate| !foreign.contains(&candidate.id.0));
    candidates.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(candidates)
}

async fn list_by_name(
    client: &Client,
    name: &str,
    queue: &QueueArn,
) -> Result<Vec<Candidate>, CallFailure> {
    let mut pages = client
        .list_jobs()
        .job_queue(queue.as_str())
        .filters(KeyValuesPair::builder().name(JOB_NAME).values(name).build())
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| CallFailure::of("batch:ListJobs", true, error))?;
        // The filter doesn't look at case, and an emulator passes it over.
        let bear_it = page
            .job_summary_list()
            .iter()
            .filter(|job| job.job_name() == Some(name));
        found.extend(bear_it.filter_map(candidate));
    }
    Ok(found)
}

fn candidate(job: &JobSummary) -> Option<Candidate> {
    Some(Candidate {
        id: BackendId(job.job_id().filter(|id| !id.is_empty())?.to_owned()),
        created_at: moment(job.created_at()).unwrap_or(batchway_domain::Timestamp::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_an_id() {
        let id = |text: &str| is_id(&BackendId(text.to_owned()));
        for good in [
            "8f2b0b4e-1c2d-4000-8000-000000000001",
            "8f2b0b4e-1c2d-4000-8000-000000000001:17",
        ] {
            assert!(id(good), "{good}");
        }
        for bad in ["", "../../etc/passwd", "é\0", "a b", &"x".repeat(129)] {
            assert!(!id(bad), "{bad}");
        }
    }
}
