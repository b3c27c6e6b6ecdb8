//! What a job changes of its definition: command, environment, resources.
//!
//! AWS Batch accepts a job whose container overrides are longer than 8192 characters, JSON
//! included, and then fails it. It counts what it adds itself too (`AWS_BATCH_JOB_ID`,
//! `AWS_BATCH_JQ_NAME` and the like), so we stop at [`LIMIT`].

use std::collections::BTreeMap;

use aws_sdk_batch::types::{ContainerOverrides, KeyValuePair, ResourceRequirement, ResourceType};
use batchway_domain::identity::JobId;
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{Held, ParamsDelivery, RequestSize, Submission, SubmitError};
use batchway_domain::runner::variables;
use serde::Serialize;

/// The most that we send, in characters.
const LIMIT: usize = 7000;

/// Names that only AWS Batch may set.
const RESERVED: &str = "AWS_BATCH";

/// As long as a timeout gets.
const LONG_TIMEOUT: f64 = 123_456_789.123;

/// The field of the request, with its names as they are sent.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Overrides {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    environment: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_requirements: Vec<Resource>,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Resource {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

/// The container that AWS Batch is to run.
///
/// # Errors
/// [`SubmitError::Refused`] for a job of another backend, [`SubmitError::Held`] where the job
/// type asks for what no container can have.
pub(crate) fn execution_of(execution: &Execution) -> Result<&AwsBatchExecution, SubmitError> {
    let Execution::AwsBatch(execution) = execution else {
        return Err(SubmitError::Refused {
            reason: "the job type is not one for AWS Batch".to_owned(),
        });
    };
    match flaw_of(execution) {
        Some(message) => Err(job_type_invalid(message)),
        None => Ok(execution),
    }
}

fn job_type_invalid(message: String) -> SubmitError {
    SubmitError::Held(Held {
        code: "job_type_invalid".to_owned(),
        message,
    })
}

/// What AWS Batch refuses whatever the job.
fn flaw_of(execution: &AwsBatchExecution) -> Option<String> {
    if let Some(flaw) = flaw_of_names(execution.environment.keys()) {
        return Some(flaw);
    }
    if execution.command.iter().flatten().any(String::is_empty) {
        return Some(
            "The command of the job type has an empty word in it, which AWS Batch refuses."
                .to_owned(),
        );
    }
    let vcpus = execution.vcpus.as_ref()?;
    let is_number = vcpus.parse().is_ok_and(|number: f64| number > 0.0);
    (!is_number).then(|| {
        format!(
            "The job type asks for {vcpus:?} vCPUs, which is no number above 0, such as 0.25 or 4."
        )
    })
}

fn flaw_of_names<'a>(mut names: impl Iterator<Item = &'a String>) -> Option<String> {
    let name = names.find(|name| name.starts_with(RESERVED) || name.is_empty())?;
    Some(format!(
        "The job would get the variable {name:?}; AWS Batch takes no names that are empty or begin with {RESERVED}."
    ))
}

impl Overrides {
    /// What is sent for a try. `ours` are the variables of this gateway.
    ///
    /// # Errors
    /// [`SubmitError`] where AWS Batch would not run it.
    pub(crate) fn of(
        submission: &Submission,
        execution: &AwsBatchExecution,
        ours: &BTreeMap<String, String>,
    ) -> Result<Self, SubmitError> {
        let params = match &submission.params {
            ParamsDelivery::Inline(params) => Some(params.to_string()),
            ParamsDelivery::Stored => None,
        };
        let of_runner = submission.gated.then(|| OfRunner {
            number: submission.name.number,
            timeout: submission
                .timeout
                .map(|timeout| timeout.as_secs_f64().to_string()),
        });
        let job = submission.name.job.to_string();
        let overrides = Self::compose(
            execution,
            &submission.environment,
            ours,
            job,
            params,
            of_runner,
        );
        let names = overrides.environment.iter().map(|variable| &variable.name);
        if let Some(message) = flaw_of_names(names) {
            return Err(job_type_invalid(message));
        }
        let size = overrides.size();
        if !size.fits() {
            return Err(SubmitError::Refused {
                reason: format!(
                    "its environment takes {} characters, and no more than {} may be sent",
                    size.characters, size.limit
                ),
            });
        }
        Ok(overrides)
    }

    fn compose(
        execution: &AwsBatchExecution,
        environment: &BTreeMap<String, String>,
        ours: &BTreeMap<String, String>,
        job: String,
        params: Option<String>,
        of_runner: Option<OfRunner>,
    ) -> Self {
        let mut variables = execution.environment.clone();
        // What the gateway means by a name wins over the job type's.
        variables.extend(environment.clone());
        variables.extend(ours.clone());
        let mut set = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                variables.insert(name.to_owned(), value);
            }
        };
        set(variables::JOB_ID, Some(job));
        set(variables::JOB_PARAMS, params);
        if let Some(runner) = of_runner {
            set(variables::GATED, Some("1".to_owned()));
            set(variables::TRY, Some(runner.number.to_string()));
            set(variables::TIMEOUT_SECONDS, runner.timeout);
        }
        Self {
            command: execution.command.clone().unwrap_or_default(),
            environment: variables
                .into_iter()
                .map(|(name, value)| Variable { name, value })
                .collect(),
            resource_requirements: resources(execution),
        }
    }

    /// In characters as AWS Batch counts them, which is written in Java: units of UTF-16.
    pub(crate) fn size(&self) -> RequestSize {
        let json = serde_json::to_string(self).unwrap_or_default();
        RequestSize {
            characters: json.encode_utf16().count(),
            limit: LIMIT,
        }
    }

    pub(crate) fn into_request(self) -> ContainerOverrides {
        let environment = self.environment.into_iter().map(|variable| {
            KeyValuePair::builder()
                .name(variable.name)
                .value(variable.value)
                .build()
        });
        let resources = self.resource_requirements.into_iter().map(|resource| {
            ResourceRequirement::builder()
                .r#type(ResourceType::from(resource.kind))
                .value(resource.value)
                .build()
        });
        ContainerOverrides::builder()
            .set_command(non_empty(self.command))
            .set_environment(Some(environment.collect()))
            .set_resource_requirements(non_empty(resources.collect()))
            .build()
    }
}

/// What only the runner needs.
struct OfRunner {
    number: u32,
    timeout: Option<String>,
}

/// How long the overrides of any try with these become at most.
pub(crate) fn request_size(
    execution: &Execution,
    environment: &BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
    params: &str,
) -> Option<RequestSize> {
    let Execution::AwsBatch(execution) = execution else {
        return None;
    };
    let job = "j".repeat(JobId::LENGTH);
    let of_runner = Some(OfRunner {
        number: u32::MAX,
        timeout: Some(LONG_TIMEOUT.to_string()),
    });
    let params = Some(params.to_owned());
    let overrides = Overrides::compose(execution, environment, ours, job, params, of_runner);
    Some(overrides.size())
}

fn resources(execution: &AwsBatchExecution) -> Vec<Resource> {
    let vcpus = execution.vcpus.clone();
    let memory = execution.memory_mib.map(|mib| mib.to_string());
    [("VCPU", vcpus), ("MEMORY", memory)]
        .into_iter()
        .filter_map(|(kind, value)| value.map(|value| Resource { kind, value }))
        .collect()
}

fn non_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

#[cfg(test)]
mod tests;
