//! What a run leaves: artifacts, log, manifest.

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::runner::exit_codes;

use crate::stage::Stage;

#[test]
fn the_manifest_names_every_result_with_size_and_checksum() {
    let stage = Stage::new();
    let script = "
        printf abc > $BATCHWAY_OUTPUT_DIR/abc.txt
        mkdir $BATCHWAY_OUTPUT_DIR/plots
        : > $BATCHWAY_OUTPUT_DIR/plots/empty.svg
        echo said";
    assert_eq!(stage.exit_code(script), 0);
    let manifest = stage.manifest().unwrap();
    assert_eq!(manifest.version, 1);
    assert_eq!(manifest.backend_id.0, "copy-1");
    assert_eq!(manifest.attempt, 1);
    assert_eq!(manifest.end, ProgramEnd::Exited { code: 0 });
    assert_eq!(manifest.message, None);
    assert!(manifest.started_at.unwrap() <= manifest.stopped_at);
    let objects: Vec<_> = manifest
        .objects
        .iter()
        .map(|object| (object.name.as_str(), object.size, object.sha256.as_str()))
        .collect();
    let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(
        objects,
        [("abc.txt", 3, of_abc), ("plots/empty.svg", 0, of_nothing)]
    );
    assert_eq!(stage.artifact("abc.txt").as_deref(), Some("abc"));
    assert!(stage.log_text().ends_with("said\n"));
    assert!(stage.leftovers().is_empty(), "{:?}", stage.leftovers());
}

#[test]
fn a_program_that_fails_leaves_what_it_had_written() {
    let stage = Stage::new();
    assert_eq!(
        stage.exit_code("echo half > $BATCHWAY_OUTPUT_DIR/half; exit 9"),
        9
    );
    let manifest = stage.manifest().unwrap();
    assert_eq!(manifest.end, ProgramEnd::Exited { code: 9 });
    assert_eq!(manifest.objects[0].name, "half");
}

#[test]
fn without_its_results_a_run_is_no_success_and_has_no_manifest() {
    let stage = Stage::new();
    let script = "
        echo x > $BATCHWAY_OUTPUT_DIR/x
        blocked=$STAGE/artifacts/objects/test/ada/$JOB_ID/x
        mkdir -p $blocked; echo y > $blocked/y";
    assert_eq!(stage.exit_code(script), exit_codes::RESULTS_NOT_STORED);
    assert_eq!(stage.manifest(), None);
    assert!(stage.log_text().contains("could not be stored"));
    let failing = format!("{script}; exit 9");
    assert_eq!(
        Stage::new().exit_code(&failing),
        9,
        "the program's own failure"
    );
}

#[test]
fn a_manifest_of_someone_else_is_left_alone() {
    let stage = Stage::new();
    let script = "
        reserved=$STAGE/artifacts/objects/test/ada/$JOB_ID/_batchway/try-1
        mkdir -p $reserved; echo other > $reserved/manifest.json";
    assert_eq!(stage.exit_code(script), exit_codes::RESULTS_NOT_STORED);
    let key = crate::stage::folder_of(&crate::stage::job(1)).manifest(1);
    let content = std::fs::read_to_string(stage.object(&key)).unwrap();
    assert_eq!(content, "other\n");
}

#[test]
fn what_is_missing_in_the_environment_is_named() {
    for name in [
        "JOB_ID",
        "USER_ID",
        "ENV",
        "BATCHWAY_ARTIFACTS_DIR",
        "BATCHWAY_BACKEND_ID",
    ] {
        let output = Stage::new().without(name).run("exit 0");
        assert_eq!(output.status.code(), Some(exit_codes::NOT_STARTED));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(name), "{errors}");
    }
    for (name, value) in [
        ("JOB_ID", "../x"),
        ("BATCHWAY_TIMEOUT_SECONDS", "-1"),
        ("BATCHWAY_CPUS", "NaN"),
        ("BATCHWAY_MEMORY_BYTES", "much"),
        ("BATCHWAY_GATED", "perhaps"),
        ("BATCHWAY_INPUT_RUNS", "job_1,x"),
    ] {
        let output = Stage::new().with(name, value).run("exit 0");
        assert_eq!(output.status.code(), Some(exit_codes::NOT_STARTED));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(name) && errors.contains(value), "{errors}");
    }
}
