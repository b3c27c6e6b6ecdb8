//! TypeScript: the tarball, in a folder of its own, with the tests beside it.

use std::process::Command;

use super::installed::{Workplace, installed};

fn node() -> Command {
    Command::new(installed("typescript/installed/node"))
}

#[test]
fn the_typescript_sdk_lives_through_a_job() {
    let tests = installed("typescript/installed/tests/life-of-a-job.test.ts");
    Workplace::new().run(node().arg("--test").arg(tests));
}

#[test]
fn the_typescript_quickstart_fetches_results() {
    let workplace = Workplace::new();
    let example = installed("typescript/installed/examples/quickstart.ts");
    let printed = workplace.run(node().arg(example));
    workplace.assert_results_are_here(&printed);
}

#[test]
fn the_typescript_example_verifies_a_webhook() {
    let example = installed("typescript/installed/examples/webhook-receiver.ts");
    Workplace::new().assert_receives_webhooks(node().arg(example));
}
