//! A submission is sent exactly once whatever becomes of it, and what is said of it is certain.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::tls;
use batchway_compute_aws_batch::{AwsBatchBackend, AwsBatchConfig};
use batchway_domain::ports::{ComputeBackend, SubmitError};
use batchway_memory_adapters::ManualClock;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::gateway::{
    backend, config, impatient_backend, in_order, queue, sdk, sdk_without_credentials, submission,
};
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

/// What AWS says, and owners of jobs are not told.
const WORDS_OF_AWS: &str = "arn:aws:iam::123456789012:role/secret can not be assumed.";

/// What was said of a submission, in a word.
fn word(error: &SubmitError) -> String {
    match error {
        SubmitError::Refused { .. } => "refused".to_owned(),
        SubmitError::Held(held) => format!("held: {}", held.code),
        SubmitError::DidNotHappen { .. } => "did not happen".to_owned(),
        SubmitError::Throttled { .. } => "throttled".to_owned(),
        SubmitError::Unknown { .. } => "unknown".to_owned(),
    }
}

/// Submits to a server that answers SubmitJob so, and other calls as if all were in order.
async fn submit(reply: Reply) -> SubmitError {
    let hangs = matches!(reply, Reply::Hang);
    let aws = ScriptedAws::start(move |asked| match asked.action.as_str() {
        "submitjob" => reply.clone(),
        _ => in_order(asked).unwrap(),
    })
    .await;
    // Where an answer comes, it is waited for.
    let sender = if hangs { impatient_backend } else { backend };
    let answer = sender(&aws.url()).submit(&submission()).await;
    assert_eq!(aws.asked("submitjob").len(), 1, "sent exactly once");
    answer.unwrap_err()
}

#[tokio::test]
async fn what_may_have_been_accepted_is_unknown() {
    let accepted = json!({"jobId": "8f2b0b4e-0000-4000-8000-000000000001", "jobName": "x"});
    for reply in [
        Reply::Drop,
        Reply::Hang,
        Reply::CutShort(accepted.to_string()),
        Reply::answer(200, "{\"jobId\": \"8f2b"),
        Reply::answer(200, "<html>"),
        Reply::answer(200, ""),
        Reply::ok(&json!({"jobName": "x"})),
        Reply::ok(&json!({"jobId": "", "jobName": "x"})),
        Reply::error(500, "ServerException", "Something broke."),
        Reply::error(503, "ServiceUnavailable", "Try later."),
        Reply::answer(502, "<html>Bad Gateway</html>"),
        Reply::answer(504, ""),
        Reply::answer(400, "<html>Bad Request</html>"),
        Reply::error(408, "RequestTimeoutException", "Too slow."),
    ] {
        let error = submit(reply.clone()).await;
        assert_eq!(word(&error), "unknown", "{reply:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_about_us_holds_the_job() {
    let table = [
        (403, "ExpiredTokenException", "expired_credentials"),
        (403, "UnrecognizedClientException", "credentials"),
        (403, "InvalidSignatureException", "credentials"),
        (403, "AccessDeniedException", "access_denied"),
        (403, "RequestExpired", "clock_skew"),
        (403, "RequestTimeTooSkewed", "clock_skew"),
        (400, "SomethingNewException", "aws_error"),
    ];
    for (status, code, expected) in table {
        let error = submit(Reply::error(status, code, "No.")).await;
        assert_eq!(word(&error), format!("held: {expected}"), "{error:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_told_from_a_wrong_secret() {
    let hour_ago = "Sun, 01 Mar 2026 11:00:00 GMT";
    let refused = Reply::error(403, "InvalidSignatureException", "It does not match.");
    let error = submit(refused.with("date", hour_ago)).await;
    assert_eq!(word(&error), "held: clock_skew");
}

#[tokio::test]
async fn throttling_is_told_with_the_time_that_aws_asks_for() {
    let refused = Reply::error(429, "TooManyRequestsException", "Too many requests.");
    let error = submit(refused.with("retry-after", "7")).await;
    let SubmitError::Throttled { retry_after, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

/// What the other tests here would miss if the server didn't count.
#[tokio::test]
async fn the_sdk_left_to_itself_sends_a_job_three_times() {
    let aws = ScriptedAws::start(|_| Reply::Drop).await;
    let client = aws_sdk_batch::Client::new(&sdk(&aws.url(), "eu-central-1"));
    let answer = client
        .submit_job()
        .job_name("x")
        .job_queue("q")
        .job_definition("d")
        .send()
        .await;
    assert!(answer.is_err());
    assert_eq!(aws.asked("submitjob").len(), 3);
}

#[tokio::test]
async fn no_connection_means_that_nothing_happened() {
    // Nobody listens on port 1.
    for url in ["http://127.0.0.1:1", "http://no-such-host.invalid"] {
        let error = backend(url).submit(&submission()).await.unwrap_err();
        assert_eq!(word(&error), "did not happen", "{url}: {error:?}");
    }
}

/// Nothing is written before the handshake is over.
#[tokio::test]
async fn a_handshake_that_fails_or_takes_too_long_means_that_nothing_happened() {
    for answers in [true, false] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if answers {
                    let _ = connection
                        .write_all(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
                        .await;
                } else {
                    kept.push(connection);
                }
            }
        });
        let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let https = aws_smithy_http_client::Builder::new().tls_provider(tls);
        let sdk = sdk(&url, "eu-central-1").into_builder();
        let sdk = sdk.http_client(https.build_https()).build();
        let mut config = config();
        config.timeouts.connect = Duration::from_millis(300);
        let error = AwsBatchBackend::new(&sdk, config)
            .submit(&submission())
            .await
            .unwrap_err();
        assert_eq!(word(&error), "did not happen", "{answers}: {error:?}");
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let aws = ScriptedAws::start(|asked| in_order(asked).unwrap()).await;
    let sdk = sdk_without_credentials(&aws.url(), "eu-central-1")
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(NoCredentials))
        .build();
    let backend = AwsBatchBackend::new(&sdk, config());
    let error = backend.submit(&submission()).await.unwrap_err();
    assert_eq!(word(&error), "held: credentials", "{error:?}");
    let error = backend.resolve_target(&submission().execution).await;
    assert_eq!(word(&error.unwrap_err()), "held: credentials");
    assert_eq!(aws.count(), 0);
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("there are none")))
    }
}

