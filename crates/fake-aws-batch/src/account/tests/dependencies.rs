//! Jobs that wait for jobs.

use super::*;
use crate::wire::JobDependency;

fn after(ids: &[&str]) -> SubmitJob {
    SubmitJob {
        depends_on: ids.iter().map(|id| JobDependency::on(*id)).collect(),
        ..program("later")
    }
}

#[test]
fn a_job_waits_for_all_of_them() {
    let mut world = World::new();
    let (a, b) = (world.running(&program("a")), world.running(&program("b")));
    let id = world.submit(&after(&[&a.job_id, &b.job_id]));
    assert_eq!(world.status(&id), JobStatus::Pending);
    assert_eq!(world.job(&id).depends_on.len(), 2);
    world.exit(&a, Exit::with_code(0));
    world.pass_secs(3600);
    assert_eq!(world.status(&id), JobStatus::Pending);
    world.exit(&b, Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Starting);
}

#[test]
fn the_failure_of_one_fails_it_and_those_behind_it() {
    let mut world = World::new();
    let a = world.running(&program("a"));
    let mut chain = vec![world.submit(&after(&[&a.job_id]))];
    world.account.settings.submits_per_second = None;
    world.account.submit_throttle = crate::account::throttle::Throttle::new(None);
    for _ in 0..5000 {
        let last = chain.last().unwrap().clone();
        chain.push(world.submit(&after(&[&last])));
    }
    world.account.advance(world.now);
    world.exit(&a, Exit::with_code(1));
    for id in [&chain[0], &chain[2500], &chain[5000]] {
        assert_eq!(world.status(id), JobStatus::Failed);
        assert_eq!(world.reason(id), "Dependent Job failed");
    }
}

#[test]
fn a_repeated_dependency_is_not_done() {
    let mut world = World::new();
    let a = world.running(&with_attempts(2, program("a")));
    let id = world.submit(&after(&[&a.job_id]));
    world.exit(&a, Exit::with_code(1));
    let again = world.start();
    assert_eq!(world.status(&id), JobStatus::Pending);
    world.exit(&again, Exit::with_code(0));
    assert_eq!(world.status(&id), JobStatus::Starting);
}

#[test]
fn what_is_done_already_is_not_waited_for() {
    let mut world = World::new();
    let good = world.running(&program("good"));
    world.exit(&good, Exit::with_code(0));
    let bad = world.running(&program("bad"));
    world.exit(&bad, Exit::with_code(1));
    let goes = world.submit(&after(&[&good.job_id]));
    assert_eq!(world.status(&goes), JobStatus::Starting);
    let fails = world.submit(&after(&[&good.job_id, &bad.job_id]));
    assert_eq!(world.status(&fails), JobStatus::Failed);
    assert_eq!(world.reason(&fails), "Dependent Job failed");
}
