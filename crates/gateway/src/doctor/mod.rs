//! `batchway doctor`: looks at what this configuration leads to, and changes nothing.
//!
//! What is of AWS lies in `batchway-doctor`; here is what only the gateway knows: its
//! configuration, its folder, its store, its links.

mod folder;
mod links;
mod redis;
mod settings;

use std::path::Path;
use std::time::Duration;

use batchway_doctor::aws::{self, Configured, SignedCalls, Target};
use batchway_doctor::{About, Check, Report, Verdict, way_out};
use batchway_domain::job_type::{Execution, JobTypes};
use serde_json::Value;
use std::sync::Arc;

use crate::configuration::{ArtifactsChoice, Configuration, StoreChoice};
use crate::failure::Failure;
use crate::system_clock::SystemClock;
use crate::wiring::sdk_config;

pub(crate) use settings::unusable;

/// Whoever asks at night does not wait for longer.
const ALL: Duration = Duration::from_secs(28);

/// A host that is there for examples, and for no one's service.
const OUTSIDE: (&str, u16) = ("example.com", 443);

/// Looks at all of it, side by side.
pub(crate) async fn examine(configuration: &Configuration, types: &JobTypes) -> Report {
    let (here, store, aws, webhooks) = tokio::join!(
        async { settings::examine(configuration, types) },
        in_time("store", examine_store(configuration)),
        in_time("aws", examine_aws(configuration, types)),
        in_time("webhooks.egress", examine_egress(configuration)),
    );
    let folder = folder::examine(configuration, types);
    Report::new([here, folder, store, aws, webhooks].concat())
}

/// The least policy for the configuration.
pub(crate) async fn policy(
    configuration: &Configuration,
    types: &JobTypes,
) -> Result<Value, Failure> {
    let (Some(settings), configured) = (
        &configuration.adapters.aws,
        configured(configuration, types),
    ) else {
        return Err(Failure::misconfigured(
            "nothing of AWS is configured, so no policy is needed: set AWS_S3_BUCKET, or that and \
             AWS_BATCH_JOB_QUEUE and AWS_BATCH_JOB_DEFINITION",
        ));
    };
    let calls = SignedCalls::new(&sdk_config(settings).await, Arc::new(SystemClock));
    Ok(aws::names(&calls, &configured).await.least_policy())
}

async fn in_time(id: &'static str, look: impl Future<Output = Vec<Check>>) -> Vec<Check> {
    tokio::time::timeout(ALL, look).await.unwrap_or_else(|_| {
        vec![About::new(id, "all of it").failed(
            format!("not done within {} s", ALL.as_secs()),
            "what it looks at answers too slowly, or not at all",
            batchway_doctor::Mend::by("look at the network between this machine and there"),
        )]
    })
}

async fn examine_store(configuration: &Configuration) -> Vec<Check> {
    match &configuration.adapters.store {
        StoreChoice::Sqlite => vec![],
        StoreChoice::Redis(config) => redis::examine(configuration, config).await,
    }
}

async fn examine_aws(configuration: &Configuration, types: &JobTypes) -> Vec<Check> {
    let Some(settings) = &configuration.adapters.aws else {
        return vec![];
    };
    let sdk = sdk_config(settings).await;
    let calls = SignedCalls::new(&sdk, Arc::new(SystemClock));
    let configured = configured(configuration, types);
    let (mut checks, link) = tokio::join!(
        aws::examine(&calls, &SystemClock, &configured),
        links::examine(configuration, &sdk, &calls),
    );
    let is_without_bucket = |check: &Check| {
        ["s3.bucket", "s3.region"].contains(&check.id) && check.verdict == Verdict::Failed
    };
    if !checks.iter().any(is_without_bucket) {
        checks.extend(link);
    }
    checks
}

async fn examine_egress(configuration: &Configuration) -> Vec<Check> {
    let about = About::new("webhooks.egress", "the way out of webhooks");
    let (host, port) = OUTSIDE;
    let mut checks = settings::examine_webhooks(configuration);
    checks.push(way_out(&about, host, port).await);
    checks
}

/// What of AWS is named, by the variables and by the file of job types.
fn configured(configuration: &Configuration, types: &JobTypes) -> Configured {
    let adapters = &configuration.adapters;
    let mut targets: Vec<Target> = Vec::new();
    for kind in types.iter() {
        let Execution::AwsBatch(execution) = &kind.execution else {
            continue;
        };
        targets.push(Target {
            queue: execution.queue.clone(),
            definition: execution.definition.clone(),
            vcpus: execution.vcpus.clone(),
            job_types: vec![kind.name.to_string()],
        });
    }
    if let Some(batch) = adapters.batch.as_ref().filter(|_| targets.is_empty()) {
        targets.push(Target {
            queue: batch.queue.clone(),
            definition: batch.definition.clone(),
            ..Target::default()
        });
    }
    Configured {
        region: adapters
            .aws
            .as_ref()
            .map_or_else(String::new, |aws| aws.region.clone()),
        targets,
        bucket: match &adapters.artifacts {
            ArtifactsChoice::S3 { bucket } => Some(bucket.clone()),
            ArtifactsChoice::Filesystem => None,
        },
        environment: configuration.environment.to_string(),
        retention: configuration.job_retention,
        events_queue_url: adapters
            .batch
            .as_ref()
            .and_then(|batch| batch.events_queue_url.clone()),
    }
}

/// A path as a person reads it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
