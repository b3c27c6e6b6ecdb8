//! One gateway and its Redis.

use batchway_test_servers::RedisServer;
use serde_json::json;

use crate::program::Installation;

fn on(redis: &RedisServer) -> Installation {
    let port = redis.port().to_string();
    Installation::new(&[("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", &port)])
}

#[test]
fn jobs_and_keys_are_kept_in_redis() {
    let redis = RedisServer::start();
    let installation = on(&redis);
    let mut gateway = installation.serve();
    assert!(gateway.log().contains("jobs in Redis"), "{}", gateway.log());
    assert_eq!(gateway.get("/readyz", "").status, 200);

    // Made, listed and revoked beside the running gateway.
    let key = installation.create_key("user123");
    let body = json!({"job_type": "run_simulation", "params": {"simulation_config": {
        "mode": "open_chemistry",
        "config": {"num_particles": 10, "temperature": 300, "steps": 10},
    }}});
    let posted = gateway.post("/api/v1/jobs", &key, &body);
    assert_eq!(posted.status, 202, "{posted:?}");
    let jobs = gateway.get("/api/v1/jobs", &key);
    assert_eq!(jobs.body["jobs"][0]["job_id"], posted.body["job_id"]);

    let listed = installation.run(&["keys", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let digest = listed.lines().nth(1).unwrap().split(' ').next().unwrap();
    let revoked = installation.run(&["keys", "revoke", digest]);
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(gateway.get("/api/v1/jobs", &key).status, 401);
    assert!(
        !installation.path().join("data/batchway.sqlite3").exists(),
        "nothing is recorded elsewhere"
    );
    gateway.stop();
    gateway.wait_for_line("stopping");
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn a_url_says_it_all_with_tls_by_an_authority_of_ones_own() {
    let redis = RedisServer::start_tls();
    let authority = redis.certificate_authority().to_str().unwrap().to_owned();
    let url = redis.url();
    let trusting = Installation::new(&[("REDIS_URL", &url), ("SSL_CERT_FILE", &authority)]);
    let gateway = trusting.serve();
    assert_eq!(gateway.get("/readyz", "").status, 200);

    let output = Installation::new(&[("REDIS_URL", &url)]).run(&["keys", "list"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_redis_that_is_not_up_yet_is_waited_for() {
    let redis = RedisServer::start();
    redis.kill();
    let installation = on(&redis);
    let mut gateway = installation.start();
    gateway.wait_for_line("waiting for Redis");
    redis.start_again();
    gateway.wait_until_it_listens();
    assert_eq!(gateway.get("/readyz", "").status, 200);
}

#[test]
fn someone_who_asks_for_a_key_is_not_kept_waiting() {
    let redis = RedisServer::start();
    redis.kill();
    let output = on(&redis).run(&["keys", "list"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no connection to Redis"), "{said}");
}

#[test]
fn without_redis_it_lives_on_and_it_recovers_by_itself() {
    let redis = RedisServer::start_with(&["--appendonly", "yes"]);
    let installation = on(&redis);
    let gateway = installation.serve();
    let key = installation.create_key("user123");
    assert_eq!(gateway.get("/api/v1/jobs", &key).status, 200);

    redis.kill();
    let refused = gateway.wait_for_status("/api/v1/jobs", &key, 503);
    assert!(refused.retry_after.is_some(), "{refused:?}");
    assert_eq!(gateway.get("/healthz", "").status, 200);
    assert_eq!(gateway.get("/readyz", "").status, 503);

    redis.start_again();
    gateway.wait_for_status("/api/v1/jobs", &key, 200);
    gateway.wait_for_status("/readyz", "", 200);
}

#[test]
fn a_redis_that_may_throw_jobs_away_is_refused() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let (code, said) = on(&redis).refusal();
    assert_eq!(code, Some(1));
    assert!(said.contains("maxmemory-policy"), "{said}");
}

#[test]
fn a_durability_that_the_server_does_not_have_is_refused() {
    let redis = RedisServer::start();
    let port = redis.port().to_string();
    let installation = Installation::new(&[
        ("REDIS_HOST", "127.0.0.1"),
        ("REDIS_PORT", &port),
        ("BATCHWAY_REDIS_DURABILITY", "fsync"),
    ]);
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(1));
    assert!(said.contains("appendfsync"), "{said}");
}
