//! Which results the runner says that it stored, read past the gateway: one that is gone is not
//! in the gateway's list.

use std::collections::BTreeSet;
use std::sync::Arc;

use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::artifacts::{ArtifactKey, JobFolder, Manifest};
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::ports::ArtifactStore;
use futures_util::TryStreamExt;

use super::clean_up::USER;
use crate::configuration::{ArtifactsChoice, Configuration};
use crate::data_folder::DataFolder;
use crate::system_clock::SystemClock;
use crate::wiring::sdk_config;

/// The keys of the results that a job's manifest names.
///
/// # Errors
/// Why there are none, in a sentence.
pub(super) async fn stored_keys(
    configuration: &Configuration,
    job: &str,
) -> Result<BTreeSet<String>, String> {
    let user: UserName = USER.parse().expect("the name follows the rule");
    let job: JobId = job.parse().map_err(|_| format!("{job} is no job's id"))?;
    let folder = JobFolder::new(&configuration.environment, &user, &job);
    let store = open(configuration).await?;
    let Some(manifest) = last_manifest(&*store, &folder).await? else {
        return Err(
            "there is no manifest: its image works without the runner, or the gateway \
                    keeps results elsewhere"
                .to_owned(),
        );
    };
    let named = manifest.objects.into_iter().filter_map(|object| {
        let key = folder.artifact(&object.name).ok()?;
        Some(key.to_string())
    });
    Ok(named.collect())
}

async fn open(configuration: &Configuration) -> Result<Box<dyn ArtifactStore>, String> {
    let adapters = &configuration.adapters;
    if let (ArtifactsChoice::S3 { bucket }, Some(aws)) = (&adapters.artifacts, &adapters.aws) {
        let sdk = sdk_config(aws).await;
        let store = S3ArtifactStore::new(&sdk, S3Settings::new(bucket), Arc::new(SystemClock));
        return Ok(Box::new(store));
    }
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")
        .map_err(|error| error.to_string())?;
    FilesystemArtifactStore::open(&folder.artifacts(), None, Arc::new(SystemClock))
        .map(|store| Box::new(store) as Box<dyn ArtifactStore>)
        .map_err(|error| error.to_string())
}

/// That of the last try which left one.
async fn last_manifest(
    store: &dyn ArtifactStore,
    folder: &JobFolder,
) -> Result<Option<Manifest>, String> {
    let unreadable = |error| format!("the manifest can't be read: {error}");
    let reserved = format!("{}{}/", folder.prefix(), JobFolder::RESERVED);
    let kept = store.list(&reserved).await.map_err(unreadable)?;
    let tries = kept
        .iter()
        .filter_map(|object| number_of_try(folder, &object.key));
    let Some(last) = tries.max() else {
        return Ok(None);
    };
    let read = store.read(&folder.manifest(last), None).await;
    let pieces: Vec<_> = read
        .map_err(unreadable)?
        .content
        .try_collect()
        .await
        .map_err(|error| format!("the manifest can't be read: {error}"))?;
    Manifest::decode(&pieces.concat())
        .map(Some)
        .ok_or_else(|| "the manifest is of a newer version, or none".to_owned())
}

/// Which try a manifest is of; `None` for whatever else is kept there.
fn number_of_try(folder: &JobFolder, key: &ArtifactKey) -> Option<u32> {
    let name = key.as_str().rsplit_once("/try-")?.1;
    let number = name.strip_suffix("/manifest.json")?.parse().ok()?;
    (folder.manifest(number) == *key).then_some(number)
}
