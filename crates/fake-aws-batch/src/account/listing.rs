//! ListJobs.

use std::sync::Arc;

use super::Account;
use super::describing::array_properties;
use super::error::ApiError;
use super::jobs::{Job, JobKey};
use super::list_index::QueueIndex;
use super::paging;
use super::retry::is_like;
use super::time::Millis;
use crate::wire::{JobStatus, JobSummary, KeyValuesPair, ListJobs, ListedJobs};

/// The most on a page.
const MAX_PAGE: i32 = 1000;
/// The most on a page of a filtered list.
const MAX_FILTERED_PAGE: i32 = 100;
/// Up to how many names with a beginning are put in order; beyond, all jobs are looked through
/// from the newest.
const SORTED_NAMES: usize = 512;

/// What is listed.
enum Query<'a> {
    Status(JobStatus),
    Name(String),
    NameBeginning(String),
    Created { after: Millis, before: Millis },
    Definition(&'a str),
    Share(&'a str, Option<JobStatus>),
}

type Keys<'a> = Box<dyn Iterator<Item = JobKey> + 'a>;

impl Account {
    /// ListJobs.
    ///
    /// # Errors
    /// `ClientException` for not exactly one of queue and array parent, for an unknown queue, more
    /// than one filter, a bad filter, token or page size.
    pub fn list_jobs(&mut self, request: &ListJobs, now: Millis) -> Result<ListedJobs, ApiError> {
        self.advance(now);
        if request.multi_node_job_id.is_some() {
            return Err(ApiError::client(
                "Multi-node parallel jobs are not supported.",
            ));
        }
        let below = match &request.next_token {
            Some(token) => Some(cursor(token)?),
            None => None,
        };
        let query = query(request)?;
        let is_filtered = !request.filters.is_empty();
        let most = if is_filtered {
            MAX_FILTERED_PAGE
        } else {
            MAX_PAGE
        };
        let size = paging::size(request.max_results, most)?;
        let keys = match (&request.job_queue, &request.array_job_id) {
            (Some(queue), None) => {
                let index = &self.queues.get(self.queue_key(queue)?).index;
                self.in_queue(index, &query, below.unwrap_or(JobKey::LAST))
            }
            (None, Some(parent)) => match query {
                Query::Status(status) => self.in_array(parent, status, below),
                _ => return Err(ApiError::client("Filters don't apply to child jobs.")),
            },
            _ => {
                return Err(ApiError::client(
                    "Exactly one of jobQueue, arrayJobId and multiNodeJobId must be given.",
                ));
            }
        };
        let is_by_name = matches!(query, Query::Name(_) | Query::NameBeginning(_));
        Ok(self.page(keys, size, is_by_name))
    }

    fn page(&self, keys: Keys<'_>, size: usize, is_by_name: bool) -> ListedJobs {
        let mut summaries = keys.filter_map(|key| Some((key, self.summary(key, is_by_name)?)));
        let page: Vec<(JobKey, JobSummary)> = summaries.by_ref().take(size).collect();
        let last = page.last().map(|(key, _)| *key);
        let next = summaries.next().and(last);
        ListedJobs {
            job_summary_list: page.into_iter().map(|(_, summary)| summary).collect(),
            next_token: next.map(|key| format!("{:016x}", key.0)),
        }
    }

    fn in_queue<'a>(
        &'a self,
        index: &'a QueueIndex,
        query: &'a Query<'_>,
        below: JobKey,
    ) -> Keys<'a> {
        let all = || index.created(Millis(i64::MIN), Millis(i64::MAX), below);
        let holds = move |key: &JobKey, holds: &dyn Fn(&Job) -> bool| {
            self.jobs.get(*key).is_some_and(holds)
        };
        match query {
            Query::Status(status) => Box::new(index.in_status(*status, below)),
            Query::Name(name) => Box::new(index.named(name, below)),
            Query::NameBeginning(beginning) => {
                match index.beginning_with(beginning, SORTED_NAMES) {
                    Some(found) => Box::new(found.into_iter().filter(move |key| *key < below)),
                    None => Box::new(all().filter(move |key| {
                        holds(key, &|job| {
                            job.spec.listed_name.starts_with(beginning.as_str())
                        })
                    })),
                }
            }
            Query::Created { after, before } => Box::new(index.created(*after, *before, below)),
            Query::Definition(pattern) => {
                Box::new(all().filter(move |key| holds(key, &|job| is_of_definition(job, pattern))))
            }
            Query::Share(share, status) => Box::new(all().filter(move |key| {
                holds(key, &|job| {
                    let listed = job.listed.as_ref().map(|listed| listed.status);
                    job.spec.share_identifier.as_deref() == Some(*share)
                        && (status.is_none() || *status == listed)
                })
            })),
        }
    }

    /// By index.
    fn in_array(&self, parent: &str, status: JobStatus, above: Option<JobKey>) -> Keys<'_> {
        let parent = self
            .jobs
            .key(parent)
            .and_then(|key| self.jobs.get(key)?.parent());
        let children = parent.into_iter().flat_map(|parent| parent.children());
        Box::new(children.filter(move |key| {
            let listed = self.jobs.get(*key).and_then(|job| job.listed.as_ref());
            above.is_none_or(|above| *key > above)
                && listed.is_some_and(|listed| listed.status == status)
        }))
    }

    fn summary(&self, key: JobKey, is_by_name: bool) -> Option<JobSummary> {
        let job = self.jobs.get(key)?;
        if self.now < job.hidden_until {
            return None;
        }
        let listed = job.listed.as_ref()?;
        Some(JobSummary {
            job_arn: Arc::clone(&job.arn),
            job_id: Arc::clone(&job.id),
            job_name: Arc::clone(&job.spec.name),
            created_at: job.created_at.0,
            share_identifier: job.spec.share_identifier.clone(),
            status: listed.status,
            status_reason: listed.status_reason.clone(),
            started_at: listed.started_at.filter(|_| !is_by_name).map(|at| at.0),
            stopped_at: listed.stopped_at.map(|at| at.0),
            container: listed.container.clone(),
            array_properties: array_properties(job),
            job_definition: Arc::clone(&job.spec.definition.arn),
            is_cancelled: listed.is_cancelled,
            is_terminated: listed.is_terminated,
        })
    }
}

