//! Secrets are in nothing that the program prints.

use batchway_test_servers::RedisServer;

use crate::program::Installation;

#[test]
fn no_secret_is_in_any_output_however_much_is_logged() {
    let redis = RedisServer::start_with(&["--requirepass", "hunter-of-redis"]);
    let port = redis.port().to_string();
    let installation = Installation::new(&[
        ("BATCHWAY_LOG", "trace"),
        (
            "BATCHWAY_SECRET",
            "hunter-of-links-0123456789abcdef0123456789",
        ),
        ("REDIS_HOST", "127.0.0.1"),
        ("REDIS_PORT", &port),
        ("REDIS_PASSWORD", "hunter-of-redis"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "hunter-of-aws"),
        ("AWS_SESSION_TOKEN", "hunter-of-sessions"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_BATCH_JOB_QUEUE", "live2-job-queue"),
        ("AWS_BATCH_JOB_DEFINITION", "live2-simulation"),
        ("AWS_S3_BUCKET", "live2-artifacts"),
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_SERVICE_KEY", "hunter-of-rows"),
    ]);
    let mut gateway = installation.serve();
    let key = installation.create_key("user123");
    gateway.get("/api/v1/jobs", &key);
    gateway.get("/readyz", "");
    gateway.stop();
    gateway.wait_for_line("stopping");
    let (code, log) = gateway.end();
    assert_eq!(code, Some(0));
    let log = log.join("\n");
    assert!(
        log.contains("live2-job-queue"),
        "it was told what was picked"
    );
    assert!(log.contains("project.supabase.co"), "and where jobs go");
    let leaks: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("hunter") || line.contains(&key))
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
