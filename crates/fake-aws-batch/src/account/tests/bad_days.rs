//! Hosts that go, jobs that vanish.

use super::*;
use crate::wire::{EvaluateOnExit, RetryAction};

/// As one who wants only lost hosts repeated would write it.
fn repeated_on(status_reason: &str, request: SubmitJob) -> SubmitJob {
    let rule = |status_reason: &str, action| EvaluateOnExit {
        on_status_reason: Some(status_reason.to_owned()),
        action: Some(action),
        ..EvaluateOnExit::default()
    };
    SubmitJob {
        retry_strategy: Some(RetryStrategy {
            attempts: Some(2),
            evaluate_on_exit: vec![
                rule(status_reason, RetryAction::Retry),
                rule("*", RetryAction::Exit),
            ],
        }),
        ..request
    }
}

#[test]
fn a_lost_host_ends_the_attempt_and_its_container() {
    type Day = fn(&mut Account, &str, Millis) -> bool;
    let days: [Day; 2] = [Account::lose_host, Account::reclaim_spot];
    for day in days {
        let mut world = World::new();
        let start = world.running(&repeated_on("Host EC2*", machine("a")));
        let id = start.job_id.to_string();
        assert!(day(&mut world.account, &id, world.now));
        let job = world.job(&id);
        let reason = &job.attempts[0].status_reason;
        assert!(reason.starts_with("Host EC2 (instance i-"), "{reason}");
        assert!(reason.ends_with(") terminated."), "{reason}");
        assert_eq!(job.attempts[0].container.exit_code, None);
        assert_eq!(
            world.stops(),
            [(id.clone(), 1, Signal::Kill)],
            "nothing runs on"
        );
        let second = world.start();
        assert_eq!(second.attempt, 2);
        world.exit(&start, Exit::with_code(137));
        assert_eq!(
            world.status(&id),
            JobStatus::Running,
            "the killed one is the first attempt"
        );
        assert!(day(&mut world.account, &id, world.now));
        assert_eq!(world.status(&id), JobStatus::Failed, "no attempts left");
        assert!(!day(&mut world.account, &id, world.now), "nothing to lose");
        assert!(!day(&mut world.account, "unknown", world.now));
    }
}

#[test]
fn fargate_spot_gives_notice() {
    let mut world = World::new();
    let request = repeated_on("Your Spot Task was interrupted*", program("a"));
    let start = world.running(&request);
    let id = start.job_id.to_string();
    assert!(world.account.reclaim_spot(&id, world.now));
    assert_eq!(world.stops(), [(id.clone(), 1, Signal::Terminate)]);
    assert_eq!(world.status(&id), JobStatus::Running);
    world.pass_secs(30);
    assert_eq!(world.stops(), [(id.clone(), 1, Signal::Kill)]);
    world.exit(&start, Exit::with_code(137));
    let job = world.job(&id);
    assert_eq!(
        job.attempts[0].status_reason,
        "Your Spot Task was interrupted."
    );
    assert_eq!(job.attempts[0].container.exit_code, Some(137));
    assert_eq!(world.start().attempt, 2);
}

#[test]
fn a_terminated_job_is_not_repeated_for_a_lost_host() {
    for request in [program("a"), machine("a")] {
        let mut world = World::new();
        let start = world.running(&with_attempts(3, request));
        world
            .account
            .terminate_job(&start.job_id, "enough", world.now)
            .unwrap();
        world.account.lose_host(&start.job_id, world.now);
        assert_eq!(world.status(&start.job_id), JobStatus::Failed);
        assert_eq!(world.reason(&start.job_id), "enough");
    }
}

#[test]
fn a_user_outlasts_spot() {
    let mut world = World::new();
    let start = world.running(&with_attempts(3, program("a")));
    world.account.reclaim_spot(&start.job_id, world.now);
    world
        .account
        .terminate_job(&start.job_id, "enough", world.now)
        .unwrap();
    assert_eq!(world.stops().len(), 1);
    world.exit(&start, Exit::with_code(143));
    assert_eq!(world.status(&start.job_id), JobStatus::Failed);
    assert_eq!(world.reason(&start.job_id), "enough");
}

#[test]
fn a_vanished_job_leaves_nothing() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    world.account.take_events();
    assert!(world.account.vanish(&start.job_id));
    assert!(!world.account.vanish(&start.job_id));
    assert_eq!(world.describe(&start.job_id), None);
    let running = ListJobs {
        job_queue: Some("main".to_owned()),
        ..ListJobs::default()
    };
    assert!(world.list(&running).is_empty());
    world.exit(&start, Exit::with_code(0));
    assert!(
        world
            .account
            .terminate_job(&start.job_id, "enough", world.now)
            .is_ok()
    );
    assert_eq!(world.stops(), []);
    assert!(world.account.take_events().is_empty());
    assert_eq!(world.account.next_change_at(), None);
}

#[test]
fn a_hidden_job_goes_on_unseen() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    let running = ListJobs {
        job_queue: Some("main".to_owned()),
        ..ListJobs::default()
    };
    let until = world.now.plus(Millis::from_secs(60));
    assert!(world.account.hide(&start.job_id, until));
    assert_eq!(world.describe(&start.job_id), None);
    assert!(world.list(&running).is_empty());
    world.pass_secs(60);
    assert_eq!(world.status(&start.job_id), JobStatus::Running);
    assert_eq!(world.list(&running).len(), 1);
    assert!(!world.account.hide("unknown", until));
}
