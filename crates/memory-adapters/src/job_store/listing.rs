//! A caller's jobs, page by page, and what past ones teach.

use std::cmp::Reverse;
use std::ops::Bound;

use async_trait::async_trait;
use batchway_domain::identity::{JobTypeName, UserName};
use batchway_domain::job::{Job, JobStatus};
use batchway_domain::ports::{FinishedRun, JobPage, JobQuery, RunHistory, StoreError};

use super::MemoryJobStore;
use super::contents::Contents;

impl Contents {
    pub(super) fn page(&self, user: &UserName, query: &JobQuery) -> JobPage {
        let Some(tenant) = self.tenants.get(user) else {
            return JobPage {
                jobs: Vec::new(),
                next: None,
            };
        };
        let end = query
            .before
            .as_ref()
            .map_or(Bound::Unbounded, Bound::Excluded);
        let mut matching = tenant
            .jobs
            .range((Bound::Unbounded, end))
            .rev()
            .filter_map(|id| self.job(id))
            .filter(|job| matches(job, query));
        let jobs: Vec<Job> = matching.by_ref().take(query.limit).cloned().collect();
        let next = matching
            .next()
            .and_then(|_| jobs.last())
            .map(|job| job.id.clone());
        JobPage { jobs, next }
    }
}

fn matches(job: &Job, query: &JobQuery) -> bool {
    query.status.is_none_or(|status| job.status() == status)
        && query
            .job_type
            .as_ref()
            .is_none_or(|job_type| job.job_type == *job_type)
        && query.created_after.is_none_or(|time| job.created_at > time)
        && query
            .created_before
            .is_none_or(|time| job.created_at < time)
}

#[async_trait]
impl RunHistory for MemoryJobStore {
    async fn recent_runs(
        &self,
        job_type: &JobTypeName,
        limit: usize,
    ) -> Result<Vec<FinishedRun>, StoreError> {
        let contents = self.contents();
        let mut completed: Vec<(&Job, FinishedRun)> = contents
            .jobs
            .values()
            .filter(|kept| kept.job.job_type == *job_type)
            .filter_map(|kept| Some((&kept.job, finished_run(&kept.job)?)))
            .collect();
        completed.sort_by_key(|(job, _)| Reverse((job.completed_at, &job.id)));
        let runs = completed.into_iter().map(|(_, run)| run);
        Ok(runs.take(limit).collect())
    }
}

/// What a job teaches, if it is completed and its last attempt has a start and an end.
fn finished_run(job: &Job) -> Option<FinishedRun> {
    let last = job.attempts.last()?;
    let (started_at, stopped_at) = (last.started_at?, last.stopped_at?);
    (job.status() == JobStatus::Completed).then(|| FinishedRun {
        job_type: job.job_type.clone(),
        work: job.work,
        ran_for: stopped_at.since(started_at),
    })
}
