//! Logs that arrive in pages, some of them empty.

use batchway_domain::job::BackendId;
use batchway_domain::ports::{ComputeBackend, LogCursor, LogError, LogPage, LogPosition};
use serde_json::{Value, json};

use crate::gateway::backend;
use crate::scripted_aws::{Asked, Reply, ScriptedAws};

fn job(status: &str) -> Reply {
    Reply::ok(&json!({"jobs": [{
        "jobId": "a",
        "jobName": "n",
        "jobQueue": "q",
        "jobDefinition": "d",
        "status": status,
        "startedAt": 1000,
        "container": {"logStreamName": "simulation/default/0123"},
    }]}))
}

fn page(events: &[&str], back: &str, forward: &str) -> Reply {
    let events: Vec<Value> = events
        .iter()
        .map(|text| json!({"timestamp": 1_772_366_400_250_i64, "message": text}))
        .collect();
    Reply::ok(&json!({
        "events": events,
        "nextBackwardToken": back,
        "nextForwardToken": forward,
    }))
}

async fn stage(
    status: &'static str,
    events: impl Fn(&Value) -> Reply + Send + Sync + 'static,
) -> ScriptedAws {
    ScriptedAws::start(move |asked: &Asked| match asked.action.as_str() {
        "describejobs" => job(status),
        "GetLogEvents" => {
            let asked = asked.json();
            assert_eq!(asked["logGroupName"], "/aws/batch/job");
            assert_eq!(asked["logStreamName"], "simulation/default/0123");
            events(&asked)
        }
        other => panic!("{other} is not needed"),
    })
    .await
}

async fn read(aws: &ScriptedAws, from: LogPosition) -> Result<LogPage, LogError> {
    let id = BackendId("a".to_owned());
    backend(&aws.url()).read_log(&id, 1, from, 50).await
}

fn texts(page: &LogPage) -> Vec<&str> {
    page.lines.iter().map(|line| line.text.as_str()).collect()
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let aws = stage("RUNNING", |asked| {
        assert_eq!(
            (&asked["startFromHead"], &asked["limit"]),
            (&json!(true), &json!(50))
        );
        match asked["nextToken"].as_str() {
            None => page(&[], "b/0", "f/1"),
            Some("f/1") => page(&[], "b/1", "f/2"),
            Some("f/2") => page(&["one", "two\n"], "b/2", "f/3"),
            Some("f/3") => page(&[], "b/3", "f/3"),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let first = read(&aws, LogPosition::Start).await.unwrap();
    assert_eq!(texts(&first), ["one", "two"]);
    assert_eq!(first.lines[0].at.unwrap().as_millis(), 1_772_366_400_250);
    assert_eq!(first.next, LogCursor("f/3".to_owned()));
    let calls = aws.asked("GetLogEvents").len();
    let end = read(&aws, LogPosition::After(first.next.clone()))
        .await
        .unwrap();
    assert_eq!((texts(&end).len(), end.next), (0, first.next));
    assert_eq!(
        aws.asked("GetLogEvents").len(),
        calls + 1,
        "the token came back"
    );
}

#[tokio::test]
async fn the_tail_is_looked_for_backwards_and_read_on_from_the_end() {
    let aws = stage("SUCCEEDED", |asked| {
        assert_eq!(asked["startFromHead"], false);
        match asked["nextToken"].as_str() {
            None => page(&[], "b/9", "f/9"),
            Some("b/9") => page(&["last"], "b/8", "f/8"),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let tail = read(&aws, LogPosition::Tail).await.unwrap();
    assert_eq!(texts(&tail), ["last"]);
    assert_eq!(tail.next, LogCursor("f/9".to_owned()));
}

#[tokio::test]
async fn a_stream_that_is_never_but_empty_ends_the_reading_in_time() {
    let aws = stage("RUNNING", |asked| {
        let number: u32 = asked["nextToken"]
            .as_str()
            .map_or(0, |token| token[2..].parse().unwrap());
        page(&[], "b/0", &format!("f/{}", number + 1))
    })
    .await;
    let first = read(&aws, LogPosition::Start).await.unwrap();
    assert_eq!(texts(&first).len(), 0);
    assert_eq!(aws.asked("GetLogEvents").len(), 20);
    assert_eq!(first.next, LogCursor("f/20".to_owned()));
}

#[tokio::test]
async fn a_stream_that_is_not_there_yet_is_empty_and_one_that_never_came_is_no_log() {
    let none = |_: &Value| Reply::error(400, "ResourceNotFoundException", "None.");
    let aws = stage("RUNNING", none).await;
    let page = read(&aws, LogPosition::Start).await.unwrap();
    assert_eq!(texts(&page).len(), 0);
    let again = read(&aws, LogPosition::After(page.next.clone()))
        .await
        .unwrap();
    assert_eq!(again, page, "from the beginning, once there is one");

    let aws = stage("SUCCEEDED", none).await;
    let answer = read(&aws, LogPosition::Start).await;
    assert!(matches!(answer, Err(LogError::NoLog { .. })), "{answer:?}");
}

#[tokio::test]
async fn throttling_and_bad_cursors_are_told() {
    let aws = stage("RUNNING", |_| {
        Reply::error(400, "ThrottlingException", "Rate exceeded")
    })
    .await;
    let answer = read(&aws, LogPosition::Start).await;
    assert!(
        matches!(&answer, Err(LogError::Backend(error)) if error.throttled),
        "{answer:?}"
    );
    let aws = stage("RUNNING", |_| {
        Reply::error(400, "InvalidParameterException", "The token is invalid.")
    })
    .await;
    let answer = read(&aws, LogPosition::After(LogCursor("f/x".to_owned()))).await;
    assert!(matches!(answer, Err(LogError::InvalidCursor)), "{answer:?}");
}
