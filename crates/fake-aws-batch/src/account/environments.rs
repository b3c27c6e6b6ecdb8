//! Compute environments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::ApiError;
use super::time::Millis;
use super::{Account, paging, validation};
use crate::wire::{
    ComputeEnvironmentDetail, ComputeEnvironmentState, ComputeEnvironmentStatus,
    CreateComputeEnvironment, CreatedComputeEnvironment, DeleteComputeEnvironment,
    DescribeComputeEnvironments, DescribedComputeEnvironments, UpdateComputeEnvironment,
};

const KIND: &str = "compute-environment";

/// The environments by name.
pub(super) type Environments = BTreeMap<Arc<str>, ComputeEnvironmentDetail>;

/// Whether jobs can start there.
pub(super) fn is_usable(environment: &ComputeEnvironmentDetail) -> bool {
    environment.state == ComputeEnvironmentState::Enabled
        && environment.status == ComputeEnvironmentStatus::Valid
}

fn reference(environment: &ComputeEnvironmentDetail) -> CreatedComputeEnvironment {
    CreatedComputeEnvironment {
        compute_environment_name: Arc::clone(&environment.compute_environment_name),
        compute_environment_arn: Arc::clone(&environment.compute_environment_arn),
    }
}

impl Account {
    /// CreateComputeEnvironment. It is VALID at once.
    ///
    /// # Errors
    /// `ClientException` for a bad or used name, or a managed one without resources.
    pub fn create_compute_environment(
        &mut self,
        request: &CreateComputeEnvironment,
        now: Millis,
    ) -> Result<CreatedComputeEnvironment, ApiError> {
        self.advance(now);
        check(request)?;
        let name: Arc<str> = request.compute_environment_name.as_str().into();
        if self.environments.contains_key(&name) {
            return Err(ApiError::client("Object already exists"));
        }
        let cluster = format!("AWSBatch-{name}-{}", self.ids.uuid());
        let environment = ComputeEnvironmentDetail {
            compute_environment_arn: self.arns.compute_environment(&name),
            compute_environment_name: Arc::clone(&name),
            ecs_cluster_arn: self.arns.ecs("cluster", &cluster),
            kind: request.kind.clone(),
            state: request.state.unwrap_or_default(),
            status: ComputeEnvironmentStatus::Valid,
            status_reason: "ComputeEnvironment Healthy",
            compute_resources: request.compute_resources.clone(),
            service_role: request.service_role.clone(),
            container_orchestration_type: "ECS",
            tags: request.tags.clone(),
        };
        let created = reference(&environment);
        self.environments.insert(name, environment);
        Ok(created)
    }

    /// UpdateComputeEnvironment.
    ///
    /// # Errors
    /// `ClientException` where there is none.
    pub fn update_compute_environment(
        &mut self,
        request: &UpdateComputeEnvironment,
        now: Millis,
    ) -> Result<CreatedComputeEnvironment, ApiError> {
        self.advance(now);
        let environment = self.environment_mut(&request.compute_environment)?;
        environment.state = request.state.unwrap_or(environment.state);
        let updated = reference(environment);
        self.reopen_queues();
        Ok(updated)
    }

    /// Makes an environment INVALID, which only AWS does, or VALID again.
    ///
    /// # Errors
    /// `ClientException` where there is none.
    pub fn set_compute_environment_status(
        &mut self,
        name_or_arn: &str,
        status: ComputeEnvironmentStatus,
        now: Millis,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let environment = self.environment_mut(name_or_arn)?;
        environment.status = status;
        environment.status_reason = match status {
            ComputeEnvironmentStatus::Valid => "ComputeEnvironment Healthy",
            ComputeEnvironmentStatus::Invalid => "CLIENT_ERROR - the service role can't be assumed",
        };
        self.reopen_queues();
        Ok(())
    }

    /// DeleteComputeEnvironment. One that there is not counts as deleted.
    ///
    /// # Errors
    /// `ClientException` where it is enabled or a queue uses it.
    pub fn delete_compute_environment(
        &mut self,
        request: &DeleteComputeEnvironment,
        now: Millis,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let Ok(environment) = self.environment_mut(&request.compute_environment) else {
            return Ok(());
        };
        if environment.state == ComputeEnvironmentState::Enabled {
            return Err(ApiError::client("Cannot delete, state must be DISABLED"));
        }
        let name = Arc::clone(&environment.compute_environment_name);
        let arn = Arc::clone(&environment.compute_environment_arn);
        if self.queues.values().any(|queue| queue.uses(&arn)) {
            return Err(ApiError::client(
                "Cannot delete, found existing JobQueue relationship",
            ));
        }
        self.environments.remove(&name);
        Ok(())
    }

    /// DescribeComputeEnvironments.
    ///
    /// # Errors
    /// `ClientException` for more than 100 names, a bad token or page size.
    pub fn describe_compute_environments(
        &mut self,
        request: &DescribeComputeEnvironments,
        now: Millis,
    ) -> Result<DescribedComputeEnvironments, ApiError> {
        self.advance(now);
        let asked = &request.compute_environments;
        paging::check_asked(asked.len())?;
        let names: Vec<&str> = asked
            .iter()
            .filter_map(|asked| self.arns.name(KIND, asked))
            .collect();
        let found = self
            .environments
            .values()
            .filter(|environment| {
                asked.is_empty() || names.contains(&&*environment.compute_environment_name)
            })
            .cloned();
        let token = request.next_token.as_deref();
        let (compute_environments, next_token) = paging::page(found, request.max_results, token)?;
        Ok(DescribedComputeEnvironments {
            compute_environments,
            next_token,
        })
    }

    pub(super) fn environment(&self, name_or_arn: &str) -> Option<&ComputeEnvironmentDetail> {
        self.environments.get(self.arns.name(KIND, name_or_arn)?)
    }

    fn environment_mut(
        &mut self,
        name_or_arn: &str,
    ) -> Result<&mut ComputeEnvironmentDetail, ApiError> {
        let name = self.arns.name(KIND, name_or_arn);
        name.and_then(|name| self.environments.get_mut(name))
            .ok_or_else(|| ApiError::client(format!("{name_or_arn} does not exist")))
    }
}

fn check(request: &CreateComputeEnvironment) -> Result<(), ApiError> {
    validation::name(
        "Compute environment name",
        &request.compute_environment_name,
    )?;
    validation::tags(&request.tags)?;
    match request.kind.to_ascii_uppercase().as_str() {
        "UNMANAGED" => Ok(()),
        "MANAGED" => {
            let resources = request.compute_resources.as_ref();
            let kind = resources.and_then(|resources| resources.kind);
            match (kind, resources) {
                (Some(kind), Some(resources)) if kind.is_fargate() => {
                    let is_good = resources.min_vcpus.is_none()
                        && resources.desired_vcpus.is_none()
                        && resources.instance_types.is_empty();
                    is_good.then_some(()).ok_or_else(|| {
                        ApiError::client(
                            "minvCpus, desiredvCpus and instanceTypes are not for Fargate.",
                        )
                    })
                }
                (Some(_), Some(_)) => Ok(()),
                _ => Err(ApiError::client(
                    "A managed compute environment needs computeResources with a type.",
                )),
            }
        }
        _ => Err(ApiError::client("type must be MANAGED or UNMANAGED.")),
    }
}
