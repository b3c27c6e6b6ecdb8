//! Which adapters are used: what is set selects them, and `BATCHWAY_STORE`, `BATCHWAY_COMPUTE` and
//! `BATCHWAY_ARTIFACTS` come before that.
//!
//! * Credentials and a region select nothing.
//! * Half a configuration is refused, with all that is missing in one sentence: a gateway that
//!   quietly runs elsewhere than it was meant to is worse than one that does not start.
//! * Where an embedded adapter is named, variables of the one in its place don't matter.

use batchway_job_mirror_supabase::SupabaseConfig;
use batchway_job_store_redis::RedisConfig;
use serde::Deserialize;

use super::aws::AwsSettings;
use super::{Variables, is_http_url, mirror, redis};
use crate::failure::Failure;

const STORE: &str = "BATCHWAY_STORE";
const COMPUTE: &str = "BATCHWAY_COMPUTE";
const ARTIFACTS: &str = "BATCHWAY_ARTIFACTS";
const QUEUE: &str = "AWS_BATCH_JOB_QUEUE";
const DEFINITION: &str = "AWS_BATCH_JOB_DEFINITION";
const BUCKET: &str = "AWS_S3_BUCKET";
const EVENTS: &str = "BATCHWAY_EVENTS_QUEUE_URL";

/// What the variables select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adapters {
    pub(crate) store: StoreChoice,
    pub(crate) artifacts: ArtifactsChoice,
    /// Where a job runs whose type could run anywhere.
    pub(crate) compute: ComputeChoice,
    /// `None`: no type can run on AWS Batch.
    pub(crate) batch: Option<BatchSettings>,
    /// `None`: nothing of AWS is used.
    pub(crate) aws: Option<AwsSettings>,
    /// `None`: jobs are mirrored nowhere.
    pub(crate) mirror: Option<SupabaseConfig>,
}

/// Where jobs are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreChoice {
    Sqlite,
    Redis(RedisConfig),
}

/// Where results are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArtifactsChoice {
    Filesystem,
    S3 { bucket: String },
}

/// Where jobs run. Job types name it the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ComputeChoice {
    Process,
    AwsBatch,
}

/// What a job type is sent to that names nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchSettings {
    pub(crate) queue: String,
    pub(crate) definition: String,
    /// An SQS queue with the state changes of Batch.
    pub(crate) events_queue_url: Option<String>,
}

impl Adapters {
    pub(crate) fn select(variables: &Variables) -> Result<Self, Failure> {
        let mut incomplete = Vec::new();
        let store = store(variables, &mut incomplete)?;
        let artifacts = artifacts(variables, &mut incomplete)?;
        let (compute, batch) = compute(variables, &artifacts, &mut incomplete)?;
        incomplete.extend(batch.as_ref().and_then(unusable_events_queue));
        let uses_aws = batch.is_some() || matches!(artifacts, ArtifactsChoice::S3 { .. });
        let aws = uses_aws.then(|| AwsSettings::read(variables, &mut incomplete));
        let mirror = mirror::read(variables, &mut incomplete)?;
        if incomplete.is_empty() {
            Ok(Self {
                store,
                artifacts,
                compute,
                batch,
                aws,
                mirror,
            })
        } else {
            Err(Failure::misconfigured(incomplete.join("; ")))
        }
    }
}

/// A choice between two, or `None` where it is left to what is set.
fn named<T: Copy>(
    variables: &Variables,
    name: &str,
    choices: [(&str, T); 2],
) -> Result<Option<T>, Failure> {
    let Some(value) = variables.get(name) else {
        return Ok(None);
    };
    let found = choices.iter().find(|(choice, _)| *choice == value);
    found.map(|(_, choice)| Some(*choice)).ok_or_else(|| {
        let [(first, _), (second, _)] = choices;
        Failure::misconfigured(format!(
            "{name}={value:?} can't be used: it must be {first} or {second}"
        ))
    })
}