/// By name any revision, by ARN that one.
fn is_of_definition(job: &Job, pattern: &str) -> bool {
    if pattern.starts_with("arn:") {
        return *job.spec.definition.arn == *pattern;
    }
    is_like(pattern, job.spec.definition.name())
}

fn cursor(token: &str) -> Result<JobKey, ApiError> {
    match u64::from_str_radix(token, 16) {
        Ok(number) if token.len() == 16 => Ok(JobKey(number)),
        _ => Err(paging::invalid_token()),
    }
}

fn query(request: &ListJobs) -> Result<Query<'_>, ApiError> {
    let (name, value) = match request.filters.as_slice() {
        [] => {
            return Ok(Query::Status(
                request.job_status.unwrap_or(JobStatus::Running),
            ));
        }
        [KeyValuesPair { name, values }] => match values.as_slice() {
            [value] => (name.as_str(), value.as_str()),
            _ => return Err(ApiError::client("A filter has exactly one value.")),
        },
        _ => return Err(ApiError::client("Only one filter can be used at a time.")),
    };
    let moment = || {
        let millis = value.parse().map(Millis);
        millis.map_err(|_| ApiError::client("The filter's value is not a number of milliseconds."))
    };
    Ok(match name {
        "JOB_NAME" => {
            let name = value.to_ascii_lowercase();
            match name.strip_suffix('*') {
                Some(beginning) => Query::NameBeginning(beginning.to_owned()),
                None => Query::Name(name),
            }
        }
        "JOB_DEFINITION" => Query::Definition(value),
        "BEFORE_CREATED_AT" => Query::Created {
            after: Millis(i64::MIN),
            before: moment()?,
        },
        "AFTER_CREATED_AT" => Query::Created {
            after: moment()?,
            before: Millis(i64::MAX),
        },
        "SHARE_IDENTIFIER" => Query::Share(value, request.job_status),
        _ => return Err(ApiError::client(format!("{name} is not a filter."))),
    })
}
