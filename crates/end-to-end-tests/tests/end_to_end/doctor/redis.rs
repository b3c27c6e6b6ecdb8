//! Redis, fit and unfit.

use batchway_test_servers::{RedisCluster, RedisServer};

use super::findings::Findings;
use crate::gateway::{Installation, text};

fn installation(port: u16) -> Installation {
    Installation::new()
        .set("REDIS_HOST", "127.0.0.1")
        .set("REDIS_PORT", &port.to_string())
}

#[test]
fn a_server_that_keeps_what_it_is_given() {
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let installation = installation(redis.port());
    let findings = Findings::of(&installation);
    findings.expect_nothing_failed();
    for id in [
        "redis.reachable",
        "redis.version",
        "redis.role",
        "redis.eviction",
        "redis.memory",
        "redis.persistence",
        "redis.clock",
        "redis.deployment",
    ] {
        findings.expect(id, "passed");
    }
    let store = findings.check("redis.deployment");
    assert_eq!(text(store, "seen"), "no gateway has used it yet");

    drop(installation.serve());
    let used = Findings::of(&installation);
    let store = used.expect("redis.deployment", "passed");
    assert!(text(store, "seen").starts_with("deployment "), "{store:#}");
}

#[test]
fn each_server_of_a_cluster_is_looked_at() {
    let cluster = RedisCluster::start(3);
    let installation = Installation::new().set("REDIS_URL", &cluster.url());
    let findings = Findings::of(&installation);
    findings.expect_nothing_failed();
    let versions = findings.all().iter();
    let versions = versions.filter(|check| text(check, "id") == "redis.version");
    assert_eq!(versions.count(), 3);
}

#[test]
fn a_server_that_throws_away_and_forgets() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let findings = Findings::of(&installation(redis.port()));
    findings.expect_failure("redis.eviction", "config set maxmemory-policy noeviction");
    let persistence = findings.expect("redis.persistence", "warning");
    assert!(
        persistence["mend"].to_string().contains("appendonly yes"),
        "{persistence:#}"
    );
}

#[test]
fn a_durability_that_the_server_does_not_have() {
    let redis = RedisServer::start_with(&["--appendonly", "no"]);
    let installation = installation(redis.port()).set("BATCHWAY_REDIS_DURABILITY", "fsync");
    Findings::of(&installation).expect_failure("redis.persistence", "appendonly yes");
}

#[test]
fn no_server_and_another_deployment() {
    let gone = RedisServer::start_with(&[]);
    gone.kill();
    Findings::of(&installation(gone.port())).expect_failure("redis.reachable", "redis-cli");

    let redis = RedisServer::start_with(&[]);
    drop(installation(redis.port()).serve());
    let other = installation(redis.port()).set("BATCHWAY_DEPLOYMENT", "another");
    Findings::of(&other).expect_failure("redis.deployment", "BATCHWAY_DEPLOYMENT");
}
