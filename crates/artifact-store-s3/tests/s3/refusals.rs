//! What an operator is told on a bad day.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_types::SdkConfig;
use batchway_artifact_store_s3::{S3ArtifactStore, S3Settings};
use batchway_domain::ports::{ArtifactError, ArtifactStore, Clock, Created, Disposition};
use batchway_memory_adapters::ManualClock;

use crate::checking_server::{ACCESS_KEY, CheckingServer, SECRET_KEY};
use crate::stores::{
    SystemClock, content, credentials, key, sdk_config, settings, store_on, store_over, store_with,
};
use crate::wire::{Answer, Fault, Sort, Wire};

/// Every call but `link`, which asks nobody.
async fn answers_of(store: &impl ArtifactStore) -> Vec<(&'static str, ArtifactError)> {
    let a = key("a");
    vec![
        ("put", store.put(&a, content("x")).await.unwrap_err()),
        ("create", store.create(&a, "x".into()).await.unwrap_err()),
        ("metadata", store.metadata(&a).await.unwrap_err()),
        ("read", store.read(&a, None).await.unwrap_err()),
        ("list", store.list("").await.unwrap_err()),
        ("delete", store.delete(&a).await.unwrap_err()),
        ("check", store.check().await.unwrap_err()),
    ]
}

fn assert_forbidden(answers: &[(&str, ArtifactError)], words: &str) {
    for (call, error) in answers {
        assert!(
            matches!(error, ArtifactError::Forbidden { reason, .. } if reason.contains(words)),
            "{call}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_from_a_wrong_key() {
    let server = CheckingServer::start().await;
    let clock = Arc::new(SystemClock);
    let secret = Credentials::new(ACCESS_KEY, "a wrong one", None, None, "tests");
    let store = store_with(&server, secret, clock.clone());
    assert_forbidden(
        &answers_of(&store).await,
        "AWS_SECRET_ACCESS_KEY belongs to",
    );
    let unknown = Credentials::new("AKIAUNKNOWN", SECRET_KEY, None, None, "tests");
    let store = store_with(&server, unknown, clock);
    assert_forbidden(&answers_of(&store).await, "does not know the access key");
}

#[tokio::test]
async fn a_missing_bucket_is_told_from_a_missing_object() {
    let server = CheckingServer::start().await;
    let config = sdk_config(&server.url(), credentials(), Wire::new());
    let elsewhere = S3Settings::new("no-such-bucket");
    let store = S3ArtifactStore::new(&config, elsewhere, Arc::new(SystemClock));
    assert_forbidden(
        &answers_of(&store).await,
        "there is no bucket no-such-bucket",
    );
    let store = store_on(&server);
    let absent = store.metadata(&key("a")).await;
    assert!(
        matches!(absent, Err(ArtifactError::NotFound { .. })),
        "{absent:?}"
    );
}

#[tokio::test]
async fn a_bucket_elsewhere_is_named_with_its_region() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let there = |answer: Answer| Fault::Answer(answer.with("x-amz-bucket-region", "us-west-2"));
    let redirect = Answer::error(301, "PermanentRedirect", "The bucket is elsewhere.");
    for method in ["PUT", "PUT", "GET", "GET", "DELETE"] {
        wire.next(Sort(method, ""), there(redirect.clone()));
    }
    for _ in 0..2 {
        wire.next(Sort("HEAD", ""), there(Answer::bare(301)));
        wire.next(Sort("GET", ""), there(redirect.clone()));
    }
    assert_forbidden(&answers_of(&store).await, "set AWS_REGION=us-west-2");
}

/// A reply to `HEAD` has no body; the reason is asked for.
#[tokio::test]
async fn the_reason_of_a_bare_refusal_is_found_out() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    for _ in 0..2 {
        wire.next(Sort("HEAD", ""), Fault::Answer(Answer::bare(400)));
        let expired = Answer::error(400, "ExpiredToken", "The provided token has expired.");
        wire.next(Sort("GET", ""), Fault::Answer(expired));
    }
    let refused = [
        ("metadata", store.metadata(&key("a")).await.unwrap_err()),
        ("check", store.check().await.unwrap_err()),
    ];
    assert_forbidden(&refused, "have expired");
}

#[tokio::test]
async fn without_credentials_it_says_what_to_set() {
    let server = CheckingServer::start().await;
    let with = sdk_config(&server.url(), credentials(), Wire::new());
    let mut without = with.to_builder();
    without.set_credentials_provider(None);
    let store = S3ArtifactStore::new(&without.build(), settings(), Arc::new(SystemClock));
    let name = key("a");
    let link = store.link(&name, Duration::from_secs(60), Disposition::Inline);
    assert_forbidden(
        &[("link", link.await.unwrap_err())],
        "there are no credentials",
    );
    assert_forbidden(&answers_of(&store).await, "credentials");
}

