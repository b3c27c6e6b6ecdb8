//! What AWS Batch refuses at once.

use std::collections::BTreeMap;

use super::definitions::Definition;
use super::error::ApiError;
use super::fargate;
use super::retry::is_like;
use super::spec::merged_requirements;
use crate::wire::{
    ContainerOverrides, DependencyType, EvaluateOnExit, JobDependency, JobTimeout, KeyValuePair,
    ResourceRequirement, ResourceType, RetryStrategy, SubmitJob,
};

type Checked = Result<(), ApiError>;

const MAX_BODY_BYTES: usize = 30 * 1024;
const MAX_NAME: usize = 128;
const MAX_DEPENDENCIES: usize = 20;
const MAX_TAGS: usize = 50;
const MAX_RULES: usize = 5;
const MAX_PATTERN: usize = 512;
const MAX_SHARE_IDENTIFIER: usize = 255;
const MIN_TIMEOUT_SECONDS: i32 = 60;

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(ApiError::client(otherwise()))
    }
}

/// All of a SubmitJob that can be judged without the queue and the definition.
pub(super) fn request(request: &SubmitJob) -> Checked {
    body_size(request.body_bytes)?;
    name("Job name", &request.job_name)?;
    array_size(request)?;
    dependencies(request)?;
    tags(&request.tags)?;
    if let Some(strategy) = &request.retry_strategy {
        retry_strategy(strategy)?;
    }
    timeout(request.timeout)?;
    check(
        request
            .scheduling_priority_override
            .is_none_or(|priority| (0..=9999).contains(&priority)),
        || "Scheduling priority must be between 0 and 9999.".to_owned(),
    )?;
    match &request.container_overrides {
        Some(overrides) => {
            environment(&overrides.environment)?;
            command(overrides.command.as_deref().unwrap_or_default())
        }
        None => Ok(()),
    }
}

fn body_size(bytes: Option<usize>) -> Checked {
    let bytes = bytes.unwrap_or_default();
    check(bytes <= MAX_BODY_BYTES, || {
        let kibibytes = bytes.div_ceil(1024);
        format!("Job size must be less than 30 KiB, got {kibibytes} KiB")
    })
}

/// A name of a job, queue, definition or environment.
pub(super) fn name(what: &str, name: &str) -> Checked {
    let is_first = |byte: &u8| byte.is_ascii_alphanumeric();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_good = name.len() <= MAX_NAME
        && name.as_bytes().first().is_some_and(is_first)
        && name.bytes().all(is_allowed);
    check(is_good, || {
        format!(
            "{what} should match valid pattern: it can be up to {MAX_NAME} letters, numbers, \
             hyphens and underscores, and begins with a letter or number."
        )
    })
}

fn array_size(request: &SubmitJob) -> Checked {
    let Some(array) = &request.array_properties else {
        return Ok(());
    };
    let size = array.size.unwrap_or_default();
    check((2..=10_000).contains(&size), || {
        format!("Array size must be between 2 and 10000, got {size}.")
    })
}

fn dependencies(request: &SubmitJob) -> Checked {
    let depends_on = &request.depends_on;
    check(depends_on.len() <= MAX_DEPENDENCIES, || {
        format!(
            "A job can depend on at most {MAX_DEPENDENCIES} jobs, got {}.",
            depends_on.len()
        )
    })?;
    let is_array = request.array_properties.is_some();
    let is_good = |dependency: &JobDependency| match dependency.kind {
        None => dependency.job_id.is_some(),
        Some(DependencyType::NToN) => is_array && dependency.job_id.is_some(),
        Some(DependencyType::Sequential) => is_array && dependency.job_id.is_none(),
    };
    check(depends_on.iter().all(is_good), || {
        "A dependency needs a jobId; SEQUENTIAL has none, and the types are for array jobs."
            .to_owned()
    })
}

/// Of a job, a queue, a definition or an environment.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Checked {
    check(tags.len() <= MAX_TAGS, || {
        format!("At most {MAX_TAGS} tags are allowed, got {}.", tags.len())
    })?;
    let is_good = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count())
            && value.chars().count() <= 256
            && !key.to_ascii_lowercase().starts_with("aws:")
    };
    check(tags.iter().all(is_good), || {
        "Tag keys have 1 to 128 characters and don't begin with aws:, values at most 256."
            .to_owned()
    })
}

