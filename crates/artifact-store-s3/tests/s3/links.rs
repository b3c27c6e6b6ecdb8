//! Links, as whoever has nothing but the link sees them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::Credentials;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ArtifactError, ArtifactStore, Clock, Disposition};
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::artifact_store::Fetched;

use crate::checking_server::{ACCESS_KEY, CheckingServer, SECRET_KEY};
use crate::stores::{SystemClock, content, credentials, key, read, store_on, store_with};

const HOUR: Duration = Duration::from_secs(3600);

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().into()
}

/// `GET`, without any key.
pub(crate) async fn fetch(url: &str) -> Fetched {
    let url = url.to_owned();
    let fetched = tokio::task::spawn_blocking(move || {
        let mut response = agent().get(url).call().unwrap();
        let told = response.headers().get("content-disposition");
        Fetched {
            status: response.status().as_u16(),
            content_disposition: told.map(|told| told.to_str().unwrap().to_owned()),
            body: response.body_mut().read_to_vec().unwrap().into(),
        }
    });
    fetched.await.unwrap()
}

/// `PUT`, with these headers; the status.
async fn upload(url: &str, headers: &[(String, String)], body: &'static [u8]) -> u16 {
    let (url, headers) = (url.to_owned(), headers.to_vec());
    let uploaded = tokio::task::spawn_blocking(move || {
        let mut request = agent().put(url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send(body).unwrap().status().as_u16()
    });
    uploaded.await.unwrap()
}

/// The time of day, moved by so much.
fn clock_at(hours: i32) -> Arc<dyn Clock> {
    let shift = HOUR * hours.unsigned_abs();
    let now = SystemClock.now();
    Arc::new(ManualClock::new(if hours < 0 {
        now.minus(shift)
    } else {
        now.plus(shift)
    }))
}

#[tokio::test]
async fn a_link_that_has_ended_opens_nothing() {
    let server = CheckingServer::start().await;
    let results = key("prod/ada/job_1/results.h5");
    store_on(&server).put(&results, content("x")).await.unwrap();
    let two_hours_ago = store_with(&server, credentials(), clock_at(-2));
    let ended = two_hours_ago
        .link(&results, HOUR, Disposition::Inline)
        .await
        .unwrap();
    assert_eq!(fetch(&ended.url).await.status, 403);
    let alive = two_hours_ago
        .link(&results, 3 * HOUR, Disposition::Inline)
        .await
        .unwrap();
    assert_eq!(fetch(&alive.url).await.status, 200);
}

#[tokio::test]
async fn a_link_with_any_change_opens_nothing() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    store.put(&key("a/mine.txt"), content("x")).await.unwrap();
    store.put(&key("a/other.txt"), content("y")).await.unwrap();
    let link = store
        .link(&key("a/mine.txt"), HOUR, Disposition::Inline)
        .await
        .unwrap();
    assert_eq!(fetch(&link.url).await.status, 200);
    for (from, to) in [
        ("mine.txt?", "other.txt?"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        ("inline", "attachment"),
        ("text%2Fplain", "text%2Fhtml"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ] {
        assert!(link.url.contains(from), "{from} in {}", link.url);
        let fetched = fetch(&link.url.replace(from, to)).await;
        assert!((400..500).contains(&fetched.status), "{from}: {fetched:?}");
    }
}

#[tokio::test]
async fn a_link_signed_with_another_secret_opens_nothing() {
    let server = CheckingServer::start().await;
    let results = key("results.h5");
    store_on(&server).put(&results, content("x")).await.unwrap();
    let wrong = Credentials::new(ACCESS_KEY, "another secret", None, None, "tests");
    let store = store_with(&server, wrong, Arc::new(SystemClock));
    let link = store
        .link(&results, HOUR, Disposition::Inline)
        .await
        .unwrap();
    assert_eq!(fetch(&link.url).await.status, 403);
}

#[tokio::test]
async fn a_link_says_how_its_object_is_shown_and_named() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    for (name, disposition, told) in [
        (
            "a/run.log",
            Disposition::Inline,
            "inline; filename=\"run.log\"",
        ),
        (
            "a/run.log",
            Disposition::Attachment,
            "attachment; filename=\"run.log\"",
        ),
        (
            "a/page.html",
            Disposition::Inline,
            "attachment; filename=\"page.html\"",
        ),
        (
            "a/\"ü\".h5",
            Disposition::Attachment,
            "attachment; filename=\"___.h5\"; filename*=UTF-8''%22%C3%BC%22.h5",
        ),
    ] {
        let name = key(name);
        store.put(&name, content("x")).await.unwrap();
        let link = store.link(&name, HOUR, disposition).await.unwrap();
        let fetched = fetch(&link.url).await;
        assert_eq!(fetched.content_disposition.as_deref(), Some(told), "{name}");
    }
}

fn temporary(lives_for: Duration) -> Credentials {
    let now = SystemClock.now();
    let end = SystemTime::UNIX_EPOCH + now.plus(lives_for).since(Timestamp::EPOCH);
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, Some(end), "tests")
}

