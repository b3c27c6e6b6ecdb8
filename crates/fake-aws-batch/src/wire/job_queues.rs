//! Job queues and their fronts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The request of CreateJobQueue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateJobQueue {
    /// At most 128 of `[A-Za-z0-9_-]`.
    pub job_queue_name: String,
    /// ENABLED where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobQueueState>,
    /// Makes it a fair-share queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_policy_arn: Option<String>,
    /// Among queues that share an environment.
    pub priority: i32,
    /// 1 to 3.
    pub compute_environment_order: Vec<ComputeEnvironmentOrder>,
    /// At most 50.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is cancelled or terminated for blocking the queue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub job_state_time_limit_actions: Vec<JobStateTimeLimitAction>,
}

impl CreateJobQueue {
    /// A first-in-first-out queue over one environment.
    pub fn new(name: impl Into<String>, compute_environment: impl Into<String>) -> Self {
        Self {
            job_queue_name: name.into(),
            priority: 1,
            compute_environment_order: vec![ComputeEnvironmentOrder {
                order: 1,
                compute_environment: compute_environment.into(),
            }],
            ..Self::default()
        }
    }
}

/// The answer of CreateJobQueue and UpdateJobQueue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedJobQueue {
    /// The queue's name.
    pub job_queue_name: Arc<str>,
    /// The queue's ARN.
    pub job_queue_arn: Arc<str>,
}

/// The request of UpdateJobQueue. What is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UpdateJobQueue {
    /// Name or ARN.
    pub job_queue: String,
    /// Whether it takes jobs and starts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobQueueState>,
    /// Among queues that share an environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// 1 to 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_environment_order: Option<Vec<ComputeEnvironmentOrder>>,
    /// What is cancelled or terminated for blocking the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_state_time_limit_actions: Option<Vec<JobStateTimeLimitAction>>,
}

/// The request of DeleteJobQueue. Only a disabled queue goes; its jobs fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DeleteJobQueue {
    /// Name or ARN.
    pub job_queue: String,
}

/// Whether a queue takes jobs and starts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobQueueState {
    /// It does.
    #[default]
    Enabled,
    /// It refuses new jobs, and starts none.
    Disabled,
}

/// Whether a queue is made. Here it always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobQueueStatus {
    /// Made and usable.
    Valid,
}

/// Where a queue's jobs run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ComputeEnvironmentOrder {
    /// Lower ones are tried first.
    pub order: i32,
    /// Name or ARN in a request, ARN in an answer.
    pub compute_environment: String,
}

/// What happens to a job that blocks the queue for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobStateTimeLimitAction {
    /// The code that has to stand in the job's `statusReason`.
    pub reason: String,
    /// RUNNABLE, the only one.
    pub state: LimitedState,
    /// 600 to 86,400.
    pub max_time_seconds: i32,
    /// What is done.
    pub action: TimeLimitAction,
}

/// The status that can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LimitedState {
    /// Waiting for a place to run.
    Runnable,
}

/// What is done to a job that blocks the queue for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TimeLimitAction {
    /// As by CancelJob.
    Cancel,
    /// As by TerminateJob.
    Terminate,
}

/// The request of DescribeJobQueues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DescribeJobQueues {
    /// At most 100 names or ARNs; all queues where there is none.
    pub job_queues: Vec<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    /// Of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The answer of DescribeJobQueues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedJobQueues {
    /// Unknown ones are absent.
    pub job_queues: Vec<JobQueueDetail>,
    /// Where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobQueueDetail {
    /// Its name.
    pub job_queue_name: Arc<str>,
    /// Its ARN.
    pub job_queue_arn: Arc<str>,
    /// Whether it takes jobs and starts them.
    pub state: JobQueueState,
    /// Of a fair-share queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_policy_arn: Option<String>,
    /// Always VALID.
    pub status: JobQueueStatus,
    /// For people.
    pub status_reason: &'static str,
    /// Among queues that share an environment.
    pub priority: i32,
    /// Where its jobs run.
    pub compute_environment_order: Vec<ComputeEnvironmentOrder>,
    /// As created.
    pub tags: BTreeMap<String, String>,
    /// What is cancelled or terminated for blocking the queue.
    pub job_state_time_limit_actions: Vec<JobStateTimeLimitAction>,
}

/// The request of GetJobQueueSnapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GetJobQueueSnapshot {
    /// Name or ARN.
    pub job_queue: String,
}

/// The answer of GetJobQueueSnapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobQueueSnapshot {
    /// Who is next.
    pub front_of_queue: FrontOfQueue,
}

/// The front of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontOfQueue {
    /// The first 100 that are RUNNABLE, in order.
    pub jobs: Vec<FrontOfQueueJob>,
    /// When this was so.
    pub last_updated_at: i64,
}

/// A job at the front of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontOfQueueJob {
    /// Its ARN.
    pub job_arn: Arc<str>,
    /// When it became RUNNABLE.
    pub earliest_time_at_position: i64,
}
