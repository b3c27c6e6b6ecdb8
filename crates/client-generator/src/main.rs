//! Writes the generated part of the Rust SDK: `batchway-client-generator docs/openapi.json`
//! prints `crates/client/src/generated.rs`.
//!
//! A program of its own, so that whoever uses the SDK compiles no generator. `cargo xtask sdk rust`
//! runs it.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command line program talks to its terminal"
)]

mod formatting;
mod generation;
mod reading;

use std::path::Path;
use std::process::ExitCode;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(document), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: batchway-client-generator DOCUMENT");
        return ExitCode::from(2);
    };
    match generate(Path::new(&document)) {
        Ok(source) => {
            print!("{source}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("batchway-client-generator: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn generate(document: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(document)
        .map_err(|error| format!("cannot read {}: {error}", document.display()))?;
    let document = reading::as_the_generator_reads_it(serde_json::from_str(&text)?);
    formatting::as_a_file(generation::client_of(&document)?)
}
