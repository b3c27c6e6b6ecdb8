//! State changes for EventBridge.

use super::*;
use crate::account::EventKind;

#[test]
fn one_for_each_change_but_the_submission() {
    let mut world = World::new();
    let start = world.running(&with_attempts(2, program("a")));
    world.pass_secs(5);
    world.exit(&start, Exit::with_code(1));
    let second = world.start();
    world.exit(&second, Exit::with_code(0));
    let events = world.account.take_events();
    let seen: Vec<(JobStatus, i64)> = events
        .iter()
        .map(|event| (event.job.status, event.at.0 - BEGINNING.0))
        .collect();
    let expected = [
        (JobStatus::Runnable, 0),
        (JobStatus::Starting, 0),
        (JobStatus::Running, 0),
        (JobStatus::Runnable, 5000),
        (JobStatus::Starting, 5000),
        (JobStatus::Running, 5000),
        (JobStatus::Succeeded, 5000),
    ];
    assert_eq!(seen, expected);
    assert!(
        events
            .iter()
            .all(|event| event.kind == EventKind::JobStateChange)
    );
    assert_eq!(events[2].kind.detail_type(), "Batch Job State Change");
    assert_eq!(
        events[6].job,
        world.job(&start.job_id),
        "the job as it was then"
    );
    assert_eq!(events[3].job.attempts.len(), 1);
    assert!(world.account.take_events().is_empty(), "each once");
}

#[test]
fn who_never_takes_them_turns_them_off() {
    let mut world = World::with(Settings {
        records_events: false,
        ..Settings::default()
    });
    let start = world.running(&program("a"));
    world.exit(&start, Exit::with_code(0));
    assert!(world.account.take_events().is_empty());
}
