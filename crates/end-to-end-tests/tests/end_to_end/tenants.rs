//! Other people's jobs are not there, byte for byte.

use serde_json::json;

use crate::gateway::Installation;

#[test]
fn another_users_job_looks_like_none_on_every_route() {
    let installation = Installation::with_test_job_types();
    let (owner, stranger) = (
        installation.create_key("user123"),
        installation.create_key("user456"),
    );
    let gateway = installation.serve();
    let witness = installation.path().join("witness");
    let id = gateway
        .api(&owner)
        .submit("note", &json!({"text": "x", "witness": witness}));
    gateway.api(&owner).wait_for_status(&id, "completed");
    let none = format!("{}{}", &id[..id.len() - 4], "zzzz");
    let api = gateway.api(&stranger);

    let with_id = [("x-request-id", "same-for-both")];
    for (path, is_post) in [
        ("", false),
        ("?wait=1s", false),
        ("/artifacts", false),
        ("/cancel", true),
    ] {
        let ask = |id: &str| {
            let path = format!("/api/v1/jobs/{id}{path}");
            let answer = if is_post {
                api.post(&path, "", &with_id)
            } else {
                api.get(&path)
            };
            assert_eq!(answer.status, 404);
            let mut body = answer.json();
            // Each answer has an id of its own, and names what was asked for.
            body["request_id"].take();
            body.to_string().replace(id, "ID")
        };
        assert_eq!(ask(&id), ask(&none), "{path}");
    }
    assert_eq!(api.get("/api/v1/jobs").expect(200)["jobs"], json!([]));
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let installation = Installation::with_test_job_types();
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);
    api.get("/api/v1/jobs").expect(200);

    let listed = installation.run(&["keys", "list", "--user", "user123"]);
    let table = String::from_utf8(listed.stdout).unwrap();
    let digest = table
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    assert!(!table.contains(&key[6..]), "a key is shown once: {table}");
    assert!(
        installation
            .run(&["keys", "revoke", &digest])
            .status
            .success()
    );

    let refused = api.get("/api/v1/jobs");
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|value| value.starts_with("Bearer"))
    );
}
