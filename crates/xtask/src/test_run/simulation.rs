//! The simulator, optimised: unoptimised it would live through a tenth of the histories.

use crate::failure::Outcome;
use crate::process::{self, cargo};

const HISTORIES: &str = "10000";

pub(super) fn check() -> Outcome {
    simulate(&[])?;
    simulate(&["--plants"])
}

fn simulate(options: &[&str]) -> Outcome {
    let program = [
        "run",
        "--profile",
        "simulation",
        "--locked",
        "--package",
        "batchway-simulator",
        "--",
        "--seeds",
        HISTORIES,
    ];
    process::run(&mut cargo(&[&program, options].concat()))
}
