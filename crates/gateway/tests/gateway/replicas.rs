//! Several gateways on one Redis.

use batchway_test_servers::RedisServer;

use crate::program::Installation;

fn replica(redis: &RedisServer, secret: Option<&str>) -> Installation {
    let port = redis.port().to_string();
    let mut variables = vec![("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", port.as_str())];
    variables.extend(secret.map(|secret| ("BATCHWAY_SECRET", secret)));
    Installation::new(&variables)
}

#[test]
fn one_that_has_another_secret_does_not_start() {
    let redis = RedisServer::start();
    let first = replica(&redis, None);
    let one = first.serve();

    let (code, said) = replica(&redis, None).refusal();
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("BATCHWAY_SECRET") && said.contains("openssl rand"),
        "{said}"
    );

    let second = replica(&redis, Some(&first.secret()));
    let two = second.serve();
    let key = first.create_key("user123");
    assert_eq!(one.get("/api/v1/jobs", &key).status, 200);
    assert_eq!(two.get("/api/v1/jobs", &key).status, 200);
    // And the one that made its secret itself starts again.
    drop(one);
    first.serve();
}

#[test]
fn a_secret_is_replaced_in_steps_and_the_old_one_is_then_refused() {
    let redis = RedisServer::start();
    let (old, new) = ("o".repeat(32), "n".repeat(32));
    for step in [
        old.clone(),
        format!("{old},{new}"),
        format!("{new},{old}"),
        new.clone(),
    ] {
        replica(&redis, Some(&step)).serve();
    }
    assert_eq!(replica(&redis, Some(&old)).refusal().0, Some(2));
}

#[test]
fn another_deployment_than_that_of_the_store_is_refused() {
    let installation = Installation::new(&[("BATCHWAY_DEPLOYMENT", "live2")]);
    drop(installation.serve());
    // The same again, then none, then another.
    drop(installation.serve());
    let installation = installation.set("BATCHWAY_DEPLOYMENT", "");
    let mut gateway = installation.start();
    gateway.wait_for_line("deployment live2");
    drop(gateway);
    let (code, said) = installation.set("BATCHWAY_DEPLOYMENT", "live3").refusal();
    assert_eq!(code, Some(2));
    assert!(said.contains("live2") && said.contains("live3"), "{said}");
}

#[test]
fn two_on_one_folder_are_told_apart() {
    let redis = RedisServer::start();
    let installation = replica(&redis, None);
    let _one = installation.serve();
    let (code, said) = installation.refusal();
    assert_eq!(code, Some(1));
    assert!(said.contains("another batchway already works on"), "{said}");
}

#[test]
fn the_deployment_is_the_same_for_all() {
    let redis = RedisServer::start();
    let secret = "s".repeat(32);
    let deployment_of = |installation: &Installation| {
        let mut gateway = installation.start();
        let line = gateway.wait_for_line("deployment ");
        let id = line.split("deployment ").nth(1).unwrap();
        id.split(',').next().unwrap().to_owned()
    };
    let one = deployment_of(&replica(&redis, Some(&secret)));
    let two = deployment_of(&replica(&redis, Some(&secret)));
    assert_eq!(one, two);
}
