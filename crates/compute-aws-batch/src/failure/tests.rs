//! The reasons as AWS Batch writes them, and what they are taken for.

use super::*;

fn class(status_reason: &str, container_reason: &str, exit_code: Option<i32>) -> FailureClass {
    let end = End {
        status_reason,
        container_reason,
        exit_code,
        ..End::default()
    };
    assert_eq!(end.stop_evidence(), StopEvidence::None, "{end:?}");
    assert_eq!(end.failure().exit_code, exit_code);
    end.failure().class
}

#[test]
fn the_words_of_batch() {
    use FailureClass::{
        Dependency, ImagePull, OutOfMemory, ProgramExit, QueueAction, Refused, SpotReclaim,
        StartFailure, Timeout, Unknown,
    };
    const EXITED: &str = "Essential container in task exited";
    let table = [
        (EXITED, "", Some(1), ProgramExit),
        (EXITED, "", Some(137), ProgramExit),
        (EXITED, "", Some(0), Unknown),
        (EXITED, "", None, Unknown),
        ("", "", None, Unknown),
        (
            "Host EC2 (instance i-0a1b2c3d4e5f67890) terminated.",
            "",
            None,
            SpotReclaim,
        ),
        (
            "Your Spot Task was interrupted.",
            "",
            Some(137),
            SpotReclaim,
        ),
        (
            "Job attempt duration exceeded timeout",
            "",
            Some(137),
            Timeout,
        ),
        (
            EXITED,
            "OutOfMemoryError: Container killed due to memory usage",
            Some(137),
            OutOfMemory,
        ),
        // Timeout, then spot, then memory.
        (
            "Job attempt duration exceeded timeout",
            "OutOfMemoryError: Container killed due to memory usage",
            Some(137),
            Timeout,
        ),
        (
            "Your Spot Task was interrupted.",
            "OutOfMemoryError: Container killed due to memory usage",
            Some(137),
            SpotReclaim,
        ),
        (
            "Task failed to start",
            "CannotPullContainerError: pull image manifest has been retried 1 time(s)",
            None,
            ImagePull,
        ),
        (
            "CannotPullContainerError: Error response from daemon: not found",
            "",
            None,
            ImagePull,
        ),
        (
            "ResourceInitializationError: unable to pull secrets or registry auth",
            "",
            None,
            StartFailure,
        ),
        (
            "Task failed to start",
            "CannotStartContainerError: Error response from daemon: exec: \"run\": not found",
            None,
            StartFailure,
        ),
        ("Dependent Job failed", "", None, Dependency),
        ("Array Child Job failed", "", None, Dependency),
        ("Job queue deleted", "", None, QueueAction),
        (
            "Canceled by JobStateTimeLimit action due to reason: MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            "",
            None,
            QueueAction,
        ),
        (
            "Container Overrides length must be at most 8192",
            "",
            None,
            Refused,
        ),
    ];
    for (status_reason, container_reason, exit_code, expected) in table {
        assert_eq!(
            class(status_reason, container_reason, exit_code),
            expected,
            "{status_reason:?} {container_reason:?} {exit_code:?}"
        );
    }
}

#[test]
fn exit_codes_of_the_runner_count_only_under_the_runner() {
    use FailureClass::{HostLost, OutOfMemory, ProgramExit, StartFailure, Timeout, Unknown};
    let table = [
        (1, ProgramExit),
        (117, ProgramExit),
        (exit_codes::STOPPED, HostLost),
        (exit_codes::STOPPED_BY_GATEWAY, Unknown),
        (exit_codes::GATE_CLOSED, StartFailure),
        (exit_codes::GATE_UNREACHABLE, StartFailure),
        (exit_codes::NOT_STARTED, StartFailure),
        (exit_codes::RESULTS_NOT_STORED, Unknown),
        (exit_codes::TIMED_OUT, Timeout),
        (exit_codes::OUT_OF_MEMORY, OutOfMemory),
        (126, ProgramExit),
        (139, ProgramExit),
        (143, ProgramExit),
    ];
    for (code, expected) in table {
        let mut end = End {
            status_reason: "Essential container in task exited",
            exit_code: Some(code),
            under_runner: true,
            ..End::default()
        };
        assert_eq!(end.failure().class, expected, "{code}");
        assert_eq!(end.lost_gate(), code == exit_codes::GATE_CLOSED);
        let evidence = match code {
            exit_codes::STOPPED_BY_GATEWAY => StopEvidence::OurReason,
            _ => StopEvidence::None,
        };
        assert_eq!(end.stop_evidence(), evidence, "{code}");
        end.under_runner = false;
        assert_eq!(end.failure().class, ProgramExit, "{code}");
        assert!(!end.lost_gate());
        assert_eq!(end.stop_evidence(), StopEvidence::None, "{code}");
    }
}

