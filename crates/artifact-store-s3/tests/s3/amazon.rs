//! As with Amazon itself: the bucket in the name of the host, and checksums of S3's own.

use std::sync::Arc;

use aws_types::SdkConfig;
use batchway_artifact_store_s3::S3ArtifactStore;
use batchway_domain::ports::{ArtifactStore, Created};

use crate::checking_server::{BUCKET, CheckingServer, DOMAIN};
use crate::stores::{SystemClock, content, credentials, key, noise, read, sdk_config, settings};
use crate::wire::{Sort, Wire};

/// Everything for Amazon goes to the server, which answers as if it were.
fn as_amazon(server: &CheckingServer) -> (S3ArtifactStore, Wire) {
    let wire = Wire::new();
    wire.redirect(DOMAIN, server.url());
    let config = sdk_config("", credentials(), wire.clone());
    let mut config = config.into_builder();
    config.set_endpoint_url(None);
    let config: SdkConfig = config.build();
    let store = S3ArtifactStore::new(&config, settings(), Arc::new(SystemClock));
    (store, wire)
}

#[tokio::test]
async fn requests_go_to_the_host_of_the_bucket() {
    let server = CheckingServer::start().await;
    let (store, wire) = as_amazon(&server);
    store.put(&key("a/b"), content("x")).await.unwrap();
    store.check().await.unwrap();
    let sent = wire.sent(Sort("PUT", ""));
    assert!(
        sent[0]
            .url
            .starts_with(&format!("https://{BUCKET}.{DOMAIN}/a/b")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn contents_bring_a_checksum_that_the_server_compares() {
    let server = CheckingServer::start().await;
    let (store, wire) = as_amazon(&server);
    store.put(&key("small"), content("x")).await.unwrap();
    assert_eq!(
        store.create(&key("new"), "x".into()).await.unwrap(),
        Created::Won
    );
    let whole = noise(2 * settings().part_bytes + 1);
    let written = store
        .put(&key("large"), content(whole.clone()))
        .await
        .unwrap();
    assert_eq!(written.size, whole.len() as u64);
    assert!(read(&store, &key("large")).await == whole);
    let sent = wire.sent(Sort("PUT", ""));
    assert_eq!(sent.len(), 5);
    for sent in sent {
        assert!(
            sent.header("x-amz-checksum-crc32").is_some(),
            "{}",
            sent.url
        );
    }
}
