//! Which servers are taken, and what is said of them.

use super::*;

const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory:0\r\n\
    maxmemory_policy:noeviction\r\nused_memory:1000\r\naof_enabled:1\r\ncluster_enabled:0\r\n\
    connected_slaves:0\r\n";

fn facts(changes: &[(&str, &str)], appendfsync: Option<&str>) -> Facts {
    let mut info = GOOD.to_owned();
    for (line, instead) in changes {
        assert!(info.contains(line), "{line}");
        info = info.replace(line, instead);
    }
    Facts::new("db:6379", &info, appendfsync.map(str::to_owned))
}

fn refusal(facts: &Facts, durability: Durability) -> String {
    facts.judge(durability).unwrap_err().to_string()
}

#[test]
fn it_says_how_durable_a_server_is() {
    for (appendfsync, words) in [
        (Some("always"), "on Redis's disk"),
        (Some("everysec"), "within about a second"),
        (Some("no"), "when its operating system writes it"),
        (None, "unknown"),
    ] {
        let verdict = facts(&[], appendfsync).judge(Durability::Server).unwrap();
        assert!(verdict.summary.contains(words), "{}", verdict.summary);
        assert_eq!(verdict.warnings, [""; 0]);
    }
}

#[test]
fn it_warns_where_a_restart_loses_jobs() {
    let facts = facts(&[("aof_enabled:1", "aof_enabled:0")], Some("everysec"));
    let verdict = facts.judge(Durability::Server).unwrap();
    assert!(verdict.warnings[0].contains("appendonly yes"));
    assert!(verdict.summary.contains("memory"));
}

#[test]
fn fsync_is_promised_only_where_it_is_kept() {
    let always = facts(&[], Some("always"));
    assert!(always.judge(Durability::Fsync).is_ok());
    for unfit in [
        facts(&[], Some("everysec")),
        facts(&[("aof_enabled:1", "aof_enabled:0")], Some("always")),
        facts(&[], None),
    ] {
        assert!(refusal(&unfit, Durability::Fsync).contains("appendfsync always"));
    }
}

#[test]
fn replicas_that_are_missing_are_told() {
    let verdict = facts(&[], Some("always"))
        .judge(Durability::Replicas(1))
        .unwrap();
    assert!(verdict.warnings[0].contains("0 replicas"), "{verdict:?}");
    let there = facts(&[("connected_slaves:0", "connected_slaves:1")], None);
    let verdict = there.judge(Durability::Replicas(1)).unwrap();
    assert_eq!(verdict.warnings, [""; 0]);
}

#[test]
fn what_could_lose_jobs_is_refused() {
    for (line, instead, words) in [
        ("noeviction", "allkeys-lru", "maxmemory-policy noeviction"),
        ("noeviction", "volatile-ttl", "maxmemory-policy noeviction"),
        (
            "role:master",
            "role:slave\r\nmaster_host:a\r\nmaster_port:1",
            "replica of a:1",
        ),
        ("7.0.15", "6.2.6", "7.0 or later"),
    ] {
        let error = refusal(&facts(&[(line, instead)], None), Durability::Server);
        assert!(error.contains(words), "{error}");
        assert!(error.contains("db:6379"), "{error}");
    }
    assert!(
        facts(&[("7.0.15", "8.4.0")], None)
            .judge(Durability::Server)
            .is_ok()
    );
}

#[test]
fn admission_stops_at_85_percent() {
    let used = |bytes: &str| {
        let used = format!("used_memory:{bytes}");
        facts(
            &[
                ("maxmemory:0", "maxmemory:10000"),
                ("used_memory:1000", &used),
            ],
            None,
        )
    };
    assert!(!used("8500").is_full());
    assert!(used("8501").is_full());
    assert!(used("8501").judge(Durability::Server).unwrap().warnings[0].contains("85 %"));
    assert!(!facts(&[], None).is_full(), "no limit is no limit");
}
