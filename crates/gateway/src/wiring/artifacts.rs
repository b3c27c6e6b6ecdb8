//! Where results are kept.

use std::sync::Arc;

use aws_config::SdkConfig;
use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_domain::security::LinkSigner;

use crate::configuration::{Adapters, ArtifactsChoice};
use crate::data_folder::DataFolder;
use crate::failure::Failure;

/// Opens the store. Nobody waits for a bucket: the log tells whether it can be used.
pub(super) fn open(
    adapters: &Adapters,
    folder: &DataFolder,
    sdk: Option<&SdkConfig>,
    links: Option<LinkSigner>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn ArtifactStore>, Failure> {
    match (&adapters.artifacts, sdk) {
        (ArtifactsChoice::S3 { bucket }, Some(sdk)) => {
            let settings = S3Settings::new(bucket);
            let store = Arc::new(S3ArtifactStore::new(sdk, settings, clock));
            tokio::spawn(tell_whether_it_answers(store.clone(), bucket.clone()));
            Ok(store)
        }
        _ => FilesystemArtifactStore::open(&folder.artifacts(), links, clock)
            .map(|store| Arc::new(store) as Arc<dyn ArtifactStore>)
            .map_err(Failure::failed),
    }
}

async fn tell_whether_it_answers(store: Arc<S3ArtifactStore>, bucket: String) {
    match store.check().await {
        Ok(()) => tracing::info!("the bucket {bucket} can be used"),
        Err(error) => tracing::warn!(
            "jobs are taken, and their results can't be kept or listed for now: {error}"
        ),
    }
}

pub(super) fn summary(adapters: &Adapters, folder: &DataFolder) -> String {
    match &adapters.artifacts {
        ArtifactsChoice::Filesystem => {
            format!("artifacts in {}", folder.artifacts().display())
        }
        ArtifactsChoice::S3 { bucket } => format!("artifacts in s3://{bucket}"),
    }
}
