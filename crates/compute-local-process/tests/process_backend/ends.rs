//! How programs end, told apart.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use batchway_domain::artifacts::GateEntry;
use batchway_domain::job::{BackendId, Failure, FailureClass};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{BackendState, ComputeBackend, Description, StopEvidence, Submission};
use batchway_domain::runner::variables;

use crate::fixture::{Stage, name, until};

async fn failure_of(stage: &Stage, submission: &Submission) -> (Failure, Description) {
    let id = stage.backend.submit(submission).await.unwrap();
    let ended = stage.until_ended(&id).await;
    match &ended.state {
        BackendState::Failed { failure, stop, .. } => {
            assert_eq!(*stop, StopEvidence::None, "{ended:?}");
            (failure.clone(), ended)
        }
        other => panic!("it failed: {other:?}"),
    }
}

#[tokio::test]
async fn a_signal_is_told() {
    let stage = Stage::new();
    let (failure, _) = failure_of(&stage, &stage.script(name(1), "kill -SEGV $$")).await;
    assert_eq!(failure.class, FailureClass::ProgramExit);
    assert_eq!((failure.signal, failure.exit_code), (Some(11), None));
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let stage = Stage::new();
    let (failure, ended) = failure_of(&stage, &stage.command(name(1), &["no-such-thing"])).await;
    assert_eq!(failure.class, FailureClass::StartFailure);
    assert!(failure.message.contains("no-such-thing"), "{failure:?}");
    assert!(ended.attempts.is_empty(), "it never started: {ended:?}");
}

#[tokio::test]
async fn the_time_limit_is_told() {
    let stage = Stage::new();
    let mut submission = stage.command(name(1), &["sleep", "600"]);
    submission.timeout = Some(Duration::from_millis(200));
    let (failure, _) = failure_of(&stage, &submission).await;
    assert_eq!(failure.class, FailureClass::Timeout, "{failure:?}");
}

