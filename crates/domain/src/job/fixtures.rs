//! Records as past gateways wrote them. Each has to be read for ever, so a fixture is never
//! changed: a new form of the record gets a new version and fixtures of its own.

use super::*;
use crate::Timestamp;
use crate::identity::JobId;
use crate::security::WebhookTarget;

const FRESH: &str = include_str!("fixtures/v1-fresh.json");
const RUNNING: &str = include_str!("fixtures/v1-running.json");
const FAILED: &str = include_str!("fixtures/v1-failed.json");
const LOGS_TO_ARCHIVE: &str = include_str!("fixtures/v1-failed-logs-to-archive.json");

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000 + seconds * 1000)
}

fn id(name: &str) -> BackendId {
    BackendId(name.to_owned())
}

/// As it is admitted, with everything absent that can be.
fn fresh() -> Job {
    let new = NewJob {
        id: JobId::new(at(0), "a7".parse().unwrap(), [7; 10]),
        environment: "prod".parse().unwrap(),
        job_type: "run_simulation".parse().unwrap(),
        backend: "process".parse().unwrap(),
        work: 5e7,
        estimated_seconds: 90,
        webhook: None,
        request_hash: RequestHash("ab".repeat(32)),
    };
    new.admit("user123".parse().unwrap()).job
}

/// In its second try, with everything there that can be.
fn running() -> Job {
    Job {
        backend: "aws-batch".parse().unwrap(),
        webhook: Some(WebhookTarget::parse("https://example.com/hook").unwrap()),
        state: JobState::Running {
            backend_id: id("b"),
            attempt: 2,
            absence: Some(Absence {
                since: at(300),
                answers: 1,
            }),
        },
        state_since: at(200),
        current_try: CurrentTry {
            number: 2,
            epoch: 4,
            signed_at: Some(at(100)),
            target: Some(Target("queue/definition:7".to_owned())),
            // As records were before it was written down.
            gated: None,
            in_doubt: true,
            admitted: true,
            earlier_epochs: 1,
        },
        cancel_requested_at: Some(at(310)),
        candidates: vec![id("c")],
        surplus: vec![id("d")],
        surplus_absence: None,
        attempts: vec![
            Attempt {
                try_number: 1,
                backend_id: id("a"),
                started_at: Some(at(10)),
                stopped_at: Some(at(20)),
                failure: Some(failure()),
            },
            Attempt {
                try_number: 2,
                backend_id: id("b"),
                started_at: Some(at(200)),
                stopped_at: None,
                failure: None,
            },
        ],
        progress: Progress {
            percent: 42,
            message: Some("step 21000 of 50000".to_owned()),
            heartbeat_at: Some(at(299)),
        },
        progress_event_at: Some(at(298)),
        last_checked_at: Some(at(300)),
        backend_unreachable_since: Some(at(301)),
        next_check_at: at(311),
        version: 17,
        events: 9,
        ..fresh()
    }
}

fn failed() -> Job {
    Job {
        state: JobState::Failed { failure: failure() },
        completed_at: Some(at(400)),
        main_result: Some("results.h5".to_owned()),
        remove_at: Some(at(500)),
        ..fresh()
    }
}

fn with_logs_to_archive() -> Job {
    Job {
        archive_logs_at: Some(at(415)),
        ..failed()
    }
}

fn failure() -> Failure {
    Failure::new(FailureClass::SpotReclaim, "The host was taken back.")
        .with_exit_code(143)
        .with_signal(15)
        .with_backend_reason("Host EC2 (instance i-1) terminated.")
}

#[test]
fn records_of_version_1_are_read_and_written_as_ever() {
    for (fixture, job) in [
        (FRESH, fresh()),
        (RUNNING, running()),
        (FAILED, failed()),
        (LOGS_TO_ARCHIVE, with_logs_to_archive()),
    ] {
        assert_eq!(Job::decode(fixture.as_bytes()).unwrap(), job);
        let stored: serde_json::Value = serde_json::from_str(fixture).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&job.encode()).unwrap();
        assert_eq!(written, stored);
    }
    assert_eq!(Job::RECORD_VERSION, 1, "a new version needs new fixtures");
}

#[test]
fn a_record_tells_its_version_first() {
    let written = String::from_utf8(fresh().encode()).unwrap();
    let begin = format!("{{\"v\":{},", Job::RECORD_VERSION);
    assert!(written.starts_with(&begin), "{written}");
    let newer = written.replacen(&begin, "{\"v\":2,", 1);
    let error = Job::decode(newer.as_bytes()).unwrap_err();
    assert!(matches!(error, UnreadableRecord::Newer { found: 2 }));
}

#[test]
fn the_states_of_version_1_are_read_and_written_as_ever() {
    let waiting = WaitingReason {
        code: "credentials".to_owned(),
        message: "It waits.".to_owned(),
    };
    let states = [
        (
            r#"{"state":"accepted","not_before":1000,"waiting":{"code":"credentials","message":"It waits."}}"#,
            JobState::Accepted {
                not_before: Timestamp::from_millis(1000),
                waiting: Some(waiting.clone()),
            },
        ),
        (
            r#"{"state":"submitting","lease_until":1000}"#,
            JobState::Submitting {
                lease_until: Timestamp::from_millis(1000),
            },
        ),
        (
            r#"{"state":"unresolved","since":1000,"empty_lookups":2,"first_empty_at":2000}"#,
            JobState::Unresolved {
                since: Timestamp::from_millis(1000),
                empty_lookups: 2,
                first_empty_at: Some(Timestamp::from_millis(2000)),
            },
        ),
        (
            r#"{"state":"submitted","backend_id":"a","absence":{"since":1000,"answers":3}}"#,
            JobState::Submitted {
                backend_id: id("a"),
                waiting: None,
                absence: Some(Absence {
                    since: Timestamp::from_millis(1000),
                    answers: 3,
                }),
            },
        ),
        (r#"{"state":"completed"}"#, JobState::Completed),
        (
            r#"{"state":"cancelled","cause":"requested"}"#,
            JobState::Cancelled {
                cause: CancelCause::Requested,
            },
        ),
        (
            r#"{"state":"cancelled","cause":"stopped_outside"}"#,
            JobState::Cancelled {
                cause: CancelCause::StoppedOutside,
            },
        ),
    ];
    for (stored, state) in states {
        assert_eq!(serde_json::from_str::<JobState>(stored).unwrap(), state);
        assert_eq!(serde_json::to_string(&state).unwrap(), stored);
    }
}

#[test]
fn what_can_not_be_read_says_why() {
    let newer = FRESH.replace("\"v\": 1", "\"v\": 2");
    let error = Job::decode(newer.as_bytes()).unwrap_err();
    assert!(matches!(error, UnreadableRecord::Newer { found: 2 }));
    assert!(error.to_string().contains("upgrade"), "{error}");
    for damaged in ["", "{}", "{\"v\": 1}", &FRESH[..FRESH.len() / 2]] {
        let error = Job::decode(damaged.as_bytes()).unwrap_err();
        assert!(matches!(error, UnreadableRecord::Damaged(_)), "{damaged}");
    }
}

#[test]
fn a_field_that_a_later_gateway_adds_does_not_hide_a_job_from_this_one() {
    let later = FRESH.replacen('{', "{\"color\": \"red\",", 1);
    assert_eq!(Job::decode(later.as_bytes()).unwrap(), fresh());
}
