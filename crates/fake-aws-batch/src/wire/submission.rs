//! SubmitJob.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::container::{KeyValuePair, ResourceRequirement};

/// The request of SubmitJob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SubmitJob {
    /// At most 128 of `[A-Za-z0-9_-]`, the first a letter or digit.
    pub job_name: String,
    /// Name or ARN.
    pub job_queue: String,
    /// `name`, `name:revision`, or the ARN with or without revision.
    pub job_definition: String,
    /// If and only if the queue is fair-share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_identifier: Option<String>,
    /// 0 to 9999; for fair-share queues only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_priority_override: Option<i32>,
    /// Makes it an array job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_properties: Option<ArrayProperties>,
    /// At most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<JobDependency>,
    /// Values for `Ref::name` in the command.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// What differs from the definition's container. Over 8,192 characters of JSON, the job is
    /// accepted and fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_overrides: Option<ContainerOverrides>,
    /// Instead of the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_strategy: Option<RetryStrategy>,
    /// Whether the ECS task gets the tags too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<bool>,
    /// Instead of the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<JobTimeout>,
    /// At most 50.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The size of the HTTP request's body, which only a server knows; over 30 KiB it is refused.
    /// `None` passes the limit over.
    #[serde(skip)]
    pub body_bytes: Option<usize>,
}

/// The answer of SubmitJob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmittedJob {
    /// The job's ARN.
    pub job_arn: Arc<str>,
    /// As asked.
    pub job_name: Arc<str>,
    /// A UUID.
    pub job_id: Arc<str>,
}

/// How many children an array has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ArrayProperties {
    /// 2 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i32>,
}

/// What has to succeed first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JobDependency {
    /// Missing where the children of one array wait for each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// For arrays.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<DependencyType>,
}

impl JobDependency {
    /// The whole of that job first.
    pub fn on(job_id: impl Into<String>) -> Self {
        Self {
            job_id: Some(job_id.into()),
            kind: None,
        }
    }
}

/// How the children of arrays wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DependencyType {
    /// Each child for the child of the same index in the other array.
    NToN,
    /// Each child for the one before it.
    Sequential,
}

/// What differs from the definition's container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerOverrides {
    /// Outdated; passed over where the definition has a requirement of type VCPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<i32>,
    /// Outdated, MiB; passed over where the definition has a requirement of type MEMORY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// Replaces the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// For multi-node jobs; no meaning here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Added to the definition's; of the same name, replaces it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<KeyValuePair>,
    /// Replaces the definition's, type by type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_requirements: Vec<ResourceRequirement>,
}

/// How often Batch itself starts a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RetryStrategy {
    /// 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,
    /// At most 5; the first that matches decides, and where none does the job is repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evaluate_on_exit: Vec<EvaluateOnExit>,
}

/// One rule of a retry strategy. It matches where all that it names match; each pattern may end
/// in `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EvaluateOnExit {
    /// Against the attempt's `statusReason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_status_reason: Option<String>,
    /// Against the container's `reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_reason: Option<String>,
    /// Against the exit code in decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_exit_code: Option<String>,
    /// What then happens; refused where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<RetryAction>,
}

/// What a rule of a retry strategy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RetryAction {
    /// Start it again, if there are attempts left.
    #[serde(alias = "retry", alias = "Retry")]
    Retry,
    /// The job has failed.
    #[serde(alias = "exit", alias = "Exit")]
    Exit,
}

/// How long an attempt may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct JobTimeout {
    /// At least 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_duration_seconds: Option<i32>,
}
