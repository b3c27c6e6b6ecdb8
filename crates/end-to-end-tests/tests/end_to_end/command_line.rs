//! The program's own words, and its exit codes.

use crate::gateway::Installation;

#[test]
fn wrong_usage_ends_with_2_and_says_how_it_is_used() {
    let installation = Installation::new();
    for arguments in [
        &["fly"][..],
        &["keys", "create"],
        &["keys", "revoke", "x"],
        &["keys", "create", "--user", "a/b"],
        &["sweep", "--fly"],
        &["sweep", "everything"],
    ] {
        let output = installation.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(installation.run(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_second_gateway_on_the_same_folder_is_refused() {
    let installation = Installation::new();
    let _gateway = installation.serve();
    let second = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8(second.stderr).unwrap();
    assert!(
        words.contains("another batchway already works on"),
        "{words}"
    );
}

#[test]
fn a_taken_port_is_named_with_a_way_out() {
    let (first, second) = (Installation::new(), Installation::new());
    let gateway = first.serve();
    let address = gateway.url().trim_start_matches("http://");
    let refused = second.run(&["serve", "--listen", address]);
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains(address) && words.contains("BATCHWAY_LISTEN"),
        "{words}"
    );
}

#[test]
fn half_a_configuration_is_refused_and_secrets_never_repeated() {
    let installation = Installation::new().set("REDIS_PASSWORD", "hunter2");
    let refused = installation.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(2));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains("REDIS_HOST") && !words.contains("hunter2"),
        "{words}"
    );

    let installation = Installation::new().set("BATCHWAY_SECRET", "hunter2");
    let refused = installation.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(2));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        words.contains("BATCHWAY_SECRET") && !words.contains("hunter2"),
        "{words}"
    );
}

#[test]
fn without_queues_there_is_nothing_to_sweep_also_beside_a_gateway() {
    let installation = Installation::new();
    let alone = installation.run(&["sweep"]);
    let _gateway = installation.serve();
    let beside = installation.run(&["sweep", "--apply"]);
    for output in [alone, beside] {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let words = String::from_utf8(output.stdout).unwrap();
        assert!(words.starts_with("Nothing to sweep"), "{words}");
    }
    let printed = installation.run(&["sweep", "--json"]);
    assert_eq!(printed.status.code(), Some(0));
    let account: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    for list in ["queues", "orphans", "problems"] {
        assert_eq!(account[list], serde_json::json!([]), "{account}");
    }
}

#[test]
fn a_gateway_tells_health_readiness_and_its_own_description() {
    let installation = Installation::new();
    let gateway = installation.serve();
    let api = gateway.api("none");
    api.get("/healthz").expect(200);
    api.get("/readyz").expect(200);
    let served = api.get("/openapi.json").expect(200);
    let printed = installation.run(&["openapi"]);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&printed.stdout).unwrap(),
        served
    );
    let docs = api.get("/docs");
    assert_eq!(docs.status, 200);
    assert!(
        docs.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
}
