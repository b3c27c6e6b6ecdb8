//! Kinds of job, as configured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::identity::{BackendName, JobTypeName};
use crate::job::RetryPolicy;

/// A kind of job: what it takes, where and how it runs, what it leaves. A new one needs no code.
#[derive(Clone, Debug, PartialEq)]
pub struct JobType {
    /// Its name, the `job_type` of a POST.
    pub name: JobTypeName,
    /// One sentence about what it does.
    pub summary: String,
    /// JSON Schema (draft 2020-12) of `params`.
    pub params_schema: Arc<Value>,
    /// An example of `params` that the schema takes.
    pub example: Arc<Value>,
    /// Where it runs.
    pub backend: BackendName,
    /// What is run there.
    pub execution: Execution,
    /// Whether it runs under our runner.
    pub gated: bool,
    /// How long the program may run; `None`: what the backend's own definition says.
    pub timeout: Option<Duration>,
    /// How long a job may wait to be taken by the backend; `None` for ever.
    pub max_queue_time: Option<Duration>,
    /// Name of the result that `result_url` leads to.
    pub main_result: Option<MainResult>,
    /// How long a job takes before there are past ones to learn from.
    pub estimate: EstimateFormula,
    /// JSON Pointer (RFC 6901) into the params, to a list of the owner's completed jobs whose
    /// artifacts are the input.
    pub inputs: Option<String>,
    /// How many tries each class of failure gets.
    pub tries: RetryPolicy,
}

/// Which result is the main one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainResult {
    /// The names it can have, such as `results.h5`; the first that is there.
    pub names: Vec<String>,
}

/// What a backend runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Execution {
    /// A program on this machine.
    Process(ProcessExecution),
    /// A container by AWS Batch.
    AwsBatch(AwsBatchExecution),
}

/// A program on this machine, and what it may take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessExecution {
    /// The program and its arguments. A name without `/` is looked for beside the gateway's own
    /// program first, then on the PATH.
    pub command: Vec<String>,
    /// Cores, such as 0.5; `None` for no limit.
    pub cpus: Option<f64>,
    /// Memory in bytes; `None` for no limit.
    pub memory_bytes: Option<u64>,
    /// The most that is kept of its output, in bytes.
    pub log_bytes: u64,
}

/// A container by AWS Batch. What is `None` is as the job definition says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AwsBatchExecution {
    /// Name or ARN of the job queue.
    pub queue: String,
    /// Name or ARN of the job definition, with or without a revision.
    pub definition: String,
    /// vCPUs as a decimal number.
    pub vcpus: Option<String>,
    /// Memory in MiB.
    pub memory_mib: Option<u64>,
    /// The command of the container.
    pub command: Option<Vec<String>>,
    /// What the program finds in its environment besides what every job does.
    pub environment: BTreeMap<String, String>,
}

/// How long a job takes: `base_seconds + seconds_per_unit × work`, the work being the product of
/// the numbers that the pointers lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateFormula {
    /// JSON Pointers (RFC 6901) into the params, to numbers or to lists, which count by length.
    /// What is not there counts as 1.
    pub work: Vec<String>,
    /// Seconds for each unit of work.
    pub seconds_per_unit: f64,
    /// Seconds that any job takes.
    pub base_seconds: f64,
}

impl EstimateFormula {
    /// Size of the work that these params ask for; at least 1, and finite, as JSON knows no
    /// other numbers.
    pub fn work_of(&self, params: &Value) -> f64 {
        let factor = |pointer: &String| match params.pointer(pointer) {
            Some(Value::Number(number)) => number.as_f64().unwrap_or(1.0),
            #[expect(clippy::cast_precision_loss, reason = "lists are short")]
            Some(Value::Array(items)) => items.len() as f64,
            _ => 1.0,
        };
        let work: f64 = self.work.iter().map(factor).product();
        if work.is_finite() {
            work.max(1.0)
        } else {
            f64::MAX
        }
    }

    /// Seconds for so much work.
    pub fn seconds_for(&self, work: f64) -> f64 {
        self.base_seconds + self.seconds_per_unit * work
    }
}

/// Every configured kind of job, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobTypes(BTreeMap<JobTypeName, Arc<JobType>>);

impl JobTypes {
    /// The type of this name.
    pub fn get(&self, name: &JobTypeName) -> Option<&Arc<JobType>> {
        self.0.get(name)
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<JobType>> {
        self.0.values()
    }
}

impl FromIterator<JobType> for JobTypes {
    fn from_iter<I: IntoIterator<Item = JobType>>(types: I) -> Self {
        Self(
            types
                .into_iter()
                .map(|kind| (kind.name.clone(), Arc::new(kind)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn work_is_the_product_of_what_the_pointers_find() {
        let formula = EstimateFormula {
            work: vec!["/a/n".into(), "/runs".into(), "/absent".into()],
            seconds_per_unit: 0.5,
            base_seconds: 2.0,
        };
        let work = formula.work_of(&json!({"a": {"n": 10}, "runs": ["x", "y", "z"]}));
        assert!((work - 30.0).abs() < f64::EPSILON);
        assert!((formula.seconds_for(work) - 17.0).abs() < f64::EPSILON);
        assert!((formula.work_of(&json!({"a": {"n": -4}})) - 1.0).abs() < f64::EPSILON);
        let immense = json!({"a": {"n": 1e308}, "absent": 1e308});
        assert!(formula.work_of(&immense).is_finite());
    }
}
