//! The program `fake-aws-batch`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use aws_sdk_batch::Client;

use crate::fixture::sdk;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fake-aws-batch");

/// Ends with its standard input, and so with this test.
struct Running {
    child: Child,
    url: String,
}

fn start(arguments: &[&str]) -> Running {
    let mut child = Command::new(PROGRAM)
        .arg("--until-stdin-ends")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    Running {
        child,
        url: line.trim().to_owned(),
    }
}

#[tokio::test]
async fn it_prints_its_endpoint_and_has_what_it_was_told_to_begin_with() {
    let names = [
        "--job-queue",
        "q",
        "--job-definition",
        "d",
        "--image",
        "busybox",
    ];
    let rest = ["--region", "us-east-1", "--command", "sh", "-c", "exit 3"];
    let running = start(&[names.as_slice(), &rest].concat());
    let client = Client::new(&sdk(&running.url));
    let queues = client.describe_job_queues().send().await.unwrap();
    let arn = queues.job_queues()[0].job_queue_arn().unwrap();
    assert_eq!(arn, "arn:aws:batch:us-east-1:123456789012:job-queue/q");
    let definitions = client.describe_job_definitions().send().await.unwrap();
    let container = definitions.job_definitions()[0]
        .container_properties()
        .unwrap();
    assert_eq!(container.image(), Some("busybox"));
    assert_eq!(container.command(), ["sh", "-c", "exit 3"]);
}

#[test]
fn it_ends_well_with_its_standard_input() {
    let mut running = start(&[]);
    drop(running.child.stdin.take());
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn what_it_cant_do_it_says() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = Command::new(PROGRAM)
        .args(["--listen", &address])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        words.contains(&format!("can't listen on {address}")),
        "{words}"
    );
    let ended = Command::new(PROGRAM)
        .arg("--executor=magic")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2));
}
