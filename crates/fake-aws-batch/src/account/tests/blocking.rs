//! Why the head of a queue waits, and for how long.

use super::*;
use crate::account::{BlockingReason, EventKind};
use crate::wire::{JobStateTimeLimitAction, LimitedState, TimeLimitAction, UpdateJobQueue};

const NO_CAPACITY: BlockingReason = BlockingReason::InsufficientInstanceCapacity;

fn limit_to(world: &mut World, reason: BlockingReason, seconds: i32) -> bool {
    let request = UpdateJobQueue {
        job_queue: "main".to_owned(),
        job_state_time_limit_actions: Some(vec![JobStateTimeLimitAction {
            reason: reason.code().to_owned(),
            state: LimitedState::Runnable,
            max_time_seconds: seconds,
            action: TimeLimitAction::Cancel,
        }]),
        ..UpdateJobQueue::default()
    };
    world.account.update_job_queue(&request, world.now).is_ok()
}

fn block(world: &mut World, reason: BlockingReason) {
    world
        .account
        .block_queue_head("main", reason, world.now)
        .unwrap();
}

#[test]
fn only_the_head_says_why() {
    for reason in [
        NO_CAPACITY,
        BlockingReason::ComputeEnvironmentMaxResource,
        BlockingReason::JobResourceRequirement,
        BlockingReason::InstanceConfigurationUnsupported,
        BlockingReason::ServiceRolePermissions,
        BlockingReason::ActionRequired,
        BlockingReason::Undetermined,
    ] {
        let mut world = World::new();
        block(&mut world, reason);
        let (head, next) = (
            world.submit(&program("head")),
            world.submit(&program("next")),
        );
        world.pass_secs(3600);
        assert_eq!(world.status(&head), JobStatus::Runnable);
        let told = world.reason(&head);
        assert_eq!(told.split(' ').next(), Some(reason.code()));
        assert_eq!(world.status(&next), JobStatus::Runnable);
        assert_eq!(world.reason(&next), "");
        let by_name = ListJobs {
            job_queue: Some("main".to_owned()),
            job_status: Some(JobStatus::Runnable),
            ..ListJobs::default()
        };
        let listed = world.list(&by_name);
        assert_eq!(listed[1].status_reason.as_deref(), Some(&*told));

        world.account.cancel_job(&head, "no", world.now).unwrap();
        assert_eq!(world.reason(&head), "no");
        assert_eq!(world.reason(&next).split(' ').next(), Some(reason.code()));

        world.account.unblock_queue("main", world.now).unwrap();
        assert_eq!(world.status(&next), JobStatus::Starting);
        assert_eq!(world.reason(&next), "");
    }
}

#[test]
fn a_queue_can_be_blocked_with_jobs_in_it() {
    let mut world = World::with(Settings {
        pace: crate::account::Pace {
            runnable: Millis::from_secs(10),
            ..crate::account::Pace::default()
        },
        ..Settings::default()
    });
    let head = world.submit(&program("head"));
    world.account.advance(world.now);
    world.account.take_events();
    block(&mut world, NO_CAPACITY);
    let events = world.account.take_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventKind::JobQueueBlocked);
    assert_eq!(*events[0].job.job_id, *head);
    world.pass_secs(3600);
    assert_eq!(world.status(&head), JobStatus::Runnable);
    block(&mut world, BlockingReason::Undetermined);
    assert!(world.reason(&head).starts_with("UNDETERMINED"));
    world.account.vanish(&head);
    let next = world.submit(&program("next"));
    world.pass_secs(1);
    assert!(world.reason(&next).starts_with("UNDETERMINED"));
}

#[test]
fn a_limit_cancels_the_head() {
    let mut world = World::new();
    assert!(limit_to(&mut world, NO_CAPACITY, 600));
    block(&mut world, NO_CAPACITY);
    let (head, next) = (
        world.submit(&program("head")),
        world.submit(&program("next")),
    );
    world.pass_secs(599);
    assert_eq!(world.status(&head), JobStatus::Runnable);
    world.pass_secs(1);
    let job = world.job(&head);
    assert_eq!(job.status, JobStatus::Failed);
    let reason = "Canceled by JobStateTimeLimit action due to reason: \
                  CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY";
    assert_eq!(job.status_reason.as_deref(), Some(reason));
    assert!(
        !job.is_cancelled && !job.is_terminated,
        "no user asked for it"
    );
    world.pass_secs(599);
    assert_eq!(
        world.status(&next),
        JobStatus::Runnable,
        "its time began at the head"
    );
    world.pass_secs(1);
    assert_eq!(world.status(&next), JobStatus::Failed);
}

#[test]
fn a_limit_looks_at_its_own_reason_only() {
    let mut world = World::new();
    assert!(limit_to(
        &mut world,
        BlockingReason::JobResourceRequirement,
        600
    ));
    block(&mut world, NO_CAPACITY);
    let head = world.submit(&program("head"));
    world.pass_secs(7200);
    assert_eq!(world.status(&head), JobStatus::Runnable);
}

#[test]
fn limits_that_are_refused() {
    let mut world = World::new();
    for (reason, seconds, expected) in [
        (NO_CAPACITY, 600, true),
        (NO_CAPACITY, 86_400, true),
        (NO_CAPACITY, 599, false),
        (NO_CAPACITY, 86_401, false),
        (BlockingReason::Undetermined, 600, false),
    ] {
        assert_eq!(
            limit_to(&mut world, reason, seconds),
            expected,
            "{reason:?} {seconds}"
        );
    }
}
