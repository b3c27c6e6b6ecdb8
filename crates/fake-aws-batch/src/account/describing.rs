//! DescribeJobs.

use std::sync::Arc;

use super::Account;
use super::error::ApiError;
use super::jobs::{Array, Job};
use super::time::Millis;
use crate::wire::{ArrayPropertiesDetail, ContainerDetail, JobDetail, JobStatus};

/// How many ids DescribeJobs takes.
const MAX_IDS: usize = 100;

impl Account {
    /// DescribeJobs. Unknown ids are absent, and for a while those of new jobs.
    ///
    /// # Errors
    /// `ClientException` for more than 100 ids.
    pub fn describe_jobs(
        &mut self,
        ids: &[String],
        now: Millis,
    ) -> Result<Vec<JobDetail>, ApiError> {
        self.advance(now);
        if ids.len() > MAX_IDS {
            return Err(ApiError::client(format!(
                "At most {MAX_IDS} jobs can be described at once, got {}.",
                ids.len()
            )));
        }
        let keys = ids.iter().filter_map(|id| self.jobs.key(id));
        let jobs = keys.filter_map(|key| self.jobs.get(key));
        Ok(jobs
            .filter(|job| job.is_described(self.now))
            .map(|job| self.detail(job))
            .collect())
    }

    /// The name of a job, if Batch remembers it.
    pub fn job_name(&self, id: &str) -> Option<Arc<str>> {
        let job = self.jobs.get(self.jobs.key(id)?)?;
        Some(Arc::clone(&job.spec.name))
    }

    pub(super) fn detail(&self, job: &Job) -> JobDetail {
        let spec = &job.spec;
        JobDetail {
            job_arn: Arc::clone(&job.arn),
            job_name: Arc::clone(&spec.name),
            job_id: Arc::clone(&job.id),
            job_queue: Arc::clone(self.queues.get(job.queue).arn()),
            status: job.status,
            share_identifier: spec.share_identifier.clone(),
            scheduling_priority: spec.scheduling_priority,
            attempts: job.attempts.clone(),
            status_reason: job.status_reason.clone(),
            created_at: job.created_at.0,
            retry_strategy: Arc::clone(&spec.retry_strategy),
            started_at: job.started_at.map(|at| at.0),
            stopped_at: job.stopped_at.map(|at| at.0),
            depends_on: Arc::clone(&spec.depends_on),
            job_definition: Arc::clone(&spec.definition.arn),
            parameters: Arc::clone(&spec.parameters),
            container: container(job),
            array_properties: array_properties(job),
            timeout: spec.timeout,
            tags: Arc::clone(&spec.tags),
            propagate_tags: spec.propagate_tags,
            platform_capabilities: Arc::clone(&spec.definition.platform_capabilities),
            is_cancelled: job.is_cancelled,
            is_terminated: job.is_terminated,
        }
    }
}

/// What the job is given, and its latest attempt.
fn container(job: &Job) -> ContainerDetail {
    let mut container = job.spec.container.clone();
    if let Some(open) = &job.attempt {
        let host = open.host.as_ref();
        container.container_instance_arn =
            host.map(|host| Arc::clone(&host.container_instance_arn));
        container.task_arn = Some(Arc::clone(&open.task_arn));
        let is_running = job.status == JobStatus::Running;
        container.log_stream_name = is_running.then(|| Arc::clone(&open.log_stream_name));
    } else if let Some(last) = job.attempts.last() {
        let last = &last.container;
        container.container_instance_arn = last.container_instance_arn.clone();
        container.task_arn = last.task_arn.clone();
        container.log_stream_name = last.log_stream_name.clone();
        container.exit_code = last.exit_code;
        container.reason = last.reason.clone();
    }
    container
}

/// Of a parent and of a child.
pub(super) fn array_properties(job: &Job) -> Option<ArrayPropertiesDetail> {
    match &job.array {
        Array::None => None,
        Array::Child { index, .. } => Some(ArrayPropertiesDetail {
            index: i32::try_from(*index).ok(),
            ..ArrayPropertiesDetail::default()
        }),
        Array::Parent(parent) => {
            let count = |status| {
                (
                    status,
                    i32::try_from(parent.count(status)).unwrap_or(i32::MAX),
                )
            };
            Some(ArrayPropertiesDetail {
                status_summary: JobStatus::ALL.map(count).into(),
                size: i32::try_from(parent.size).ok(),
                index: None,
            })
        }
    }
}
