mod any;
mod table;

use std::time::Duration;

use super::*;
use crate::identity::JobId;
use crate::job::machine::specimens::{at, gated as rules};
use crate::job::{
    Absence, Attempt, BackendId, CancelCause, Failure, FailureClass, NewJob, RequestHash,
    Settlement, WaitingReason,
};
use crate::ports::Capacity;

fn id() -> BackendId {
    BackendId("5a1d7c2f".to_owned())
}

fn job(state: JobState) -> Job {
    let new = NewJob {
        id: JobId::new(at(0), "a7".parse().unwrap(), [7; 10]),
        environment: "prod".parse().unwrap(),
        job_type: "run_simulation".parse().unwrap(),
        backend: "aws-batch".parse().unwrap(),
        work: 1.0,
        estimated_seconds: 60,
        webhook: None,
        request_hash: RequestHash("00".repeat(32)),
    };
    let job = new.admit("user123".parse().unwrap()).job;
    Job { state, ..job }
}

fn accepted(code: Option<&str>) -> JobState {
    JobState::Accepted {
        not_before: at(0),
        waiting: code.map(reason),
    }
}

fn submitted(code: Option<&str>) -> JobState {
    JobState::Submitted {
        backend_id: id(),
        waiting: code.map(reason),
        absence: None,
    }
}

fn running() -> JobState {
    JobState::Running {
        backend_id: id(),
        attempt: 1,
        absence: None,
    }
}

fn failed(class: FailureClass) -> JobState {
    JobState::Failed {
        failure: Failure::new(class, "It went wrong."),
    }
}

fn reason(code: &str) -> WaitingReason {
    WaitingReason {
        code: code.to_owned(),
        message: "The backend says so.".to_owned(),
    }
}

fn attempt(failure: Option<Failure>) -> Attempt {
    Attempt {
        try_number: 1,
        backend_id: id(),
        started_at: Some(at(1)),
        stopped_at: Some(at(2)),
        failure,
    }
}

/// At a backend with a queue of its own, with nothing in the way.
fn around() -> Surroundings {
    Surroundings {
        reach: Reach::Here,
        room: Some(Capacity::Queue),
        obstacles: Obstacles::default(),
        last_lines: LastLines::default(),
    }
}

fn with_room(free: usize) -> Surroundings {
    Surroundings {
        room: Some(Capacity::Slots(free)),
        ..around()
    }
}

fn obstacle(code: &str, blocks_all: bool) -> Obstacle {
    Obstacle {
        code: code.to_owned(),
        message: format!("There is {code}."),
        blocks_all,
        mend: Mend::by_operator(format!("Remove {code}.")),
    }
}

fn with_obstacles(found: &[(&str, bool)]) -> Surroundings {
    let found = found.iter().map(|(code, blocks)| obstacle(code, *blocks));
    Surroundings {
        obstacles: Obstacles {
            found: found.collect(),
            unseen: None,
        },
        ..around()
    }
}

fn told(job: &Job, seen: Surroundings, seconds: i64) -> Explanation {
    explain(job, &rules(), seen, at(seconds))
}

fn cause(job: &Job, seen: Surroundings, seconds: i64) -> String {
    told(job, seen, seconds).cause
}

