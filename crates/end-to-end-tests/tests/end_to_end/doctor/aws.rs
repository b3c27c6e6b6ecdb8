//! Everything at AWS: whole, and with one fault at a time.

use serde_json::{Value, json};

use super::account::{Account, REGION};
use super::findings::Findings;
use super::silent_server::Server;
use crate::gateway::{Installation, text};

#[test]
fn a_whole_account_is_well_and_nothing_is_changed() {
    let account = Account::whole("whole");
    let findings = Findings::of(&account.installation());
    findings.expect_nothing_failed();
    for id in [
        "aws.credentials",
        "aws.clock",
        "batch.queue",
        "batch.environment",
        "batch.definition",
        "batch.execution_role",
        "batch.job_role",
        "batch.image",
        "batch.logs",
        "s3.bucket",
        "s3.lifecycle",
        "s3.link",
        "events.queue",
    ] {
        findings.expect(id, "passed");
    }
    let image = text(findings.check("batch.image"), "subject");
    assert_eq!(image, format!("image {}", account.image("1")));
    assert_eq!(account.jobs(), 0, "no job is sent");
    assert_eq!(account.objects(), 1, "no object is made");
    let said: Vec<String> = findings.all().iter().map(Value::to_string).collect();
    assert!(!said.concat().contains("hunter2"));
}

#[test]
fn a_queue_that_is_disabled_and_one_that_is_not_there() {
    let account = Account::whole("queue");
    let disabled = json!({"jobQueue": account.name, "state": "DISABLED"});
    account.batch("updatejobqueue", &disabled);
    Findings::of(&account.installation()).expect_failure("batch.queue", "--state ENABLED");

    let other = account.installation().set("AWS_BATCH_JOB_QUEUE", "nowhere");
    Findings::of(&other).expect_failure("batch.queue", "AWS_BATCH_JOB_QUEUE");
}

#[test]
fn a_definition_that_is_gone_and_an_image_that_was_not_pushed() {
    let account = Account::whole("definition");
    account.register(&account.image("2"));
    Findings::of(&account.installation()).expect_failure("batch.image", "docker push");

    account.deregister_all();
    let findings = Findings::of(&account.installation());
    findings.expect_failure("batch.definition", "AWS_BATCH_JOB_DEFINITION");
}

#[test]
fn a_bucket_that_is_gone_and_one_in_another_region() {
    let account = Account::whole("bucket");
    account.delete_bucket();
    let findings = Findings::of(&account.installation());
    findings.expect_failure("s3.bucket", "aws s3 mb");

    account.create_bucket("us-west-2");
    let findings = Findings::of(&account.installation());
    findings.expect_failure("s3.region", "AWS_REGION=us-west-2");
}

#[test]
fn an_events_queue_that_is_not_there() {
    let account = Account::whole("events");
    let installation = account.installation();
    let url = "http://127.0.0.1:5000/123456789012/nowhere";
    let other = installation.set("BATCHWAY_EVENTS_QUEUE_URL", url);
    Findings::of(&other).expect_failure("events.queue", "BATCHWAY_EVENTS_QUEUE_URL");
}

/// Where STS is, and all else that is never reached.
fn with_sts(server: &Server) -> Installation {
    Installation::new()
        .set("AWS_ACCESS_KEY_ID", "of-the-service")
        .set("AWS_SECRET_ACCESS_KEY", "of-the-service")
        .set("AWS_S3_BUCKET", "live2-artifacts")
        .set("AWS_ENDPOINT_URL", &server.url())
}

#[test]
fn credentials_that_nobody_knows_and_credentials_that_have_expired() {
    for code in ["InvalidClientTokenId", "ExpiredToken"] {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        let server = Server::answering("403 Forbidden\r\n", &body);
        let findings = Findings::of(&with_sts(&server));
        findings.expect_failure("aws.credentials", "");
        findings.expect("aws", "skipped");
    }
}

#[test]
fn a_clock_that_is_off() {
    let caller = "<Arn>arn:aws:iam::123456789012:user/a</Arn><Account>123456789012</Account>";
    let date = "200 OK\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
    let server = Server::answering(date, caller);
    Findings::of(&with_sts(&server)).expect_failure("aws.clock", "chronyc");
}

#[test]
fn nothing_holds_it_up() {
    let silent = Server::silent();
    // It waits for each for seconds, and for none for ever.
    let findings = Findings::of(
        &with_sts(&silent)
            .set("AWS_BATCH_JOB_QUEUE", "q")
            .set("AWS_BATCH_JOB_DEFINITION", "d")
            .set("REDIS_HOST", "127.0.0.1")
            .set("REDIS_PORT", silent.url().rsplit(':').next().unwrap()),
    );
    assert_eq!(findings.exit_code, Some(1));
}

#[test]
fn the_policy_is_for_what_is_configured() {
    let account = Account::whole("policy");
    let output = account.installation().run(&["doctor", "--policy"]);
    assert!(output.status.success(), "{output:?}");
    let policy: Value = serde_json::from_slice(&output.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 9, "{policy:#}");
    let queue = format!(
        "arn:aws:batch:{REGION}:123456789012:job-queue/{}",
        account.name
    );
    assert!(policy.to_string().contains(&queue), "{policy:#}");

    let nothing = Installation::new().run(&["doctor", "--policy"]);
    assert_eq!(nothing.status.code(), Some(2));
}
