//! The runner in a container of AWS Batch, its artifacts in S3.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;

use batchway_domain::artifacts::{JobFolder, Manifest};
use batchway_domain::runner::{RunnerReport, exit_codes, variables};
use data_encoding::HEXLOWER;
use rustix::process::Signal;
use sha2::{Digest, Sha256};

use crate::bucket::{ACCESS_KEY, Bucket};
use crate::stage::{Stage, folder_of, job, until};

fn folder() -> JobFolder {
    folder_of(&job(1))
}

fn artifact(bucket: &Bucket, name: &str) -> Option<String> {
    bucket.text(&folder().artifact(name).unwrap())
}

fn manifest(bucket: &Bucket, try_number: u32) -> Option<Manifest> {
    Manifest::decode(&bucket.get(&folder().manifest(try_number))?)
}

/// Named as AWS Batch names a job.
fn in_batch(bucket: &Bucket, id: &str) -> Stage {
    let stage = bucket.stage().without(variables::BACKEND_ID);
    stage.with(variables::AWS_BATCH_JOB_ID, id)
}

#[test]
fn results_log_and_manifest_lie_in_the_bucket() {
    let bucket = Bucket::new();
    let stage = in_batch(&bucket, "batch-1").with(variables::ATTEMPT, 2);
    let script = "
        mkdir $BATCHWAY_OUTPUT_DIR/plots
        printf abc > $BATCHWAY_OUTPUT_DIR/plots/abc.txt
        head -c 20M /dev/zero > $BATCHWAY_OUTPUT_DIR/large
        echo said";
    assert_eq!(stage.exit_code(script), 0);
    let manifest = manifest(&bucket, 1).unwrap();
    assert_eq!(manifest.backend_id.0, "batch-1");
    assert_eq!(manifest.attempt, 2);
    let names: Vec<&str> = manifest.objects.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["large", "plots/abc.txt"]);
    for object in &manifest.objects {
        let key = folder().artifact(&object.name).unwrap();
        let content = bucket.get(&key).unwrap();
        assert_eq!(content.len() as u64, object.size);
        assert_eq!(HEXLOWER.encode(&Sha256::digest(&content)), object.sha256);
    }
    let log = bucket.text(&folder().log(1, 2)).unwrap();
    assert!(log.ends_with("said\n"), "{log}");
}

#[test]
fn params_that_had_no_room_in_the_request_are_fetched() {
    let bucket = Bucket::new();
    let stage = bucket.stage().without(variables::JOB_PARAMS);
    let script = "
        printf %s \"${JOB_PARAMS-none}\" > $BATCHWAY_OUTPUT_DIR/variable
        cat $BATCHWAY_PARAMS_FILE > $BATCHWAY_OUTPUT_DIR/file";
    let short = r#"{"a": "zwölf"}"#;
    bucket.put(&folder().params(), short.as_bytes());
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(artifact(&bucket, "file").as_deref(), Some(short));
    assert_eq!(artifact(&bucket, "variable").as_deref(), Some(short));

    let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(200 * 1024));
    bucket.put(&folder().params(), long.as_bytes());
    let stage = stage.with(variables::TRY, 2);
    assert_eq!(stage.exit_code(script), 0);
    assert!(artifact(&bucket, "file").unwrap() == long);
    assert_eq!(artifact(&bucket, "variable").as_deref(), Some("none"));
}

#[test]
fn the_program_finds_the_access_of_its_container_and_no_token() {
    let bucket = Bucket::new();
    let stage = in_batch(&bucket, "batch-1").with(variables::JOB_TOKEN, "the-token");
    assert_eq!(stage.exit_code("env > $BATCHWAY_OUTPUT_DIR/env"), 0);
    let environment = artifact(&bucket, "env").unwrap();
    for expected in [
        format!("AWS_ACCESS_KEY_ID={ACCESS_KEY}\n"),
        format!("S3_BUCKET={}\n", bucket.name),
        "AWS_BATCH_JOB_ID=batch-1\n".to_owned(),
        "BATCHWAY_BACKEND_ID=batch-1\n".to_owned(),
        "USER_ID=ada\n".to_owned(),
    ] {
        assert!(environment.contains(&expected), "{environment}");
    }
    assert!(!environment.contains("the-token"), "{environment}");
}

#[test]
fn of_two_containers_of_a_try_one_works() {
    let bucket = Bucket::new();
    let stage = bucket.stage();
    let script = "echo worked >> $STAGE/worked";
    let copies: Vec<_> = (0..3)
        .map(|copy| {
            let mut command = stage.command(&["/bin/sh", "-c", script]);
            command.env(variables::BACKEND_ID, format!("copy-{copy}"));
            command.spawn().unwrap()
        })
        .collect();
    let mut codes: Vec<i32> = copies
        .into_iter()
        .map(|copy| copy.wait_with_output().unwrap().status.code().unwrap())
        .collect();
    codes.sort_unstable();
    let closed = exit_codes::GATE_CLOSED;
    assert_eq!(codes, [0, closed, closed]);
    let worked = std::fs::read_to_string(stage.path("worked")).unwrap();
    assert_eq!(worked, "worked\n");
}

/// Counts its starts in the checkpoint, and ends well at the third.
const COUNT: &str = "
    cd $BATCHWAY_CHECKPOINT_DIR
    count=$(cat count 2>/dev/null || echo 0)
    count=$((count + 1))
    echo $count > new && mv new count
    if [ $count -eq 3 ]; then echo $count > $BATCHWAY_OUTPUT_DIR/count; exit 0; fi
    touch $STAGE/started
    exec sleep 600";

