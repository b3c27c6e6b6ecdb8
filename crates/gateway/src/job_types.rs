//! The file of job types: TOML, one table a type. `crates/gateway/job-types.toml` is the
//! built-in one, and the example to start from.

mod aws_batch_table;
mod process_table;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use batchway_domain::identity::{BackendName, JobTypeName};
use batchway_domain::job::{FailureClass, RetryPolicy};
use batchway_domain::job_type::{EstimateFormula, Execution, JobType, JobTypes, MainResult};
use serde::Deserialize;
use serde_json::Value;

use crate::configuration::{Adapters, ComputeChoice};
use crate::failure::Failure;

use aws_batch_table::AwsBatchTable;
use process_table::ProcessTable;
use values::duration;

const BUILT_IN: &str = include_str!("../job-types.toml");

/// The schemas that the built-in file names.
const BUILT_IN_SCHEMAS: [(&str, &str); 2] = [
    (
        "run_simulation.json",
        include_str!("../../open-chemistry/schemas/run_simulation.json"),
    ),
    (
        "generate_dataset.json",
        include_str!("../../open-chemistry/schemas/generate_dataset.json"),
    ),
];

/// Reads the job types of a file, or the built-in ones, and sends each to one of the backends
/// that there are.
pub(crate) fn load(path: Option<&Path>, adapters: &Adapters) -> Result<JobTypes, Failure> {
    match path {
        None => parse(
            BUILT_IN,
            "the built-in job types",
            &read_built_in_schema,
            adapters,
        ),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::misconfigured(format!(
                    "BATCHWAY_JOB_TYPES: {} can't be read: {error}",
                    path.display()
                ))
            })?;
            let folder = path.parent().unwrap_or(Path::new("."));
            let read_schema =
                |name: &str| fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
            parse(&text, &path.display().to_string(), &read_schema, adapters)
        }
    }
}

fn read_built_in_schema(name: &str) -> Result<String, String> {
    BUILT_IN_SCHEMAS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, schema)| (*schema).to_owned())
        .ok_or_else(|| "there is no such schema built in".to_owned())
}

type ReadSchema<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

