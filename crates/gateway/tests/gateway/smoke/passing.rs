//! All is well.

use serde_json::json;

use super::findings::{Findings, STEPS, expect_nothing_left};
use super::{QUICK, simulating_by, with_runner};

#[test]
fn a_new_gateway_passes_with_the_reference_workload() {
    let installation = with_runner();
    let gateway = installation.serve();
    let findings = Findings::at(&installation, &gateway);
    findings.expect_all_passed();
    let downloaded = findings.expect("download", "passed");
    assert!(downloaded.contains("SHA-256 as the runner"), "{downloaded}");
    let listed = findings.expect("artifacts", "passed");
    assert!(listed.contains("results.h5"), "{listed}");
    let statuses = expect_nothing_left(&installation, &gateway);
    assert_eq!(statuses, ["cancelled", "completed"]);
}

#[test]
fn a_person_reads_a_line_for_each_step_and_a_summary() {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let output = installation.run(&["smoke", "--url", gateway.url()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(gateway.url()), "{text}");
    for (line, step) in lines[2..].iter().zip(STEPS) {
        assert!(line.starts_with(&format!("ok       {step} ")), "{text}");
    }
    let summary = lines.last().unwrap();
    assert!(summary.starts_with("0 failed, 11 passed, in "), "{text}");
    assert!(output.stderr.is_empty(), "{:?}", output.stderr);
}

#[test]
fn programs_get_the_fields_that_are_documented() {
    let installation = simulating_by(QUICK);
    let gateway = installation.serve();
    let report = Findings::at(&installation, &gateway).report;
    assert_eq!(report["form"], 1);
    assert_eq!(report["verdict"], "passed");
    assert_eq!(report["url"], gateway.url());
    assert!(report["seconds"].is_f64(), "{report:#}");
    for step in report["steps"].as_array().unwrap() {
        let fields: Vec<&String> = step.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["id", "job", "mend", "seconds", "seen", "verdict"]);
        assert_eq!(step["job"], json!(null));
        assert_eq!(step["mend"], json!(null));
    }
}

/// One job at a time for the user: the second has to wait for the first.
#[test]
fn where_a_user_may_have_one_job_the_second_waits_for_the_first() {
    let installation = simulating_by(QUICK).set("BATCHWAY_MAX_ACTIVE_JOBS_PER_USER", "1");
    let gateway = installation.serve();
    Findings::at(&installation, &gateway).expect_all_passed();
}
