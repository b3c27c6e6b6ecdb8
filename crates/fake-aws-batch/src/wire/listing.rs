//! ListJobs.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::jobs::{ArrayPropertiesDetail, JobStatus};

/// The request of ListJobs. Exactly one of queue, array parent, multi-node parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListJobs {
    /// Name or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_queue: Option<String>,
    /// The parent's id: its children are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_job_id: Option<String>,
    /// Refused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_node_job_id: Option<String>,
    /// RUNNING where missing; passed over beside a filter other than `SHARE_IDENTIFIER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_status: Option<JobStatus>,
    /// 1 to 1,000; with a filter, no more than 100 come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    /// Of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    /// At most one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<KeyValuesPair>,
}

/// A filter of ListJobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyValuesPair {
    /// `JOB_NAME`, `JOB_DEFINITION`, `BEFORE_CREATED_AT`, `AFTER_CREATED_AT`, `SHARE_IDENTIFIER`.
    pub name: String,
    /// Exactly one.
    pub values: Vec<String>,
}

/// The answer of ListJobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedJobs {
    /// Newest first; an array's children by index.
    pub job_summary_list: Vec<JobSummary>,
    /// Where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A job as ListJobs shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobSummary {
    /// The job's ARN.
    pub job_arn: Arc<str>,
    /// Its id.
    pub job_id: Arc<str>,
    /// Its name.
    pub job_name: Arc<str>,
    /// When it was submitted.
    pub created_at: i64,
    /// In a fair-share queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_identifier: Option<Arc<str>>,
    /// Where it is, or was as long ago as the list lags.
    pub status: JobStatus,
    /// Why it ended, or why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<Cow<'static, str>>,
    /// Missing until RUNNING, and in lists by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<i64>,
    /// How its container ended, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerSummary>,
    /// Of parents and children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_properties: Option<ArrayPropertiesDetail>,
    /// The definition's ARN with revision.
    pub job_definition: Arc<str>,
    /// Whether a CancelJob was accepted for it.
    pub is_cancelled: bool,
    /// Whether a TerminateJob was accepted for it.
    pub is_terminated: bool,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSummary {
    /// Missing where the container did not start or its host went away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What ECS says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
}