#[tokio::test]
async fn what_is_ready_too_late_is_not_sent() {
    for (nap, expected) in [(15, 1), (16, 0)] {
        let aws = ScriptedAws::start(|_| Reply::ok(&json!({"jobId": "a", "jobName": "x"}))).await;
        let clock = Arc::new(ManualClock::default());
        let credentials = SleepyCredentials(clock.clone(), Duration::from_secs(nap));
        let sdk = sdk_without_credentials(&aws.url(), "eu-central-1")
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let config = AwsBatchConfig { clock, ..config() };
        let answer = AwsBatchBackend::new(&sdk, config)
            .submit(&submission())
            .await;
        assert_eq!(aws.asked("submitjob").len(), expected, "{answer:?}");
        if let Err(error) = answer {
            assert_eq!(word(&error), "did not happen", "{error:?}");
        }
    }
}

/// The machine sleeps while they are loaded.
#[derive(Debug)]
struct SleepyCredentials(Arc<ManualClock>, Duration);

impl ProvideCredentials for SleepyCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.advance(self.1);
        let credentials = Credentials::new("AKIATEST", "a secret", None, None, "test");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

#[tokio::test]
async fn a_client_exception_is_the_jobs_fault_only_where_nothing_else_is_at_fault() {
    type Looks = fn(&Asked) -> Reply;
    let table: [(&str, Looks); 6] = [
        ("refused", |asked| in_order(asked).unwrap()),
        ("held: queue_disabled", |asked| {
            match asked.action.as_str() {
                "describejobqueues" => Reply::ok(&queue(&json!({"state": "DISABLED"}))),
                _ => in_order(asked).unwrap(),
            }
        }),
        ("held: queue_missing", |asked| match asked.action.as_str() {
            "describejobqueues" => Reply::ok(&json!({"jobQueues": []})),
            _ => in_order(asked).unwrap(),
        }),
        ("held: definition_missing", |asked| {
            match asked.action.as_str() {
                "describejobdefinitions" => Reply::ok(&json!({"jobDefinitions": []})),
                _ => in_order(asked).unwrap(),
            }
        }),
        ("held: queue_changed", |asked| match asked.action.as_str() {
            "describejobqueues" => {
                let policy = "arn:aws:batch:eu-central-1:123456789012:scheduling-policy/fair";
                Reply::ok(&queue(&json!({"schedulingPolicyArn": policy})))
            }
            _ => in_order(asked).unwrap(),
        }),
        ("did not happen", |_| {
            Reply::error(500, "ServerException", "Something broke.")
        }),
    ];
    for (expected, looks) in table {
        let aws = ScriptedAws::start(move |asked| match asked.action.as_str() {
            "submitjob" => Reply::error(400, "ClientException", WORDS_OF_AWS),
            _ => looks(asked),
        })
        .await;
        let error = backend(&aws.url()).submit(&submission()).await.unwrap_err();
        assert_eq!(word(&error), expected, "{error:?}");
        if let SubmitError::Refused { reason } = error {
            assert!(reason.ends_with("log.") && reason.len() <= 256, "{reason}");
            assert!(!reason.contains("arn:"), "{reason}");
        }
        assert_eq!(aws.asked("submitjob").len(), 1);
    }
}

/// A connection that is used again may be closed by the other side at that very moment.
#[tokio::test]
async fn a_connection_that_dies_while_it_is_used_again_sends_nothing_twice() {
    let aws = ScriptedAws::start(|asked| match asked.action.as_str() {
        "submitjob" => Reply::Drop,
        _ => in_order(asked).unwrap(),
    })
    .await;
    let backend = backend(&aws.url());
    for round in 1..=5 {
        let target = backend.resolve_target(&submission().execution).await;
        assert!(target.is_ok(), "the connection is there: {target:?}");
        let error = backend.submit(&submission()).await.unwrap_err();
        assert_eq!(word(&error), "unknown");
        assert_eq!(aws.asked("submitjob").len(), round);
    }
}

/// What AWS says of a signature quotes the request, session token included.
#[tokio::test]
async fn what_is_said_of_a_signature_is_not_passed_on() {
    let quoted = "The canonical request should have been x-amz-security-token:SECRET";
    let refused = || Reply::error(403, "SignatureDoesNotMatch", quoted);
    let error = submit(refused()).await;
    assert!(!format!("{error:?} {error}").contains("SECRET"));

    let aws = ScriptedAws::start(move |_| refused()).await;
    let id = batchway_domain::job::BackendId("8f2b".to_owned());
    let error = backend(&aws.url()).describe(&[id]).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("SECRET"));
}

#[test]
fn the_backend_shows_no_secret() {
    let shown = format!("{:?}", backend("http://localhost"));
    assert!(shown.contains("AwsBatchBackend") && !shown.contains("a secret"));
}
