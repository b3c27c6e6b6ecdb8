//! The simulator, optimised: unoptimised it would live through a tenth of the histories.

use crate::failure::Outcome;
use crate::process::{self, cargo};

const HISTORIES: &str = "10000";

/// The rarest planted bugs show in one of some thousand histories, and a few histories in a
/// thousand differ from run to run: room for both.
const HISTORIES_FOR_PLANTS: &str = "20000";

pub(super) fn check() -> Outcome {
    simulate(HISTORIES, &[])?;
    simulate(HISTORIES_FOR_PLANTS, &["--plants"])
}

fn simulate(histories: &str, options: &[&str]) -> Outcome {
    let program = [
        "run",
        "--profile",
        "simulation",
        "--locked",
        "--package",
        "batchway-simulator",
        "--",
        "--seeds",
        histories,
    ];
    process::run(&mut cargo(&[&program, options].concat()))
}
