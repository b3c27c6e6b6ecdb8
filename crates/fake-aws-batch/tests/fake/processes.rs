//! Jobs as processes of this machine.

use std::path::Path;
use std::time::Duration;

use aws_sdk_batch::types::JobStatus;
use batchway_fake_aws_batch::server::{Executor, ProcessExecutor};

use crate::fixture::Stage;

async fn stage() -> Stage {
    Stage::running(Executor::Process(ProcessExecutor::default())).await
}

#[tokio::test]
async fn a_program_gets_the_jobs_environment_and_what_batch_adds() {
    let stage = stage().await;
    let script = "echo $GREETING; env | grep ^AWS_BATCH | sort; exit 7";
    let command = ["/bin/sh", "-c", script];
    let id = stage
        .run("speaks", &command, &[("GREETING", "hello")])
        .await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(job.container().unwrap().exit_code(), Some(7));
    let log = stage.fake.log(&id, 1).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], "hello");
    assert!(lines.contains(&"AWS_BATCH_JOB_ATTEMPT=1"), "{log}");
    assert!(
        lines.contains(&format!("AWS_BATCH_JOB_ID={id}").as_str()),
        "{log}"
    );
    assert!(log.contains("AWS_BATCH_JQ_NAME=live2-job-queue"), "{log}");
    assert!(
        log.contains("AWS_BATCH_CE_NAME=live2-job-queue-environment"),
        "{log}"
    );
}

#[tokio::test]
async fn nothing_of_the_fakes_own_environment_is_seen() {
    let stage = stage().await;
    let id = stage.shell("env | grep -c CARGO").await;
    stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(stage.fake.log(&id, 1).unwrap(), "0\n");
}

#[tokio::test]
async fn a_program_for_all_jobs_gets_their_commands_as_arguments() {
    let program = ["/bin/echo", "ran"].map(str::to_owned).to_vec();
    let stage = Stage::running(Executor::Process(ProcessExecutor { program })).await;
    let id = stage.run("job", &["a", "b"], &[]).await;
    stage.until(&id, &JobStatus::Succeeded).await;
    assert_eq!(stage.fake.log(&id, 1).unwrap(), "ran a b\n");
}

#[tokio::test]
async fn what_cant_be_started_has_failed_without_an_exit_code() {
    let stage = stage().await;
    for command in [&["/no/such/program"][..], &[]] {
        let id = stage.run("job", command, &[]).await;
        let job = stage.until(&id, &JobStatus::Failed).await;
        let container = job.container().unwrap();
        assert_eq!(container.exit_code(), None);
        let reason = container.reason().unwrap();
        assert!(
            reason.starts_with("CannotStartContainerError: "),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn sigterm_comes_first_and_sigkill_when_the_grace_is_over() {
    let stage = stage().await;
    let polite = stage
        .shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
        .await;
    let stubborn = stage
        .shell("trap '' TERM; echo up; while :; do sleep 0.05; done")
        .await;
    for id in [&polite, &stubborn] {
        while stage.fake.log(id, 1).is_none_or(|log| log.is_empty()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stage.terminate(id).await;
    }
    until_ended(&stage).await;
    let ends: Vec<_> = stage
        .fake
        .jobs()
        .into_iter()
        .map(|job| (job.runs[0].exit_code, job.runs[0].signals.clone()))
        .collect();
    let expected = [
        (Some(5), vec!["SIGTERM"]),
        (Some(137), vec!["SIGTERM", "SIGKILL"]),
    ];
    assert_eq!(ends, expected);
}

/// Even what left the process group, as a runner's program does.
#[tokio::test]
async fn all_that_a_program_started_ends_with_it() {
    let stage = stage().await;
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let script = format!(
        "setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 100' & \
         while ! [ -e {0} ]; do sleep 0.02; done",
        note.display()
    );
    let id = stage.shell(&script).await;
    stage.until(&id, &JobStatus::Succeeded).await;
    assert!(is_gone(&note), "the sleeper runs on");
}

/// As a runner that gives its program another environment and another process group.
#[tokio::test]
async fn what_a_killed_program_keeps_apart_ends_with_it() {
    let stage = stage().await;
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let script = format!(
        "trap '' TERM; \
         env -i setsid -w sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 100'",
        note.display()
    );
    let id = stage.shell(&script).await;
    while !note.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.terminate(&id).await;
    until_ended(&stage).await;
    assert!(is_gone(&note), "the sleeper runs on");
}

/// Ids follow from the seed, and two fakes may have the same.
#[tokio::test]
async fn programs_of_another_fake_run_on() {
    let (ours, other) = (stage().await, stage().await);
    let id = ours.shell("exec sleep 1000").await;
    assert_eq!(other.shell("exit 0").await, id);
    ours.until(&id, &JobStatus::Running).await;
    other.until(&id, &JobStatus::Succeeded).await;
    assert_eq!(ours.status(&id).await, JobStatus::Running);
}

#[tokio::test]
async fn programs_end_with_the_fake() {
    let stage = stage().await;
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 100",
        note.display()
    );
    stage.shell(&script).await;
    while !note.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.fake.stop().await;
    assert!(is_gone(&note), "the program runs on");
}

async fn until_ended(stage: &Stage) {
    let has_ended = |stage: &Stage| {
        let jobs = stage.fake.jobs();
        jobs.iter().all(|job| job.runs[0].ended_at.is_some())
    };
    while !has_ended(stage) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A process that was killed may not be waited for yet.
fn is_gone(note: &Path) -> bool {
    let pid = std::fs::read_to_string(note).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.map_or(true, |stat| stat.contains(") Z "))
}
