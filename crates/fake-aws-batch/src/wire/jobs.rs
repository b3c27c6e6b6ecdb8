//! DescribeJobs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::container::{
    EphemeralStorage, FargatePlatformConfiguration, KeyValuePair, LogConfiguration,
    NetworkConfiguration, ResourceRequirement, Secret,
};
use super::job_definitions::PlatformCapability;
use super::submission::{JobDependency, JobTimeout, RetryStrategy};

/// The request of DescribeJobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DescribeJobs {
    /// At most 100 ids.
    pub jobs: Vec<String>,
}

/// The answer of DescribeJobs. Ids that Batch does not know are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedJobs {
    /// In the order asked for.
    pub jobs: Vec<JobDetail>,
}

/// Where a job is. Not monotonic: a repeated job goes from RUNNING back to RUNNABLE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobStatus {
    /// Accepted, not looked at yet.
    Submitted,
    /// Waits for other jobs; or an array with live children.
    Pending,
    /// Waits for a place to run.
    Runnable,
    /// Has a place; its container is being made.
    Starting,
    /// Its container runs.
    Running,
    /// Ended with exit code 0.
    Succeeded,
    /// Ended otherwise; also what was cancelled or terminated.
    Failed,
}

impl JobStatus {
    /// All seven, in the order of a job that goes well.
    pub const ALL: [Self; 7] = [
        Self::Submitted,
        Self::Pending,
        Self::Runnable,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
    ];

    /// Whether nothing changes any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Pending => "PENDING",
            Self::Runnable => "RUNNABLE",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// A job as DescribeJobs and the state-change events show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobDetail {
    /// The job's ARN.
    pub job_arn: Arc<str>,
    /// As submitted.
    pub job_name: Arc<str>,
    /// A UUID; of an array's child, the parent's with `:index`.
    pub job_id: Arc<str>,
    /// The queue's ARN.
    pub job_queue: Arc<str>,
    /// Where it is.
    pub status: JobStatus,
    /// In a fair-share queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_identifier: Option<Arc<str>>,
    /// In a fair-share queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_priority: Option<i32>,
    /// Those that have ended.
    pub attempts: Vec<AttemptDetail>,
    /// Why it ended, or why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<Cow<'static, str>>,
    /// When it was submitted; of a child, when its parent became PENDING.
    pub created_at: i64,
    /// As submitted, or the definition's.
    pub retry_strategy: Arc<RetryStrategy>,
    /// When the latest attempt became RUNNING; missing until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<i64>,
    /// As submitted.
    pub depends_on: Arc<[JobDependency]>,
    /// The definition's ARN with revision.
    pub job_definition: Arc<str>,
    /// The definition's with the submitted ones.
    pub parameters: Arc<BTreeMap<String, String>>,
    /// What runs.
    pub container: ContainerDetail,
    /// Of parents and children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_properties: Option<ArrayPropertiesDetail>,
    /// As submitted, or the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<JobTimeout>,
    /// As submitted.
    pub tags: Arc<BTreeMap<String, String>>,
    /// Whether the task has them too.
    pub propagate_tags: bool,
    /// The definition's.
    pub platform_capabilities: Arc<[PlatformCapability]>,
    /// Whether a CancelJob was accepted for it.
    pub is_cancelled: bool,
    /// Whether a TerminateJob was accepted for it.
    pub is_terminated: bool,
}

/// A job's container: what it is given, and what became of the latest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerDetail {
    /// The image.
    pub image: Arc<str>,
    /// With the parameters put in.
    pub command: Arc<[String]>,
    /// The role that the program has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_role_arn: Option<Arc<str>>,
    /// The role that starts the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<Arc<str>>,
    /// The definition's with the submitted ones; without those that Batch adds.
    pub environment: Arc<[KeyValuePair]>,
    /// The definition's with the submitted ones.
    pub resource_requirements: Arc<[ResourceRequirement]>,
    /// Where the definition has it in the outdated way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<i32>,
    /// Where the definition has it in the outdated way; MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// Of the latest attempt that ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What ECS says of the container's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// The host, on EC2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_instance_arn: Option<Arc<str>>,
    /// The ECS task of the latest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_arn: Option<Arc<str>>,
    /// From RUNNING on; another one for each attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<Arc<str>>,
    /// The definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<Arc<LogConfiguration>>,
    /// The definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<Arc<NetworkConfiguration>>,
    /// The definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fargate_platform_configuration: Option<Arc<FargatePlatformConfiguration>>,
    /// The definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// The definition's.
    pub secrets: Arc<[Secret]>,
    /// Always empty here.
    pub volumes: [(); 0],
    /// Always empty here.
    pub mount_points: [(); 0],
    /// Always empty here.
    pub ulimits: [(); 0],
    /// Always empty here.
    pub network_interfaces: [(); 0],
}

/// An attempt that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptDetail {
    /// Its container.
    pub container: AttemptContainerDetail,
    /// When it became RUNNING, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it ended.
    pub stopped_at: i64,
    /// Why it ended.
    pub status_reason: Cow<'static, str>,
}

/// The container of an attempt that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptContainerDetail {
    /// The host, on EC2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_instance_arn: Option<Arc<str>>,
    /// The ECS task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_arn: Option<Arc<str>>,
    /// Missing where the container did not start or its host went away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What ECS says of the container's end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// If it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_stream_name: Option<Arc<str>>,
    /// Always empty here.
    pub network_interfaces: [(); 0],
}

/// What a job has to do with an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArrayPropertiesDetail {
    /// Of a parent: how many of its children are where. Of a child: empty.
    pub status_summary: StatusSummary,
    /// Of a parent: how many children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i32>,
    /// Of a child: from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<i32>,
}

/// How many children are in each status.
pub type StatusSummary = BTreeMap<JobStatus, i32>;
