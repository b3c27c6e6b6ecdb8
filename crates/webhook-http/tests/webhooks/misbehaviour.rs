//! Receivers that do what none should: each attempt ends in time, with the right sentence.

use std::time::Duration;

use batchway_domain::webhooks::RetryAfter;
use batchway_webhook_http::Limits;

use crate::receiver::Act::{Drips, Holds, Reads, Repeats};
use crate::receiver::{Act, answers};
use crate::scene::{Scene, attempt_of, send};

const URL: &str = "http://hooks.example.com/";
const CLOSED: &str = "The receiver closed the connection without an answer.";
const NOT_HTTP: &str = "The receiver's answer is not HTTP/1.1.";
const TOO_LONG: &str = "The head of the receiver's answer is too long.";

fn drips(text: &str) -> Act {
    Drips(text.replace('\n', "\r\n").into_bytes())
}

fn repeats(text: &str) -> Act {
    Repeats(text.replace('\n', "\r\n").into_bytes())
}

/// The longest that is allowed here: each of these ends by itself long before.
async fn outcome(acts: Vec<Act>) -> Result<u16, String> {
    let (scene, _receiver) = Scene::with_receiver(acts).await;
    let scene = scene.within(attempt_of(Duration::from_secs(60)));
    let outcome = scene.send(URL).await;
    scene.assert_canary_untouched("misbehaviour").await;
    outcome
}

/// As with a receiver that is waited for half a second.
async fn outcome_of_waiting(acts: Vec<Act>) -> Result<u16, String> {
    let (scene, _receiver) = Scene::with_receiver(acts).await;
    let scene = scene.within(attempt_of(Duration::from_millis(500)));
    scene.send(URL).await
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let late = Err("The receiver did not answer within 0.5 s.".to_owned());
    for (what, acts) in [
        ("reads nothing", vec![Holds]),
        ("reads and is silent", vec![Reads, Holds]),
        (
            "half a status line",
            vec![Reads, Act::sends("HTTP/1.1 20"), Holds],
        ),
        (
            "half a head",
            vec![Reads, Act::sends("HTTP/1.1 200 OK\na: b\n"), Holds],
        ),
        (
            "byte by byte",
            vec![Reads, drips("HTTP/1.1 200 OK\nset-cookie: a=b\n")],
        ),
        (
            "one header after the other",
            vec![Reads, Act::sends("HTTP/1.1 200 OK\n"), drips("a: b\n")],
        ),
        (
            "continues for ever",
            vec![Reads, drips("HTTP/1.1 100 Continue\n\n")],
        ),
    ] {
        assert_eq!(outcome_of_waiting(acts).await, late, "{what}");
    }
}

#[tokio::test]
async fn who_answers_nonsense_is_told_so() {
    for (what, acts, sentence) in [
        ("closes at once", vec![], CLOSED),
        ("reads and closes", vec![Reads], CLOSED),
        (
            "closes within the head",
            vec![Reads, Act::sends("HTTP/1.1 200 OK\na")],
            CLOSED,
        ),
        (
            "closes after continue",
            vec![Reads, Act::sends("HTTP/1.1 100 Continue\n\n")],
            CLOSED,
        ),
        (
            "HTTP/0.9",
            vec![Reads, Act::sends("<html>hello</html>\n")],
            NOT_HTTP,
        ),
        (
            "SSH",
            vec![Reads, Act::sends("SSH-2.0-OpenSSH_9.9\n")],
            NOT_HTTP,
        ),
        (
            "SMTP",
            vec![Reads, Act::sends("220 mail ESMTP\n")],
            NOT_HTTP,
        ),
        (
            "HTTP/2",
            vec![Reads, Act::Sends(b"\0\0\x12\x04\0\0\0\0\0".to_vec())],
            NOT_HTTP,
        ),
        (
            "TLS",
            vec![Reads, Act::Sends(b"\x15\x03\x03\0\x02\x02\x28".to_vec())],
            NOT_HTTP,
        ),
        (
            "no such status",
            vec![Reads, Act::sends("HTTP/1.1 20 OK\n\n")],
            NOT_HTTP,
        ),
        (
            "a letter as status",
            vec![Reads, Act::sends("HTTP/1.1 2x0 OK\n\n")],
            NOT_HTTP,
        ),
        (
            "a header without name",
            vec![Reads, Act::sends("HTTP/1.1 200 OK\n: b\n\n")],
            NOT_HTTP,
        ),
        (
            "nonsense before it is asked",
            vec![Act::sends("garbage\n\n"), Reads, Holds],
            NOT_HTTP,
        ),
    ] {
        assert_eq!(outcome(acts).await, Err(sentence.to_owned()), "{what}");
    }
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    let ok = || Act::sends("HTTP/1.1 200 OK\n");
    for (what, acts) in [
        ("endless headers", vec![Reads, ok(), repeats("a: b\n")]),
        (
            "one endless header",
            vec![Reads, ok(), Act::sends("a: "), repeats("bbbbbbbb")],
        ),
        (
            "an endless reason",
            vec![Reads, Act::sends("HTTP/1.1 200 "), repeats("OK ")],
        ),
        (
            "informational for ever",
            vec![Reads, repeats("HTTP/1.1 103 Early Hints\na: b\n\n")],
        ),
        (
            "continues for ever",
            vec![Reads, repeats("HTTP/1.1 100 Continue\n\n")],
        ),
    ] {
        assert_eq!(outcome(acts).await, Err(TOO_LONG.to_owned()), "{what}");
    }
}

