//! Job queues.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::blocking::BlockingReason;
use super::environments::is_usable;
use super::error::ApiError;
use super::jobs::JobKey;
use super::list_index::QueueIndex;
use super::time::Millis;
use super::{Account, paging, validation};
use crate::wire::{
    ComputeEnvironmentOrder, CreateJobQueue, CreatedJobQueue, DeleteJobQueue, DescribeJobQueues,
    DescribedJobQueues, FrontOfQueue, FrontOfQueueJob, GetJobQueueSnapshot, JobQueueDetail,
    JobQueueSnapshot, JobQueueState, JobQueueStatus, JobStateTimeLimitAction, UpdateJobQueue,
};

const KIND: &str = "job-queue";
/// How many GetJobQueueSnapshot shows.
const FRONT: usize = 100;

/// A queue's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueKey(usize);

/// The place of a RUNNABLE job: by priority in a fair-share queue, then by time.
pub(super) type Place = (Reverse<i32>, Millis, JobKey);

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) detail: JobQueueDetail,
    /// Whether it and one of its environments work.
    is_open: bool,
    pub(super) blocked: Option<BlockingReason>,
    /// The head that says why it can't start.
    pub(super) flagged: Option<JobKey>,
    pub(super) runnable: BTreeSet<Place>,
    pub(super) index: QueueIndex,
}

impl Queue {
    pub(super) fn name(&self) -> &Arc<str> {
        &self.detail.job_queue_name
    }

    pub(super) fn arn(&self) -> &Arc<str> {
        &self.detail.job_queue_arn
    }

    pub(super) fn is_fair_share(&self) -> bool {
        self.detail.scheduling_policy_arn.is_some()
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.detail.state == JobQueueState::Enabled
    }

    /// Whether jobs that are RUNNABLE get any further.
    pub(super) fn starts_jobs(&self) -> bool {
        self.is_open && self.blocked.is_none()
    }

    pub(super) fn uses(&self, environment_arn: &str) -> bool {
        let mut order = self.detail.compute_environment_order.iter();
        order.any(|entry| entry.compute_environment == environment_arn)
    }
}

/// The queues in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// Deleted ones stay for the sake of their jobs.
    all: Vec<Queue>,
    by_name: BTreeMap<Arc<str>, QueueKey>,
}

impl Queues {
    pub(super) fn get(&self, key: QueueKey) -> &Queue {
        &self.all[key.0]
    }

    pub(super) fn get_mut(&mut self, key: QueueKey) -> &mut Queue {
        &mut self.all[key.0]
    }

    /// Those that are not deleted.
    pub(super) fn values(&self) -> impl Iterator<Item = &Queue> {
        self.by_name.values().map(|key| self.get(*key))
    }

    fn insert(&mut self, queue: Queue) {
        let key = QueueKey(self.all.len());
        self.by_name.insert(Arc::clone(queue.name()), key);
        self.all.push(queue);
    }
}

fn reference(queue: &JobQueueDetail) -> CreatedJobQueue {
    CreatedJobQueue {
        job_queue_name: Arc::clone(&queue.job_queue_name),
        job_queue_arn: Arc::clone(&queue.job_queue_arn),
    }
}

impl Account {
    /// CreateJobQueue. It is VALID at once.
    ///
    /// # Errors
    /// `ClientException` for a bad or used name, unknown environments, bad limits.
    pub fn create_job_queue(
        &mut self,
        request: &CreateJobQueue,
        now: Millis,
    ) -> Result<CreatedJobQueue, ApiError> {
        self.advance(now);
        let name: Arc<str> = request.job_queue_name.as_str().into();
        validation::name("Job queue name", &name)?;
        validation::tags(&request.tags)?;
        check_limits(&request.job_state_time_limit_actions)?;
        if self.queues.by_name.contains_key(&name) {
            return Err(ApiError::client("Object already exists"));
        }
        let detail = JobQueueDetail {
            job_queue_arn: self.arns.job_queue(&name),
            job_queue_name: name,
            state: request.state.unwrap_or_default(),
            scheduling_policy_arn: request.scheduling_policy_arn.clone(),
            status: JobQueueStatus::Valid,
            status_reason: "JobQueue Healthy",
            priority: request.priority,
            compute_environment_order: self.resolved_order(&request.compute_environment_order)?,
            tags: request.tags.clone(),
            job_state_time_limit_actions: request.job_state_time_limit_actions.clone(),
        };
        let created = reference(&detail);
        self.queues.insert(Queue {
            is_open: self.is_open(&detail),
            detail,
            blocked: None,
            flagged: None,
            runnable: BTreeSet::new(),
            index: QueueIndex::default(),
        });
        Ok(created)
    }

    /// UpdateJobQueue.
    ///
    /// # Errors
    /// `ClientException` for an unknown queue, unknown environments, bad limits.
    pub fn update_job_queue(
        &mut self,
        request: &UpdateJobQueue,
        now: Millis,
    ) -> Result<CreatedJobQueue, ApiError> {
        self.advance(now);
        let key = self.queue_key(&request.job_queue)?;
        let order = request.compute_environment_order.as_deref();
        let order = order.map(|order| self.resolved_order(order)).transpose()?;
        let limits = request.job_state_time_limit_actions.as_deref();
        check_limits(limits.unwrap_or_default())?;
        let detail = &mut self.queues.get_mut(key).detail;
        detail.state = request.state.unwrap_or(detail.state);
        detail.priority = request.priority.unwrap_or(detail.priority);
        if let Some(order) = order {
            detail.compute_environment_order = order;
        }
        if let Some(limits) = limits {
            detail.job_state_time_limit_actions = limits.to_vec();
        }
        let updated = reference(detail);
        self.reopen_queues();
        Ok(updated)
    }

