//! Queues and compute environments.

use super::*;
use crate::account::{BlockingReason, Pace};
use crate::wire::{
    ComputeEnvironmentState, ComputeEnvironmentStatus, DeleteComputeEnvironment, DeleteJobQueue,
    DescribeComputeEnvironments, DescribeJobQueues, GetJobQueueSnapshot, UpdateComputeEnvironment,
};

fn front(world: &mut World, queue: &str) -> Vec<String> {
    let request = GetJobQueueSnapshot {
        job_queue: queue.to_owned(),
    };
    let snapshot = world
        .account
        .get_job_queue_snapshot(&request, world.now)
        .unwrap();
    let jobs = snapshot.front_of_queue.jobs.iter();
    jobs.map(|job| job.job_arn.rsplit_once('/').unwrap().1.to_owned())
        .collect()
}

fn waiting() -> Settings {
    Settings {
        submits_per_second: None,
        pace: Pace {
            runnable: Millis::from_secs(3600),
            ..Pace::default()
        },
        ..Settings::default()
    }
}

#[test]
fn the_snapshot_shows_the_first_hundred_in_order() {
    let mut world = World::with(waiting());
    let mut submitted = Vec::new();
    for _ in 0..130 {
        submitted.push(world.submit(&program("a")));
        world.pass(Millis(1));
    }
    assert_eq!(front(&mut world, "main"), submitted[..100]);
    world
        .account
        .cancel_job(&submitted[0], "no", world.now)
        .unwrap();
    assert_eq!(front(&mut world, "main"), submitted[1..101]);
    assert!(front(&mut world, "fair").is_empty());
    let request = GetJobQueueSnapshot {
        job_queue: "main".to_owned(),
    };
    let snapshot = world
        .account
        .get_job_queue_snapshot(&request, world.now)
        .unwrap();
    let first = &snapshot.front_of_queue.jobs[0];
    assert_eq!(first.earliest_time_at_position, BEGINNING.0 + 1);
    assert_eq!(snapshot.front_of_queue.last_updated_at, world.now.0);
}

#[test]
fn a_fair_share_queue_looks_at_priority_first() {
    let mut world = World::with(waiting());
    let mut submit = |priority| {
        world.submit(&SubmitJob {
            job_queue: "fair".to_owned(),
            share_identifier: Some("a".to_owned()),
            scheduling_priority_override: priority,
            ..program("a")
        })
    };
    let (low, high, also_low) = (submit(None), submit(Some(5)), submit(Some(0)));
    world.account.advance(world.now);
    assert_eq!(front(&mut world, "fair"), [high.clone(), low, also_low]);
    assert_eq!(world.job(&high).scheduling_priority, Some(5));
    assert_eq!(world.job(&high).share_identifier.as_deref(), Some("a"));
}

#[test]
fn nothing_starts_while_queue_or_environment_do_not_work() {
    type Change = fn(&mut World, bool);
    let by_queue: Change = |world, works| {
        let state = if works {
            JobQueueState::Enabled
        } else {
            JobQueueState::Disabled
        };
        world.set_queue("main", state);
    };
    let by_environment: Change = |world, works| {
        let state = if works {
            ComputeEnvironmentState::Enabled
        } else {
            ComputeEnvironmentState::Disabled
        };
        let request = UpdateComputeEnvironment {
            compute_environment: "ce".to_owned(),
            state: Some(state),
        };
        world
            .account
            .update_compute_environment(&request, world.now)
            .unwrap();
    };
    let by_validity: Change = |world, works| {
        let status = if works {
            ComputeEnvironmentStatus::Valid
        } else {
            ComputeEnvironmentStatus::Invalid
        };
        world
            .account
            .set_compute_environment_status("ce", status, world.now)
            .unwrap();
    };
    for change in [by_queue, by_environment, by_validity] {
        let mut world = World::with(Settings {
            pace: Pace {
                runnable: Millis::from_secs(1),
                ..Pace::default()
            },
            ..Settings::default()
        });
        let id = world.submit(&program("a"));
        world.account.advance(world.now);
        change(&mut world, false);
        world.pass_secs(3600);
        let job = world.job(&id);
        assert_eq!(
            (job.status, job.status_reason),
            (JobStatus::Runnable, None),
            "nothing is said"
        );
        change(&mut world, true);
        assert_eq!(world.status(&id), JobStatus::Starting);
    }
}

#[test]
fn what_runs_in_a_disabled_queue_runs_on() {
    let mut world = World::new();
    let start = world.running(&program("a"));
    world.set_queue("main", JobQueueState::Disabled);
    world.exit(&start, Exit::with_code(0));
    assert_eq!(world.status(&start.job_id), JobStatus::Succeeded);
}

