//! How long an attempt may run.

use super::*;
use crate::wire::JobTimeout;

const REASON: &str = "Job attempt duration exceeded timeout";

fn limited(seconds: i32) -> SubmitJob {
    SubmitJob {
        timeout: Some(JobTimeout {
            attempt_duration_seconds: Some(seconds),
        }),
        ..with_attempts(3, program("a"))
    }
}

#[test]
fn sigterm_then_sigkill_after_the_grace() {
    let mut world = World::new();
    let id = world.submit(&limited(60));
    let start = world.starts().remove(0);
    world.pass_secs(100);
    assert_eq!(world.stops(), [], "it counts from RUNNING on");
    world.account.started(&id, 1, world.now);
    assert_eq!(
        world.account.next_change_at(),
        Some(world.now.plus(Millis::from_secs(60)))
    );
    world.pass_secs(59);
    assert_eq!(world.stops(), []);
    world.pass_secs(1);
    assert_eq!(world.stops(), [(id.clone(), 1, Signal::Terminate)]);
    assert_eq!(world.status(&id), JobStatus::Running);
    world.pass_secs(30);
    assert_eq!(world.stops(), [(id.clone(), 1, Signal::Kill)]);
    world.exit(&start, Exit::with_code(137));
    let job = world.job(&id);
    assert_eq!(job.status, JobStatus::Failed, "never repeated");
    assert_eq!(job.status_reason.as_deref(), Some(REASON));
    assert_eq!(job.attempts[0].status_reason, REASON);
    assert_eq!(job.container.exit_code, Some(137));
    assert!(
        !job.is_terminated && !job.is_cancelled,
        "no user asked for it"
    );
}

#[test]
fn a_program_that_ends_itself_on_sigterm_failed_by_the_timeout() {
    let mut world = World::new();
    let start = world.running(&limited(60));
    world.pass_secs(60);
    assert_eq!(world.stops().len(), 1);
    world.exit(&start, Exit::with_code(0));
    assert_eq!(world.status(&start.job_id), JobStatus::Failed);
    assert_eq!(world.reason(&start.job_id), REASON);
    world.pass_secs(60);
    assert_eq!(world.stops(), [], "there is nothing left to kill");
}

#[test]
fn each_attempt_has_its_own() {
    let mut world = World::new();
    let first = world.running(&limited(60));
    world.pass_secs(59);
    world.exit(&first, Exit::with_code(1));
    let second = world.start();
    world.pass_secs(59);
    assert_eq!(world.stops(), []);
    world.pass_secs(1);
    assert_eq!(
        world.stops(),
        [(second.job_id.to_string(), 2, Signal::Terminate)]
    );
}

#[test]
fn the_timeout_of_an_attempt_ends_with_it() {
    let mut world = World::new();
    let first = world.running(&limited(60));
    world.exit(&first, Exit::with_code(1));
    let second = world.starts().remove(0);
    world.pass_secs(60);
    assert_eq!(world.stops(), []);
    world.account.started(&second.job_id, 2, world.now);
    assert_eq!(world.status(&second.job_id), JobStatus::Running);
}

#[test]
fn one_under_a_minute_is_refused() {
    let mut world = World::new();
    assert!(world.refused(&limited(59)).contains("60"));
}