fn advices(explanation: &Explanation) -> String {
    let advices = explanation.mends.iter().map(|mend| mend.advice.as_str());
    advices.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_job_that_is_due_waits_for_room_for_its_turn_or_for_a_worker() {
    let due = job(accepted(None));
    assert_eq!(cause(&due, with_room(0), 500), "slots_full");
    assert_eq!(cause(&due, with_room(1), 5), "turn");
    assert_eq!(cause(&due, with_room(1), 500), "not_taken");
    assert_eq!(cause(&due, around(), 500), "not_taken");
}

#[test]
fn a_job_that_is_put_off_says_until_when_and_whether_a_try_failed() {
    let state = JobState::Accepted {
        not_before: at(60),
        waiting: None,
    };
    let put_off = told(&job(state.clone()), with_room(1), 30);
    assert_eq!(put_off.cause, "put_off");
    assert!(put_off.summary.contains(&at(60).to_string()));
    let failure = Failure::new(FailureClass::SpotReclaim, "It was taken back.");
    let mut retried = job(state);
    retried.attempts = vec![attempt(Some(failure))];
    retried.current_try.number = 2;
    let retried = told(&retried, with_room(1), 30);
    assert_eq!(retried.cause, "retry");
    let whole = "It was taken back.";
    assert!(retried.summary.contains(whole) && retried.summary.contains(&at(60).to_string()));
    assert_eq!(
        retried.mends[0].by,
        By::Nobody,
        "it is sent again by itself"
    );
    assert!(!advices(&retried).contains("Submit the job again"));
}

#[test]
fn a_job_in_doubt_says_until_when_at_most() {
    let state = JobState::Unresolved {
        since: at(0),
        empty_lookups: 0,
        first_empty_at: None,
    };
    let doubted = told(&job(state.clone()), around(), 10);
    assert_eq!(doubted.cause, "unresolved");
    // A minute of quiet, a look, a minute of looks in vain, the last look.
    assert!(
        doubted.summary.contains(&at(240).to_string()),
        "{doubted:?}"
    );
    let ungated = Rules {
        gated: false,
        ..rules()
    };
    let doubted = explain(&job(state.clone()), &ungated, around(), at(10));
    assert!(
        doubted.summary.contains(&at(1080).to_string()),
        "{doubted:?}"
    );
    let mut alone = job(state);
    alone.backend_unreachable_since = Some(at(5));
    assert_eq!(cause(&alone, around(), 10), "backend_unreachable");
}

#[test]
fn a_job_that_is_being_sent_is_told_from_one_whose_sender_is_gone() {
    let sending = job(JobState::Submitting {
        lease_until: at(30),
    });
    assert_eq!(cause(&sending, around(), 10), "submitting");
    assert_eq!(cause(&sending, around(), 31), "sender_gone");
}

#[test]
fn a_flag_of_the_backend_comes_before_what_else_was_seen() {
    let flagged = job(submitted(Some("ACTION_REQUIRED")));
    let seen = with_obstacles(&[("environment_invalid", true)]);
    let flagged = told(&flagged, seen, 500);
    assert_eq!(flagged.cause, "ACTION_REQUIRED");
    // What was seen of it helps more than what is said of all such.
    assert_eq!(flagged.mends[0].advice, "Remove environment_invalid.");
}

#[test]
fn where_nothing_is_flagged_what_blocks_is_told_or_all_that_it_can_be() {
    let waits = job(submitted(None));
    let seen = with_obstacles(&[("other_disabled", false), ("queue_disabled", true)]);
    let blocked = told(&waits, seen, 500);
    assert_eq!(blocked.cause, "queue_disabled");
    assert!(blocked.summary.contains("There is queue_disabled."));
    assert_eq!(blocked.mends[0].advice, "Remove queue_disabled.");
    assert_eq!(blocked.mends.len(), 2);
    let open = told(&waits, with_obstacles(&[("other_disabled", false)]), 500);
    assert_eq!(open.cause, "not_flagged");
    let advice = advices(&open);
    for thing in [
        "other_disabled",
        "quota",
        "ECS",
        "memory",
        "consumable",
        "before it",
    ] {
        assert!(advice.contains(thing), "{thing}: {advice}");
    }
    let of_queue = open.mends.iter().filter_map(|mend| mend.command.as_ref());
    assert!(
        of_queue
            .into_iter()
            .any(|command| command.contains("5a1d7c2f"))
    );
    assert_eq!(
        told(&waits, around(), 20).mends[0].by,
        By::Nobody,
        "it starts"
    );
}

#[test]
fn what_could_not_be_looked_at_is_told_with_what_would_allow_it() {
    let unseen = Unseen {
        reason: "AWS does not let the gateway look.".to_owned(),
        mend: Mend::by_operator("Allow it."),
    };
    let seen = Surroundings {
        obstacles: Obstacles {
            found: Vec::new(),
            unseen: Some(unseen),
        },
        ..around()
    };
    let open = told(&job(submitted(None)), seen, 500);
    assert_eq!(open.cause, "not_flagged");
    assert!(advices(&open).contains("Allow it.") && advices(&open).contains("maxvCpus"));
}

#[test]
fn a_backend_that_is_silent_or_answers_without_the_job_hides_all_else() {
    let absence = Some(Absence {
        since: at(100),
        answers: 2,
    });
    let mut lost = job(JobState::Running {
        backend_id: id(),
        attempt: 1,
        absence,
    });
    lost.cancel_requested_at = Some(at(90));
    let absent = told(&lost, around(), 110);
    assert_eq!(absent.cause, "absent");
    assert!(absent.summary.contains(&at(700).to_string()), "{absent:?}");
    lost.backend_unreachable_since = Some(at(105));
    assert_eq!(cause(&lost, around(), 110), "backend_unreachable");
    let gone = Surroundings {
        reach: Reach::NoBackend,
        room: None,
        ..around()
    };
    assert_eq!(cause(&lost, gone.clone(), 110), "backend_missing");
    assert_eq!(cause(&job(accepted(None)), gone, 110), "backend_missing");
}

#[test]
fn a_stop_that_is_not_seen_yet_is_told_and_later_who_hinders_it() {
    let mut stopping = job(running());
    stopping.cancel_requested_at = Some(at(0));
    let early = told(&stopping, around(), 10);
    assert_eq!((early.cause.as_str(), early.mends.len()), ("stopping", 1));
    let late = told(&stopping, around(), 600);
    assert!(advices(&late).contains("batch:TerminateJob"));
}

#[test]
fn a_job_that_runs_gives_signs_of_life_or_is_silent() {
    let mut runs = job(running());
    runs.progress.percent = 42;
    runs.progress.heartbeat_at = Some(at(500));
    let told_of = told(&runs, around(), 510);
    assert_eq!(told_of.cause, "running");
    assert!(told_of.summary.contains("42 percent"));
    let silent = told(&runs, around(), 700);
    assert_eq!(silent.cause, "silent");
    assert!(silent.summary.contains(&at(500).to_string()));
    let ungated = Rules {
        gated: false,
        ..rules()
    };
    assert_eq!(explain(&runs, &ungated, around(), at(700)).cause, "running");
}

#[test]
fn a_job_of_another_machine_is_told_once_nobody_looks_at_it() {
    let mut runs = job(running());
    runs.last_checked_at = Some(at(100));
    runs.progress.heartbeat_at = Some(at(390));
    let elsewhere = Surroundings {
        reach: Reach::Elsewhere,
        ..with_room(3)
    };
    assert_eq!(cause(&runs, elsewhere.clone(), 110), "running");
    assert_eq!(cause(&runs, elsewhere, 400), "elsewhere");
}

#[test]
fn only_a_job_that_was_not_sent_is_given_up() {
    let impatient = Rules {
        max_queue_time: Some(Duration::from_secs(100)),
        ..rules()
    };
    let waits = explain(&job(accepted(None)), &impatient, around(), at(5));
    assert_eq!(waits.gives_up_at, Some(at(100)));
    let sent = explain(&job(submitted(None)), &impatient, around(), at(5));
    assert_eq!(sent.gives_up_at, None);
}

#[test]
fn ends_are_told_by_whom() {
    assert_eq!(cause(&job(JobState::Completed), around(), 9), "completed");
    let mut stopped = job(JobState::Cancelled {
        cause: CancelCause::Requested,
    });
    stopped.cancel_requested_at = Some(at(7));
    let by_owner = told(&stopped, around(), 9);
    assert_eq!(by_owner.cause, "cancelled");
    assert!(by_owner.summary.contains(&at(7).to_string()));
    let outside = job(JobState::Cancelled {
        cause: CancelCause::StoppedOutside,
    });
    assert_eq!(cause(&outside, around(), 9), "stopped_outside");
}
