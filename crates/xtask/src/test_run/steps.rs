//! The steps of the test run, in their order.

use std::process::Command;

use super::count::{TestCount, passed_at_second_try};
use super::{Bench, prerequisites, servers, simulation};
use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::process::{self, cargo};
use crate::{
    advisories, architecture, documentation, fuzz_api, infrastructure, licences, openapi, python,
    sdk,
};

pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) does: &'static str,
    /// Earlier steps that must have run for this one, all of them named.
    pub(super) needs: &'static [&'static str],
    pub(super) run: fn(&mut Bench) -> Outcome<Verdict>,
}

pub(super) enum Verdict {
    Passed,
    /// What it needs can't be had here; said aloud, for it proves nothing.
    NotChecked(String),
}

const PLAIN: Step = Step {
    name: "",
    does: "",
    needs: &[],
    run: |_| Ok(Verdict::Passed),
};

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "prerequisites",
        does: "a C compiler, git, Python and its packages, Redis, a container engine",
        run: |bench| passed(prerequisites::set_up(&bench.metadata.target)),
        ..PLAIN
    },
    Step {
        name: "fmt",
        does: "the sources are formatted",
        run: |_| passed(process::run(&mut cargo(&["fmt", "--all", "--check"]))),
        ..PLAIN
    },
    Step {
        name: "clippy",
        does: "no warning of the compiler or of clippy",
        run: |_| passed(clippy()),
        ..PLAIN
    },
    Step {
        name: "architecture",
        does: "each crate uses only what its place in the house allows",
        run: |_| passed(architecture::check(&Metadata::load()?)),
        ..PLAIN
    },
    Step {
        name: "build",
        does: "the binaries that the tests run",
        run: |_| {
            passed(process::run(&mut cargo(&[
                "build",
                "--workspace",
                "--bins",
                "--locked",
            ])))
        },
        ..PLAIN
    },
    Step {
        name: "sdks",
        does: "generated from docs/openapi.json, packed, and installed for the tests",
        needs: &["prerequisites", "build"],
        run: |bench| passed(sdk::install_for_tests(&bench.metadata)),
    },
    Step {
        name: "servers",
        does: "a container engine and its images (35 s where they must be made)",
        needs: &["prerequisites", "build"],
        run: |bench| {
            bench.has_servers = true;
            passed(servers::start(&bench.metadata.target))
        },
    },
    Step {
        name: "tests",
        does: "unit, contract, property and end-to-end tests",
        needs: &["prerequisites", "build", "sdks", "servers"],
        run: |bench| passed(tests(bench)),
    },
    Step {
        name: "infrastructure",
        does: "what stands in infra/, in an emulator of AWS and in containers",
        needs: &["prerequisites", "build", "servers"],
        run: |bench| {
            let count = &mut bench.count;
            passed(infrastructure::check(&bench.metadata, |line| {
                count.add_line_of_cargo_test(line);
            }))
        },
    },
    Step {
        name: "simulation",
        does: "ten thousand simulated histories, and every planted bug caught",
        run: |_| passed(simulation::check()),
        ..PLAIN
    },
    Step {
        name: "contract",
        does: "thousands of generated requests, and answers as the API document says",
        needs: &["prerequisites", "build"],
        run: |bench| {
            let budget = fuzz_api::Budget::of_every_test_run();
            passed(fuzz_api::run(&bench.metadata, &budget))
        },
    },
    Step {
        name: "doc-tests",
        does: "the examples in the documentation of the code",
        run: |bench| passed(doc_tests(bench)),
        ..PLAIN
    },
    Step {
        name: "rustdoc",
        does: "the documentation of the code, without warnings",
        run: |_| passed(rustdoc()),
        ..PLAIN
    },
    Step {
        name: "openapi",
        does: "docs/openapi.json is up to date, valid, clean, and breaks no client",
        needs: &["prerequisites"],
        run: |bench| passed(openapi::check(&bench.metadata)),
    },
    Step {
        name: "licences",
        does: "licence and origin of every dependency",
        run: |_| passed(licences::check(&Metadata::load()?)),
        ..PLAIN
    },
    Step {
        name: "advisories",
        does: "known vulnerabilities of the dependencies",
        run: |_| known_vulnerabilities(),
        ..PLAIN
    },
    Step {
        name: "docs",
        does: "links and variables in the documents",
        run: |bench| passed(documentation::check(&bench.metadata.root)),
        ..PLAIN
    },
];

/// Follows the last step, also one that failed, where servers were started.
pub(super) const END_OF_SERVERS: Step = Step {
    name: "servers-end",
    does: "nothing is left running",
    run: |bench| passed(servers::stop(&bench.metadata.target)),
    ..PLAIN
};

fn passed(outcome: Outcome) -> Outcome<Verdict> {
    outcome.map(|()| Verdict::Passed)
}

fn clippy() -> Outcome {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ];
    process::run(&mut cargo(&arguments))
}

fn rustdoc() -> Outcome {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    process::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// nextest where it is installed; otherwise `cargo test`, which needs nothing.
fn tests(bench: &mut Bench) -> Outcome {
    if !process::answers(&mut cargo(&["nextest", "--version"])) {
        println!("cargo-nextest is not installed; `cargo test` runs the same tests");
        let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        // Everything but the doc tests, which are a step of their own.
        command.args(["--lib", "--bins", "--tests"]);
        let count = &mut bench.count;
        return process::run_watching(
            with_test_environment(&mut command, &bench.metadata),
            |line| {
                count.add_line_of_cargo_test(line);
            },
        );
    }

    // nextest keeps this place even where CARGO_TARGET_DIR names another.
    let report = bench.metadata.root.join("target/nextest/ci/junit.xml");
    if report.exists() {
        std::fs::remove_file(&report).map_err(Failure::at(&report, "remove"))?;
    }
    let mut command = cargo(&[
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--profile",
        "ci",
    ]);
    let outcome = process::run(with_test_environment(&mut command, &bench.metadata));
    // A build that fails leaves no report: its own failure is then the one to tell.
    match std::fs::read_to_string(&report) {
        Ok(text) => {
            bench.count += TestCount::of_junit(&text)?;
            bench.flaky = passed_at_second_try(&text);
        }
        Err(error) if outcome.is_ok() => return Err(Failure::at(&report, "read")(error)),
        Err(_) => {}
    }
    outcome
}

fn with_test_environment<'a>(command: &'a mut Command, metadata: &Metadata) -> &'a mut Command {
    command
        .env(
            "BATCHWAY_TEST_PYTHON",
            python::interpreter(&metadata.target),
        )
        .env("BATCHWAY_TEST_BIN_DIR", metadata.target.join("debug"))
}

fn doc_tests(bench: &mut Bench) -> Outcome {
    let count = &mut bench.count;
    process::run_watching(
        &mut cargo(&["test", "--workspace", "--doc", "--locked"]),
        |line| {
            count.add_line_of_cargo_test(line);
        },
    )
}

fn known_vulnerabilities() -> Outcome<Verdict> {
    let metadata = Metadata::load()?;
    match advisories::fetch(&metadata) {
        Ok(database) => passed(advisories::check(&metadata, &database)),
        Err(reason) => {
            println!("NOT CHECKED: {reason}");
            Ok(Verdict::NotChecked(
                "the RustSec database could not be had".to_owned(),
            ))
        }
    }
}
