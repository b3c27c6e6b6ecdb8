//! The demo, as it is typed.

use std::process::Output;

use crate::gateway::Installation;

fn demo(installation: &Installation, arguments: &[&str]) -> Output {
    let mut all = vec!["demo", "--exit", "--particles", "100", "--steps", "2000"];
    all.extend(arguments);
    installation.run(&all)
}

#[test]
fn the_demo_runs_a_simulation_and_shows_its_results() {
    let installation = Installation::new();
    let output = demo(&installation, &["--port", "0"]);
    let words = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for expected in [
        "100%",
        "results.h5",
        "/artifacts/prod/demo/job_",
        "/docs",
        "curl",
    ] {
        assert!(words.contains(expected), "{expected} in {words}");
    }
}

#[test]
fn a_demo_that_can_not_be_says_why_and_what_to_do() {
    let installation = Installation::new();
    let gateway = installation.serve();
    let port = gateway.url().rsplit(':').next().unwrap();
    let taken = demo(&installation, &["--port", port]);
    let words = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert_eq!(taken.status.code(), Some(1));
    assert!(words.contains(port) && words.contains("--port"), "{words}");

    let file = installation.path().join("file");
    std::fs::write(&file, "").unwrap();
    let nowhere = demo(
        &installation,
        &["--port", "0", "--folder", file.to_str().unwrap()],
    );
    let words = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(words.contains("--folder"), "{words}");

    let data = installation.data();
    let beside = demo(
        &installation,
        &["--port", "0", "--folder", data.to_str().unwrap()],
    );
    let words = String::from_utf8_lossy(&beside.stderr).into_owned();
    assert_eq!(beside.status.code(), Some(1));
    assert!(
        words.contains("another batchway") && words.contains("--folder"),
        "{words}"
    );
}
