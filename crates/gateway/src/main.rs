//! `batchway`: the gateway's one program.
//!
//! * [`configuration`]: what the environment and `.env` say, checked.
//! * [`job_types`]: the file of job types, and the built-in one.
//! * [`data_folder`]: the files of the embedded default.
//! * [`wiring`]: which adapters are put together, in one function.
//! * [`life_cycle`]: listening, working, and stopping in the right order.
//! * [`commands`]: the subcommands; [`demo`]: the one that shows it all; [`doctor`]: the one that
//!   says what is wrong; [`smoke`]: the one that tries what is there.

mod command_line;
mod commands;
mod configuration;
mod data_folder;
mod demo;
mod doctor;
mod entropy;
mod failure;
mod job_types;
mod life_cycle;
mod smoke;
mod system_clock;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use command_line::CommandLine;

/// A request allocates hundreds of small pieces on one thread and frees them on another, which
/// the C library's allocator is slow at. See ADR 20.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(usage) => {
            let code = u8::try_from(usage.exit_code()).unwrap_or(2);
            // Nothing is left to say if even this can't be written.
            let _ = usage.print();
            return ExitCode::from(code);
        }
    };
    match commands::run(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
