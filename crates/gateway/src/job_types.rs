//! The file of job types: TOML, one table a type. `crates/gateway/job-types.toml` is the
//! built-in one, and the example to start from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::{BackendName, JobTypeName};
use batchway_domain::job::{FailureClass, RetryPolicy};
use batchway_domain::job_type::{
    AwsBatchExecution, EstimateFormula, Execution, JobType, JobTypes, MainResult, ProcessExecution,
};
use bytesize::ByteSize;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

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

/// What is kept of a program's output where the file says nothing.
const DEFAULT_LOG: ByteSize = ByteSize::mib(16);

/// Reads the job types of a file, or the built-in ones.
pub(crate) fn load(path: Option<&Path>) -> Result<JobTypes, Failure> {
    match path {
        None => parse(BUILT_IN, "the built-in job types", &read_built_in_schema),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::misconfigured(format!(
                    "BATCHWAY_JOB_TYPES: {} can't be read: {error}",
                    path.display()
                ))
            })?;
            let folder = path.parent().unwrap_or(Path::new("."));
            parse(&text, &path.display().to_string(), &|name| {
                fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
            })
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

fn parse(text: &str, origin: &str, read_schema: &ReadSchema<'_>) -> Result<JobTypes, Failure> {
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
                .into_job_type(name, read_schema)
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProcessTable {
    command: Vec<String>,
    cpus: Option<f64>,
    memory: Option<String>,
    log: Option<String>,
}

impl ProcessTable {
    fn into_execution(self) -> Result<ProcessExecution, String> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err("process.command needs at least the program".to_owned());
        }
        if let Some(cpus) = self.cpus.filter(|cpus| !(cpus.is_finite() && *cpus > 0.0)) {
            return Err(format!("process.cpus = {cpus} must be a number above 0"));
        }
        let memory = size("process.memory", self.memory.as_deref())?;
        let log = size("process.log", self.log.as_deref())?;
        Ok(ProcessExecution {
            command: self.command,
            cpus: self.cpus,
            memory_bytes: memory.map(|size| size.as_u64()),
            log_bytes: log.unwrap_or(DEFAULT_LOG).as_u64(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwsBatchTable {
    queue: String,
    definition: String,
    vcpus: Option<String>,
    memory_mib: Option<u64>,
    command: Option<Vec<String>>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

impl Table {
    fn into_job_type(
        self,
        name: JobTypeName,
        read_schema: &ReadSchema<'_>,
    ) -> Result<JobType, String> {
        let schema = self.schema(read_schema)?;
        let timeout = duration("timeout", self.timeout.as_deref())?;
        let max_queue_time = duration("max_queue_time", self.max_queue_time.as_deref())?;
        let gated = self.gate == Gate::Runner;
        let tries = retry_policy(gated || self.repeatable, &self.tries)?;
        let (backend, execution) = execution(self.process, self.aws_batch)?;
        if backend.as_str() == "process" && !gated {
            return Err("gate = \"none\" is for images of AWS Batch: a process always runs under the runner".to_owned());
        }
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

fn duration(name: &str, text: Option<&str>) -> Result<Option<Duration>, String> {
    text.map(|text| {
        humantime::parse_duration(text).map_err(|error| {
            format!("{name} = {text:?} is not a length of time such as \"24h\": {error}")
        })
    })
    .transpose()
}

fn size(name: &str, text: Option<&str>) -> Result<Option<ByteSize>, String> {
    text.map(|text| match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() > 0 => Ok(size),
        _ => Err(format!(
            "{name} = {text:?} is not a size above 0 such as \"512MiB\""
        )),
    })
    .transpose()
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

fn execution(
    process: Option<ProcessTable>,
    aws_batch: Option<AwsBatchTable>,
) -> Result<(BackendName, Execution), String> {
    let named = |name: &str| name.parse().expect("our own names of backends are valid");
    match (process, aws_batch) {
        (Some(process), None) => {
            let process = process.into_execution()?;
            Ok((named("process"), Execution::Process(process)))
        }
        (None, Some(batch)) => Ok((
            named("aws-batch"),
            Execution::AwsBatch(AwsBatchExecution {
                queue: batch.queue,
                definition: batch.definition,
                vcpus: batch.vcpus,
                memory_mib: batch.memory_mib,
                command: batch.command,
                environment: batch.environment,
            }),
        )),
        _ => Err("needs exactly one of the tables process and aws_batch".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        [greet]
        summary = "Greets."
        params_schema = { type = "object" }
        example = {}
        process.command = ["echo", "hello"]
    "#;

    fn problem(text: &str) -> String {
        parse(text, "test.toml", &read_built_in_schema)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_built_in_types_are_the_two_of_the_api() {
        let types = load(None).unwrap();
        let names: Vec<&str> = types.iter().map(|kind| kind.name.as_str()).collect();
        assert_eq!(names, ["generate_dataset", "run_simulation"]);
        assert!(
            types
                .iter()
                .all(|kind| kind.gated && kind.backend.as_str() == "process")
        );
    }

    #[test]
    fn a_new_type_needs_five_lines() {
        let types = parse(MINIMAL, "test.toml", &read_built_in_schema).unwrap();
        let greet = types.get(&"greet".parse().unwrap()).unwrap();
        assert!(greet.tries.allows_another(FailureClass::HostLost, 1));
        assert_eq!(greet.timeout, None);
    }

    #[test]
    fn a_file_without_types_is_not_taken_for_one() {
        assert!(problem("# all gone\n").contains("no job type"));
    }

    #[test]
    fn mistakes_are_named_with_their_type_and_field() {
        for (change, expected) in [
            ("timeout = \"soon\"", "timeout"),
            ("colour = \"red\"", "colour"),
            ("gate = \"none\"", "gate"),
            ("tries.spot_reclaim = 11", "spot_reclaim"),
            (
                "params_schema_file = \"run_simulation.json\"",
                "params_schema_file",
            ),
            ("process.cpus = -1", "cpus"),
            ("process.cpus = nan", "cpus"),
            ("process.memory = \"lots\"", "512MiB"),
            ("process.log = \"0B\"", "process.log"),
            (
                "aws_batch = { queue = \"q\", definition = \"d\" }",
                "exactly one",
            ),
        ] {
            let message =
                problem(&MINIMAL.replace("example = {}", &format!("example = {{}}\n{change}")));
            assert!(
                message.contains("test.toml") && message.contains(expected),
                "{message}"
            );
        }
    }
}
