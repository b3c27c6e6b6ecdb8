//! Results of other runs as input.

use batchway_domain::runner::{exit_codes, variables};

use crate::stage::{Stage, folder_of, job};

/// The input folder's files with their contents.
const SHOW: &str = "cd $BATCHWAY_INPUT_DIR; find . -type f | sort > $BATCHWAY_OUTPUT_DIR/files
    cat $(find . -type f | sort) > $BATCHWAY_OUTPUT_DIR/contents";

/// Runs a job whose results are the input of the next.
fn produce(stage: Stage, number: u8, script: &str) -> Stage {
    let stage = stage.with(variables::JOB_ID, job(number));
    assert_eq!(stage.exit_code(script), 0);
    stage.with(variables::JOB_ID, job(1))
}

#[test]
fn the_results_of_runs_are_there_and_nothing_else() {
    let stage = produce(
        Stage::new(),
        2,
        "echo two > $BATCHWAY_OUTPUT_DIR/a; mkdir $BATCHWAY_OUTPUT_DIR/d; echo deep > $BATCHWAY_OUTPUT_DIR/d/b",
    );
    let stage = produce(stage, 3, "echo three > $BATCHWAY_OUTPUT_DIR/a");
    // Not in the manifest, so no result.
    stage.put(&folder_of(&job(3)).artifact("stray").unwrap(), b"stray\n");
    let both = format!("{},{}", job(2), job(3));
    let stage = stage.with(variables::INPUT_RUNS, both);
    assert_eq!(stage.exit_code(SHOW), 0);
    let expected = format!("./{0}/a\n./{0}/d/b\n./{1}/a\n", job(2), job(3));
    assert_eq!(stage.artifact("files").unwrap(), expected);
    assert_eq!(stage.artifact("contents").unwrap(), "two\ndeep\nthree\n");
}

#[test]
fn without_a_manifest_all_results_are_taken_and_nothing_that_is_reserved() {
    let stage = Stage::new().with(variables::INPUT_RUNS, job(2));
    let folder = folder_of(&job(2));
    stage.put(&folder.artifact("x").unwrap(), b"x\n");
    stage.put(&folder.checkpoint(), b"checkpoint");
    stage.put(&folder.params(), b"params");
    assert_eq!(stage.exit_code(SHOW), 0);
    assert_eq!(stage.artifact("contents").unwrap(), "x\n");
}

#[test]
fn a_run_without_results_is_named() {
    let stage = Stage::new().with(variables::INPUT_RUNS, job(2));
    assert_eq!(stage.exit_code("exit 0"), exit_codes::NOT_STARTED);
    let message = stage.manifest().unwrap().message.unwrap();
    assert!(message.contains(job(2).as_str()), "{message}");
}

#[test]
fn a_result_that_was_changed_since_is_named() {
    let stage = produce(Stage::new(), 2, "echo two > $BATCHWAY_OUTPUT_DIR/a");
    let key = folder_of(&job(2)).artifact("a").unwrap();
    stage.put(&key, b"owt\n");
    let stage = stage.with(variables::INPUT_RUNS, job(2));
    assert_eq!(stage.exit_code("exit 0"), exit_codes::NOT_STARTED);
    let message = stage.manifest().unwrap().message.unwrap();
    assert!(message.contains(key.as_str()), "{message}");
}

#[test]
fn missing_params_are_told() {
    let stage = Stage::new().without(variables::JOB_PARAMS);
    assert_eq!(stage.exit_code("exit 0"), exit_codes::NOT_STARTED);
    let message = stage.manifest().unwrap().message.unwrap();
    assert!(message.contains("params"), "{message}");
}
