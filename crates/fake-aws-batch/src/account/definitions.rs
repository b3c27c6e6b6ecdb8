//! Job definitions and their revisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::ApiError;
use super::spec::container_of;
use super::time::Millis;
use super::{Account, paging, validation};
use crate::wire::{
    ContainerDetail, DefinitionStatus, DeregisterJobDefinition, DescribeJobDefinitions,
    DescribedJobDefinitions, JobDefinition, PlatformCapability, RegisterJobDefinition,
    RegisteredJobDefinition, ResourceType, RetryStrategy,
};

const KIND: &str = "job-definition";

/// The definitions by name, each with its revisions from 1.
pub(super) type Definitions = BTreeMap<Arc<str>, Vec<Revision>>;

/// A revision that can still be used, or not.
#[derive(Debug)]
pub(super) struct Revision {
    definition: Arc<Definition>,
    is_active: bool,
}

/// A revision of a definition, as jobs hold it.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) arn: Arc<str>,
    revision: i32,
    pub(super) registered: RegisterJobDefinition,
    pub(super) parameters: Arc<BTreeMap<String, String>>,
    pub(super) container: ContainerDetail,
    pub(super) retry_strategy: Arc<RetryStrategy>,
    pub(super) platform_capabilities: Arc<[PlatformCapability]>,
    pub(super) log_group: Arc<str>,
}

impl Definition {
    fn new(arn: Arc<str>, revision: i32, request: &RegisterJobDefinition) -> Self {
        let platforms = match request.platform_capabilities.as_slice() {
            [] => &[PlatformCapability::Ec2],
            platforms => platforms,
        };
        let once = || RetryStrategy {
            attempts: Some(1),
            ..RetryStrategy::default()
        };
        let logs = request.container_properties.log_configuration.as_ref();
        let log_group = logs.and_then(|logs| logs.options.get("awslogs-group"));
        Self {
            arn,
            revision,
            parameters: Arc::new(request.parameters.clone()),
            container: container_of(&request.container_properties),
            retry_strategy: Arc::new(request.retry_strategy.clone().unwrap_or_else(once)),
            platform_capabilities: platforms.into(),
            log_group: log_group.map_or("/aws/batch/job", String::as_str).into(),
            registered: request.clone(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.registered.job_definition_name
    }

    pub(super) fn is_fargate(&self) -> bool {
        self.platform_capabilities
            .contains(&PlatformCapability::Fargate)
    }
}

impl Revision {
    fn status(&self) -> DefinitionStatus {
        if self.is_active {
            DefinitionStatus::Active
        } else {
            DefinitionStatus::Inactive
        }
    }

    fn detail(&self) -> JobDefinition {
        JobDefinition {
            job_definition_arn: Arc::clone(&self.definition.arn),
            revision: self.definition.revision,
            status: self.status(),
            container_orchestration_type: "ECS",
            registered: self.definition.registered.clone(),
        }
    }
}

impl Account {
    /// RegisterJobDefinition: a new revision of the name.
    ///
    /// # Errors
    /// `ClientException` where the definition could not run.
    pub fn register_job_definition(
        &mut self,
        request: &RegisterJobDefinition,
        now: Millis,
    ) -> Result<RegisteredJobDefinition, ApiError> {
        self.advance(now);
        check(request)?;
        let name: Arc<str> = request.job_definition_name.as_str().into();
        let revisions = self.definitions.entry(Arc::clone(&name)).or_default();
        let revision = i32::try_from(revisions.len() + 1).unwrap_or(i32::MAX);
        let arn = self.arns.job_definition(&name, revision);
        let definition = Definition::new(Arc::clone(&arn), revision, request);
        revisions.push(Revision {
            definition: Arc::new(definition),
            is_active: true,
        });
        Ok(RegisteredJobDefinition {
            job_definition_name: name,
            job_definition_arn: arn,
            revision,
        })
    }

    /// DeregisterJobDefinition: the revision is INACTIVE, and its number is not given again.
    ///
    /// # Errors
    /// `ClientException` where there is no such revision.
    pub fn deregister_job_definition(
        &mut self,
        request: &DeregisterJobDefinition,
        now: Millis,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let asked = self.arns.name(KIND, &request.job_definition);
        let revision = match asked.and_then(|asked| asked.rsplit_once(':')) {
            Some((name, revision)) => find(self.definitions.get_mut(name), revision),
            None => None,
        };
        let Some(revision) = revision else {
            return Err(ApiError::client(format!(
                "Job definition {} does not exist; name it with its revision.",
                request.job_definition
            )));
        };
        revision.is_active = false;
        Ok(())
    }

    /// DescribeJobDefinitions.
    ///
    /// # Errors
    /// `ClientException` for more than 100 names, a bad token or page size.
    pub fn describe_job_definitions(
        &mut self,
        request: &DescribeJobDefinitions,
        now: Millis,
    ) -> Result<DescribedJobDefinitions, ApiError> {
        self.advance(now);
        paging::check_asked(request.job_definitions.len())?;
        let asked: Vec<&str> = request
            .job_definitions
            .iter()
            .filter_map(|asked| self.arns.name(KIND, asked))
            .collect();
        let is_asked = |definition: &Definition| {
            let by_name = request.job_definition_name.as_deref();
            let is_named = |asked: &&str| match asked.rsplit_once(':') {
                Some((name, revision)) => {
                    name == definition.name() && revision.parse() == Ok(definition.revision)
                }
                None => *asked == definition.name(),
            };
            by_name.is_none_or(|name| name == definition.name())
                && (request.job_definitions.is_empty() || asked.iter().any(is_named))
        };
        let found = self
            .definitions
            .values()
            .flat_map(|revisions| revisions.iter().rev())
            .filter(|revision| {
                request
                    .status
                    .is_none_or(|status| status == revision.status())
            })
            .filter(|revision| is_asked(&revision.definition))
            .map(Revision::detail);
        let token = request.next_token.as_deref();
        let (job_definitions, next_token) = paging::page(found, request.max_results, token)?;
        Ok(DescribedJobDefinitions {
            job_definitions,
            next_token,
        })
    }

    /// The revision that a SubmitJob means: without a revision, the newest that is ACTIVE now.
    pub(super) fn resolve_definition(&self, asked: &str) -> Result<Arc<Definition>, ApiError> {
        let found = self.arns.name(KIND, asked).and_then(|asked| {
            let (name, revision) = match asked.rsplit_once(':') {
                Some((name, revision)) => (name, Some(revision.parse::<i32>().ok()?)),
                None => (asked, None),
            };
            let revisions = self.definitions.get(name)?;
            revisions.iter().rev().find(|one| {
                one.is_active && revision.is_none_or(|asked| asked == one.definition.revision)
            })
        });
        found
            .map(|revision| Arc::clone(&revision.definition))
            .ok_or_else(|| {
                ApiError::client(format!(
                    "JobDefinition name {asked} does not exist or is not in ACTIVE status"
                ))
            })
    }
}

fn find<'a>(revisions: Option<&'a mut Vec<Revision>>, revision: &str) -> Option<&'a mut Revision> {
    let number: i32 = revision.parse().ok()?;
    let mut revisions = revisions?.iter_mut();
    revisions.find(|one| one.definition.revision == number)
}