#[test]
fn a_runner_that_heard_of_the_stop_before_batch_did_was_stopped_by_us() {
    let ordered = End {
        exit_code: Some(exit_codes::STOPPED_BY_GATEWAY),
        under_runner: true,
        ..End::default()
    };
    for status_reason in [
        "Essential container in task exited",
        "Your Spot Task was interrupted.",
        "",
    ] {
        let end = End {
            status_reason,
            ..ordered
        };
        assert_eq!(end.stop_evidence(), StopEvidence::OurReason, "{end:?}");
        assert_eq!(end.failure().message, Failure::STOPPED_BY_GATEWAY);
    }
    let also_by_batch = End {
        status_reason: "Batchway: cancelled by its owner",
        stop_flag: true,
        ..ordered
    };
    assert_eq!(also_by_batch.stop_evidence(), StopEvidence::OurReason);
    let by_the_queue = End {
        status_reason: "Canceled by JobStateTimeLimit action due to reason: CAPACITY:X",
        ..ordered
    };
    assert_eq!(by_the_queue.stop_evidence(), StopEvidence::None);
}

#[test]
fn a_spot_reclaim_is_one_whatever_the_runner_ends_with() {
    let end = End {
        status_reason: "Your Spot Task was interrupted.",
        exit_code: Some(exit_codes::STOPPED),
        under_runner: true,
        ..End::default()
    };
    assert_eq!(end.failure().class, FailureClass::SpotReclaim);
}

#[test]
fn the_limit_is_told_where_it_is_known() {
    let end = End {
        exit_code: Some(exit_codes::TIMED_OUT),
        under_runner: true,
        limit: Some(Duration::from_secs(90)),
        ..End::default()
    };
    assert!(end.failure().message.contains("90 seconds"));
}

#[test]
fn a_stop_shows_by_its_flag_or_by_our_reason_and_never_by_the_queue() {
    let ours = format!("{OUR_MARK}cancelled by its owner");
    let action = format!("{QUEUE_ACTION} CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY");
    let table = [
        ("", false, StopEvidence::None),
        ("", true, StopEvidence::Flag),
        ("the operator's own words", true, StopEvidence::Flag),
        ("the operator's own words", false, StopEvidence::None),
        (ours.as_str(), true, StopEvidence::OurReason),
        (ours.as_str(), false, StopEvidence::OurReason),
        (action.as_str(), true, StopEvidence::None),
    ];
    for (status_reason, stop_flag, expected) in table {
        let end = End {
            status_reason,
            stop_flag,
            exit_code: Some(137),
            ..End::default()
        };
        assert_eq!(end.stop_evidence(), expected, "{end:?}");
        let stopped = end.failure().message.starts_with("The job was stopped: ");
        assert_eq!(stopped, expected != StopEvidence::None, "{end:?}");
    }
}

#[test]
fn the_words_of_batch_are_kept() {
    let end = End {
        status_reason: "Task failed to start",
        container_reason: "CannotPullContainerError: no such image",
        ..End::default()
    };
    assert_eq!(
        end.failure().backend_reason.as_deref(),
        Some("Task failed to start; CannotPullContainerError: no such image")
    );
    assert_eq!(End::default().failure().backend_reason, None);
}

#[test]
fn no_account_is_told() {
    let end = End {
        status_reason: "Stopped by arn:aws:iam::123456789012:user/ops",
        container_reason: "CannotPullContainerError: 123456789012.dkr.ecr: no such image",
        ..End::default()
    };
    for stop_flag in [true, false] {
        let failure = End { stop_flag, ..end }.failure();
        assert!(
            !format!("{failure:?}").contains("123456789012"),
            "{failure:?}"
        );
    }
}