#[test]
fn deleting_a_queue_ends_its_jobs() {
    let mut world = World::new();
    let running = world.running(&with_attempts(3, program("running")));
    world
        .account
        .block_queue_head("main", BlockingReason::Undetermined, world.now)
        .unwrap();
    let waits = world.submit(&program("waits"));
    let delete = DeleteJobQueue {
        job_queue: "main".to_owned(),
    };
    assert!(
        world.account.delete_job_queue(&delete, world.now).is_err(),
        "it is enabled"
    );
    world.set_queue("main", JobQueueState::Disabled);
    world.account.delete_job_queue(&delete, world.now).unwrap();
    assert_eq!(world.reason(&waits), "Job queue deleted");
    assert_eq!(world.stops().len(), 1);
    world.exit(&running, Exit::with_code(143));
    assert_eq!(world.status(&running.job_id), JobStatus::Failed);
    assert_eq!(world.reason(&running.job_id), "Job queue deleted");
    assert!(world.refused(&program("a")).contains("not found"));
    assert!(
        world.account.delete_job_queue(&delete, world.now).is_ok(),
        "twice is once"
    );
}

#[test]
fn queues_and_environments_are_described() {
    let mut world = World::new();
    let all = DescribeJobQueues::default();
    let queues = world.account.describe_job_queues(&all, world.now).unwrap();
    assert_eq!(queues.job_queues.len(), 2);
    let asked = DescribeJobQueues {
        job_queues: vec!["main".to_owned(), "nothing".to_owned()],
        ..all
    };
    let queues = world
        .account
        .describe_job_queues(&asked, world.now)
        .unwrap();
    let json = serde_json::to_value(&queues.job_queues[0]).unwrap();
    assert_eq!(
        (&json["state"], &json["status"]),
        (&"ENABLED".into(), &"VALID".into())
    );
    let arn = json["computeEnvironmentOrder"][0]["computeEnvironment"]
        .as_str()
        .unwrap();
    let asked = DescribeComputeEnvironments {
        compute_environments: vec![arn.to_owned()],
        ..DescribeComputeEnvironments::default()
    };
    let found = world
        .account
        .describe_compute_environments(&asked, world.now)
        .unwrap();
    let json = serde_json::to_value(&found.compute_environments[0]).unwrap();
    assert_eq!(json["computeEnvironmentName"], "ce");
    assert_eq!(json["computeResources"]["maxvCpus"], 256);
    assert_eq!(json["computeResources"]["type"], "FARGATE_SPOT");
    let too_many = DescribeJobQueues {
        job_queues: vec!["main".to_owned(); 101],
        ..DescribeJobQueues::default()
    };
    assert!(
        world
            .account
            .describe_job_queues(&too_many, world.now)
            .is_err()
    );
}

#[test]
fn what_can_be_created_and_deleted() {
    let mut world = World::new();
    let now = world.now;
    let again = CreateJobQueue::new("main", "ce");
    assert!(
        world.account.create_job_queue(&again, now).is_err(),
        "it exists"
    );
    let nowhere = CreateJobQueue::new("other", "nowhere");
    assert!(
        world.account.create_job_queue(&nowhere, now).is_err(),
        "no environment"
    );
    let bare = CreateJobQueue {
        compute_environment_order: Vec::new(),
        ..CreateJobQueue::new("other", "ce")
    };
    assert!(
        world.account.create_job_queue(&bare, now).is_err(),
        "no order"
    );
    let mut fargate = CreateComputeEnvironment::managed("f", ComputeResourcesType::Fargate);
    fargate.compute_resources.as_mut().unwrap().min_vcpus = Some(0);
    assert!(
        world
            .account
            .create_compute_environment(&fargate, now)
            .is_err(),
        "no minvCpus there"
    );
    let spare = CreateComputeEnvironment {
        state: Some(ComputeEnvironmentState::Disabled),
        ..CreateComputeEnvironment::managed("spare", ComputeResourcesType::Ec2)
    };
    world
        .account
        .create_compute_environment(&spare, now)
        .unwrap();
    let delete = |name: &str| DeleteComputeEnvironment {
        compute_environment: name.to_owned(),
    };
    assert!(
        world
            .account
            .delete_compute_environment(&delete("ce"), now)
            .is_err()
    );
    assert!(
        world
            .account
            .delete_compute_environment(&delete("spare"), now)
            .is_ok()
    );
}
