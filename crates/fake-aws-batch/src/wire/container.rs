//! What a container is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A variable of a container's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyValuePair {
    /// Never begins with `AWS_BATCH` in a request.
    pub name: String,
    /// May be empty.
    pub value: String,
}

impl KeyValuePair {
    /// The variable of this name with this value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// How much of something a container needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRequirement {
    /// Of what.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// vCPUs (`0.25`), MiB of memory (`512`), or whole GPUs.
    pub value: String,
}

impl ResourceRequirement {
    /// So many vCPUs.
    pub fn vcpu(value: impl Into<String>) -> Self {
        Self {
            kind: ResourceType::Vcpu,
            value: value.into(),
        }
    }

    /// So many MiB of memory.
    pub fn memory(mebibytes: impl Into<String>) -> Self {
        Self {
            kind: ResourceType::Memory,
            value: mebibytes.into(),
        }
    }
}

/// What a container can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ResourceType {
    /// Virtual processors.
    Vcpu,
    /// Memory in MiB.
    Memory,
    /// Graphics processors; none on Fargate.
    Gpu,
}

/// A secret that is put into the container's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Secret {
    /// The variable.
    pub name: String,
    /// The ARN of the secret or parameter.
    pub value_from: String,
}

/// Where the container's output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LogConfiguration {
    /// `awslogs` unless said otherwise.
    pub log_driver: String,
    /// For `awslogs`: `awslogs-group` and others.
    pub options: BTreeMap<String, String>,
}

/// The network of a Fargate container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// `ENABLED` or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<String>,
}

/// The version of Fargate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FargatePlatformConfiguration {
    /// `LATEST` unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
}

/// The disk of a Fargate container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EphemeralStorage {
    /// 21 to 200 GiB.
    pub size_in_gi_b: i32,
}
