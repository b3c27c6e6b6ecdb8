//! What a job is to do: its definition with what its request overrides.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::definitions::Definition;
use super::jobs::Reason;
use super::override_size;
use crate::wire::{
    ContainerDetail, ContainerOverrides, ContainerProperties, JobDependency, JobTimeout,
    KeyValuePair, ResourceRequirement, ResourceType, RetryStrategy, SubmitJob,
};

/// The most tags of a job with its definition's.
const MAX_COMBINED_TAGS: usize = 50;

/// What a job, or all children of an array, are to do.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) name: Arc<str>,
    /// In lower case, as lists by name compare it.
    pub(super) listed_name: Arc<str>,
    pub(super) definition: Arc<Definition>,
    pub(super) share_identifier: Option<Arc<str>>,
    /// In a fair-share queue.
    pub(super) scheduling_priority: Option<i32>,
    pub(super) parameters: Arc<BTreeMap<String, String>>,
    /// Without what belongs to a run.
    pub(super) container: ContainerDetail,
    pub(super) retry_strategy: Arc<RetryStrategy>,
    pub(super) timeout: Option<JobTimeout>,
    pub(super) depends_on: Arc<[JobDependency]>,
    pub(super) tags: Arc<BTreeMap<String, String>>,
    pub(super) propagate_tags: bool,
    /// Why it was accepted and will fail all the same.
    pub(super) doom: Option<Reason>,
}

impl Spec {
    pub(super) fn new(
        request: &SubmitJob,
        definition: &Arc<Definition>,
        is_fair_share: bool,
    ) -> Self {
        let registered = &definition.registered;
        let parameters = merged_parameters(definition, request);
        let propagate_tags = request
            .propagate_tags
            .or(registered.propagate_tags)
            .unwrap_or_default();
        let retry_strategy = match &request.retry_strategy {
            Some(strategy) => Arc::new(strategy.clone()),
            None => Arc::clone(&definition.retry_strategy),
        };
        let priority = request
            .scheduling_priority_override
            .or(registered.scheduling_priority)
            .unwrap_or_default();
        let name: Arc<str> = request.job_name.as_str().into();
        Self {
            listed_name: in_lower_case(&name),
            name,
            definition: Arc::clone(definition),
            share_identifier: request.share_identifier.as_deref().map(Arc::from),
            scheduling_priority: is_fair_share.then_some(priority),
            container: container(
                definition,
                request.container_overrides.as_ref(),
                &parameters,
            ),
            parameters,
            retry_strategy,
            timeout: request.timeout.or(registered.timeout),
            depends_on: request.depends_on.as_slice().into(),
            tags: Arc::new(request.tags.clone()),
            propagate_tags,
            doom: doom(request, definition, propagate_tags),
        }
    }

    /// How long an attempt may run.
    pub(super) fn timeout_seconds(&self) -> Option<i64> {
        let seconds = self.timeout?.attempt_duration_seconds?;
        Some(i64::from(seconds))
    }
}

/// What Batch notices only when it starts the job.
fn doom(request: &SubmitJob, definition: &Definition, propagate_tags: bool) -> Option<Reason> {
    let overrides = request.container_overrides.as_ref();
    if overrides.map_or(0, override_size::characters) > override_size::MAX_CHARACTERS {
        return Some("Container Overrides length must be at most 8192".into());
    }
    let tags = request.tags.len() + definition.registered.tags.len();
    (propagate_tags && tags > MAX_COMBINED_TAGS).then(|| {
        "The combined number of tags of the job and its job definition must be at most 50".into()
    })
}

fn in_lower_case(name: &Arc<str>) -> Arc<str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        Arc::clone(name)
    }
}

fn merged_parameters(
    definition: &Definition,
    request: &SubmitJob,
) -> Arc<BTreeMap<String, String>> {
    if request.parameters.is_empty() {
        return Arc::clone(&definition.parameters);
    }
    let mut parameters = BTreeMap::clone(&definition.parameters);
    parameters.extend(request.parameters.clone());
    Arc::new(parameters)
}

