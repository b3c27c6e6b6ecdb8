//! Redis on a bad day: nothing is lost, and nobody has to restart a gateway.

use batchway_test_servers::RedisServer;
use serde_json::json;

use crate::gateway::{Gateway, Installation, text, wait_for};

/// Jobs as processes of this machine, so that only Redis is between them and their results.
fn installation(redis: &RedisServer) -> Installation {
    Installation::with_test_job_types()
        .set("REDIS_HOST", "127.0.0.1")
        .set("REDIS_PORT", &redis.port().to_string())
}

fn durable_redis() -> RedisServer {
    RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
}

fn note(installation: &Installation) -> String {
    let witness = installation.path().join("witness");
    json!({"job_type": "note", "params": {"text": "hello", "witness": witness}}).to_string()
}

/// A refusal that says when to come again, in place of any 500.
fn refused_for_now(gateway: &Gateway, key: &str, body: &str) -> String {
    let answer = gateway.api(key).post("/api/v1/jobs", body, &[]);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    text(&answer.expect(503), "detail").to_owned()
}

#[test]
fn while_redis_is_gone_the_gateway_says_so_and_afterwards_goes_on() {
    let redis = durable_redis();
    let installation = installation(&redis);
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let id = api.submit("linger", &json!({}));
    api.wait_for_status(&id, "running");

    redis.kill();
    refused_for_now(&gateway, &key, &note(&installation));
    assert_eq!(api.get(&format!("/api/v1/jobs/{id}")).status, 503);
    assert_eq!(api.get("/healthz").status, 200);
    wait_for("readiness to go", || {
        (api.get("/readyz").status == 503).then_some(())
    });

    redis.start_again();
    wait_for("readiness to come back", || {
        (api.get("/readyz").status == 200).then_some(())
    });
    assert_eq!(text(&api.job(&id), "status"), "running");
    let posted = api
        .post("/api/v1/jobs", &note(&installation), &[])
        .expect(202);
    api.wait_for_status(text(&posted, "job_id"), "completed");
    api.cancel(&id);
    api.wait_for_status(&id, "cancelled");
}

#[test]
fn a_redis_without_memory_takes_no_jobs_and_ends_those_it_has() {
    let redis = durable_redis();
    let installation = installation(&redis);
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let id = api.submit("linger", &json!({}));
    api.wait_for_status(&id, "running");

    redis.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
    wait_for("the gateway to notice", || {
        let answer = api.post("/api/v1/jobs", &note(&installation), &[]);
        (answer.status == 503).then_some(())
    });
    refused_for_now(&gateway, &key, &note(&installation));
    api.cancel(&id);
    api.wait_for_status(&id, "cancelled");

    redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    wait_for("jobs to be taken again", || {
        let answer = api.post("/api/v1/jobs", &note(&installation), &[]);
        (answer.status == 202).then_some(())
    });
}

#[test]
fn a_redis_that_can_only_be_read_takes_no_jobs_until_it_can_be_written() {
    let redis = durable_redis();
    let installation = installation(&redis);
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    let posted = api
        .post("/api/v1/jobs", &note(&installation), &[])
        .expect(202);
    let id = text(&posted, "job_id");
    api.wait_for_status(id, "completed");

    // A replica of a server that can't be reached keeps what it has.
    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    refused_for_now(&gateway, &key, &note(&installation));
    redis.cli(&["REPLICAOF", "NO", "ONE"]);
    wait_for("jobs to be taken again", || {
        let answer = api.post("/api/v1/jobs", &note(&installation), &[]);
        (answer.status == 202).then_some(())
    });
    assert_eq!(text(&api.job(id), "status"), "completed");
}

#[test]
fn replicas_that_do_not_share_their_secret_do_not_start() {
    let redis = durable_redis();
    let one = installation(&redis).set("BATCHWAY_SECRET", &"a".repeat(43));
    let _gateway = one.serve();
    let other = installation(&redis).set("BATCHWAY_SECRET", &"b".repeat(43));
    let refused = other.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("BATCHWAY_SECRET"), "{said}");
}

#[test]
fn a_redis_that_may_drop_jobs_is_refused() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let refused = installation(&redis).run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success(), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("allkeys-lru") && said.contains("noeviction"),
        "{said}"
    );
}
