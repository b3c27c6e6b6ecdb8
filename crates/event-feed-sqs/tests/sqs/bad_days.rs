//! Answers that moto never gives, and none at all.

use std::time::Duration;

use aws_sdk_sqs::config::SharedCredentialsProvider;
use aws_sdk_sqs::config::{Credentials, ProvideCredentials};
use batchway_domain::ports::{EventFeed, FeedError, Receipt};
use batchway_event_feed_sqs::SqsEventFeed;
use tokio::time::Instant;

use crate::aws::{config_builder, sdk_config};
use crate::canned::Canned;

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/events";

fn feed(server: &Canned) -> SqsEventFeed {
    SqsEventFeed::new(&sdk_config(server.url()), QUEUE).unwrap()
}

fn receipts(count: usize) -> Vec<Receipt> {
    (0..count)
        .map(|n| Receipt(format!("receipt-{n}")))
        .collect()
}

async fn receive_error(server: &Canned) -> FeedError {
    feed(server).receive().await.unwrap_err()
}

#[tokio::test]
async fn a_refusal_says_what_to_do_and_is_asked_for_once() {
    for (status, code, expected) in [
        (
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "BATCHWAY_EVENTS_QUEUE_URL",
        ),
        (
            400,
            "AccessDeniedException",
            "arn:aws:sqs:eu-central-1:123456789012:events",
        ),
        (403, "InvalidClientTokenId", "AWS_ACCESS_KEY_ID"),
        (403, "ExpiredTokenException", "have expired"),
        (500, "InternalFailure", "answered 500"),
    ] {
        let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
        let server = Canned::answering(&[(status, &body)]).await;
        let error = receive_error(&server).await.to_string();
        assert!(error.contains(expected), "{code}: {error}");
        assert_eq!(server.asked().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_of_sqs_is_told_as_such() {
    let server = Canned::answering(&[(200, "<html>welcome</html>")]).await;
    let error = receive_error(&server).await.to_string();
    assert!(error.contains("AWS_ENDPOINT_URL leads to SQS"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_the_region() {
    let url = Canned::answering(&[]).await.url().to_owned();
    let feed = SqsEventFeed::new(&sdk_config(&url), QUEUE).unwrap();
    let error = feed.receive().await.unwrap_err().to_string();
    assert!(error.contains("not reached"), "{error}");
    assert!(error.contains("eu-central-1"), "{error}");
}

/// Lets a call go out to a server that says nothing, and then time pass by itself. Says how the
/// call ended, and after how long.
async fn against_silence<T>(
    call: impl Future<Output = Result<T, FeedError>>,
    server: &Canned,
) -> (String, Duration) {
    let begun = Instant::now();
    let pausing = async {
        while server.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // What waits for a time now gets it at once.
        tokio::time::pause();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = call => (ended.err().unwrap().to_string(), begun.elapsed()),
        () = pausing => unreachable!("it waits for ever"),
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_within_a_minute_and_not_before_the_longest_poll() {
    let server = Canned::answering(&[]).await;
    let feed = feed(&server);
    let (error, waited) = against_silence(feed.receive(), &server).await;
    assert!(error.contains("did not answer"), "{error}");
    let expected = Duration::from_secs(25)..Duration::from_secs(60);
    assert!(expected.contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn deleting_is_given_up_within_a_minute() {
    let server = Canned::answering(&[]).await;
    let feed = feed(&server);
    let (_, waited) = against_silence(feed.settle(receipts(1)), &server).await;
    assert!(waited < Duration::from_secs(60), "{waited:?}");
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(
        &'a self,
    ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = aws_credential_types::provider::error::CredentialsError::not_loaded("no role");
        aws_credential_types::provider::future::ProvideCredentials::ready(Err::<Credentials, _>(
            error,
        ))
    }
}

#[tokio::test]
async fn missing_credentials_are_told_as_such() {
    let config = config_builder("http://127.0.0.1:9")
        .credentials_provider(SharedCredentialsProvider::new(NoCredentials))
        .build();
    let feed = SqsEventFeed::new(&config, QUEUE).unwrap();
    let error = feed.receive().await.unwrap_err().to_string();
    assert!(error.contains("no credentials"), "{error}");
    assert!(error.contains("no role"), "{error}");
}

#[tokio::test]
async fn what_sqs_failed_to_delete_is_deleted_once_more() {
    let failed = r#"{"Successful":[{"Id":"0"}],
        "Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}"#;
    let done = r#"{"Successful":[{"Id":"0"}],"Failed":[]}"#;
    let server = Canned::answering(&[(200, failed), (200, done)]).await;
    feed(&server).settle(receipts(2)).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains("receipt-1") && !asked[1].contains("receipt-0"));

    let server =
        Canned::answering(&[(200, failed), (200, &failed.replace("\"1\"", "\"0\""))]).await;
    let error = feed(&server)
        .settle(receipts(2))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1 messages") && error.contains("InternalError"),
        "{error}"
    );
}

#[tokio::test]
async fn any_number_is_settled_ten_at_a_time_whatever_becomes_of_the_first() {
    let refused = r#"{"__type":"AccessDeniedException"}"#;
    let done = r#"{"Successful":[],"Failed":[]}"#;
    let answers = [(400, refused), (200, done), (200, done)];
    let server = Canned::answering(&answers).await;
    let error = feed(&server).settle(receipts(25)).await.unwrap_err();
    assert!(error.to_string().contains("sqs:DeleteMessage"), "{error}");
    let asked = server.asked();
    let counts = asked.iter().map(|body| body.matches("receipt-").count());
    assert_eq!(counts.collect::<Vec<_>>(), [10, 10, 5]);
}

#[tokio::test]
async fn nothing_of_credentials_is_shown() {
    let server = Canned::answering(&[]).await;
    assert!(!format!("{:?}", feed(&server)).contains("test-secret"));
}
