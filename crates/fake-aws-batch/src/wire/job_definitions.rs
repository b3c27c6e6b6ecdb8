//! Job definitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::container::{
    EphemeralStorage, FargatePlatformConfiguration, KeyValuePair, LogConfiguration,
    NetworkConfiguration, ResourceRequirement, Secret,
};
use super::submission::{JobTimeout, RetryStrategy};

/// The request of RegisterJobDefinition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RegisterJobDefinition {
    /// At most 128 of `[A-Za-z0-9_-]`.
    pub job_definition_name: String,
    /// `container`, the only one here.
    #[serde(rename = "type")]
    pub kind: String,
    /// Defaults for `Ref::name` in the command.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// For fair-share queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduling_priority: Option<i32>,
    /// What runs.
    pub container_properties: ContainerProperties,
    /// Once where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_strategy: Option<RetryStrategy>,
    /// Whether the ECS task gets the tags too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagate_tags: Option<bool>,
    /// None where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<JobTimeout>,
    /// Of the definition; with `propagate_tags` they count among the job's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// EC2 where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platform_capabilities: Vec<PlatformCapability>,
}

impl RegisterJobDefinition {
    /// One vCPU and 2,048 MiB on Fargate with a role to start it.
    pub fn fargate(name: impl Into<String>, image: impl Into<String>) -> Self {
        let mut definition = Self::ec2(name, image);
        definition.platform_capabilities = vec![PlatformCapability::Fargate];
        definition.container_properties.execution_role_arn =
            Some("arn:aws:iam::123456789012:role/execution".to_owned());
        definition
    }

    /// One vCPU and 2,048 MiB on EC2.
    pub fn ec2(name: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            job_definition_name: name.into(),
            kind: "container".to_owned(),
            container_properties: ContainerProperties {
                image: image.into(),
                resource_requirements: vec![
                    ResourceRequirement::vcpu("1"),
                    ResourceRequirement::memory("2048"),
                ],
                ..ContainerProperties::default()
            },
            platform_capabilities: vec![PlatformCapability::Ec2],
            ..Self::default()
        }
    }
}

/// Where a definition's containers can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PlatformCapability {
    /// On instances.
    Ec2,
    /// Without any.
    Fargate,
}

/// What runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerProperties {
    /// The image.
    pub image: String,
    /// Outdated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<i32>,
    /// Outdated; MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<i32>,
    /// With `Ref::name` for parameters.
    pub command: Vec<String>,
    /// The role that the program has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_role_arn: Option<String>,
    /// The role that starts the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<String>,
    /// The container's.
    pub environment: Vec<KeyValuePair>,
    /// What it needs.
    pub resource_requirements: Vec<ResourceRequirement>,
    /// Where its output goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<LogConfiguration>,
    /// Put into the environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// For Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// For Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fargate_platform_configuration: Option<FargatePlatformConfiguration>,
    /// For Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
}

/// The answer of RegisterJobDefinition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredJobDefinition {
    /// Its name.
    pub job_definition_name: Arc<str>,
    /// Its ARN with revision.
    pub job_definition_arn: Arc<str>,
    /// From 1.
    pub revision: i32,
}

/// The request of DeregisterJobDefinition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DeregisterJobDefinition {
    /// `name:revision` or the ARN with revision.
    pub job_definition: String,
}

/// The request of DescribeJobDefinitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DescribeJobDefinitions {
    /// At most 100 of `name:revision` or ARN.
    pub job_definitions: Vec<String>,
    /// All revisions of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_definition_name: Option<String>,
    /// Only those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<DefinitionStatus>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_results: Option<i32>,
    /// Of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The answer of DescribeJobDefinitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedJobDefinitions {
    /// Newest revision first; unknown ones are absent.
    pub job_definitions: Vec<JobDefinition>,
    /// Where there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// Whether a definition can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DefinitionStatus {
    /// It can.
    Active,
    /// It was deregistered.
    Inactive,
}

/// A revision of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobDefinition {
    /// Its ARN with revision.
    pub job_definition_arn: Arc<str>,
    /// From 1.
    pub revision: i32,
    /// Whether it can be used.
    pub status: DefinitionStatus,
    /// `ECS`.
    pub container_orchestration_type: &'static str,
    /// The rest, as registered.
    #[serde(flatten)]
    pub registered: RegisterJobDefinition,
}
