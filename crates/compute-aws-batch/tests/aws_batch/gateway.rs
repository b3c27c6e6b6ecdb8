//! Backends for tests, and tries to submit to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use batchway_compute_aws_batch::{AwsBatchBackend, AwsBatchConfig, Timeouts};
use batchway_domain::Timestamp;
use batchway_domain::identity::TryName;
use batchway_domain::job::{RequestHash, Target};
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{Clock, ParamsDelivery, Submission};
use batchway_port_contracts::specimens;
use serde_json::{Value, json};

use crate::scripted_aws::{Asked, Reply};

pub(crate) const QUEUE: &str = "arn:aws:batch:eu-central-1:123456789012:job-queue/simulations";
pub(crate) const TARGET: &str =
    "aws-batch:arn:aws:batch:eu-central-1:123456789012:job-queue/simulations simulation:3";

#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "signatures are dated in real time"
        )]
        let now = std::time::SystemTime::now();
        let since_epoch = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap())
    }
}

pub(crate) fn sdk(url: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIATEST", "a secret", None, None, "test");
    sdk_without_credentials(url, region)
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// With the SDK's own retries on, as they are unless a client says otherwise.
pub(crate) fn sdk_without_credentials(url: &str, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(url)
        .retry_config(RetryConfig::standard())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// For a server that plays AWS Batch alone: logs are asked for at another.
pub(crate) fn sdk_with_logs_at(logs: &str, batch: &str, region: &str) -> SdkConfig {
    let mut sdk = sdk(batch, region).into_builder();
    sdk.set_endpoint_url(None);
    sdk.service_config(Endpoints {
        logs: logs.to_owned(),
        batch: batch.to_owned(),
    })
    .build()
}

/// As `AWS_ENDPOINT_URL_BATCH` and `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS` would say it.
#[derive(Debug)]
struct Endpoints {
    logs: String,
    batch: String,
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        match (key.env(), key.service_id()) {
            ("AWS_ENDPOINT_URL", "Batch") => Some(self.batch.clone()),
            ("AWS_ENDPOINT_URL", "CloudWatch Logs") => Some(self.logs.clone()),
            _ => None,
        }
    }
}

pub(crate) fn config() -> AwsBatchConfig {
    AwsBatchConfig {
        account: None,
        environment: BTreeMap::from([("S3_BUCKET".to_owned(), "bucket".to_owned())]),
        attempts: 3,
        timeouts: Timeouts::default(),
        clock: Arc::new(SystemClock),
    }
}

pub(crate) fn backend(url: &str) -> AwsBatchBackend {
    AwsBatchBackend::new(&sdk(url, "eu-central-1"), config())
}

/// One that soon loses patience.
pub(crate) fn impatient_backend(url: &str) -> AwsBatchBackend {
    let timeouts = Timeouts {
        operation: Duration::from_secs(5),
        ..Timeouts::default()
    };
    let config = AwsBatchConfig {
        timeouts,
        ..config()
    };
    AwsBatchBackend::new(&sdk(url, "eu-central-1"), config)
}

pub(crate) fn execution() -> AwsBatchExecution {
    AwsBatchExecution {
        queue: "simulations".to_owned(),
        definition: "simulation".to_owned(),
        command: Some(vec!["simulate".to_owned()]),
        ..AwsBatchExecution::default()
    }
}

pub(crate) fn name(serial: u64) -> TryName {
    let user = "ada".parse().unwrap();
    let created_at = Timestamp::from_millis(1_772_366_400_000);
    let job = specimens::job_id(&user, created_at, serial);
    specimens::try_name(specimens::deployment(), job, 1)
}

pub(crate) fn submission() -> Submission {
    Submission {
        name: name(1),
        target: Target(TARGET.to_owned()),
        request_hash: RequestHash("5e".repeat(32)),
        execution: Execution::AwsBatch(execution()),
        gated: true,
        timeout: Some(Duration::from_secs(90)),
        environment: BTreeMap::from([("USER_ID".to_owned(), "ada".to_owned())]),
        params: ParamsDelivery::Inline(Arc::from(specimens::PARAMS)),
        tenant: "ada".parse().unwrap(),
    }
}

/// The queue as DescribeJobQueues shows it, with some fields changed.
pub(crate) fn queue(change: &Value) -> Value {
    let mut queue = json!({
        "jobQueueName": "simulations",
        "jobQueueArn": QUEUE,
        "state": "ENABLED",
        "status": "VALID",
        "priority": 1,
        "computeEnvironmentOrder": [],
    });
    merge(&mut queue, change);
    json!({ "jobQueues": [queue] })
}

/// A revision as DescribeJobDefinitions shows it, with some fields changed.
pub(crate) fn definition(revision: u32, change: &Value) -> Value {
    let mut definition = json!({
        "jobDefinitionName": "simulation",
        "jobDefinitionArn": format!("arn:aws:batch:eu-central-1:123456789012:job-definition/simulation:{revision}"),
        "revision": revision,
        "status": "ACTIVE",
        "type": "container",
        "containerProperties": { "image": "image" },
    });
    merge(&mut definition, change);
    definition
}

fn merge(into: &mut Value, change: &Value) {
    for (name, value) in change.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// Queue and definition are in order.
pub(crate) fn in_order(asked: &Asked) -> Option<Reply> {
    match asked.action.as_str() {
        "describejobqueues" => Some(Reply::ok(&queue(&json!({})))),
        "describejobdefinitions" => Some(Reply::ok(
            &json!({ "jobDefinitions": [definition(3, &json!({}))] }),
        )),
        _ => None,
    }
}
