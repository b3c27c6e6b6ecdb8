//! What is the same in every history: names, job types, settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::{Settings, WebhookSettings};
use batchway_domain::identity::{BackendName, DeploymentId, Environment, UserName};
use batchway_domain::job::RetryPolicy;
use batchway_domain::job_type::{
    AwsBatchExecution, EstimateFormula, Execution, JobType, JobTypes, MainResult,
};
use batchway_domain::ports::AdmissionLimits;
use batchway_domain::security::SigningSecrets;
use serde_json::json;

pub(crate) const QUEUE: &str = "live2-job-queue";
pub(crate) const DEFINITION: &str = "live2-simulation";

/// Runs under our runner.
pub(crate) const GATED: &str = "simulate";
/// An image that knows nothing of a runner.
pub(crate) const UNGATED: &str = "foreign";

pub(crate) const RESULT: &str = "results.h5";

pub(crate) fn backend() -> BackendName {
    "aws-batch".parse().expect("a name")
}

pub(crate) fn environment() -> Environment {
    "prod".parse().expect("a name")
}

pub(crate) fn user() -> UserName {
    "ada".parse().expect("a name")
}

pub(crate) fn deployment() -> DeploymentId {
    "sim00000".parse().expect("an id")
}

/// A deployment whose store is a copy of ours, as a staging environment made from a backup has it:
/// the ids of its jobs are the same.
pub(crate) fn other_deployment() -> DeploymentId {
    "staging0".parse().expect("an id")
}

pub(crate) fn secrets() -> SigningSecrets {
    SigningSecrets::new(vec![vec![7; 32]]).expect("a secret of enough bytes")
}

/// What learns from past runs has no part in any promise.
pub(crate) fn is_simulated(name: &str) -> bool {
    name != "learn"
}

pub(crate) fn settings() -> Settings {
    let day = Duration::from_secs(24 * 3600);
    Settings {
        environment: environment(),
        deployment: deployment(),
        secrets: secrets(),
        links: None,
        gateway_url: "http://gateway.example".to_owned(),
        link_ttl: Duration::from_secs(3600),
        idempotency_ttl: 3 * day,
        retention: 90 * day,
        limits: AdmissionLimits {
            queued: 1000,
            active_of_user: None,
        },
        webhooks: WebhookSettings::default(),
    }
}

pub(crate) fn job_types() -> JobTypes {
    let gated = JobType {
        name: GATED.parse().expect("a name"),
        summary: "Simulates.".to_owned(),
        params_schema: Arc::new(json!(true)),
        example: Arc::new(json!({})),
        backend: backend(),
        execution: Execution::AwsBatch(AwsBatchExecution {
            queue: QUEUE.to_owned(),
            definition: DEFINITION.to_owned(),
            environment: BTreeMap::new(),
            ..AwsBatchExecution::default()
        }),
        gated: true,
        timeout: Some(Duration::from_secs(3600)),
        max_queue_time: None,
        main_result: Some(MainResult {
            names: vec![RESULT.to_owned()],
        }),
        estimate: EstimateFormula {
            work: Vec::new(),
            seconds_per_unit: 1.0,
            base_seconds: 5.0,
        },
        inputs: None,
        tries: RetryPolicy::standard(),
    };
    JobTypes::from_iter([
        JobType {
            name: UNGATED.parse().expect("a name"),
            gated: false,
            tries: RetryPolicy::once(),
            ..gated.clone()
        },
        gated,
    ])
}
