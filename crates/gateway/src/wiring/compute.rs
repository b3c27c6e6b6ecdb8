//! What runs jobs: processes of this machine always, and AWS Batch where it is configured.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use batchway_compute_aws_batch::{AwsBatchBackend, AwsBatchConfig, Timeouts};
use batchway_compute_local_process::{ProcessBackend, ProcessBackendConfig, RunnerSecrets};
use batchway_domain::identity::BackendName;
use batchway_domain::ports::{Clock, ComputeBackend, Entropy};
use batchway_domain::runner::variables;

use crate::configuration::{Adapters, ArtifactsChoice, Configuration};
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::job_types::{aws_batch_backend, process_backend};

/// How long a program may take from SIGTERM to its end before it is killed.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// How often AWS Batch itself starts a container whose machine went away, before the gateway's own
/// tries count.
const BATCH_ATTEMPTS: u8 = 3;

/// What the backends are made of.
pub(super) struct Surroundings<'a> {
    pub(super) configuration: &'a Configuration,
    pub(super) folder: &'a DataFolder,
    /// How this machine reaches the gateway.
    pub(super) local_url: String,
    pub(super) sdk: Option<&'a SdkConfig>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// All that there are, by the names that job types use.
pub(super) fn backends(
    around: &Surroundings<'_>,
) -> Result<BTreeMap<BackendName, Arc<dyn ComputeBackend>>, Failure> {
    let mut backends = BTreeMap::from([(process_backend(), processes(around)?)]);
    if let Some(batch) = aws_batch(around) {
        backends.insert(aws_batch_backend(), batch);
    }
    Ok(backends)
}

/// Jobs as containers, which find the artifacts in the bucket by the role of their definition.
fn aws_batch(around: &Surroundings<'_>) -> Option<Arc<dyn ComputeBackend>> {
    let adapters = &around.configuration.adapters;
    let (Some(_), Some(aws)) = (&adapters.batch, &adapters.aws) else {
        return None;
    };
    // AWS says nothing of the region to containers on EC2.
    let mut environment = BTreeMap::from([("AWS_REGION".to_owned(), aws.region.clone())]);
    if let ArtifactsChoice::S3 { bucket } = &adapters.artifacts {
        environment.insert(variables::S3_BUCKET.to_owned(), bucket.clone());
    }
    let config = AwsBatchConfig {
        account: None,
        environment,
        attempts: BATCH_ATTEMPTS,
        timeouts: Timeouts::default(),
        clock: around.clock.clone(),
    };
    Some(Arc::new(AwsBatchBackend::new(around.sdk?, config)))
}

/// Jobs as processes of this machine, which report to the gateway's local address.
fn processes(around: &Surroundings<'_>) -> Result<Arc<dyn ComputeBackend>, Failure> {
    let programs = folder_of_this_program()?;
    let runner = programs.join("batchway-runner");
    if !runner.exists() {
        tracing::warn!(
            "{} is not there: jobs will wait until it is",
            runner.display()
        );
    }
    let adapters = &around.configuration.adapters;
    let (mut environment, secrets) = way_to_artifacts(adapters, around.folder);
    environment.insert(variables::GATEWAY_URL.to_owned(), around.local_url.clone());
    let backend = ProcessBackend::new(ProcessBackendConfig {
        runs_dir: around.folder.runs(),
        runner,
        program_dirs: vec![programs],
        concurrency: around.configuration.process_concurrency,
        stop_grace: STOP_GRACE,
        clock: around.clock.clone(),
        entropy: around.entropy.clone(),
        base_environment: around.configuration.inherited.clone(),
        environment,
        runner_secrets: RunnerSecrets::new(secrets),
    })
    .map_err(Failure::failed)?;
    Ok(Arc::new(backend))
}

/// How runners of this machine reach the artifacts: what may be written down beside a run, and
/// what may not.
fn way_to_artifacts(
    adapters: &Adapters,
    folder: &DataFolder,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (place, secrets) = match (&adapters.artifacts, &adapters.aws) {
        (ArtifactsChoice::S3 { bucket }, Some(aws)) => {
            ((variables::S3_BUCKET, bucket.clone()), aws.to_variables())
        }
        _ => {
            let folder = folder.artifacts().display().to_string();
            ((variables::ARTIFACTS_DIR, folder), BTreeMap::new())
        }
    };
    let (name, value) = place;
    (BTreeMap::from([(name.to_owned(), value)]), secrets)
}

pub(super) fn summary(configuration: &Configuration) -> Vec<String> {
    let processes = format!(
        "up to {} jobs at once as processes of this machine",
        configuration.process_concurrency
    );
    let adapters = &configuration.adapters;
    let batch = adapters
        .batch
        .iter()
        .zip(&adapters.aws)
        .map(|(batch, aws)| {
            let credentials = match &aws.credentials {
                Some(_) => "the key in AWS_ACCESS_KEY_ID",
                None => "the credentials that the AWS SDK finds",
            };
            format!(
                "AWS Batch in {}, queue {}, definition {}, by {credentials}",
                aws.region, batch.queue, batch.definition
            )
        });
    let events = adapters.batch.iter().filter_map(|batch| {
        let queue = batch.events_queue_url.as_ref()?;
        Some(format!("events of AWS Batch from {queue}"))
    });
    std::iter::once(processes)
        .chain(batch)
        .chain(events)
        .collect()
}

fn folder_of_this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("can't tell where batchway lies: {error}")))?;
    Ok(program.parent().map(PathBuf::from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Variables;

    #[test]
    fn runners_of_this_machine_find_the_artifacts_and_secrets_are_not_written_down() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path(), "--folder").unwrap();
        let way = |pairs: &[(&str, &str)]| {
            let adapters = Adapters::select(&Variables::of_pairs(pairs)).unwrap();
            way_to_artifacts(&adapters, &folder)
        };
        let (open, secret) = way(&[]);
        assert!(open.contains_key(variables::ARTIFACTS_DIR) && secret.is_empty());

        let (open, secret) = way(&[
            ("AWS_S3_BUCKET", "live2-artifacts"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ]);
        assert_eq!(open[variables::S3_BUCKET], "live2-artifacts");
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!(secret["AWS_SECRET_ACCESS_KEY"], "hunter2");
        assert_eq!(secret["AWS_REGION"], "eu-central-1");
    }
}
