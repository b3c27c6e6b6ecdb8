//! Array jobs.

use super::*;
use crate::wire::{ArrayProperties, DependencyType, JobDependency};

fn array(size: i32) -> SubmitJob {
    SubmitJob {
        array_properties: Some(ArrayProperties { size: Some(size) }),
        ..program("array")
    }
}

fn waiting(size: i32, kind: DependencyType, job_id: Option<&str>) -> SubmitJob {
    SubmitJob {
        depends_on: vec![JobDependency {
            job_id: job_id.map(str::to_owned),
            kind: Some(kind),
        }],
        ..array(size)
    }
}

fn counts(world: &mut World, id: &str) -> Vec<(JobStatus, i32)> {
    let summary = world.job(id).array_properties.unwrap().status_summary;
    summary
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn a_parent_stays_pending_while_its_children_run() {
    let mut world = World::new();
    let id = world.submit(&array(3));
    assert_eq!(world.status(&id), JobStatus::Pending);
    let children = world.start_all();
    let expected: Vec<String> = (0..3).map(|index| format!("{id}:{index}")).collect();
    let started: Vec<&str> = children.iter().map(|start| &*start.job_id).collect();
    assert_eq!(started, expected, "the parent itself runs nothing");
    for (index, start) in children.iter().enumerate() {
        let variable = |name: &str| {
            let found = start
                .environment
                .iter()
                .find(|variable| variable.name == name);
            found.map(|variable| variable.value.clone())
        };
        assert_eq!(
            variable("AWS_BATCH_JOB_ARRAY_INDEX"),
            Some(index.to_string())
        );
        assert_eq!(
            variable("AWS_BATCH_JOB_ID").as_deref(),
            Some(&*start.job_id)
        );
        let array = world.job(&start.job_id).array_properties.unwrap();
        assert_eq!(array.index, i32::try_from(index).ok());
        assert!(array.status_summary.is_empty() && array.size.is_none());
    }
    world.exit(&children[0], Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Pending);
    assert_eq!(
        counts(&mut world, &id),
        [(JobStatus::Running, 2), (JobStatus::Succeeded, 1)]
    );
    assert_eq!(world.job(&id).array_properties.unwrap().size, Some(3));
    world.exit(&children[1], Exit::with_code(0));
    world.exit(&children[2], Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Succeeded);
    assert!(world.job(&id).attempts.is_empty());
}

#[test]
fn a_failed_child_fails_the_parent_once_all_have_ended() {
    let mut world = World::new();
    let id = world.submit(&array(2));
    let children = world.start_all();
    world.exit(&children[0], Exit::with_code(1));
    assert_eq!(world.status(&id), JobStatus::Pending);
    world.exit(&children[1], Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Failed);
    assert_eq!(world.reason(&id), "Array Child Job failed");
}

#[test]
fn children_are_repeated_and_stopped_by_themselves() {
    let mut world = World::new();
    let id = world.submit(&with_attempts(2, array(2)));
    let children = world.start_all();
    world.exit(&children[0], Exit::with_code(1));
    let again = world.start();
    assert_eq!((again.attempt, &*again.job_id), (2, &*format!("{id}:0")));
    world
        .account
        .terminate_job(&format!("{id}:1"), "enough", world.now)
        .unwrap();
    assert_eq!(world.stops(), [(format!("{id}:1"), 1, Signal::Terminate)]);
    world.exit(&children[1], Exit::with_code(143));
    world.exit(&again, Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Failed);
    assert!(!world.job(&id).is_terminated);
}

#[test]
fn terminating_the_parent_ends_all() {
    let mut world = World::new();
    let id = world.submit(&array(3));
    let children = world.start_all();
    world.exit(&children[0], Exit::with_code(0));
    world
        .account
        .terminate_job(&id, "enough", world.now)
        .unwrap();
    assert!(world.job(&id).is_terminated);
    assert_eq!(
        world.status(&id),
        JobStatus::Pending,
        "until its children have stopped"
    );
    assert_eq!(world.stops().len(), 2);
    for child in &children[1..] {
        world.exit(child, Exit::with_code(143));
        assert_eq!(world.reason(&child.job_id), "enough");
    }
    assert_eq!(world.status(&id), JobStatus::Failed);
    assert_eq!(world.reason(&id), "enough");
    assert_eq!(world.status(&children[0].job_id), JobStatus::Succeeded);
}

#[test]
fn cancelling_the_parent_ends_only_what_has_not_started() {
    let mut world = World::new();
    let sequential = world.submit(&waiting(3, DependencyType::Sequential, None));
    let first = world.start();
    world
        .account
        .cancel_job(&sequential, "not needed", world.now)
        .unwrap();
    assert_eq!(world.status(&first.job_id), JobStatus::Running);
    assert_eq!(world.stops(), []);
    world.exit(&first, Exit::with_code(0));
    assert!(world.starts().is_empty());
    let second = format!("{sequential}:1");
    assert_eq!(world.reason(&second), "not needed");
    assert_eq!(world.status(&sequential), JobStatus::Failed);
    assert!(world.job(&sequential).is_cancelled);
}

#[test]
fn one_after_the_other() {
    let mut world = World::new();
    let id = world.submit(&waiting(3, DependencyType::Sequential, None));
    for index in 0..3 {
        let start = world.start();
        assert_eq!(*start.job_id, format!("{id}:{index}"));
        world.exit(&start, Exit::with_code(0));
    }
    assert_eq!(world.status(&id), JobStatus::Succeeded);
    let id = world.submit(&waiting(3, DependencyType::Sequential, None));
    let start = world.start();
    world.exit(&start, Exit::with_code(1));
    assert_eq!(counts(&mut world, &id), [(JobStatus::Failed, 3)]);
    assert_eq!(world.status(&id), JobStatus::Failed);
}

#[test]
fn each_after_its_counterpart() {
    let mut world = World::new();
    let gate = world.running(&program("gate"));
    let first = world.submit(&SubmitJob {
        depends_on: vec![JobDependency::on(&*gate.job_id)],
        ..array(2)
    });
    let second = world.submit(&waiting(2, DependencyType::NToN, Some(&first)));
    assert_eq!(world.status(&second), JobStatus::Pending);
    assert!(world.starts().is_empty());
    world.exit(&gate, Exit::with_code(0));
    let starts = world.start_all();
    assert_eq!(starts.len(), 2, "only those of the first array");
    world.exit(&starts[1], Exit::with_code(0));
    let counterpart = world.start();
    assert_eq!(*counterpart.job_id, format!("{second}:1"));
    world.exit(&starts[0], Exit::with_code(1));
    assert_eq!(world.reason(&format!("{second}:0")), "Dependent Job failed");
    world.exit(&counterpart, Exit::with_code(0));
    assert_eq!(world.status(&second), JobStatus::Failed);
    let other_size = waiting(3, DependencyType::NToN, Some(&first));
    assert!(world.refused(&other_size).contains("same size"));
}

#[test]
fn an_array_whose_counterparts_never_come_fails() {
    let mut world = World::new();
    let gate = world.running(&program("gate"));
    let first = world.submit(&SubmitJob {
        depends_on: vec![JobDependency::on(&*gate.job_id)],
        ..array(2)
    });
    let second = world.submit(&waiting(2, DependencyType::NToN, Some(&first)));
    world.account.advance(world.now);
    world.exit(&gate, Exit::with_code(1));
    assert_eq!(world.reason(&first), "Dependent Job failed");
    assert_eq!(world.reason(&second), "Dependent Job failed");
}

#[test]
fn the_largest_array() {
    let mut world = World::new();
    let id = world.submit(&array(10_000));
    let starts = world.start_all();
    assert_eq!(starts.len(), 10_000);
    for start in &starts {
        let id = &start.job_id;
        world.account.exited(id, 1, Exit::with_code(0), world.now);
    }
    assert_eq!(world.status(&id), JobStatus::Succeeded);
}
