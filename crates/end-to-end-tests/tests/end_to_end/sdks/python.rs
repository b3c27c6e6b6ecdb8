//! Python: the wheel, in an environment of its own.

use std::process::Command;

use super::installed::{Workplace, installed, source};

fn python() -> Command {
    Command::new(installed("python/installed/bin/python"))
}

#[test]
fn the_python_sdk_lives_through_a_job() {
    let tests = source("sdk/python/tests/test_life_of_a_job.py");
    Workplace::new().run(python().arg(tests).arg("--verbose"));
}

#[test]
fn the_python_quickstart_fetches_results() {
    let workplace = Workplace::new();
    let printed = workplace.run(python().arg(source("sdk/python/examples/quickstart.py")));
    workplace.assert_results_are_here(&printed);
}

#[test]
fn the_python_example_verifies_a_webhook() {
    let example = source("sdk/python/examples/webhook_receiver.py");
    Workplace::new().assert_receives_webhooks(python().arg(example));
}
