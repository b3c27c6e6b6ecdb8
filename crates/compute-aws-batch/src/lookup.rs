//! Finding jobs by their ids and by their names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{JobDetail, JobSummary, KeyValuesPair};
use batchway_domain::Timestamp;
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

/// What bears the name of a try, as far as it can be told by now.
#[derive(Debug, PartialEq)]
pub(crate) enum Named {
    /// What was submitted by this request, oldest first.
    Ours(Vec<Candidate>),
    /// This one is listed and not described yet: whose it is will be known in a moment.
    NotYetDescribed(BackendId),
}

/// How long after its submission a job may be listed and not described. One that is older is as
/// good as described: to overlook it would send it twice.
const DESCRIBED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// What bears this very name in the queue and was submitted by this request.
pub(crate) async fn find_by_name(
    client: &Client,
    name: &TryName,
    queue: &QueueArn,
    hash: &RequestHash,
    now: Timestamp,
) -> Result<Named, CallFailure> {
    let listed = list_by_name(client, &name.to_string(), queue).await?;
    let ids = listed.iter().map(|candidate| &candidate.id);
    let described = describe(client, ids).await?;
    Ok(tell_apart(listed, &described, hash, now))
}

fn tell_apart(
    mut listed: Vec<Candidate>,
    described: &[JobDetail],
    hash: &RequestHash,
    now: Timestamp,
) -> Named {
    let described: BTreeMap<&str, bool> = described
        .iter()
        .filter_map(|job| Some((job.job_id()?, tags::is_of_request(job, hash))))
        .collect();
    let is_too_young = |candidate: &&Candidate| {
        !described.contains_key(candidate.id.0.as_str())
            && now.since(candidate.created_at) < DESCRIBED_WITHIN
    };
    if let Some(young) = listed.iter().find(is_too_young) {
        return Named::NotYetDescribed(young.id.clone());
    }
    listed.retain(|candidate| described.get(candidate.id.0.as_str()) != Some(&false));
    listed.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Named::Ours(listed)
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
        created_at: moment(job.created_at()).unwrap_or(Timestamp::MAX),
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

    fn candidate(id: &str, created_at: i64) -> Candidate {
        Candidate {
            id: BackendId(id.to_owned()),
            created_at: Timestamp::from_millis(created_at),
        }
    }

    fn described(id: &str, hash: &str) -> JobDetail {
        JobDetail::builder()
            .job_id(id)
            .job_name("name")
            .job_queue("queue")
            .status(aws_sdk_batch::types::JobStatus::Runnable)
            .job_definition("definition")
            .started_at(0)
            .tags("batchway:request-hash", hash)
            .build()
    }

    #[test]
    fn a_job_that_is_not_described_yet_is_neither_ours_nor_somebody_elses() {
        let hash = RequestHash("ours".to_owned());
        let now = Timestamp::from_millis(1_000_000);
        let young = vec![candidate("b", 999_000), candidate("a", 998_000)];
        let both = [described("a", "ours"), described("b", "theirs")];
        let told = |listed: &[Candidate], described: &[JobDetail]| {
            tell_apart(listed.to_vec(), described, &hash, now)
        };
        assert_eq!(told(&young, &both), Named::Ours(vec![young[1].clone()]));
        let first = Named::NotYetDescribed(young[0].id.clone());
        assert_eq!(told(&young, &both[..1]), first);
        // By now it would be described, if ever.
        let old = [candidate("b", 0)];
        assert_eq!(told(&old, &both[..1]), Named::Ours(old.to_vec()));
        // Of an age that is not told nothing can be concluded.
        let ageless = [Candidate {
            created_at: Timestamp::MAX,
            ..candidate("b", 0)
        }];
        assert_eq!(
            told(&ageless, &[]),
            Named::NotYetDescribed(ageless[0].id.clone())
        );
    }
}
