//! The embedded default, and what needs no other server.

use std::os::unix::fs::PermissionsExt;

use super::findings::Findings;
use crate::gateway::{Installation, text};

#[test]
fn a_new_installation_is_well_and_nothing_is_made() {
    let installation = Installation::new();
    let findings = Findings::of(&installation);
    findings.expect_nothing_failed();
    for id in [
        "configuration",
        "folder.writable",
        "folder.disk",
        "store.sqlite",
        "process.runner",
        "webhooks.policy",
    ] {
        findings.check(id);
    }
    assert!(!installation.data().exists(), "the doctor changes nothing");
}

#[test]
fn one_that_is_used_is_well_too_also_while_the_gateway_runs() {
    let installation = Installation::new();
    let _gateway = installation.serve();
    let findings = Findings::of(&installation);
    findings.expect_nothing_failed();
    let store = findings.expect("store.sqlite", "passed");
    assert!(text(store, "seen").contains("SQLite file"), "{store:#}");
    findings.expect("folder.secret", "passed");
}

#[test]
fn every_check_has_the_fields_that_are_documented() {
    let findings = Findings::of(&Installation::new());
    for check in findings.all() {
        let fields: Vec<&String> = check.as_object().unwrap().keys().collect();
        assert_eq!(
            fields,
            ["cause", "id", "mend", "seen", "subject", "verdict"]
        );
        if check["mend"].is_object() {
            let fields: Vec<&String> = check["mend"].as_object().unwrap().keys().collect();
            assert_eq!(fields, ["advice", "command", "policy"]);
        }
    }
}

#[test]
fn a_person_gets_text_with_a_summary_at_its_end() {
    let output = Installation::new().run(&["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.trim_end().ends_with("passed"), "{text}");
    assert!(text.contains("ok       configuration"), "{text}");
}

#[test]
fn half_a_configuration_is_told_with_exit_code_2() {
    let installation = Installation::new().set("AWS_BATCH_JOB_QUEUE", "live2-job-queue");
    let findings = Findings::of(&installation);
    let check = findings.expect("configuration", "failed");
    assert!(
        text(check, "seen").contains("AWS_BATCH_JOB_DEFINITION"),
        "{check:#}"
    );
    assert_eq!(findings.exit_code, Some(2));
}

#[test]
fn a_misspelt_variable_is_a_warning() {
    let installation = Installation::new().set("BATCHWAY_DATADIR", "/srv");
    let findings = Findings::of(&installation);
    let warning = findings.expect("configuration", "warning");
    assert!(text(warning, "seen").starts_with("BATCHWAY_DATADIR"));
    findings.expect_nothing_failed();
}

#[test]
fn a_folder_that_is_a_file_and_a_secret_that_others_can_read() {
    let installation = Installation::new();
    std::fs::write(installation.data(), "").unwrap();
    Findings::of(&installation).expect_failure("folder.writable", "BATCHWAY_DATA_DIR");

    let installation = Installation::new();
    std::fs::create_dir(installation.data()).unwrap();
    let secret = installation.data().join("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    Findings::of(&installation).expect_failure("folder.secret", "chmod 600");
}

#[test]
fn webhooks_that_may_fetch_credentials_of_the_machine() {
    let installation = Installation::new().set("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "169.254.0.0/16");
    Findings::of(&installation).expect_failure("webhooks.policy", "receivers");
}