#[test]
fn a_checkpoint_is_carried_over_attempts_and_tries() {
    let bucket = Bucket::new();
    let first = in_batch(&bucket, "batch-1");
    let running = first.start(COUNT);
    running.signal(Signal::TERM);
    assert_eq!(
        running.wait(),
        exit_codes::STOPPED,
        "no success without a manifest"
    );

    let second = in_batch(&bucket, "batch-1").with(variables::ATTEMPT, 2);
    let running = second.start(COUNT);
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), exit_codes::STOPPED);
    assert_eq!(manifest(&bucket, 1), None);

    let next_try = in_batch(&bucket, "batch-2").with(variables::TRY, 2);
    assert_eq!(next_try.exit_code(COUNT), 0);
    assert_eq!(artifact(&bucket, "count").as_deref(), Some("3\n"));
    assert!(manifest(&bucket, 2).is_some());
    assert_eq!(bucket.get(&folder().checkpoint()), None, "it is used up");
}

#[test]
fn without_a_way_to_the_gateway_signs_of_life_lie_in_the_bucket() {
    let bucket = Bucket::new();
    let stage = in_batch(&bucket, "batch-1")
        // Nobody listens on port 1.
        .with(variables::GATEWAY_URL, "http://127.0.0.1:1")
        .with(variables::JOB_TOKEN, "the-token");
    let running = stage.start("touch $STAGE/started; exec sleep 600");
    let heartbeat = folder().heartbeat(1);
    until(|| bucket.get(&heartbeat).is_some());
    let report: RunnerReport = serde_json::from_slice(&bucket.get(&heartbeat).unwrap()).unwrap();
    assert_eq!(report.backend_id.0, "batch-1");
    running.signal(Signal::TERM);
    assert_eq!(running.wait(), exit_codes::STOPPED);
}

#[test]
fn results_of_other_jobs_are_fetched() {
    let bucket = Bucket::new();
    let source = bucket.stage().with(variables::JOB_ID, job(2));
    let produce = "mkdir $BATCHWAY_OUTPUT_DIR/d; echo deep > $BATCHWAY_OUTPUT_DIR/d/b";
    assert_eq!(source.exit_code(produce), 0);
    let stage = bucket.stage().with(variables::INPUT_RUNS, job(2));
    let script = format!(
        "cat $BATCHWAY_INPUT_DIR/{}/d/b > $BATCHWAY_OUTPUT_DIR/read",
        job(2)
    );
    assert_eq!(stage.exit_code(&script), 0);
    assert_eq!(artifact(&bucket, "read").as_deref(), Some("deep\n"));
}

/// Nothing was done, and the runner said why in one sentence.
fn is_told(output: &Output, stage: &Stage, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert_eq!(code, Some(exit_codes::GATE_UNREACHABLE), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "{word}: {errors}");
    }
    assert!(!stage.path("worked").exists());
}

const WORK: &str = "touch $STAGE/worked";

#[test]
fn without_credentials_nothing_is_done() {
    let stage = without_keys(&Bucket::new());
    is_told(&stage.run(WORK), &stage, &["credentials"]);
}

#[test]
fn credentials_that_are_refused_are_told() {
    let refusal = "<Error><Code>InvalidAccessKeyId</Code><Message>No such key</Message></Error>";
    let server = server_answering("403 Forbidden", "application/xml", refusal);
    let stage = Bucket::new().stage().with("AWS_ENDPOINT_URL", server);
    let words = ["access key", "AWS_ACCESS_KEY_ID"];
    is_told(&stage.run(WORK), &stage, &words);
}

#[test]
fn a_bucket_that_is_missing_is_told() {
    let stage = Bucket::new()
        .stage()
        .with(variables::S3_BUCKET, "nobody-made-this-one");
    let words = ["there is no bucket nobody-made-this-one"];
    is_told(&stage.run(WORK), &stage, &words);
}

/// Answers every request alike.
fn server_answering(
    status: &'static str,
    content_type: &'static str,
    body: &'static str,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The head of the request is enough to answer; a small body comes with it.
            let _ = stream.read(&mut [0; 16 * 1024]);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

/// A stage with a bucket, whose runner finds its credentials otherwise than in two variables.
fn without_keys(bucket: &Bucket) -> Stage {
    let stage = bucket.stage();
    stage
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY")
        .with("AWS_EC2_METADATA_DISABLED", "true")
}

#[test]
fn the_credentials_of_a_container_are_found() {
    let role = r#"{"AccessKeyId": "of-a-role", "SecretAccessKey": "secret", "Token": "token",
        "Expiration": "2100-01-01T00:00:00Z"}"#;
    let server = server_answering("200 OK", "application/json", role);
    let stage = without_keys(&Bucket::new());
    let stage = stage.with("AWS_CONTAINER_CREDENTIALS_FULL_URI", server);
    assert_eq!(stage.exit_code("exit 0"), 0);
}

#[test]
fn the_credentials_of_a_profile_are_found() {
    let stage = without_keys(&Bucket::new());
    let file = stage.path("credentials");
    let text = "[simulations]\naws_access_key_id = a\naws_secret_access_key = b\n";
    std::fs::write(&file, text).unwrap();
    let stage = stage
        .with("AWS_SHARED_CREDENTIALS_FILE", file.display())
        .with("AWS_PROFILE", "simulations");
    assert_eq!(stage.exit_code("exit 0"), 0);
}

#[test]
fn the_credentials_of_a_web_identity_are_found() {
    let stage = without_keys(&Bucket::new());
    let file = stage.path("token");
    std::fs::write(&file, "a-token").unwrap();
    let stage = stage
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", file.display())
        .with("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/simulations");
    assert_eq!(stage.exit_code("exit 0"), 0);
}