fn container(
    definition: &Definition,
    overrides: Option<&ContainerOverrides>,
    parameters: &BTreeMap<String, String>,
) -> ContainerDetail {
    let mut container = definition.container.clone();
    if let Some(overrides) = overrides {
        apply(overrides, &mut container);
    }
    if container.command.iter().any(|word| is_reference(word)) {
        let words = container.command.iter();
        container.command = words.map(|word| resolved(word, parameters)).collect();
    }
    container
}

fn apply(overrides: &ContainerOverrides, container: &mut ContainerDetail) {
    if let Some(command) = &overrides.command {
        container.command = command.as_slice().into();
    }
    if !overrides.environment.is_empty() {
        container.environment = merged_environment(&container.environment, &overrides.environment);
    }
    if !overrides.resource_requirements.is_empty() {
        container.resource_requirements = merged_requirements(
            &container.resource_requirements,
            &overrides.resource_requirements,
        );
    }
    // The outdated ones move nothing where the definition has the newer kind.
    if container.vcpus.is_some() {
        container.vcpus = overrides.vcpus.or(container.vcpus);
    }
    if container.memory.is_some() {
        container.memory = overrides.memory.or(container.memory);
    }
}

fn merged_environment(base: &[KeyValuePair], overrides: &[KeyValuePair]) -> Arc<[KeyValuePair]> {
    let is_overridden = |variable: &&KeyValuePair| {
        let mut names = overrides.iter().map(|other| &other.name);
        !names.any(|name| *name == variable.name)
    };
    let kept = base.iter().filter(is_overridden);
    kept.chain(overrides).cloned().collect()
}

/// The requirements of a definition, type by type replaced by those of a request.
pub(super) fn merged_requirements(
    base: &[ResourceRequirement],
    overrides: &[ResourceRequirement],
) -> Arc<[ResourceRequirement]> {
    let is_kept = |requirement: &&ResourceRequirement| {
        let mut kinds = overrides.iter().map(|other| other.kind);
        !kinds.any(|kind| kind == requirement.kind)
    };
    let kept = base.iter().filter(is_kept);
    kept.chain(overrides).cloned().collect()
}

const REFERENCE: &str = "Ref::";

fn is_reference(word: &str) -> bool {
    word.starts_with(REFERENCE)
}

/// A reference without a parameter stays as it is.
fn resolved(word: &str, parameters: &BTreeMap<String, String>) -> String {
    let value = word
        .strip_prefix(REFERENCE)
        .and_then(|name| parameters.get(name));
    value.map_or(word, String::as_str).to_owned()
}

/// The part of every answer about a job that follows from its definition alone.
pub(super) fn container_of(properties: &ContainerProperties) -> ContainerDetail {
    let outdated = |kind: ResourceType, value: Option<i32>| {
        let is_newer = properties
            .resource_requirements
            .iter()
            .any(|requirement| requirement.kind == kind);
        value.filter(|_| !is_newer)
    };
    ContainerDetail {
        image: properties.image.as_str().into(),
        command: properties.command.as_slice().into(),
        job_role_arn: properties.job_role_arn.as_deref().map(Arc::from),
        execution_role_arn: properties.execution_role_arn.as_deref().map(Arc::from),
        environment: properties.environment.as_slice().into(),
        resource_requirements: properties.resource_requirements.as_slice().into(),
        vcpus: outdated(ResourceType::Vcpu, properties.vcpus),
        memory: outdated(ResourceType::Memory, properties.memory),
        log_configuration: properties.log_configuration.clone().map(Arc::new),
        network_configuration: properties.network_configuration.clone().map(Arc::new),
        fargate_platform_configuration: properties
            .fargate_platform_configuration
            .clone()
            .map(Arc::new),
        ephemeral_storage: properties.ephemeral_storage,
        secrets: properties.secrets.as_slice().into(),
        ..ContainerDetail::default()
    }
}