/// Of a job or a definition.
pub(super) fn retry_strategy(strategy: &RetryStrategy) -> Checked {
    let attempts = strategy.attempts.unwrap_or(1);
    check((1..=10).contains(&attempts), || {
        format!("Retry attempts must be between 1 and 10, got {attempts}.")
    })?;
    let rules = &strategy.evaluate_on_exit;
    check(rules.len() <= MAX_RULES, || {
        format!(
            "At most {MAX_RULES} evaluateOnExit rules are allowed, got {}.",
            rules.len()
        )
    })?;
    check(rules.iter().all(is_good_rule), || {
        "An evaluateOnExit rule needs an action and at least one pattern of at most 512 \
         characters; onExitCode has digits and may end in an asterisk."
            .to_owned()
    })
}

fn is_good_rule(rule: &EvaluateOnExit) -> bool {
    let patterns = [&rule.on_status_reason, &rule.on_reason, &rule.on_exit_code];
    let is_code = |pattern: &String| {
        let digits = pattern.strip_suffix('*').unwrap_or(pattern);
        digits.bytes().all(|byte| byte.is_ascii_digit()) && !pattern.is_empty()
    };
    rule.action.is_some()
        && patterns.iter().any(|pattern| pattern.is_some())
        && patterns
            .into_iter()
            .flatten()
            .all(|pattern| pattern.len() <= MAX_PATTERN)
        && rule.on_exit_code.as_ref().is_none_or(is_code)
}

/// Of a job or a definition.
pub(super) fn timeout(timeout: Option<JobTimeout>) -> Checked {
    let seconds = timeout.and_then(|timeout| timeout.attempt_duration_seconds);
    check(
        seconds.is_none_or(|seconds| seconds >= MIN_TIMEOUT_SECONDS),
        || format!("Timeout attemptDurationSeconds must be at least {MIN_TIMEOUT_SECONDS}."),
    )
}

/// Of a job or a definition.
pub(super) fn environment(variables: &[KeyValuePair]) -> Checked {
    let reserved = variables
        .iter()
        .find(|variable| is_like("AWS_BATCH*", &variable.name));
    check(reserved.is_none(), || {
        "Environment variables cannot start with \"AWS_BATCH\"; that prefix is reserved.".to_owned()
    })
}

/// Of a job or a definition.
pub(super) fn command(command: &[String]) -> Checked {
    check(command.iter().all(|word| !word.is_empty()), || {
        "Container command must not contain empty strings.".to_owned()
    })
}

/// Whether the queue is of the kind that the request takes it for.
pub(super) fn share(identifier: Option<&str>, is_fair_share: bool) -> Checked {
    match identifier {
        None => check(!is_fair_share, || {
            "Must specify a shareIdentifier for a job queue with a scheduling policy.".to_owned()
        }),
        Some(_) if !is_fair_share => Err(ApiError::client(
            "Cannot specify a shareIdentifier for a job queue without a scheduling policy.",
        )),
        Some(identifier) => {
            let is_good = (1..=MAX_SHARE_IDENTIFIER).contains(&identifier.len())
                && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric());
            check(is_good, || {
                "A shareIdentifier has 1 to 255 letters and numbers.".to_owned()
            })
        }
    }
}

/// Whether the definition can run with these overrides.
pub(super) fn overrides(definition: &Definition, overrides: &ContainerOverrides) -> Checked {
    let is_outdated = overrides.vcpus.is_some() || overrides.memory.is_some();
    check(!(is_outdated && definition.is_fargate()), || {
        "vcpus and memory can't be overridden on Fargate; use resourceRequirements.".to_owned()
    })?;
    if overrides.resource_requirements.is_empty() {
        return Ok(());
    }
    let requirements = merged_requirements(
        &definition.container.resource_requirements,
        &overrides.resource_requirements,
    );
    resources(&requirements, definition.is_fargate())
}

/// Whether there can be such a container.
pub(super) fn resources(requirements: &[ResourceRequirement], is_fargate: bool) -> Checked {
    if is_fargate {
        return fargate::check(requirements).map_err(ApiError::client);
    }
    let is_good = |requirement: &ResourceRequirement| {
        let least = match requirement.kind {
            ResourceType::Vcpu | ResourceType::Gpu => 1,
            ResourceType::Memory => 4,
        };
        let value: Result<u32, _> = requirement.value.parse();
        value.is_ok_and(|value| value >= least)
    };
    check(requirements.iter().all(is_good), || {
        "Resource requirements on EC2 are whole numbers: VCPU and GPU at least 1, MEMORY at least 4."
            .to_owned()
    })
}