#[tokio::test]
async fn a_link_lives_no_longer_than_what_signs_it() {
    let server = CheckingServer::start().await;
    let results = key("results.h5");
    store_on(&server).put(&results, content("x")).await.unwrap();
    let store = store_with(&server, temporary(HOUR / 4), Arc::new(SystemClock));
    let link = store
        .link(&results, HOUR, Disposition::Inline)
        .await
        .unwrap();
    let lives_for = link.expires_at.since(SystemClock.now());
    assert!((HOUR / 4 - Duration::from_secs(30)..=HOUR / 4).contains(&lives_for));
    assert!(!link.url.contains("X-Amz-Expires=3600"), "{}", link.url);
    assert_eq!(fetch(&link.url).await.status, 200);
    let upload = store.upload_link(&results, HOUR, 1).await.unwrap();
    assert!(upload.expires_at <= SystemClock.now().plus(HOUR / 4));
}

#[tokio::test]
async fn nothing_is_signed_with_what_has_expired() {
    let server = CheckingServer::start().await;
    let store = store_with(&server, temporary(HOUR / 4), clock_at(1));
    let refused = store.link(&key("a"), HOUR, Disposition::Inline).await;
    assert!(
        matches!(&refused, Err(ArtifactError::Forbidden { reason, .. }) if reason.contains("expired")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn s3_gives_no_link_for_longer_than_a_week() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    let week = 24 * 7 * HOUR;
    let link = store
        .link(&key("a"), 2 * week, Disposition::Inline)
        .await
        .unwrap();
    let lives_for = link.expires_at.since(SystemClock.now());
    assert!((week - HOUR..=week).contains(&lives_for), "{lives_for:?}");
    let too_short = store
        .link(&key("a"), Duration::ZERO, Disposition::Inline)
        .await;
    assert!(
        matches!(too_short, Err(ArtifactError::Forbidden { .. })),
        "{too_short:?}"
    );
}

#[tokio::test]
async fn an_input_is_uploaded_by_link() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    let input = key("prod/ada/inputs/ü 1.csv");
    let link = store.upload_link(&input, HOUR, 5).await.unwrap();
    assert_eq!(upload(&link.url, &link.headers, b"12345").await, 200);
    assert_eq!(read(&store, &input).await, "12345");
    let debug = format!("{link:?}");
    assert!(!debug.contains("Signature"), "{debug}");
}

#[tokio::test]
async fn a_link_takes_the_size_that_it_was_made_for_and_no_other() {
    let server = CheckingServer::start().await;
    let store = store_on(&server);
    let input = key("input.csv");
    let link = store.upload_link(&input, HOUR, 5).await.unwrap();
    assert_eq!(upload(&link.url, &[], b"123456").await, 403);
    let absent = store.metadata(&input).await;
    assert!(
        matches!(absent, Err(ArtifactError::NotFound { .. })),
        "{absent:?}"
    );
    let too_large = store
        .upload_link(&input, HOUR, 5 * 1024 * 1024 * 1024 + 1)
        .await;
    assert!(
        matches!(too_large, Err(ArtifactError::Full { .. })),
        "{too_large:?}"
    );
}

#[tokio::test]
async fn an_upload_link_reads_nothing_and_ends() {
    let server = CheckingServer::start().await;
    let input = key("input.csv");
    let link = store_on(&server)
        .upload_link(&input, HOUR, 5)
        .await
        .unwrap();
    store_on(&server)
        .put(&input, content("secret"))
        .await
        .unwrap();
    assert_eq!(fetch(&link.url).await.status, 403);
    let two_hours_ago = store_with(&server, credentials(), clock_at(-2));
    let ended = two_hours_ago.upload_link(&input, HOUR, 5).await.unwrap();
    assert_eq!(upload(&ended.url, &ended.headers, b"12345").await, 403);
    assert_eq!(read(&store_on(&server), &input).await, "secret");
}
