//! Jobs as containers of a Docker engine.

use aws_sdk_batch::types::JobStatus;
use batchway_fake_aws_batch::server::{ContainerExecutor, Executor};
use batchway_test_servers::DockerEngine;

use crate::fixture::{DEFINITION, Stage};

async fn stage() -> Stage {
    let (docker, image) = tokio::task::spawn_blocking(|| {
        let engine = DockerEngine::shared();
        let docker = ["docker", "--host", engine.host()].map(str::to_owned);
        (docker.to_vec(), engine.ensure_base_image().to_owned())
    })
    .await
    .unwrap();
    let executor = ContainerExecutor {
        docker,
        ..ContainerExecutor::default()
    };
    let stage = Stage::running(Executor::Container(executor)).await;
    stage.fake.add_definition(DEFINITION, &image, &[]).unwrap();
    stage
}

#[tokio::test]
async fn a_program_runs_in_the_image_of_its_definition() {
    let stage = stage().await;
    let script = "echo $GREETING from $AWS_BATCH_JOB_ATTEMPT; cat /etc/debian_version >&2; exit 7";
    let command = ["/bin/sh", "-c", script];
    let id = stage.run("job", &command, &[("GREETING", "hello")]).await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(job.container().unwrap().exit_code(), Some(7));
    let log = stage.fake.log(&id, 1).unwrap();
    assert!(log.contains("hello from 1\n"), "{log}");
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[tokio::test]
async fn a_container_is_stopped_by_sigterm() {
    let stage = stage().await;
    let id = stage
        .shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
        .await;
    while stage.fake.log(&id, 1).is_none_or(|log| log.is_empty()) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stage.terminate(&id).await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    assert_eq!(job.is_terminated(), Some(true));
    assert_eq!(stage.fake.jobs()[0].runs[0].signals, ["SIGTERM"]);
}

#[tokio::test]
async fn images_and_programs_that_are_not_there_are_told_as_ecs_does() {
    let stage = stage().await;
    let id = stage.run("job", &["/no/such/program"], &[]).await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    let reason = job.container().unwrap().reason().unwrap();
    assert!(
        reason.starts_with("CannotStartContainerError: "),
        "{reason}"
    );

    let image = "127.0.0.1:1/no/such:image";
    stage.fake.add_definition(DEFINITION, image, &[]).unwrap();
    let id = stage.run("job", &[], &[]).await;
    let job = stage.until(&id, &JobStatus::Failed).await;
    let container = job.container().unwrap();
    assert_eq!(container.exit_code(), None);
    let reason = container.reason().unwrap();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
}
