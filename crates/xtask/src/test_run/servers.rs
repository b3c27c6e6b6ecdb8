//! The servers that the tests share: started before them, so that the time it
//! takes is seen for what it is, and ended after them, whatever came of them.
//!
//! How is the business of `crates/test-servers`, whose tests need none of this.

use std::path::Path;
use std::process::Command;

use crate::failure::Outcome;
use crate::process;

pub(super) fn start(target: &Path) -> Outcome {
    process::run(program(target).arg("start"))
}

pub(super) fn stop(target: &Path) -> Outcome {
    process::run(program(target).arg("stop"))
}

fn program(target: &Path) -> Command {
    Command::new(target.join("debug/batchway-test-servers"))
}