/// The SDK signs by the server's clock, once it has seen it.
#[tokio::test]
async fn a_clock_that_is_an_hour_off_loses_nothing_and_is_told() {
    let server = CheckingServer::start().await;
    for hours in [-1, 1] {
        let clock = moved_by(hours);
        let config = sdk_config(&server.url(), credentials(), Wire::new());
        let config = with_clock(config, clock.clone());
        let store = S3ArtifactStore::new(&config, settings(), clock.clone());
        let gate = key(&format!("gate-{hours}"));
        let created = store.create(&gate, "x".into()).await.unwrap();
        assert_eq!(created, Created::Won);
        store.put(&key("a"), content("x")).await.unwrap();
        store.metadata(&key("a")).await.unwrap();
        let direction = if hours < 0 { "behind" } else { "ahead" };
        let told = [("check", store.check().await.unwrap_err())];
        assert_forbidden(&told, &format!("minutes {direction}"));
    }
}

#[tokio::test]
async fn a_server_that_takes_no_correction_has_its_clock_told() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let in_an_hour = SystemClock.now().plus(Duration::from_secs(3600)).as_secs();
    let date = DateTime::from_secs(in_an_hour).fmt(DateTimeFormat::HttpDate);
    let skewed = Answer::error(403, "RequestTimeTooSkewed", "The difference is too large.");
    let skewed = skewed.with("date", &date.unwrap());
    for _ in 0..3 {
        wire.next(Sort("GET", "list-type"), Fault::Answer(skewed.clone()));
    }
    let error = store.list("").await.unwrap_err();
    assert_forbidden(&[("list", error)], "minutes behind");
}

fn moved_by(hours: i64) -> Arc<ManualClock> {
    let hour = Duration::from_secs(3600);
    let now = SystemClock.now();
    let moved = if hours < 0 {
        now.minus(hour)
    } else {
        now.plus(hour)
    };
    Arc::new(ManualClock::new(moved))
}

fn with_clock(config: SdkConfig, clock: Arc<ManualClock>) -> SdkConfig {
    config.into_builder().time_source(SdkClock(clock)).build()
}

#[derive(Debug)]
struct SdkClock(Arc<ManualClock>);

impl aws_smithy_async::time::TimeSource for SdkClock {
    fn now(&self) -> std::time::SystemTime {
        let now = self.0.now();
        std::time::UNIX_EPOCH + now.since(batchway_domain::Timestamp::EPOCH)
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let config = sdk_config(&url, credentials(), Wire::new());
    let store = S3ArtifactStore::new(&config, settings(), Arc::new(SystemClock));
    for (call, error) in answers_of(&store).await {
        assert!(
            matches!(&error, ArtifactError::Unavailable { reason, .. }
                if reason.contains("AWS_ENDPOINT_URL") && reason.contains("refused")),
            "{call}: {error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_s3_server_is_told() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let store = store_over(&server, &wire);
    let page = Answer {
        body: "<html>hello".to_owned(),
        ..Answer::bare(200)
    };
    wire.next(Sort("GET", "list-type"), Fault::Answer(page));
    let error = store.list("").await.unwrap_err();
    assert!(
        matches!(&error, ArtifactError::Unavailable { reason, .. } if reason.contains("AWS_ENDPOINT_URL")),
        "{error:?}"
    );
}

#[tokio::test]
async fn secrets_are_in_no_error_and_no_debug_output() {
    let server = CheckingServer::start().await;
    let wrong = Credentials::new(
        ACCESS_KEY,
        "a wrong secret",
        Some("a token".into()),
        None,
        "tests",
    );
    let store = store_with(&server, wrong, Arc::new(SystemClock));
    let name = key("a");
    let link = store.link(&name, Duration::from_secs(60), Disposition::Inline);
    link.await.unwrap();
    let mut shown = format!("{store:?}");
    for (_, error) in answers_of(&store).await {
        shown.push_str(&format!("{error} {error:?}"));
    }
    for secret in ["a wrong secret", "a token"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[tokio::test]
async fn a_setting_of_the_region_is_what_it_is_compared_with() {
    let (server, wire) = (CheckingServer::start().await, Wire::new());
    let config = sdk_config(&server.url(), credentials(), wire.clone());
    let config = config
        .into_builder()
        .region(Region::new("us-west-2"))
        .build();
    let store = S3ArtifactStore::new(&config, settings(), Arc::new(SystemClock));
    let expired = Answer::error(400, "ExpiredToken", "The provided token has expired.");
    let expired = expired.with("x-amz-bucket-region", "us-west-2");
    wire.next(Sort("GET", "list-type"), Fault::Answer(expired));
    let error = store.list("").await.unwrap_err();
    assert_forbidden(&[("list", error)], "have expired");
}
