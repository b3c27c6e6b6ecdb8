//! Statuses over time.

use super::*;
use crate::account::Pace;

fn slow() -> Settings {
    Settings {
        pace: Pace {
            submitted: Millis::from_secs(1),
            pending: Millis::from_secs(2),
            runnable: Millis::from_secs(10),
            starting: Millis::from_secs(30),
        },
        ..Settings::default()
    }
}

#[test]
fn each_status_takes_its_time() {
    let mut world = World::with(slow());
    let id = world.submit(&program("a"));
    let mut seen = vec![(0, world.status(&id))];
    let mut start = None;
    while start.is_none() {
        let at = world.account.next_change_at().expect("something is due");
        world.now = at;
        start = world.starts().pop();
        seen.push(((at.0 - BEGINNING.0) / 1000, world.status(&id)));
    }
    let expected = [
        (0, JobStatus::Submitted),
        (1, JobStatus::Runnable),
        (11, JobStatus::Starting),
        (41, JobStatus::Starting),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        world.account.next_change_at(),
        None,
        "it waits for the container"
    );
    let start = start.unwrap();
    world.account.started(&start.job_id, 1, world.now);
    assert_eq!(world.status(&id), JobStatus::Running);
    world.exit(&start, Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Succeeded);
}

#[test]
fn one_leap_and_many_steps_come_to_the_same() {
    let run = |steps: i64| {
        let mut world = World::with(slow());
        world.submit(&program("a"));
        for _ in 0..steps {
            world.pass(Millis(60_000 / steps));
        }
        world.account.take_events()
    };
    assert_eq!(run(1), run(60));
    assert_eq!(run(1).len(), 2);
}

#[test]
fn without_any_pace_a_job_starts_at_the_next_call() {
    let mut world = World::new();
    let id = world.submit(&program("a"));
    assert_eq!(world.account.next_change_at(), Some(BEGINNING));
    assert_eq!(world.status(&id), JobStatus::Starting);
}

#[test]
fn started_at_is_missing_until_running() {
    let mut world = World::with(slow());
    let id = world.submit(&program("a"));
    world.pass_secs(41);
    let job = world.job(&id);
    assert_eq!(
        (job.started_at, job.container.log_stream_name),
        (None, None)
    );
    world.start();
    let job = world.job(&id);
    assert_eq!(job.started_at, Some(world.now.0));
    assert_eq!(job.created_at, BEGINNING.0);
    let stream = job
        .container
        .log_stream_name
        .expect("the stream exists from RUNNING on");
    assert!(stream.starts_with("program/default/"), "{stream}");
    assert_eq!(job.stopped_at, None);
}

#[test]
fn the_container_gets_the_variables_of_batch() {
    let mut world = World::new();
    let request = SubmitJob {
        container_overrides: Some(crate::wire::ContainerOverrides {
            environment: vec![crate::wire::KeyValuePair::new("A", "b")],
            ..crate::wire::ContainerOverrides::default()
        }),
        ..program("a")
    };
    let id = world.submit(&request);
    let start = world.start();
    let environment: Vec<(&str, &str)> = start
        .environment
        .iter()
        .map(|variable| (variable.name.as_str(), variable.value.as_str()))
        .collect();
    let expected = [
        ("A", "b"),
        ("AWS_BATCH_JOB_ID", id.as_str()),
        ("AWS_BATCH_JOB_ATTEMPT", "1"),
        ("AWS_BATCH_JQ_NAME", "main"),
        ("AWS_BATCH_CE_NAME", "ce"),
    ];
    assert_eq!(environment, expected);
    assert_eq!(
        (&*start.job_name, &*start.job_queue, &*start.image),
        ("a", "main", "image:1")
    );
    assert_eq!(&*start.log_group, "/aws/batch/job");
    assert_eq!(
        world.job(&id).container.environment.len(),
        1,
        "without those of Batch"
    );
}

#[test]
fn a_start_is_taken_once() {
    let mut world = World::new();
    world.submit(&program("a"));
    assert_eq!(world.starts().len(), 1);
    assert_eq!(world.starts().len(), 0);
}

#[test]
fn what_runs_elsewhere_is_not_believed() {
    let mut world = World::new();
    let id = world.submit(&program("a"));
    world.account.started(&id, 1, world.now);
    assert_eq!(
        world.status(&id),
        JobStatus::Starting,
        "nobody took its start"
    );
    let start = world.start();
    world.account.exited(&id, 2, Exit::with_code(1), world.now);
    world
        .account
        .exited("no-such-job", 1, Exit::with_code(1), world.now);
    assert_eq!(world.status(&id), JobStatus::Running);
    world.exit(&start, Exit::with_code(0));
    world.exit(&start, Exit::with_code(1));
    assert_eq!(world.status(&id), JobStatus::Succeeded);
}

#[test]
fn time_does_not_go_back() {
    let mut world = World::with(slow());
    let id = world.submit(&program("a"));
    world.pass_secs(20);
    let early = world.account.describe_jobs(&[id], BEGINNING).unwrap();
    assert_eq!(early[0].status, JobStatus::Starting);
    let second = world.account.submit_job(&program("b"), BEGINNING).unwrap();
    assert_eq!(world.job(&second.job_id).created_at, world.now.0);
}
