//! What stands in `infra/`: the template of the AWS side, images, compose file and unit.
//!
//! Its tests are Python, in `infra/tests`: they ask an emulator of AWS, build the images of
//! programs that are compiled already, and run them.

use std::process::Command;

use crate::failure::Outcome;
use crate::metadata::Metadata;
use crate::{process, python};

/// Runs the tests; each line of theirs is handed to `watch`.
pub(crate) fn check(metadata: &Metadata, watch: impl FnMut(&str)) -> Outcome {
    process::run_watching(
        Command::new(python::interpreter(&metadata.target))
            .arg(metadata.root.join("infra/tests"))
            .env("BATCHWAY_TEST_BIN_DIR", metadata.target.join("debug"))
            // The sources stay as they are.
            .env("PYTHONDONTWRITEBYTECODE", "1"),
        watch,
    )
}