fn check(request: &RegisterJobDefinition) -> Result<(), ApiError> {
    let refuse = |message: &str| Err(ApiError::client(message));
    validation::name("Job definition name", &request.job_definition_name)?;
    if request.kind != "container" {
        return refuse("Only job definitions of the type container are supported.");
    }
    let container = &request.container_properties;
    if container.image.is_empty() {
        return refuse("Container properties need an image.");
    }
    let needs = |kind: ResourceType| {
        let mut kinds = container.resource_requirements.iter().map(|one| one.kind);
        kinds.any(|other| other == kind)
    };
    let has_vcpus = container.vcpus.is_some() || needs(ResourceType::Vcpu);
    let has_memory = container.memory.is_some() || needs(ResourceType::Memory);
    if !(has_vcpus && has_memory) {
        return refuse("Container properties need resource requirements of VCPU and MEMORY.");
    }
    let platforms = &request.platform_capabilities;
    let is_fargate = platforms.contains(&PlatformCapability::Fargate);
    if is_fargate && container.execution_role_arn.is_none() {
        return refuse("Fargate needs an execution role.");
    }
    validation::resources(&container.resource_requirements, is_fargate)?;
    validation::environment(&container.environment)?;
    validation::command(&container.command)?;
    validation::tags(&request.tags)?;
    validation::timeout(request.timeout)?;
    request
        .retry_strategy
        .as_ref()
        .map_or(Ok(()), validation::retry_strategy)
}
