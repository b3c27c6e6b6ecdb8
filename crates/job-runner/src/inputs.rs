//! What the program reads: its params and the results of other runs.

use std::path::Path;

use batchway_domain::artifacts::{ArtifactKey, JobFolder, Manifest};
use batchway_domain::ports::{ArtifactError, ArtifactStore};

use crate::configuration::Configuration;
use crate::content::{DownloadError, download, read_small};
use crate::workspace::Workspace;

/// What the program needs could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("the params could not be had: {0}")]
    Params(#[source] DownloadError),
    #[error("the params could not be written to a file: {0}")]
    ParamsFile(#[source] std::io::Error),
    #[error("the results of {run} could not be had: {source}")]
    List { run: String, source: ArtifactError },
    #[error("the run {run} has no results")]
    Empty { run: String },
    #[error("the results of {run} could not be had: {source}")]
    Download { run: String, source: DownloadError },
    #[error("{key} is not what its run's manifest says: its SHA-256 is another")]
    Changed { key: ArtifactKey },
}

/// Puts the params into their file, out of the artifact store where they are too long for the
/// environment.
pub(crate) async fn fetch_params(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
    workspace: &Workspace,
) -> Result<(), InputError> {
    let path = workspace.params();
    if let Some(params) = &configuration.params {
        return std::fs::write(path, params.as_encoded_bytes()).map_err(InputError::ParamsFile);
    }
    let key = configuration.folder.params();
    download(store, &key, &path)
        .await
        .map(|_| ())
        .map_err(InputError::Params)
}

/// Fetches the results of the runs that were named.
pub(crate) async fn fetch_runs(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
    workspace: &Workspace,
) -> Result<(), InputError> {
    for (run, folder) in &configuration.inputs {
        let into = workspace.input().join(run.as_str());
        fetch_run(store, folder, &into)
            .await
            .map_err(|problem| problem.of(run.as_str()))?;
    }
    Ok(())
}

enum Problem {
    List(ArtifactError),
    Empty,
    Download(DownloadError),
    Changed(ArtifactKey),
}

impl Problem {
    fn of(self, run: &str) -> InputError {
        let run = run.to_owned();
        match self {
            Self::List(source) => InputError::List { run, source },
            Self::Empty => InputError::Empty { run },
            Self::Download(source) => InputError::Download { run, source },
            Self::Changed(key) => InputError::Changed { key },
        }
    }
}

async fn fetch_run(
    store: &dyn ArtifactStore,
    folder: &JobFolder,
    into: &Path,
) -> Result<(), Problem> {
    let results = results_of(store, folder).await.map_err(Problem::List)?;
    if results.is_empty() {
        return Err(Problem::Empty);
    }
    for (name, sha256) in results {
        let key = folder
            .artifact(&name)
            .expect("it is the name of a stored object, or was one when its manifest was written");
        // A key never leaves its folder, so its name never leaves this one.
        let found = download(store, &key, &into.join(&name))
            .await
            .map_err(Problem::Download)?;
        if sha256.is_some_and(|expected| expected != found) {
            return Err(Problem::Changed(key));
        }
    }
    Ok(())
}

/// Names of a run's results, with their checksums where its manifest names them.
async fn results_of(
    store: &dyn ArtifactStore,
    folder: &JobFolder,
) -> Result<Vec<(String, Option<String>)>, ArtifactError> {
    let stored = store.list(&folder.prefix()).await?;
    if let Some(manifest) = last_success(store, folder, &stored).await? {
        return Ok(manifest
            .objects
            .into_iter()
            .filter(|object| folder.artifact(&object.name).is_ok())
            .map(|object| (object.name, Some(object.sha256)))
            .collect());
    }
    Ok(stored
        .iter()
        .filter_map(|object| folder.name_of(&object.key))
        .map(|name| (name.to_owned(), None))
        .collect())
}

async fn last_success(
    store: &dyn ArtifactStore,
    folder: &JobFolder,
    stored: &[batchway_domain::ports::ArtifactMetadata],
) -> Result<Option<Manifest>, ArtifactError> {
    let mut tries: Vec<u32> = stored
        .iter()
        .filter_map(|object| try_of_manifest(folder, &object.key))
        .collect();
    tries.sort_unstable();
    for try_number in tries.into_iter().rev() {
        let bytes = read_small(store, &folder.manifest(try_number)).await?;
        if let Some(manifest) = Manifest::decode(&bytes).filter(|found| found.end.is_success()) {
            return Ok(Some(manifest));
        }
    }
    Ok(None)
}

fn try_of_manifest(folder: &JobFolder, key: &ArtifactKey) -> Option<u32> {
    let mut parts = key.as_str().strip_prefix(&folder.prefix())?.split('/');
    let number = parts.nth(1)?.strip_prefix("try-")?.parse().ok()?;
    (folder.manifest(number) == *key).then_some(number)
}
