use std::net::TcpStream;
use std::process::Command;

use batchway_test_servers::{RedisReply, RedisServer};

fn is_reachable(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn it_answers_and_is_gone_when_dropped() {
    let redis = RedisServer::start();
    assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.port()));
    assert_eq!(redis.cli(&["SET", "colour", "blue"]), "OK");
    assert_eq!(redis.cli(&["GET", "colour"]), "blue");
    let port = redis.port();
    drop(redis);
    assert!(!is_reachable(port));
}

#[test]
fn two_are_strangers() {
    let (one, other) = (RedisServer::start(), RedisServer::start());
    one.cli(&["SET", "colour", "blue"]);
    assert_eq!(other.ask(&["GET", "colour"]).unwrap(), RedisReply::Nil);
}

#[test]
fn killed_and_started_again_it_keeps_its_port_and_only_what_it_was_told_to() {
    for (arguments, left) in [
        (&[][..], ""),
        (&["--appendonly", "yes", "--appendfsync", "always"], "blue"),
    ] {
        let redis = RedisServer::start_with(arguments);
        redis.cli(&["SET", "colour", "blue"]);
        let port = redis.port();
        redis.kill();
        assert!(!is_reachable(port));
        redis.start_again();
        assert_eq!(redis.port(), port);
        assert_eq!(redis.cli(&["GET", "colour"]), left, "{arguments:?}");
    }
}

#[test]
fn paused_it_keeps_its_connections_and_answers_when_resumed() {
    let redis = RedisServer::start();
    redis.pause();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| redis.cli(&["PING"]));
        assert!(is_reachable(redis.port()), "the kernel accepts for it");
        assert!(!answer.is_finished());
        redis.resume();
        assert_eq!(answer.join().unwrap(), "PONG");
    });
}

#[test]
fn a_password_is_known_to_its_own_commands() {
    let redis = RedisServer::start_with(&["--requirepass", "open sesame"]);
    assert_eq!(redis.cli(&["PING"]), "PONG");
}

#[test]
fn with_tls_only_those_who_know_its_authority_trust_it() {
    let redis = RedisServer::start_tls();
    assert_eq!(redis.url(), format!("rediss://127.0.0.1:{}", redis.port()));
    assert_eq!(redis.cli(&["PING"]), "PONG");

    let stranger = RedisServer::start_tls();
    for (authority, is_trusted) in [
        (redis.certificate_authority(), true),
        (stranger.certificate_authority(), false),
    ] {
        let answer = Command::new("redis-cli")
            .args(["-p", &redis.port().to_string(), "--tls", "--cacert"])
            .arg(authority)
            .arg("PING")
            .output()
            .unwrap();
        let answer = String::from_utf8_lossy(&answer.stdout);
        assert_eq!(answer.trim() == "PONG", is_trusted, "{answer}");
    }
}

#[test]
#[should_panic(expected = "FATAL CONFIG FILE ERROR")]
fn arguments_that_redis_refuses_fail_at_once_in_its_words() {
    let _ = RedisServer::start_with(&["--no-such-option", "1"]);
}
