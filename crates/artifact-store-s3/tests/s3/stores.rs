//! Stores for the tests, and short words for what tests do with them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_types::SdkConfig;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactStore, ByteStream, Clock};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};

use crate::checking_server::{ACCESS_KEY, BUCKET, CheckingServer, SECRET_KEY};
use crate::wire::Wire;

/// The clock of this machine, by which servers judge signatures.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(since_the_epoch())
    }
}

/// For names that nobody else gives.
pub(crate) fn nanoseconds() -> u128 {
    since_the_epoch().as_nanos()
}

fn since_the_epoch() -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "signatures are judged by the time of day"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "tests")
}

pub(crate) fn sdk_config(
    url: &str,
    credentials: Credentials,
    client: impl HttpClient + 'static,
) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
        .build()
}

/// The smallest parts, so that tests need not much to have several.
pub(crate) fn settings() -> S3Settings {
    S3Settings {
        part_bytes: S3Settings::MIN_PART_BYTES,
        ..S3Settings::new(BUCKET)
    }
}

/// A store on the checking server.
pub(crate) fn store_on(server: &CheckingServer) -> S3ArtifactStore {
    store_over(server, &Wire::new())
}

pub(crate) fn store_over(server: &CheckingServer, wire: &Wire) -> S3ArtifactStore {
    let config = sdk_config(&server.url(), credentials(), wire.clone());
    S3ArtifactStore::new(&config, settings(), Arc::new(SystemClock))
}

pub(crate) fn store_with(
    server: &CheckingServer,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
) -> S3ArtifactStore {
    let config = sdk_config(&server.url(), credentials, Wire::new());
    S3ArtifactStore::new(&config, settings(), clock)
}

pub(crate) fn key(text: &str) -> ArtifactKey {
    text.parse().unwrap()
}

pub(crate) fn content(bytes: impl Into<Bytes>) -> ByteStream {
    let bytes = bytes.into();
    Box::pin(stream::iter([Ok(bytes)]))
}

/// So many bytes, none of which is like its neighbour.
pub(crate) fn noise(bytes: usize) -> Bytes {
    let words =
        (0..bytes as u32 / 4 + 1).flat_map(|word| word.wrapping_mul(0x9E37_79B9).to_le_bytes());
    words.take(bytes).collect()
}

pub(crate) async fn read(store: &dyn ArtifactStore, key: &ArtifactKey) -> Bytes {
    let opened = store.read(key, None).await.unwrap();
    let pieces: Vec<Bytes> = opened.content.try_collect().await.unwrap();
    pieces.concat().into()
}

/// Waits until it holds.
///
/// # Panics
/// Where it does not within minutes.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(150), waiting).await;
    waited.unwrap_or_else(|_| panic!("{what} within minutes"));
}
