//! Compute environments.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The request of CreateComputeEnvironment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateComputeEnvironment {
    /// At most 128 of `[A-Za-z0-9_-]`.
    pub compute_environment_name: String,
    /// `MANAGED` or `UNMANAGED`.
    #[serde(rename = "type")]
    pub kind: String,
    /// ENABLED where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ComputeEnvironmentState>,
    /// Of managed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_resources: Option<ComputeResources>,
    /// The role by which Batch acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    /// At most 50.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl CreateComputeEnvironment {
    /// A managed environment of that kind with 256 vCPUs at most.
    pub fn managed(name: impl Into<String>, kind: ComputeResourcesType) -> Self {
        Self {
            compute_environment_name: name.into(),
            kind: "MANAGED".to_owned(),
            compute_resources: Some(ComputeResources {
                kind: Some(kind),
                max_vcpus: 256,
                ..ComputeResources::default()
            }),
            ..Self::default()
        }
    }
}

/// What a managed environment may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ComputeResources {
    /// Which compute; refused where missing.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ComputeResourcesType>,
    /// Not for Fargate.
    #[serde(rename = "minvCpus", skip_serializing_if = "Option::is_none")]
    pub min_vcpus: Option<i32>,
    /// The most at once.
    #[serde(rename = "maxvCpus")]
    pub max_vcpus: i32,
    /// Not for Fargate.
    #[serde(rename = "desiredvCpus", skip_serializing_if = "Option::is_none")]
    pub desired_vcpus: Option<i32>,
    /// Not for Fargate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instance_types: Vec<String>,
    /// Not for Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_role: Option<String>,
    /// Where.
    pub subnets: Vec<String>,
    /// Behind which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_group_ids: Vec<String>,
}

/// Which compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ComputeResourcesType {
    /// Instances on demand.
    Ec2,
    /// Instances that may be reclaimed.
    Spot,
    /// Fargate on demand.
    Fargate,
    /// Fargate that may be reclaimed.
    FargateSpot,
}

impl ComputeResourcesType {
    /// Whether there are no instances.
    pub const fn is_fargate(self) -> bool {
        matches!(self, Self::Fargate | Self::FargateSpot)
    }
}

/// Whether an environment takes jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ComputeEnvironmentState {
    /// It does.
    #[default]
    Enabled,
    /// Jobs that would need it stay RUNNABLE.
    Disabled,
}

/// Whether an environment works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ComputeEnvironmentStatus {
    /// It does.
    #[default]
    Valid,
    /// Its operator has to look after it; jobs that would need it stay RUNNABLE.
    Invalid,
}

/// The answer of CreateComputeEnvironment and UpdateComputeEnvironment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedComputeEnvironment {
    /// Its name.
    pub compute_environment_name: Arc<str>,
    /// Its ARN.
    pub compute_environment_arn: Arc<str>,
}

/// The request of UpdateComputeEnvironment. What is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct UpdateComputeEnvironment {
    /// Name or ARN.
    pub compute_environment: String,
    /// Whether it takes jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ComputeEnvironmentState>,
}

/// The request of DeleteComputeEnvironment. Only a disabled one goes that no queue uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DeleteComputeEnvironment {
    /// Name or ARN.
    pub compute_environment: String,
}

/// The request of DescribeComputeEnvironments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DescribeComputeEnvironments {
    /// At most 100 names or ARNs; all where there is none.
    pub compute_environments: Vec<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    /// Of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The answer of DescribeComputeEnvironments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedComputeEnvironments {
    /// Unknown ones are absent.
    pub compute_environments: Vec<ComputeEnvironmentDetail>,
    /// Where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComputeEnvironmentDetail {
    /// Its name.
    pub compute_environment_name: Arc<str>,
    /// Its ARN.
    pub compute_environment_arn: Arc<str>,
    /// Its ECS cluster.
    pub ecs_cluster_arn: Arc<str>,
    /// `MANAGED` or `UNMANAGED`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it takes jobs.
    pub state: ComputeEnvironmentState,
    /// Whether it works.
    pub status: ComputeEnvironmentStatus,
    /// For people.
    pub status_reason: &'static str,
    /// What it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_resources: Option<ComputeResources>,
    /// The role by which Batch acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_role: Option<String>,
    /// `ECS`.
    pub container_orchestration_type: &'static str,
    /// As created.
    pub tags: BTreeMap<String, String>,
}
