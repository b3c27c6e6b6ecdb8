//! The job types of these tests.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::{FailureClass, RetryPolicy};
use batchway_domain::job_type::{
    AwsBatchExecution, EstimateFormula, Execution, JobType, JobTypes, MainResult, ProcessExecution,
};
use serde_json::json;

/// The backend with slots.
pub(crate) const PROCESS: &str = "process";

/// The backend with a queue.
pub(crate) const BATCH: &str = "aws-batch";

/// Runs under a runner on the backend with slots; three tries for what the job is not to blame
/// for.
pub(crate) const SIMULATE: &str = "simulate";

/// The same, and may wait for [`PATIENCE`] only.
pub(crate) const HURRY: &str = "hurry";

/// Takes the runs of others as inputs.
pub(crate) const COLLECT: &str = "collect";

/// Runs under a runner on the backend with a queue.
pub(crate) const REMOTE: &str = "remote";

/// Runs on the backend with a queue, without a runner.
pub(crate) const FOREIGN: &str = "foreign";

/// How long a [`HURRY`] may wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn job_types() -> JobTypes {
    let simulate = simulate();
    let remote = JobType {
        name: REMOTE.parse().unwrap(),
        backend: BATCH.parse().unwrap(),
        execution: Execution::AwsBatch(AwsBatchExecution {
            queue: "queue".to_owned(),
            definition: "definition:1".to_owned(),
            ..AwsBatchExecution::default()
        }),
        ..simulate.clone()
    };
    JobTypes::from_iter([
        JobType {
            name: HURRY.parse().unwrap(),
            max_queue_time: Some(PATIENCE),
            ..simulate.clone()
        },
        JobType {
            name: COLLECT.parse().unwrap(),
            inputs: Some("/runs".to_owned()),
            ..simulate.clone()
        },
        JobType {
            name: FOREIGN.parse().unwrap(),
            gated: false,
            tries: RetryPolicy::once(),
            ..remote.clone()
        },
        remote,
        simulate,
    ])
}

fn simulate() -> JobType {
    JobType {
        name: SIMULATE.parse().unwrap(),
        summary: "Simulates.".to_owned(),
        params_schema: Arc::new(json!({
            "type": "object",
            "properties": {
                "steps": {"type": "integer", "minimum": 1},
                "temperature": {"type": "number", "minimum": 0},
                "runs": {"type": "array", "items": {"type": "string"}}
            },
            "required": ["steps"],
            "additionalProperties": false
        })),
        example: Arc::new(json!({"steps": 1000})),
        backend: PROCESS.parse().unwrap(),
        execution: Execution::Process(ProcessExecution {
            command: vec!["simulate".to_owned()],
            ..ProcessExecution::default()
        }),
        gated: true,
        timeout: Some(Duration::from_secs(3600)),
        max_queue_time: None,
        main_result: Some(MainResult {
            names: vec!["results.h5".to_owned(), "results.json".to_owned()],
        }),
        estimate: EstimateFormula {
            work: vec!["/steps".to_owned()],
            seconds_per_unit: 0.01,
            base_seconds: 5.0,
        },
        inputs: None,
        tries: RetryPolicy::standard().with(FailureClass::OutOfMemory, 2),
    }
}
