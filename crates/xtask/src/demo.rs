//! `cargo demo`: builds what the demo needs in release, then becomes the demo.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::process;
use crate::stopwatch::Stopwatch;

const PACKAGES: [&str; 3] = [
    "batchway-gateway",
    "batchway-job-runner",
    "batchway-open-chemistry",
];

/// Returns only when the demo could not be started: its exit status and the
/// signals sent to it are then the demo's own affair.
pub(crate) fn build_and_run(arguments: &[OsString]) -> Outcome {
    if !process::answers(Command::new("cc").arg("--version")) {
        return Err(Failure::because(
            "no C compiler found (`cc`), and the embedded database is written in C.\n\
             On Debian and Ubuntu: sudo apt-get install build-essential\n\
             On Fedora:            sudo dnf install gcc\n\
             On macOS:             xcode-select --install",
        ));
    }
    let metadata = Metadata::load_workspace()?;

    println!("Building Batchway in release; the first time takes some minutes.");
    let stopwatch = Stopwatch::start();
    let mut build = process::cargo(&["build", "--release", "--locked"]);
    build.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    process::run(build.current_dir(&metadata.root))?;
    println!("Built in {}.\n", stopwatch.elapsed());

    let program = metadata.target.join("release/batchway");
    let error = Command::new(&program).arg("demo").args(arguments).exec();
    Err(Failure::because(format!(
        "cannot start {}: {error}",
        program.display()
    )))
}