fn parse(
    text: &str,
    origin: &str,
    read_schema: &ReadSchema<'_>,
    adapters: &Adapters,
) -> Result<JobTypes, Failure> {
    let tables: BTreeMap<JobTypeName, Table> = toml::from_str(text)
        .map_err(|error| Failure::misconfigured(format!("{origin} can't be read: {error}")))?;
    if tables.is_empty() {
        // Jobs that wait would fail one after the other, as their types are gone.
        return Err(Failure::misconfigured(format!(
            "{origin} has no job type in it: was it cut off?"
        )));
    }
    tables
        .into_iter()
        .map(|(name, table)| {
            let label = format!("{origin}: job type {name}");
            table
                .into_job_type(name, read_schema, adapters)
                .map_err(|problem| Failure::misconfigured(format!("{label}: {problem}")))
        })
        .collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    summary: String,
    params_schema: Option<Value>,
    params_schema_file: Option<String>,
    example: Value,
    #[serde(default)]
    gate: Gate,
    #[serde(default)]
    repeatable: bool,
    timeout: Option<String>,
    max_queue_time: Option<String>,
    #[serde(default)]
    main_result: Vec<String>,
    inputs: Option<String>,
    #[serde(default)]
    tries: BTreeMap<FailureClass, u32>,
    #[serde(default)]
    estimate: EstimateTable,
    backend: Option<ComputeChoice>,
    process: Option<ProcessTable>,
    aws_batch: Option<AwsBatchTable>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Gate {
    #[default]
    Runner,
    None,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EstimateTable {
    #[serde(default)]
    work: Vec<String>,
    #[serde(default)]
    seconds_per_unit: f64,
    #[serde(default)]
    base_seconds: f64,
}

impl Table {
    fn into_job_type(
        self,
        name: JobTypeName,
        read_schema: &ReadSchema<'_>,
        adapters: &Adapters,
    ) -> Result<JobType, String> {
        let schema = self.schema(read_schema)?;
        let timeout = duration("timeout", self.timeout.as_deref())?;
        let max_queue_time = duration("max_queue_time", self.max_queue_time.as_deref())?;
        let gated = self.gate == Gate::Runner;
        let tries = retry_policy(gated || self.repeatable, &self.tries)?;
        let execution = execution(self.backend, self.process, self.aws_batch, adapters)?;
        let backend = match execution {
            Execution::Process(_) if !gated => {
                return Err(
                    "gate = \"none\" is for images of AWS Batch: a process always runs under the \
                     runner"
                        .to_owned(),
                );
            }
            Execution::Process(_) => process_backend(),
            Execution::AwsBatch(_) => {
                aws_batch_table::check_timeout(timeout)?;
                aws_batch_backend()
            }
        };
        Ok(JobType {
            name,
            summary: self.summary,
            params_schema: Arc::new(schema),
            example: Arc::new(self.example),
            backend,
            execution,
            gated,
            timeout,
            max_queue_time,
            main_result: (!self.main_result.is_empty()).then_some(MainResult {
                names: self.main_result,
            }),
            estimate: EstimateFormula {
                work: self.estimate.work,
                seconds_per_unit: self.estimate.seconds_per_unit,
                base_seconds: self.estimate.base_seconds,
            },
            inputs: self.inputs,
            tries,
        })
    }

    fn schema(&self, read_schema: &ReadSchema<'_>) -> Result<Value, String> {
        match (&self.params_schema, &self.params_schema_file) {
            (Some(schema), None) => Ok(schema.clone()),
            (None, Some(file)) => {
                let text = read_schema(file)
                    .map_err(|error| format!("params_schema_file {file}: {error}"))?;
                serde_json::from_str(&text)
                    .map_err(|error| format!("params_schema_file {file}: {error}"))
            }
            _ => Err("needs either params_schema or params_schema_file".to_owned()),
        }
    }
}

/// An image that can't be told to run only once gets one try, unless it says that it is safe to
/// repeat.
fn retry_policy(
    may_repeat: bool,
    tries: &BTreeMap<FailureClass, u32>,
) -> Result<RetryPolicy, String> {
    let standard = if may_repeat {
        RetryPolicy::standard()
    } else {
        RetryPolicy::once()
    };
    if let Some((class, tries)) = tries.iter().find(|(_, tries)| !(1..=10).contains(*tries)) {
        return Err(format!(
            "tries.{} = {tries} must be from 1 to 10",
            class.as_str()
        ));
    }
    if !may_repeat && tries.values().any(|tries| *tries > 1) {
        return Err("more than one try with gate = \"none\" needs repeatable = true".to_owned());
    }
    Ok(tries.iter().fold(standard, |policy, (class, tries)| {
        policy.with(*class, *tries)
    }))
}

/// What runs the jobs: what the type names, else the default where the type says how, else the
/// other one.
fn execution(
    named: Option<ComputeChoice>,
    process: Option<ProcessTable>,
    aws_batch: Option<AwsBatchTable>,
    adapters: &Adapters,
) -> Result<Execution, String> {
    // Both are checked, so that a mistake doesn't wait for the day on which it is used.
    let process = process.map(ProcessTable::into_execution).transpose()?;
    let aws_batch = aws_batch.map(AwsBatchTable::checked).transpose()?;
    let choice = named.unwrap_or(match (&process, &aws_batch) {
        (Some(_), Some(_)) => adapters.compute,
        (_, None) => ComputeChoice::Process,
        (None, Some(_)) => ComputeChoice::AwsBatch,
    });
    let needs = |table: &str| format!("needs a table {table} that says what is run there");
    match choice {
        ComputeChoice::Process if named.is_none() && process.is_none() => {
            Err("needs a table process or aws_batch that says what is run".to_owned())
        }
        ComputeChoice::Process => Ok(Execution::Process(process.ok_or_else(|| needs("process"))?)),
        ComputeChoice::AwsBatch => {
            let table = aws_batch.ok_or_else(|| needs("aws_batch"))?;
            let settings = adapters.batch.as_ref().ok_or(
                "runs on AWS Batch, which is not configured: set AWS_BATCH_JOB_QUEUE, \
                 AWS_BATCH_JOB_DEFINITION and AWS_S3_BUCKET, or take the type out of the file",
            )?;
            Ok(Execution::AwsBatch(table.into_execution(settings)))
        }
    }
}

/// The name of the backend that runs processes of this machine.
pub(crate) fn process_backend() -> BackendName {
    named_backend("process")
}

/// The name of the backend that is AWS Batch.
pub(crate) fn aws_batch_backend() -> BackendName {
    named_backend("aws-batch")
}

fn named_backend(name: &str) -> BackendName {
    name.parse().expect("our own names of backends are valid")
}
