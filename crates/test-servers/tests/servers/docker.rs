use std::process::Command;

use batchway_test_servers::{DockerEngine, LocalBatch, RedisServer};

#[test]
fn the_base_image_is_there_and_runs() {
    let engine = DockerEngine::shared();
    let image = engine.ensure_base_image();
    assert!(engine.has_image(image));
    let release = engine.run(&["run", "--rm", image, "cat", "/etc/os-release"]);
    assert!(release.contains("VERSION_CODENAME=bookworm"), "{release}");
    assert!(!engine.has_image("nobody/made-this:ever"));
}

/// Where it does not, whoever holds the old address has no way to this machine for half a minute.
#[test]
fn the_network_keeps_its_address_while_containers_come_and_go() {
    let engine = DockerEngine::shared();
    let image = engine.ensure_base_image();
    let name = r#"{{index .Options "com.docker.network.bridge.name"}}"#;
    let bridge = engine.run(&["network", "inspect", "bridge", "--format", name]);
    let address = || {
        let file = format!("/sys/class/net/{}/address", bridge.trim());
        std::fs::read_to_string(file).unwrap()
    };
    let before = address();
    assert_ne!(before.trim(), "00:00:00:00:00:00", "that of its first port");
    let container = engine.run(&["run", "--detach", "--rm", image, "sleep", "60"]);
    assert_eq!(address(), before);
    engine.run(&["rm", "--force", container.trim()]);
    assert_eq!(address(), before);
}

#[test]
fn an_image_is_built_from_a_folder() {
    let engine = DockerEngine::shared();
    let base = engine.ensure_base_image();
    let context = tempfile::tempdir().unwrap();
    std::fs::write(context.path().join("greeting"), "good morning").unwrap();
    let file = format!("FROM {base}\nCOPY greeting /greeting\nCMD [\"cat\", \"/greeting\"]\n");
    std::fs::write(context.path().join("Dockerfile"), file).unwrap();
    let tag = format!("batchway-test-greeting:{}", std::process::id());
    engine.build(context.path(), &tag);
    assert_eq!(engine.run(&["run", "--rm", &tag]), "good morning");
    engine.run(&["image", "rm", &tag]);
}

/// Where the engine is not at its usual place, `testcontainers` must be told by a
/// variable, and variables are for a process of their own.
#[test]
fn testcontainers_has_a_redis_that_is_killed_and_paused_like_any_other() {
    const ITSELF: &str =
        "docker::testcontainers_has_a_redis_that_is_killed_and_paused_like_any_other";
    let engine = DockerEngine::shared();
    engine.ensure_redis_image();
    if !DockerEngine::is_found_by_all() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", ITSELF, "--nocapture"])
            .env("DOCKER_HOST", engine.host())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{complained}");
        assert!(said.contains("1 passed"), "{said}");
        return;
    }

    let redis = RedisServer::in_container();
    assert_eq!(redis.cli(&["SET", "colour", "blue"]), "OK");
    redis.pause();
    redis.resume();
    assert_eq!(redis.cli(&["GET", "colour"]), "blue");
    redis.kill();
    assert!(redis.ask(&["PING"]).is_err());
    redis.start_again();
    assert_eq!(redis.cli(&["GET", "colour"]), "");
    assert!(redis.log().contains("Ready to accept connections"));
    let url = redis.url();
    drop(redis);
    assert!(!engine.run(&["ps"]).contains(&url[url.len() - 5..]));
}

#[test]
fn localbatch_answers_and_is_the_same_for_all() {
    let batch = LocalBatch::shared();
    let url = format!("{}/v1/describejobqueues", batch.url());
    let answer = ureq::post(&url).send("{}").unwrap();
    let answer = answer.into_body().read_to_string().unwrap();
    assert!(answer.contains(batch.queue()), "{answer}");
    assert_eq!(LocalBatch::shared().port(), batch.port());
}
