//! boto3 and the AWS CLI, which AWS itself wrote.

use std::process::{Command, Output};

use batchway_fake_aws_batch::server::{Executor, Outcome, ProcessExecutor, ServerSettings};
use batchway_test_servers::python_program;
use serde_json::Value;

use crate::fixture::{DEFINITION, QUEUE, Stage};

/// Submits, lists, describes, reads the log, terminates; and stumbles over a fault.
const BOTO3: &str = include_str!("boto3_client.py");

async fn run(stage: &Stage, mut command: Command) -> Output {
    let url = stage.fake.url();
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "a secret")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        // Nobody's own files.
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_PAGER", "")
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    output.await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn boto3_submits_lists_describes_and_terminates() {
    let stage = Stage::running(Executor::Process(ProcessExecutor::default())).await;
    let mut command = Command::new(python_program("python3"));
    command.args(["-c", BOTO3, QUEUE, DEFINITION]);
    let output = run(&stage, command).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "all is well\n");
}

/// What the command line answers to these words.
async fn aws(stage: &Stage, words: &[&str]) -> Value {
    let mut command = Command::new(python_program("aws"));
    command.args(words).args(["--output", "json"]);
    let output = run(stage, command).await;
    let said = text(&output.stderr);
    assert!(output.status.success(), "aws {words:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[tokio::test]
async fn the_aws_cli_submits_lists_describes_and_terminates() {
    let forever = Outcome {
        run_time: None,
        exit_code: 0,
    };
    let stage = Stage::with(ServerSettings {
        executor: Executor::None(forever),
        ..ServerSettings::default()
    })
    .await;
    let queues = aws(&stage, &["batch", "describe-job-queues"]).await;
    assert_eq!(queues["jobQueues"][0]["jobQueueName"], QUEUE);

    let submit = ["batch", "submit-job", "--job-name", "from-the-cli"];
    let what = ["--job-queue", QUEUE, "--job-definition", DEFINITION];
    let submitted = aws(&stage, &[submit, what].concat()).await;
    let id = submitted["jobId"].as_str().unwrap();

    let list = ["batch", "list-jobs", "--job-queue", QUEUE];
    let listed = aws(&stage, &list).await;
    assert_eq!(listed["jobSummaryList"][0]["jobId"], id);
    let filter = ["--filters", "name=JOB_NAME,values=FROM-*"];
    let listed = aws(&stage, &[&list[..], &filter].concat()).await;
    assert_eq!(listed["jobSummaryList"][0]["jobName"], "from-the-cli");

    let described = aws(&stage, &["batch", "describe-jobs", "--jobs", id]).await;
    assert_eq!(described["jobs"][0]["status"], "RUNNING");

    let terminate = [
        "batch",
        "terminate-job",
        "--job-id",
        id,
        "--reason",
        "enough",
    ];
    aws(&stage, &terminate).await;
    let described = aws(&stage, &["batch", "describe-jobs", "--jobs", id]).await;
    assert_eq!(described["jobs"][0]["status"], "FAILED");
    assert_eq!(described["jobs"][0]["statusReason"], "enough");
    assert_eq!(described["jobs"][0]["isTerminated"], true);
}
