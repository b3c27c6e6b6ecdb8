//! CancelJob and TerminateJob.

use super::*;
use crate::account::Pace;
use crate::wire::{CancelJobs, JobDependency, TerminateJobs};

const SECOND: Millis = Millis::from_secs(1);

fn one_second_each() -> Settings {
    Settings {
        pace: Pace {
            submitted: SECOND,
            pending: SECOND,
            runnable: SECOND,
            starting: SECOND,
        },
        ..Settings::default()
    }
}

/// A world whose job is in that status.
fn world_in(status: JobStatus) -> (World, String) {
    let mut world = World::with(one_second_each());
    let mut request = with_attempts(3, program("a"));
    if status == JobStatus::Pending {
        let first = world.submit(&program("first"));
        request.depends_on = vec![JobDependency::on(first)];
    }
    let id = world.submit(&request);
    for _ in 0..10 {
        if world.status(&id) == status {
            break;
        }
        world.pass(SECOND);
        world.start_all();
    }
    assert_eq!(world.status(&id), status);
    (world, id)
}

#[test]
fn cancel_by_status() {
    let table = [
        (JobStatus::Submitted, JobStatus::Failed, true),
        (JobStatus::Pending, JobStatus::Pending, true),
        (JobStatus::Runnable, JobStatus::Failed, true),
        (JobStatus::Starting, JobStatus::Starting, false),
        (JobStatus::Running, JobStatus::Running, false),
    ];
    for (before, after, flag) in table {
        let (mut world, id) = world_in(before);
        world
            .account
            .cancel_job(&id, "not needed", world.now)
            .unwrap();
        let job = world.job(&id);
        assert_eq!((job.status, job.is_cancelled), (after, flag), "{before:?}");
        assert!(!job.is_terminated, "{before:?}");
        assert_eq!(world.stops(), [], "{before:?}");
        let reason = (after == JobStatus::Failed).then_some("not needed");
        assert_eq!(job.status_reason.as_deref(), reason, "{before:?}");
        assert_eq!(
            job.stopped_at.is_some(),
            after == JobStatus::Failed,
            "{before:?}"
        );
    }
}

#[test]
fn a_pending_job_is_cancelled_once_its_dependencies_are_done() {
    let mut world = World::new();
    let first = world.running(&program("first"));
    let id = world.submit(&SubmitJob {
        depends_on: vec![JobDependency::on(&*first.job_id)],
        ..program("second")
    });
    assert_eq!(world.status(&id), JobStatus::Pending);
    world
        .account
        .cancel_job(&id, "not needed", world.now)
        .unwrap();
    world.pass_secs(3600);
    assert_eq!(world.status(&id), JobStatus::Pending);
    world.exit(&first, Exit::with_code(0));
    let job = world.job(&id);
    assert_eq!(job.status, JobStatus::Failed);
    assert_eq!(job.status_reason.as_deref(), Some("not needed"));
    assert!(world.starts().is_empty());
}

#[test]
fn terminate_before_a_container_is_at_once() {
    for before in [
        JobStatus::Submitted,
        JobStatus::Pending,
        JobStatus::Runnable,
        JobStatus::Starting,
    ] {
        let (mut world, id) = world_in(before);
        world
            .account
            .terminate_job(&id, "enough", world.now)
            .unwrap();
        let job = world.job(&id);
        assert_eq!(
            (job.status, job.is_terminated),
            (JobStatus::Failed, true),
            "{before:?}"
        );
        assert_eq!(job.status_reason.as_deref(), Some("enough"), "{before:?}");
        world.pass_secs(60);
        let starts = world.starts().into_iter();
        assert!(
            !starts
                .map(|start| start.job_id)
                .any(|started| *started == *id),
            "{before:?}"
        );
        assert_eq!(world.stops(), [], "{before:?}");
    }
}

#[test]
fn terminate_tells_the_container_then_kills_it() {
    for before_running in [true, false] {
        let mut world = World::new();
        let id = world.submit(&with_attempts(3, program("a")));
        let start = world.starts().remove(0);
        if !before_running {
            world.account.started(&id, 1, world.now);
        }
        world
            .account
            .terminate_job(&id, "enough", world.now)
            .unwrap();
        assert!(world.job(&id).is_terminated, "accepted");
        assert!(!world.status(&id).is_terminal(), "and not stopped yet");
        assert_eq!(world.stops(), [(id.clone(), 1, Signal::Terminate)]);
        world.pass_secs(29);
        assert_eq!(world.stops(), []);
        world.pass_secs(1);
        assert_eq!(world.stops(), [(id.clone(), 1, Signal::Kill)]);
        assert_eq!(world.account.next_change_at(), None, "each signal once");
        world.exit(&start, Exit::with_code(137));
        let job = world.job(&id);
        assert_eq!(job.status, JobStatus::Failed, "never repeated");
        assert_eq!(job.status_reason.as_deref(), Some("enough"));
        assert_eq!((job.is_terminated, job.is_cancelled), (true, false));
        assert_eq!(job.container.exit_code, Some(137));
    }
}