/// Once there is a whole head, there is an answer, whatever becomes of the body.
#[tokio::test]
async fn what_follows_the_head_changes_nothing() {
    let head = |more: &str| Act::sends(&format!("HTTP/1.1 200 OK\n{more}\n"));
    for (what, acts) in [
        ("an endless body", vec![Reads, head(""), repeats("body")]),
        (
            "endless chunks",
            vec![
                Reads,
                head("transfer-encoding: chunked\n"),
                repeats("1\na\n"),
            ],
        ),
        (
            "nonsense for chunks",
            vec![
                Reads,
                head("transfer-encoding: chunked\n"),
                Act::sends("zz\n"),
            ],
        ),
        (
            "less body than promised",
            vec![Reads, head("content-length: 10\n"), Act::sends("a")],
        ),
        (
            "a huge promise",
            vec![Reads, head("content-length: 9223372036854775807\n")],
        ),
        (
            "more body than promised",
            vec![Reads, head("content-length: 0\n"), repeats("a")],
        ),
        (
            "a second answer",
            vec![Reads, head("content-length: 0\n"), head("")],
        ),
        (
            "a connection to be kept",
            vec![
                Reads,
                head("content-length: 0\nconnection: keep-alive\n"),
                Holds,
            ],
        ),
        (
            "after some continues",
            vec![
                Reads,
                Act::sends("HTTP/1.1 100 Continue\n\n"),
                Act::sends("HTTP/1.1 103 Early Hints\na: b\n\n"),
                head("content-length: 0\n"),
            ],
        ),
        (
            "an answer before the question",
            vec![head("content-length: 0\n"), Reads, Holds],
        ),
        (
            "an upgrade that nobody asked for",
            vec![
                Reads,
                head("connection: upgrade\nupgrade: h2c\nalt-svc: h2=\"127.0.0.1:1\"\n"),
            ],
        ),
    ] {
        assert_eq!(outcome(acts).await, Ok(200), "{what}");
    }
}

/// A body that comes slowly is left alone after a moment, and the answer stands, also where the
/// time for the attempt is up by then.
#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let slow = || {
        vec![
            Reads,
            Act::sends("HTTP/1.1 202 Accepted\n\n"),
            drips("body"),
        ]
    };
    let (scene, _receiver) = Scene::with_receiver(slow()).await;
    let limits = Limits {
        attempt: Duration::from_secs(10),
        body: Duration::from_secs(11),
        ..Limits::default()
    };
    let scene = scene.within(limits);
    // The whole of what would be read of it takes minutes.
    let sent = tokio::time::timeout(Duration::from_secs(150), scene.send(URL)).await;
    assert_eq!(sent.expect("it is left alone"), Ok(202));
}

#[tokio::test]
async fn when_to_ask_again_may_be_nonsense() {
    for (header, expected) in [
        ("99999999999999999999", Some(Duration::from_secs(u64::MAX))),
        ("31536000", Some(Duration::from_secs(31_536_000))),
        ("-1", None),
        ("tomorrow", None),
        ("", None),
    ] {
        let head = format!("503 Busy\nretry-after: {header}");
        let (scene, _receiver) = Scene::with_receiver(answers(&head)).await;
        let answer = send(&scene.sender, URL).await.unwrap();
        let expected = expected.map(RetryAfter::Delay);
        assert_eq!(
            (answer.status, answer.retry_after),
            (503, expected),
            "{header}"
        );
    }
}
