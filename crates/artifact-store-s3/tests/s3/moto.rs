//! Buckets on moto, and what it alone can tell: whether another's server agrees.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_types::SdkConfig;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::ports::{ArtifactError, ArtifactStore};
use batchway_test_servers::Moto;
use futures_util::{StreamExt, stream};

use crate::stores::{SystemClock, content, credentials, key, nanoseconds, noise, read, sdk_config};
use crate::wire::Wire;

/// A bucket that nobody else has, empty.
pub(crate) struct MotoBucket {
    config: SdkConfig,
    name: String,
}

impl MotoBucket {
    /// # Panics
    /// With what to install, where moto is missing.
    pub(crate) async fn create() -> Self {
        let url = tokio::task::spawn_blocking(|| Moto::shared().url());
        let bucket = Self {
            config: sdk_config(&url.await.unwrap(), credentials(), Wire::new()),
            name: format!("artifacts-{}-{}", std::process::id(), nanoseconds()),
        };
        let region = BucketLocationConstraint::from("eu-central-1");
        let region = CreateBucketConfiguration::builder().location_constraint(region);
        let create = bucket.client().create_bucket().bucket(&bucket.name);
        let created = create.create_bucket_configuration(region.build()).send();
        created.await.unwrap();
        bucket
    }

    pub(crate) fn store(&self) -> S3ArtifactStore {
        let settings = S3Settings {
            part_bytes: S3Settings::MIN_PART_BYTES,
            ..S3Settings::new(&self.name)
        };
        S3ArtifactStore::new(&self.config, settings, Arc::new(SystemClock))
    }

    fn client(&self) -> Client {
        let path_style = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(true);
        Client::from_conf(path_style.build())
    }

    async fn open_uploads(&self) -> usize {
        let list = self.client().list_multipart_uploads().bucket(&self.name);
        list.send().await.unwrap().uploads().len()
    }
}

#[tokio::test]
async fn a_large_object_arrives_and_a_broken_one_leaves_nothing() {
    let bucket = MotoBucket::create().await;
    let (store, large) = (bucket.store(), key("large"));
    let whole = noise(2 * S3Settings::MIN_PART_BYTES + 1);
    let written = store.put(&large, content(whole.clone())).await.unwrap();
    assert!(written.etag.ends_with("-3"), "{}", written.etag);
    assert_eq!(store.metadata(&large).await.unwrap(), written);
    let broken =
        content(whole.clone()).chain(stream::iter([Err(std::io::Error::other("cut off"))]));
    let error = store.put(&large, Box::pin(broken)).await;
    assert!(
        matches!(error, Err(ArtifactError::BrokenInput(_))),
        "{error:?}"
    );
    assert_eq!(bucket.open_uploads().await, 0);
    assert!(read(&store, &large).await == whole);
}
