//! From a machine that has the gateway's address and a key, and nothing else of it.

use super::findings::Findings;
use super::{QUICK, simulating_by};
use crate::program::Installation;

#[test]
fn with_a_key_it_runs_from_anywhere_and_leaves_the_key_alone() {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let key = installation.create_key("ada");
    let elsewhere = Installation::new(&[("BATCHWAY_API_KEY", &key)]);
    let findings = Findings::at(&elsewhere, &gateway);
    findings.expect_all_passed();
    let downloaded = findings.expect("download", "passed");
    assert!(
        downloaded.contains("whether all are there is not known"),
        "{downloaded}"
    );
    assert!(!elsewhere.path().join("data").exists(), "no store is made");
    assert!(!findings.says(&key));

    let jobs = gateway.get("/api/v1/jobs", &key);
    assert_eq!(jobs.status, 200, "the key is as good as before");
    assert_eq!(jobs.body["jobs"].as_array().unwrap().len(), 2);
}

#[test]
fn another_store_than_the_gateways_is_told() {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let findings = Findings::at(&Installation::new(&[]), &gateway);
    findings.expect_failure("submit", "401", "both have one store");
}
