//! Keys of callers.

use crate::gateway::Installation;

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
