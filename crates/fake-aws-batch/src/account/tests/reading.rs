//! DescribeJobs, and how long jobs are remembered.

use super::*;

const WEEK: i64 = 7 * 24 * 3600;

#[test]
fn a_hundred_ids_and_unknown_ones_are_absent() {
    let mut world = World::new();
    let id = world.submit(&program("a"));
    let ask = |count: usize| [vec!["unknown".to_owned(); count - 1], vec![id.clone()]].concat();
    let found = world.account.describe_jobs(&ask(100), world.now).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(*found[0].job_id, *id);
    let error = world
        .account
        .describe_jobs(&ask(101), world.now)
        .unwrap_err();
    assert_eq!((error.status, error.code), (400, "ClientException"));
    assert!(
        world
            .account
            .describe_jobs(&[], world.now)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_new_job_may_be_absent_for_a_while() {
    let mut world = World::with(Settings {
        describe_lag: Millis::from_secs(5),
        ..Settings::default()
    });
    let id = world.submit(&program("a"));
    world.pass(Millis(4_999));
    assert_eq!(world.describe(&id), None);
    world.pass(Millis(1));
    assert!(world.describe(&id).is_some());
    world.account.set_describe_lag(Millis::ZERO);
    let next = world.submit(&program("b"));
    assert!(world.describe(&next).is_some());
}

#[test]
fn jobs_that_have_ended_are_forgotten_after_a_week() {
    let mut world = World::new();
    let ended = world.running(&program("ended"));
    world.pass_secs(WEEK);
    world.exit(&ended, Exit::with_code(0));
    let running = world.running(&program("running"));
    assert_eq!(
        world.account.next_change_at(),
        None,
        "to forget is nobody's business"
    );
    world.pass(Millis(WEEK * 1000 - 1));
    assert!(world.describe(&ended.job_id).is_some());
    world.pass(Millis(1));
    assert_eq!(world.describe(&ended.job_id), None);
    let by_name = ListJobs {
        job_queue: Some("main".to_owned()),
        job_status: Some(JobStatus::Succeeded),
        ..ListJobs::default()
    };
    assert!(world.list(&by_name).is_empty());
    assert!(
        world
            .account
            .terminate_job(&ended.job_id, "late", world.now)
            .is_ok()
    );
    world.pass_secs(10 * WEEK);
    assert_eq!(
        world.status(&running.job_id),
        JobStatus::Running,
        "what lives is kept"
    );
}

#[test]
fn details_as_submitted() {
    let mut world = World::new();
    let request = SubmitJob {
        tags: [("k".to_owned(), "v".to_owned())].into(),
        ..with_attempts(4, machine("a"))
    };
    let start = world.running(&request);
    let job = world.job(&start.job_id);
    let arn = format!(
        "arn:aws:batch:eu-central-1:123456789012:job/{}",
        start.job_id
    );
    assert_eq!(*job.job_arn, arn);
    assert!(job.job_queue.ends_with(":job-queue/main"));
    assert_eq!(job.retry_strategy.attempts, Some(4));
    assert_eq!(job.tags.get("k").map(String::as_str), Some("v"));
    assert!(job.container.container_instance_arn.is_some() && job.container.task_arn.is_some());
    assert_eq!(world.account.job_name(&start.job_id).as_deref(), Some("a"));
    let json = serde_json::to_value(&job).unwrap();
    assert_eq!(json["status"], "RUNNING");
    assert_eq!(json["platformCapabilities"][0], "EC2");
    assert_eq!(json["container"]["resourceRequirements"][0]["type"], "VCPU");
    assert!(json.get("stoppedAt").is_none() && json.get("arrayProperties").is_none());
}
