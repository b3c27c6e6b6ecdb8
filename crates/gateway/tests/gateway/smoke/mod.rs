//! `batchway smoke` on a gateway that runs processes: what it finds, what it says where something
//! is wrong, and what it leaves behind, which is nothing.
//!
//! On AWS Batch it is run in `end-to-end-tests`.

mod elsewhere;
mod faults;
mod findings;
mod meddler;
mod passing;
mod refusals;

use std::path::Path;

use crate::program::Installation;

/// A simulation that takes no time. The large one, of ten million steps, goes on until it is
/// stopped.
const QUICK: &str = r#"
  case "$JOB_PARAMS" in *10000000*) while :; do sleep 0.1; done ;; esac
  echo "a result of the small simulation" > "$BATCHWAY_OUTPUT_DIR/results.txt"
  echo "another" > "$BATCHWAY_OUTPUT_DIR/summary.txt"
"#;

/// Goes on until it is stopped, whatever it is asked for.
const ENDLESS: &str = "echo I have begun; while :; do sleep 0.1; done";

/// The same, but that the small one fails.
const FAILING: &str = r#"
  case "$JOB_PARAMS" in *10000000*) while :; do sleep 0.1; done ;; esac
  echo "looking for cheese"
  echo "out of cheese" >&2
  exit 3
"#;

/// An installation whose simulations are this shell script.
fn simulating_by(script: &str) -> Installation {
    let installation = with_runner();
    let path = installation.path().join("job-types.toml");
    let types = format!(
        "[run_simulation]\nsummary = \"For tests.\"\nparams_schema = {{ type = \"object\" }}\n\
         example = {{}}\nmain_result = [\"results.txt\"]\n\
         process.command = [\"/bin/sh\", \"-c\", '''{script}''']\n"
    );
    std::fs::write(&path, types).unwrap();
    installation
        .set("BATCHWAY_JOB_TYPES", path.to_str().unwrap())
        .set("BATCHWAY_PROCESS_CONCURRENCY", "2")
}

/// Jobs need the runner, which lies beside the program.
fn with_runner() -> Installation {
    let beside = Path::new(env!("CARGO_BIN_EXE_batchway")).with_file_name("batchway-runner");
    assert!(
        beside.exists(),
        "{} is not there: run `cargo build --workspace --bins` first, or `cargo xtask test`, which \
         does",
        beside.display()
    );
    Installation::new(&[])
}
