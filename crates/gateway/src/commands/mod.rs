//! The subcommands.

mod doctor;
mod explanation;
mod keys;
mod openapi;
mod serve;
mod smoke;
mod sweep;
mod webhook_secret;

use crate::command_line::{Command, CommandLine};
use crate::configuration::{Configuration, Variables};
use crate::failure::Failure;
use crate::{demo, telemetry};

pub(crate) use keys::create as create_key;

/// Runs what was typed.
pub(crate) fn run(command_line: CommandLine) -> Result<(), Failure> {
    match command_line.command {
        Command::Openapi => openapi::print(),
        // The demo looks the same on every machine: it takes nothing from the environment.
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve { no_worker, listen } => {
            let mut configuration = configured()?;
            configuration.listen = listen.unwrap_or(configuration.listen);
            start_log(&configuration)?;
            on_runtime(serve::serve(configuration, !no_worker))
        }
        Command::Worker => {
            let configuration = configured()?;
            start_log(&configuration)?;
            on_runtime(serve::work(configuration))
        }
        Command::Keys(command) => {
            let configuration = configured()?;
            on_runtime(keys::run(configuration, command))
        }
        Command::WebhookSecret(command) => {
            let configuration = configured()?;
            on_runtime(webhook_secret::run(configuration, command))
        }
        Command::Doctor(arguments) => on_runtime(doctor::run(arguments)),
        Command::Smoke(arguments) => on_runtime(smoke::run(arguments)),
        Command::Sweep(arguments) => {
            let configuration = configured()?;
            on_runtime(sweep::run(configuration, arguments))
        }
    }
}

fn configured() -> Result<Configuration, Failure> {
    Configuration::read(&Variables::of_process()?)
}

fn start_log(configuration: &Configuration) -> Result<(), Failure> {
    telemetry::start(&configuration.log)?;
    for warning in &configuration.warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// Runs a subcommand that needs a runtime.
pub(crate) fn on_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("no runtime could be started: {error}")))?
        .block_on(work)
}