#[test]
fn what_ended_well_before_it_heard_has_succeeded() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    world
        .account
        .terminate_job(&start.job_id, "enough", world.now)
        .unwrap();
    world.exit(&start, Exit::with_code(0));
    let job = world.job(&start.job_id);
    assert_eq!(
        (job.status, job.is_terminated),
        (JobStatus::Succeeded, true)
    );
    assert_eq!(world.stops(), []);

    let start = world.running(&program("b"));
    world
        .account
        .terminate_job(&start.job_id, "enough", world.now)
        .unwrap();
    assert_eq!(world.stops().len(), 1);
    world.exit(&start, Exit::with_code(0));
    assert_eq!(
        world.status(&start.job_id),
        JobStatus::Failed,
        "it ended for having heard"
    );
}

#[test]
fn what_has_ended_is_left_alone() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    world.exit(&start, Exit::with_code(1));
    let before = world.job(&start.job_id);
    world
        .account
        .cancel_job(&start.job_id, "late", world.now)
        .unwrap();
    world
        .account
        .terminate_job(&start.job_id, "late", world.now)
        .unwrap();
    assert_eq!(world.job(&start.job_id), before);
}

#[test]
fn the_first_reason_stays() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    for reason in ["first", "second"] {
        world
            .account
            .terminate_job(&start.job_id, reason, world.now)
            .unwrap();
    }
    assert_eq!(world.stops().len(), 1, "one signal");
    world.exit(&start, Exit::with_code(143));
    assert_eq!(world.reason(&start.job_id), "first");
}

#[test]
fn unknown_ids_succeed_and_bad_requests_do_not() {
    let mut world = World::new();
    let long = "x".repeat(1025);
    let table = [
        ("8f2b0b4e-1c2d-4000-8000-000000000001", "enough", true),
        ("8f2b0b4e-1c2d-4000-8000-000000000001", &long[..1024], true),
        ("8f2b0b4e-1c2d-4000-8000-000000000001", &long, false),
        ("8f2b0b4e-1c2d-4000-8000-000000000001", "", false),
        ("", "enough", false),
    ];
    for (id, reason, expected) in table {
        let cancelled = world.account.cancel_job(id, reason, world.now);
        let terminated = world.account.terminate_job(id, reason, world.now);
        assert_eq!(cancelled.is_ok(), expected, "{id} {}", reason.len());
        assert_eq!(terminated.is_ok(), expected, "{id} {}", reason.len());
    }
}

#[test]
fn many_at_once() {
    let mut world = World::new();
    let a = world.running(&program("a"));
    let b = world.running(&program("b"));
    let jobs = vec![a.job_id.to_string(), "unknown".to_owned(), String::new()];
    let request = TerminateJobs {
        jobs,
        reason: "enough".to_owned(),
    };
    let stopped = world.account.terminate_jobs(&request, world.now).unwrap();
    assert_eq!(stopped.successful, [&*a.job_id, "unknown"]);
    assert_eq!(stopped.errors.len(), 1);
    assert_eq!(stopped.errors[0].code, "ValidationException");
    assert!(world.job(&a.job_id).is_terminated);

    let cancel = |count: usize| CancelJobs {
        jobs: vec![b.job_id.to_string(); count],
        reason: "enough".to_owned(),
    };
    assert!(world.account.cancel_jobs(&cancel(50), world.now).is_ok());
    assert!(world.account.cancel_jobs(&cancel(51), world.now).is_err());
    assert!(world.account.cancel_jobs(&cancel(0), world.now).is_err());
    assert_eq!(world.status(&b.job_id), JobStatus::Running);
}

#[test]
fn a_cancelled_repeat_is_not_started() {
    let mut world = World::with(Settings {
        pace: Pace {
            runnable: SECOND,
            ..Pace::default()
        },
        ..Settings::default()
    });
    let id = world.submit(&with_attempts(3, program("a")));
    world.pass(SECOND);
    let start = world.start();
    world
        .account
        .cancel_job(&id, "too early", world.now)
        .unwrap();
    world.exit(&start, Exit::with_code(1));
    assert_eq!(
        world.status(&id),
        JobStatus::Runnable,
        "the cancel did nothing"
    );
    world.account.cancel_job(&id, "in time", world.now).unwrap();
    assert_eq!(world.status(&id), JobStatus::Failed);
    assert_eq!(world.reason(&id), "in time");
    assert_eq!(world.job(&id).attempts.len(), 1);
}