#[tokio::test]
async fn want_of_memory_is_told_and_by_which_means() {
    let stage = Stage::new();
    let mut submission = stage.script(name(1), "x=$(head -c 300M /dev/zero | tr '\\0' x)");
    let Execution::Process(process) = &mut submission.execution else {
        unreachable!("it is a process");
    };
    process.memory_bytes = Some(64 * 1024 * 1024);
    let (failure, _) = failure_of(&stage, &submission).await;
    assert_eq!(failure.class, FailureClass::OutOfMemory, "{failure:?}");
    let reason = failure.backend_reason.unwrap();
    assert!(
        reason.starts_with("limits: ") && reason.contains("memory"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_program_can_not_pretend_that_it_lost_the_gate() {
    let stage = Stage::new();
    let (failure, ended) = failure_of(&stage, &stage.script(name(1), "exit 120")).await;
    assert_eq!(failure.exit_code, Some(120));
    assert_eq!(failure.class, FailureClass::ProgramExit);
    let lost = matches!(
        ended.state,
        BackendState::Failed {
            lost_gate: true,
            ..
        }
    );
    assert!(!lost, "{ended:?}");
}

#[tokio::test]
async fn a_lost_gate_is_told() {
    let stage = Stage::new();
    let mut submission = stage.script(name(1), "exit 0");
    submission.gated = true;
    let gate = stage
        .objects(&submission.name)
        .join("_batchway/try-1/gate.json");
    let other = GateEntry::Admitted {
        backend_id: BackendId("another".to_owned()),
    };
    std::fs::create_dir_all(gate.parent().unwrap()).unwrap();
    std::fs::write(gate, other.encode()).unwrap();
    let (failure, ended) = failure_of(&stage, &submission).await;
    let lost = matches!(
        ended.state,
        BackendState::Failed {
            lost_gate: true,
            ..
        }
    );
    assert!(lost, "{ended:?}");
    assert!(failure.message.contains("another"), "{failure:?}");
}

#[tokio::test]
async fn results_that_can_not_be_stored_are_no_success() {
    let stage = Stage::new();
    let script = "echo x > $BATCHWAY_OUTPUT_DIR/x; mkdir -p $BLOCKED/x; echo y > $BLOCKED/x/y";
    let mut submission = stage.script(name(1), script);
    let blocked = stage.objects(&submission.name).display().to_string();
    submission.environment.insert("BLOCKED".to_owned(), blocked);
    let (failure, _) = failure_of(&stage, &submission).await;
    assert_eq!(failure.class, FailureClass::Unknown, "{failure:?}");
    assert!(
        failure.message.contains("could not be stored"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_stop_from_outside_counts_as_a_lost_host() {
    let stage = Stage::new();
    let submission = stage.command(name(1), &["sleep", "600"]);
    let id = stage.backend.submit(&submission).await.unwrap();
    stage.until_running(&id).await;
    stage.signal_runner(&submission.name, rustix::process::Signal::TERM);
    let ended = stage.until_ended(&id).await;
    let BackendState::Failed { failure, stop, .. } = ended.state else {
        panic!("it was stopped: {ended:?}");
    };
    assert_eq!(failure.class, FailureClass::HostLost, "{failure:?}");
    assert_eq!(stop, StopEvidence::None);
}

/// A gateway that answers each report with the order to stop.
fn gateway_that_stops() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut runner in listener.incoming().flatten() {
            let mut report = Vec::new();
            while !report.ends_with(b"}") {
                let mut some = [0; 1024];
                let count = runner.read(&mut some).unwrap_or(0);
                if count == 0 {
                    break;
                }
                report.extend_from_slice(&some[..count]);
            }
            let order = r#"{"stop": true}"#;
            let size = order.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n");
            // A runner that is gone needs no answer.
            let _ = write!(runner, "{head}connection: close\r\n\r\n{order}");
        }
    });
    url
}

#[tokio::test]
async fn a_stop_on_the_gateways_order_is_ours() {
    let stage = Stage::new();
    let mut submission = stage.command(name(1), &["sleep", "600"]);
    let gateway = [
        (variables::GATEWAY_URL, gateway_that_stops()),
        (variables::JOB_TOKEN, "the-token".to_owned()),
    ];
    let gateway = gateway.map(|(name, value)| (name.to_owned(), value));
    submission.environment.extend(gateway);
    let id = stage.backend.submit(&submission).await.unwrap();
    let ended = stage.until_ended(&id).await;
    let BackendState::Failed { failure, stop, .. } = ended.state else {
        panic!("it was stopped: {ended:?}");
    };
    assert_eq!(stop, StopEvidence::OurReason);
    assert_eq!(failure.message, Failure::STOPPED_BY_GATEWAY);
}

#[tokio::test]
async fn a_program_can_not_pretend_that_the_gateway_stopped_it() {
    let stage = Stage::new();
    let (failure, _) = failure_of(&stage, &stage.script(name(1), "exit 119")).await;
    assert_eq!(failure.class, FailureClass::ProgramExit);
    assert_eq!(failure.exit_code, Some(119));
}

#[tokio::test]
async fn a_program_that_ends_by_itself_while_it_is_stopped_shows_no_stop() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "exit 3");
    let id = stage.backend.submit(&submission).await.unwrap();
    // The word to stop is there, and comes too late to be heard.
    let exit = stage.run_folder(&submission.name).join("exit.json");
    until(async || exit.exists().then_some(())).await;
    let stop = r#"{"reason": "late", "requested_at": 0}"#;
    std::fs::write(stage.run_folder(&submission.name).join("stop.json"), stop).unwrap();
    let ended = stage.until_ended(&id).await;
    let BackendState::Failed { failure, stop, .. } = ended.state else {
        panic!("it failed: {ended:?}");
    };
    assert_eq!((failure.exit_code, stop), (Some(3), StopEvidence::None));
}
