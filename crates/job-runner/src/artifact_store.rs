//! Opens the artifact store that the environment names.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_aws_http_client::https_client;
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_job_runner::configuration::ArtifactLocation;

/// Where nothing else names one.
const DEFAULT_REGION: &str = "eu-central-1";

/// Opens it. Whether a bucket is there and may be used shows when something is done with it.
///
/// # Errors
/// A sentence, where a folder can't be used.
pub(crate) async fn open(
    location: &ArtifactLocation,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn ArtifactStore>, String> {
    match location {
        ArtifactLocation::Folder(folder) => FilesystemArtifactStore::open(folder, None, clock)
            .map(|store| Arc::new(store) as Arc<dyn ArtifactStore>)
            .map_err(|error| format!("The artifact store can't be used: {error}.")),
        ArtifactLocation::Bucket(bucket) => {
            let settings = S3Settings::new(bucket.clone());
            let store = S3ArtifactStore::new(&aws_access().await, settings, clock);
            Ok(Arc::new(store))
        }
    }
}

/// Credentials, region and endpoint as every AWS SDK finds them. Asks nobody for credentials yet.
async fn aws_access() -> SdkConfig {
    let found = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https_client())
        .load()
        .await;
    let region = found.region().cloned();
    let region = region.unwrap_or(Region::from_static(DEFAULT_REGION));
    found.into_builder().region(region).build()
}