fn store(variables: &Variables, incomplete: &mut Vec<String>) -> Result<StoreChoice, Failure> {
    let wants_redis = named(variables, STORE, [("sqlite", false), ("redis", true)])?;
    if wants_redis == Some(false) {
        return Ok(StoreChoice::Sqlite);
    }
    let before = incomplete.len();
    let config = redis::read(variables, incomplete)?;
    if config.is_none() && wants_redis == Some(true) && incomplete.len() == before {
        incomplete.push(format!(
            "{STORE}=redis is set, and neither REDIS_HOST nor REDIS_URL is"
        ));
    }
    Ok(config.map_or(StoreChoice::Sqlite, StoreChoice::Redis))
}

fn artifacts(
    variables: &Variables,
    incomplete: &mut Vec<String>,
) -> Result<ArtifactsChoice, Failure> {
    let wants_s3 = named(variables, ARTIFACTS, [("filesystem", false), ("s3", true)])?;
    match variables.get(BUCKET) {
        Some(bucket) if wants_s3 != Some(false) && bucket.contains("//") => {
            Err(Failure::misconfigured(format!(
                "{BUCKET}={bucket:?} can't be used: it must be the name of a bucket and no URL"
            )))
        }
        Some(bucket) if wants_s3 != Some(false) => Ok(ArtifactsChoice::S3 {
            bucket: bucket.to_owned(),
        }),
        None if wants_s3 == Some(true) => {
            incomplete.push(format!("{ARTIFACTS}=s3 is set and {BUCKET} is not"));
            Ok(ArtifactsChoice::Filesystem)
        }
        _ => Ok(ArtifactsChoice::Filesystem),
    }
}

fn compute(
    variables: &Variables,
    artifacts: &ArtifactsChoice,
    incomplete: &mut Vec<String>,
) -> Result<(ComputeChoice, Option<BatchSettings>), Failure> {
    let choices = [
        ("process", ComputeChoice::Process),
        ("aws-batch", ComputeChoice::AwsBatch),
    ];
    let choice = named(variables, COMPUTE, choices)?;
    let selected_by = match choice {
        Some(ComputeChoice::AwsBatch) => Some(COMPUTE),
        Some(ComputeChoice::Process) => None,
        None => [QUEUE, DEFINITION]
            .into_iter()
            .find(|name| variables.is_set(name)),
    };
    let batch = batch_settings(variables, artifacts);
    match (selected_by, &batch) {
        (Some(_), Some(_)) => return Ok((ComputeChoice::AwsBatch, batch)),
        (Some(selected_by), None) => {
            incomplete.push(missing_for_batch(variables, artifacts, selected_by));
        }
        (None, None) if choice.is_none() && variables.is_set(EVENTS) => incomplete.push(format!(
            "{EVENTS} is set, and what its events are about is not: {QUEUE}, {DEFINITION} and \
             {BUCKET}"
        )),
        (None, _) => {}
    }
    Ok((ComputeChoice::Process, batch))
}

/// All that AWS Batch takes, where it is there.
fn batch_settings(variables: &Variables, artifacts: &ArtifactsChoice) -> Option<BatchSettings> {
    let owned = |name| variables.get(name).map(str::to_owned);
    matches!(artifacts, ArtifactsChoice::S3 { .. }).then_some(())?;
    Some(BatchSettings {
        queue: owned(QUEUE)?,
        definition: owned(DEFINITION)?,
        events_queue_url: owned(EVENTS),
    })
}

fn unusable_events_queue(batch: &BatchSettings) -> Option<String> {
    let url = batch.events_queue_url.as_ref()?;
    (!is_http_url(url)).then(|| format!("{EVENTS}={url:?} can't be used: it must be a queue's URL"))
}

fn missing_for_batch(
    variables: &Variables,
    artifacts: &ArtifactsChoice,
    selected_by: &str,
) -> String {
    let mut missing: Vec<String> = [QUEUE, DEFINITION, BUCKET]
        .into_iter()
        .filter(|name| !variables.is_set(name))
        .map(str::to_owned)
        .collect();
    let elsewhere = *artifacts == ArtifactsChoice::Filesystem && variables.is_set(BUCKET);
    if elsewhere {
        missing.push(format!(
            "{ARTIFACTS}=s3 instead of filesystem, as containers don't see the gateway's disk"
        ));
    }
    format!(
        "AWS Batch is selected by {selected_by} and can't be used without {}",
        missing.join(", ")
    )
}

#[cfg(test)]
mod tests;
