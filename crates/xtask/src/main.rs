//! The project's own commands, as one small program: `cargo xtask help`.
//!
//! It is compiled before anything else can start, so it uses few crates, and
//! it only ever drives `cargo`, `git`, `python3` and the system's installer.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod advisories;
mod architecture;
mod demo;
mod documentation;
mod failure;
mod fuzz_api;
mod infrastructure;
mod licences;
mod lines;
mod metadata;
mod node;
mod openapi;
mod process;
mod python;
mod rust_source;
mod sdk;
mod stopwatch;
mod test_run;

use std::ffi::OsString;
use std::process::ExitCode;

use failure::{Failure, Outcome};
use metadata::Metadata;

const USAGE: &str = "\
Batchway's own commands.

usage: cargo xtask COMMAND

  demo [--exit] [--port N]   build in release and run one simulation before your eyes;
                             all arguments go to `batchway demo`
  test                       set up what the tests need and run all checks and tests
  test --only STEP           run only this step and what it needs (may be repeated)
  test --list                name the steps
  architecture               prove the table of who may depend on whom
  openapi [--release]        write docs/openapi.json anew; with --release also make it the one
                             that later documents must not break
  sdk python|typescript|rust|all
                             generate an SDK from docs/openapi.json, as a package to be installed
  fuzz-api [--cases N] [--store sqlite|redis|both] [--seed N]
                             hold a running gateway against its API document
  docs                       check links and variables in the documents
  licences                   check licence and origin of every dependency
  advisories [--database DIR]
                             check the dependencies against the RustSec database
  lines                      count lines per crate and name the longest files
  help                       print this

exit status: 0 done, 1 failed, 2 wrong usage";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: &[OsString]) -> Outcome {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Failure::usage(format!("which command?\n\n{USAGE}")));
    };
    let rest_as_text: Vec<_> = rest
        .iter()
        .map(|argument| argument.to_string_lossy())
        .collect();
    let rest_as_text: Vec<&str> = rest_as_text.iter().map(AsRef::as_ref).collect();

    match (command.to_string_lossy().as_ref(), rest_as_text.as_slice()) {
        ("demo", _) => demo::build_and_run(rest),
        ("test", options) => test_run::run(options),
        ("architecture", []) => architecture::check(&Metadata::load()?),
        ("sdk", [language]) => sdk::build(language),
        ("fuzz-api", options) => fuzz_api::build_and_run(options),
        ("openapi", []) => openapi::rewrite(&Metadata::load_workspace()?),
        ("openapi", ["--release"]) => openapi::release(&Metadata::load_workspace()?),
        ("docs", []) => documentation::check(&Metadata::load_workspace()?.root),
        ("licences", []) => licences::report(&Metadata::load()?),
        ("advisories", []) => advisories::report(&Metadata::load()?, None),
        ("advisories", ["--database", folder]) => {
            advisories::report(&Metadata::load()?, Some(folder.as_ref()))
        }
        ("lines", []) => lines::report(&Metadata::load_workspace()?),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            Ok(())
        }
        (known, options) if USAGE.contains(&format!("\n  {known}")) => Err(Failure::usage(
            format!("`{known}` does not take `{}`\n\n{USAGE}", options.join(" ")),
        )),
        (unknown, _) => Err(Failure::usage(format!("no command `{unknown}`\n\n{USAGE}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal_of(arguments: &[&str]) -> Failure {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        run(&arguments).expect_err("must be refused")
    }

    #[test]
    fn wrong_usage_is_told_apart_from_failure() {
        for arguments in [
            &[][..],
            &["tset"],
            &["architecture", "--fast"],
            &["advisories", "--database"],
            &["test", "--only"],
            &["test", "--only", "no-such-step"],
            &["test", "--quick"],
        ] {
            let refusal = refusal_of(arguments);
            assert!(
                matches!(refusal, Failure::Usage(_)),
                "{arguments:?}: {refusal}"
            );
        }
    }

    #[test]
    fn a_known_command_with_an_odd_option_is_not_called_unknown() {
        let refusal = refusal_of(&["lines", "--verbose"]).to_string();
        assert!(
            refusal.starts_with("`lines` does not take `--verbose`"),
            "{refusal}"
        );
    }
}