    /// DeleteJobQueue: its jobs fail. One that there is not counts as deleted.
    ///
    /// # Errors
    /// `ClientException` where it is enabled.
    pub fn delete_job_queue(
        &mut self,
        request: &DeleteJobQueue,
        now: Millis,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let Ok(key) = self.queue_key(&request.job_queue) else {
            return Ok(());
        };
        let queue = self.queues.get(key);
        if queue.is_enabled() {
            return Err(ApiError::client("Cannot delete, state must be DISABLED"));
        }
        let name = Arc::clone(queue.name());
        self.queues.by_name.remove(&name);
        self.end_jobs_of_deleted_queue(key);
        Ok(())
    }

    /// DescribeJobQueues.
    ///
    /// # Errors
    /// `ClientException` for more than 100 names, a bad token or page size.
    pub fn describe_job_queues(
        &mut self,
        request: &DescribeJobQueues,
        now: Millis,
    ) -> Result<DescribedJobQueues, ApiError> {
        self.advance(now);
        let asked = &request.job_queues;
        paging::check_asked(asked.len())?;
        let names: Vec<&str> = asked
            .iter()
            .filter_map(|asked| self.arns.name(KIND, asked))
            .collect();
        let found = self
            .queues
            .values()
            .filter(|queue| asked.is_empty() || names.contains(&&**queue.name()))
            .map(|queue| queue.detail.clone());
        let token = request.next_token.as_deref();
        let (job_queues, next_token) = paging::page(found, request.max_results, token)?;
        Ok(DescribedJobQueues {
            job_queues,
            next_token,
        })
    }

    /// GetJobQueueSnapshot.
    ///
    /// # Errors
    /// `ClientException` for an unknown queue.
    pub fn get_job_queue_snapshot(
        &mut self,
        request: &GetJobQueueSnapshot,
        now: Millis,
    ) -> Result<JobQueueSnapshot, ApiError> {
        self.advance(now);
        let queue = self.queues.get(self.queue_key(&request.job_queue)?);
        let front = queue.runnable.iter().take(FRONT);
        let jobs = front.filter_map(|(_, since, key)| {
            Some(FrontOfQueueJob {
                job_arn: Arc::clone(&self.jobs.get(*key)?.arn),
                earliest_time_at_position: since.0,
            })
        });
        Ok(JobQueueSnapshot {
            front_of_queue: FrontOfQueue {
                jobs: jobs.collect(),
                last_updated_at: self.now.0,
            },
        })
    }

    pub(super) fn queue_key(&self, name_or_arn: &str) -> Result<QueueKey, ApiError> {
        let name = self.arns.name(KIND, name_or_arn);
        name.and_then(|name| self.queues.by_name.get(name).copied())
            .ok_or_else(|| ApiError::client(format!("JobQueue {name_or_arn} not found.")))
    }

    /// Looks again which queues start jobs, after a queue or an environment changed.
    pub(super) fn reopen_queues(&mut self) {
        for number in 0..self.queues.all.len() {
            let key = QueueKey(number);
            let is_open = self.is_open(&self.queues.get(key).detail);
            self.queues.get_mut(key).is_open = is_open;
            self.reschedule_runnable(key);
        }
    }

    fn is_open(&self, queue: &JobQueueDetail) -> bool {
        queue.state == JobQueueState::Enabled
            && queue.compute_environment_order.iter().any(|entry| {
                let environment = self.environment(&entry.compute_environment);
                environment.is_some_and(is_usable)
            })
    }

    /// By order, with ARNs.
    fn resolved_order(
        &self,
        order: &[ComputeEnvironmentOrder],
    ) -> Result<Vec<ComputeEnvironmentOrder>, ApiError> {
        if !(1..=3).contains(&order.len()) {
            return Err(ApiError::client(
                "A job queue needs one to three compute environments.",
            ));
        }
        let resolve = |entry: &ComputeEnvironmentOrder| {
            let name = &entry.compute_environment;
            match self.environment(name) {
                Some(environment) => Ok(ComputeEnvironmentOrder {
                    order: entry.order,
                    compute_environment: environment.compute_environment_arn.to_string(),
                }),
                None => Err(ApiError::client(format!("{name} does not exist"))),
            }
        };
        let mut order: Vec<_> = order.iter().map(resolve).collect::<Result<_, _>>()?;
        order.sort_by_key(|entry| entry.order);
        Ok(order)
    }
}

fn check_limits(limits: &[JobStateTimeLimitAction]) -> Result<(), ApiError> {
    let is_good = |limit: &JobStateTimeLimitAction| {
        (600..=86_400).contains(&limit.max_time_seconds)
            && BlockingReason::LIMITABLE
                .iter()
                .any(|reason| reason.code() == limit.reason)
    };
    if limits.iter().all(is_good) {
        return Ok(());
    }
    Err(ApiError::client(
        "A jobStateTimeLimitAction has a maxTimeSeconds of 600 to 86400 and one of the reasons \
         that block a queue.",
    ))
}
