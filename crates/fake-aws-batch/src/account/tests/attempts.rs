//! Attempts, their reasons, and whether there is another.

use super::*;
use crate::wire::{EvaluateOnExit, RetryAction};

#[test]
fn how_containers_end_and_what_is_said_of_it() {
    const EXITED: &str = "Essential container in task exited";
    const CANNOT_PULL: &str = "CannotPullContainerError: pull access denied";
    const NO_SECRET: &str = "ResourceInitializationError: unable to pull secrets";
    const OUT_OF_MEMORY: &str = "OutOfMemoryError: Container killed due to memory usage";
    let table = [
        (program("a"), Exit::with_code(3), EXITED, None, Some(3)),
        (
            program("a"),
            Exit::out_of_memory(),
            EXITED,
            Some(OUT_OF_MEMORY),
            Some(137),
        ),
        (
            program("a"),
            Exit::not_started(CANNOT_PULL),
            CANNOT_PULL,
            Some(CANNOT_PULL),
            None,
        ),
        (
            machine("a"),
            Exit::not_started(CANNOT_PULL),
            "Task failed to start",
            Some(CANNOT_PULL),
            None,
        ),
        (
            machine("a"),
            Exit::not_started(NO_SECRET),
            NO_SECRET,
            Some(NO_SECRET),
            None,
        ),
    ];
    for (request, exit, status_reason, reason, exit_code) in table {
        let mut world = World::new();
        let id = world.submit(&request);
        let start = world.starts().remove(0);
        if exit.code.is_some() {
            world.account.started(&id, 1, world.now);
        }
        world.exit(&start, exit.clone());
        let job = world.job(&id);
        assert_eq!(job.status, JobStatus::Failed, "{exit:?}");
        assert_eq!(
            job.status_reason.as_deref(),
            Some(status_reason),
            "{exit:?}"
        );
        assert_eq!(job.container.reason.as_deref(), reason, "{exit:?}");
        assert_eq!(job.container.exit_code, exit_code, "{exit:?}");
        let attempt = &job.attempts[0];
        assert_eq!(attempt.status_reason, status_reason, "{exit:?}");
        assert_eq!(attempt.container.reason.as_deref(), reason, "{exit:?}");
        assert_eq!(attempt.container.exit_code, exit_code, "{exit:?}");
        assert_eq!(
            attempt.started_at.is_some(),
            exit_code.is_some(),
            "{exit:?}"
        );
        assert_eq!(
            attempt.container.log_stream_name.is_some(),
            exit_code.is_some(),
            "{exit:?}"
        );
        assert!(attempt.container.task_arn.is_some());
        assert!(!job.is_cancelled && !job.is_terminated);
    }
}

#[test]
fn a_repeated_job_goes_back_to_runnable_with_another_stream() {
    let mut world = World::with(Settings {
        pace: crate::account::Pace {
            runnable: Millis::from_secs(5),
            ..crate::account::Pace::default()
        },
        ..Settings::default()
    });
    let id = world.submit(&with_attempts(2, program("a")));
    world.pass_secs(5);
    let first = world.start();
    world.pass_secs(7);
    world.exit(&first, Exit::with_code(1));
    let job = world.job(&id);
    assert_eq!(
        (job.status, job.started_at, job.stopped_at),
        (JobStatus::Runnable, None, None)
    );
    assert_eq!(job.attempts.len(), 1);
    assert_eq!(job.attempts[0].started_at, Some(BEGINNING.0 + 5_000));
    assert_eq!(job.attempts[0].stopped_at, BEGINNING.0 + 12_000);
    world.pass_secs(5);
    let second = world.start();
    assert_eq!(second.attempt, 2);
    assert_ne!(first.log_stream_name, second.log_stream_name);
    let attempt = second
        .environment
        .iter()
        .find(|v| v.name == "AWS_BATCH_JOB_ATTEMPT");
    assert_eq!(attempt.unwrap().value, "2");
    assert_eq!(
        world.job(&id).attempts.len(),
        1,
        "an open attempt is not listed"
    );
    world.account.exited(&id, 1, Exit::with_code(9), world.now);
    assert_eq!(
        world.status(&id),
        JobStatus::Running,
        "the first attempt is over"
    );
    world.exit(&second, Exit::with_code(1));
    let job = world.job(&id);
    assert_eq!((job.status, job.attempts.len()), (JobStatus::Failed, 2));
}

#[test]
fn success_is_not_repeated() {
    let mut world = World::new();
    let start = world.running(&with_attempts(10, program("a")));
    world.exit(&start, Exit::with_code(0));
    let job = world.job(&start.job_id);
    assert_eq!((job.status, job.attempts.len()), (JobStatus::Succeeded, 1));
    assert_eq!(job.container.exit_code, Some(0));
}

#[test]
fn the_definitions_strategy_holds_where_the_request_has_none() {
    let mut world = World::new();
    let definition = RegisterJobDefinition {
        retry_strategy: Some(RetryStrategy {
            attempts: Some(3),
            evaluate_on_exit: vec![EvaluateOnExit {
                on_exit_code: Some("7".to_owned()),
                action: Some(RetryAction::Exit),
                ..EvaluateOnExit::default()
            }],
        }),
        ..RegisterJobDefinition::fargate("program", "image:2")
    };
    world
        .account
        .register_job_definition(&definition, world.now)
        .unwrap();
    let start = world.running(&program("a"));
    world.exit(&start, Exit::with_code(1));
    let second = world.start();
    world.exit(&second, Exit::with_code(7));
    assert_eq!(world.status(&start.job_id), JobStatus::Failed);
    let once = world.running(&with_attempts(1, program("b")));
    world.exit(&once, Exit::with_code(1));
    assert_eq!(world.status(&once.job_id), JobStatus::Failed);
}
