//! The table `aws_batch` of a job type. What it leaves out is as the job definition has it.

use std::collections::BTreeMap;
use std::time::Duration;

use batchway_domain::job_type::AwsBatchExecution;
use batchway_domain::runner::variables;
use bytesize::MIB;
use serde::Deserialize;

use super::values::{processors, size};
use crate::configuration::BatchSettings;

/// The shortest timeout that AWS Batch takes.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The least memory that AWS Batch takes.
const LEAST_MEMORY_MIB: u64 = 4;

/// Set for every job, besides all that begins with one of [`RESERVED`].
const OURS: [&str; 5] = [
    variables::JOB_ID,
    variables::USER_ID,
    variables::ENV,
    variables::JOB_PARAMS,
    variables::S3_BUCKET,
];

/// How names begin that AWS Batch or we set by ourselves.
const RESERVED: [&str; 2] = ["AWS_BATCH", "BATCHWAY_"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsBatchTable {
    queue: Option<String>,
    definition: Option<String>,
    vcpus: Option<f64>,
    memory: Option<String>,
    command: Option<Vec<String>>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// A table in which every value can be used.
#[derive(Debug)]
pub(super) struct Checked {
    queue: Option<String>,
    definition: Option<String>,
    rest: AwsBatchExecution,
}

impl AwsBatchTable {
    pub(super) fn checked(self) -> Result<Checked, String> {
        let vcpus = processors("aws_batch.vcpus", self.vcpus)?;
        let memory_mib = memory_mib(self.memory.as_deref())?;
        check_command(self.command.as_deref())?;
        for name in self.environment.keys() {
            check_name(name)?;
        }
        Ok(Checked {
            queue: named("queue", self.queue)?,
            definition: named("definition", self.definition)?,
            rest: AwsBatchExecution {
                vcpus: vcpus.map(|number| number.to_string()),
                memory_mib,
                command: self.command,
                environment: self.environment,
                ..AwsBatchExecution::default()
            },
        })
    }
}

impl Checked {
    /// Queue and definition are the configured ones where the type names no others.
    pub(super) fn into_execution(self, settings: &BatchSettings) -> AwsBatchExecution {
        AwsBatchExecution {
            queue: self.queue.unwrap_or_else(|| settings.queue.clone()),
            definition: self
                .definition
                .unwrap_or_else(|| settings.definition.clone()),
            ..self.rest
        }
    }
}

pub(super) fn check_timeout(timeout: Option<Duration>) -> Result<(), String> {
    match timeout {
        Some(timeout) if timeout < SHORTEST_TIMEOUT => Err(format!(
            "timeout = {} is shorter than AWS Batch takes: it must be at least 60s",
            humantime::format_duration(timeout)
        )),
        _ => Ok(()),
    }
}

fn named(field: &str, value: Option<String>) -> Result<Option<String>, String> {
    match value {
        Some(name) if name.trim().is_empty() => Err(format!(
            "aws_batch.{field} is empty: leave it out for the configured one"
        )),
        value => Ok(value),
    }
}

fn memory_mib(text: Option<&str>) -> Result<Option<u64>, String> {
    let Some(bytes) = size("aws_batch.memory", text)?.map(|size| size.as_u64()) else {
        return Ok(None);
    };
    if bytes % MIB == 0 && bytes / MIB >= LEAST_MEMORY_MIB {
        Ok(Some(bytes / MIB))
    } else {
        Err(format!(
            "aws_batch.memory = {:?} must be whole MiB, and at least {LEAST_MEMORY_MIB}",
            text.unwrap_or_default()
        ))
    }
}

/// AWS Batch refuses empty words.
fn check_command(command: Option<&[String]>) -> Result<(), String> {
    match command {
        Some([]) => Err("aws_batch.command is empty: leave it out for the image's own".to_owned()),
        Some(words) if words.iter().any(String::is_empty) => {
            Err("aws_batch.command has an empty word, which AWS Batch does not take".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!(
            "aws_batch.environment has {name:?}, which is no name of a variable"
        ));
    }
    if OURS.contains(&name) || RESERVED.iter().any(|start| name.starts_with(start)) {
        return Err(format!(
            "aws_batch.environment has {name}, which every job finds set already"
        ));
    }
    Ok(())
}
