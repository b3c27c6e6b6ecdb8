//! Whatever is at the other end, an answer comes in time and is bounded.

use std::time::Duration;

use batchway_domain::ports::{JobMirror, MirrorError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::project::{mirror, row};

/// A server that answers each connection with this, and then keeps it open.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).await;
                // The other side may have had enough at any time.
                let _written = stream.write_all(&answer).await;
                let _ended = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
    url
}

/// Of an answer that comes: there is time for it on a machine that does much else.
async fn error_of(answer: &str, body: &[u8]) -> MirrorError {
    error_within(Duration::from_secs(100), answer, body).await
}

async fn error_within(limit: Duration, answer: &str, body: &[u8]) -> MirrorError {
    let mut bytes = answer.replace('\n', "\r\n").into_bytes();
    bytes.extend(body);
    let mirror = mirror(&server(bytes).await, "sb_secret_hunter2").within(limit);
    let error = mirror.upsert(&[row(1, 1)]).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    error
}

fn is_away(error: &MirrorError) -> bool {
    matches!(error, MirrorError::Unavailable { .. })
}

#[tokio::test]
async fn silence_has_an_end() {
    let limit = Duration::from_secs(2);
    let error = error_within(limit, "", b"").await;
    assert!(
        is_away(&error) && error.to_string().contains("within 2 s"),
        "{error:?}"
    );
    let half = "HTTP/1.1 201 Created\ncontent-length: 10\n\n";
    let half = error_within(limit, half, b"[").await;
    assert!(is_away(&half), "{half:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let body = vec![b'x'; 1 << 20];
    let error = error_of("HTTP/1.1 500 Oops\ncontent-length: 1048576\n\n", &body).await;
    assert!(
        is_away(&error) && error.to_string().contains("did not finish"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_not_http_is_told() {
    let error = error_of("SSH-2.0-OpenSSH_9.2\n", b"").await;
    assert!(is_away(&error), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let head = "HTTP/1.1 301 Moved\nlocation: http://127.0.0.1:1/\ncontent-length: 0\n\n";
    let error = error_of(head, b"").await;
    assert!(matches!(error, MirrorError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("SUPABASE_URL"), "{error}");
}

#[tokio::test]
async fn a_busy_gateway_that_speaks_html_is_left_alone_for_as_long_as_it_asks() {
    let head = "HTTP/1.1 429 Too Many Requests\nretry-after: 30\ncontent-length: 6\n\n";
    let error = error_of(head, b"<html>").await;
    let MirrorError::Unavailable { retry_after, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}
